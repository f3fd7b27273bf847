package mux

import (
	"bytes"
	"errors"
	"net"
	"slices"
	"testing"
	"time"
)

// connectedPair returns two sockets on the loopback interface that are connected to each other.
func connectedPair(t *testing.T) (x, y *net.UDPConn) {
	t.Helper()
	x, waiting := udpPair(t)
	from, to := waiting.LocalAddr().(*net.UDPAddr), x.LocalAddr().(*net.UDPAddr)
	_ = waiting.Close()
	y, err := net.DialUDP("udp4", from, to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = y.Close() })
	return x, y
}

// What the system has put together is taken apart.
func TestCoalescedDatagramsAreTakenApart(t *testing.T) {
	link, _ := net.Pipe()
	m := New(link, &Config{MaxReceiveSize: 1000})
	defer m.Close()
	var got []int
	m.Handle(func(b []byte) {
		if len(b) != cap(b) {
			t.Errorf("%d bytes with room for %d: a handler could write over the next one", len(b), cap(b))
		}
		got = append(got, len(b))
	}, DTLS)
	for _, test := range []struct {
		total, size int
		want        []int
		oversized   uint64
	}{
		{300, 300, []int{300}, 0},
		{900, 300, []int{300, 300, 300}, 0},
		{700, 300, []int{300, 300, 100}, 0},
		{3100, 1500, []int{100}, 2},
		{0, 0, nil, 0},
	} {
		got = nil
		before := m.Stats().Oversized
		m.takeAll(bytes.Repeat([]byte{22}, test.total), test.size)
		if !slices.Equal(got, test.want) || m.Stats().Oversized-before != test.oversized {
			t.Errorf("%d bytes by %d: got %v, %d too large", test.total, test.size, got, m.Stats().Oversized-before)
		}
	}
}

// A socket gives each datagram once, in its order, whether it came in a burst or alone, up to the largest that there is.
func TestSocketGivesEveryDatagramOfABurst(t *testing.T) {
	x, y := connectedPair(t)
	sender, receiver := New(x, nil), New(y, &Config{MaxReceiveSize: 1<<16 - 1})
	defer sender.Close()
	defer receiver.Close()
	type datagram struct {
		n    int
		mark byte
	}
	got := make(chan datagram, 100)
	receiver.Handle(func(b []byte) { got <- datagram{len(b), b[len(b)-1]} }, DTLS)
	for mark, lengths := range [][]int{{100}, {1200, 1200, 7}, slices.Repeat([]int{1200}, 40), {65507}, {2}, {300, 300}} {
		var all []byte
		for i, n := range lengths {
			b := bytes.Repeat([]byte{22}, n)
			b[n-1] = byte(50*mark + i)
			all = append(all, b...)
		}
		if _, err := sender.WriteSegments(all, lengths[0]); err != nil {
			t.Fatal(err)
		}
		for i, n := range lengths {
			select {
			case d := <-got:
				if want := (datagram{n, byte(50*mark + i)}); d != want {
					t.Fatalf("got %v, want %v", d, want)
				}
			case <-time.After(10 * time.Second):
				t.Fatalf("datagram %d of %v is missing", i, lengths)
			}
		}
	}
}

// Where the system coalesces, a burst is one call.
func TestBurstIsReadInOneCall(t *testing.T) {
	x, y := connectedPair(t)
	sender := New(x, nil)
	defer sender.Close()
	r := newReader(y, DefaultMaxReceiveSize)
	defer r.close()
	if _, single := r.(singleReader); single || !sender.CanSegment() {
		t.Skip("the system does not coalesce")
	}
	const size, count = 1200, 40
	if _, err := sender.WriteSegments(make([]byte, size*count), size); err != nil || !sender.CanSegment() {
		t.Skip("the system does not cut datagrams: ", err)
	}
	_ = y.SetReadDeadline(time.Now().Add(10 * time.Second))
	if b, each, err := r.next(); len(b) != size*count || each != size || err != nil {
		t.Errorf("%d bytes by %d, %v", len(b), each, err)
	}
	_ = y.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	if _, _, err := r.next(); err == nil {
		t.Error("there was something else")
	}
}

// The end of the socket ends who waits for a datagram.
func TestReaderOfASocketEndsWithIt(t *testing.T) {
	x, _ := udpPair(t)
	r := newReader(x, 100)
	failed := make(chan error, 1)
	go func() {
		_, _, err := r.next()
		failed <- err
	}()
	_ = x.Close()
	if err := <-failed; !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
	r.close()
}

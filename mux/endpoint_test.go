package mux

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// testStart is where time begins in a synctest bubble.
var testStart = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func wantRead(t *testing.T, r io.Reader, want []byte) {
	t.Helper()
	buf := make([]byte, 2000)
	n, err := r.Read(buf)
	if err != nil || !bytes.Equal(buf[:n], want) {
		t.Errorf("read %q, %v; want %q", buf[:n], err, want)
	}
}

func wantReadError(t *testing.T, r io.Reader, want error) {
	t.Helper()
	if n, err := r.Read(make([]byte, 2000)); !errors.Is(err, want) || n != 0 {
		t.Errorf("read %d bytes, %v; want %v", n, err, want)
	}
}

func TestEndpointReadsItsClassesInOrder(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		media, dtls := m.Endpoint(RTP, RTCP), m.Endpoint(DTLS)
		link.arrive(datagram(RTP, "1"), datagram(DTLS, "2"), datagram(RTCP, "3"))
		wantRead(t, dtls, datagram(DTLS, "2"))
		wantRead(t, media, datagram(RTP, "1"))
		wantRead(t, media, datagram(RTCP, "3"))
		if _, err := dtls.Write([]byte("answer")); err != nil || link.sent[0] != "answer" {
			t.Errorf("sent %q, %v", link.sent, err)
		}
	})
}

// MUX-08
func TestEarlyDatagramsReachAnEndpoint(t *testing.T) { // MUX-09
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		m.Handle(nil, ZRTP)
		link.arrive(datagram(DTLS, "hello 1"), datagram(DTLS, "hello 2"))
		synctest.Wait()
		e := m.Endpoint(DTLS)
		link.arrive(datagram(DTLS, "hello 3"))
		for i := 1; i <= 3; i++ {
			wantRead(t, e, datagram(DTLS, fmt.Sprint("hello ", i)))
		}
	})
}

// MUX-05, as in libdatachannel issue 1546: nobody reads SRTP while DTLS wants to shake hands.
func TestUnreadMediaDoesNotDisturbDTLS(t *testing.T) {
	const flood = 100_000
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		media, dtls := m.Endpoint(RTP), m.Endpoint(DTLS)
		packet := append(datagram(RTP, ""), make([]byte, 1200)...)
		for i := range flood {
			link.arrive(packet)
			if i%10_000 == 0 {
				text := datagram(DTLS, fmt.Sprint("flight ", i))
				link.arrive(text)
				wantRead(t, dtls, text)
			}
		}
		synctest.Wait()
		stats := media.Stats()
		if stats.Received+stats.QueueFull != flood || stats.QueueFull < flood*9/10 {
			t.Errorf("media: %+v of %d", stats, flood)
		}
		if most := DefaultQueueBytes / len(packet); stats.Queued > most {
			t.Errorf("%d packets wait, at most %d fit", stats.Queued, most)
		}
		if got := m.Stats().QueueFull; got != (ClassCounts{RTP: stats.QueueFull}) {
			t.Errorf("dropped for full queues: %v", got)
		}
		for range stats.Queued {
			wantRead(t, media, packet)
		}
	})
}

// MUX-09
func TestDatagramsInAQueueAreNotOverwritten(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		e := m.Endpoint(DTLS)
		b := datagram(DTLS, "aaaa")
		link.arrive(b)
		synctest.Wait()
		copy(b[3:], "bbbb") // the sender's memory
		link.arrive(datagram(DTLS, "cccc"), datagram(RTP, "dddd"))
		synctest.Wait()
		first := make([]byte, 100)
		n, err := e.Read(first)
		if err != nil {
			t.Fatal(err)
		}
		wantRead(t, e, datagram(DTLS, "cccc"))
		link.arrive(datagram(DTLS, "eeee"))
		wantRead(t, e, datagram(DTLS, "eeee"))
		if want := datagram(DTLS, "aaaa"); !bytes.Equal(first[:n], want) {
			t.Errorf("the first datagram has become %q", first[:n])
		}
	})
}

func TestShortReadSaysSoAndLosesOneDatagram(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		e := m.Endpoint(DTLS)
		link.arrive(datagram(DTLS, "long"), datagram(DTLS, "next"))
		synctest.Wait()
		buf := make([]byte, 4)
		if n, err := e.Read(buf); n != 4 || !errors.Is(err, io.ErrShortBuffer) {
			t.Errorf("got %d, %v; want 4, io.ErrShortBuffer", n, err)
		}
		if want := datagram(DTLS, "long")[:4]; !bytes.Equal(buf, want) {
			t.Errorf("got %q, want %q", buf, want)
		}
		wantRead(t, e, datagram(DTLS, "next"))
	})
}

func TestReadDeadlineEndsAWaitingRead(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		e := m.Endpoint(DTLS)
		for i := range 3 { // a deadline can be used again and again
			start := time.Now()
			e.SetReadDeadline(start.Add(time.Second))
			_, err := e.Read(make([]byte, 10))
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("round %d: got %v, want os.ErrDeadlineExceeded", i, err)
			}
			var timeout net.Error
			if !errors.As(err, &timeout) || !timeout.Timeout() {
				t.Errorf("round %d: %v is not a timeout", i, err)
			}
			if waited := time.Since(start); waited != time.Second {
				t.Errorf("round %d: waited %v, want 1s", i, waited)
			}
		}
		link.arrive(datagram(DTLS, "x"))
		synctest.Wait()
		wantReadError(t, e, os.ErrDeadlineExceeded) // as with a socket, data does not help
		e.SetReadDeadline(time.Time{})
		wantRead(t, e, datagram(DTLS, "x"))
	})
}

func TestDeadlineMovesWhileAReadWaits(t *testing.T) {
	for _, test := range []struct {
		name string
		move func(e *Endpoint) error
		want time.Duration
	}{
		{"to the past", func(e *Endpoint) error { return e.SetReadDeadline(time.Now()) }, time.Second},
		{"nearer", func(e *Endpoint) error { return e.SetReadDeadline(testStart.Add(2 * time.Second)) }, 2 * time.Second},
		{"farther", func(e *Endpoint) error { return e.SetReadDeadline(testStart.Add(time.Hour)) }, time.Hour},
		{"both", func(e *Endpoint) error { return e.SetDeadline(testStart.Add(3 * time.Second)) }, 3 * time.Second},
		{"only that of writing", func(e *Endpoint) error { return e.SetWriteDeadline(testStart.Add(time.Second)) }, time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, m *Mux, _ *fakeLink) {
				e := m.Endpoint(DTLS)
				e.SetReadDeadline(testStart.Add(time.Minute))
				time.AfterFunc(time.Second, func() {
					if err := test.move(e); err != nil {
						t.Error(err)
					}
				})
				wantReadError(t, e, os.ErrDeadlineExceeded)
				if waited := time.Since(testStart); waited != test.want {
					t.Errorf("waited %v, want %v", waited, test.want)
				}
			})
		})
	}
}

func TestDeadlineRemovedWhileAReadWaits(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		e := m.Endpoint(DTLS)
		e.SetReadDeadline(testStart.Add(2 * time.Second))
		time.AfterFunc(time.Second, func() { e.SetReadDeadline(time.Time{}) })
		time.AfterFunc(time.Hour, func() { link.arrive(datagram(DTLS, "at last")) })
		wantRead(t, e, datagram(DTLS, "at last"))
	})
}

func TestWriteDeadlineStopsWrites(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		e, other := m.Endpoint(DTLS), m.Endpoint(RTP)
		e.SetWriteDeadline(testStart.Add(time.Second))
		if _, err := e.Write([]byte("in time")); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		synctest.Wait() // the timer's function has run
		if _, err := e.Write([]byte("late")); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v, want os.ErrDeadlineExceeded", err)
		}
		if _, err := other.Write([]byte("other")); err != nil {
			t.Errorf("the other endpoint: %v", err)
		}
		e.SetDeadline(time.Time{})
		if _, err := e.Write([]byte("again")); err != nil {
			t.Error(err)
		}
		if got, want := fmt.Sprint(link.sent), "[in time other again]"; got != want {
			t.Errorf("sent %s, want %s", got, want)
		}
	})
}

func TestEndpointCloseReleasesItsReadersAndNobodyElse(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		e, other := m.Endpoint(DTLS), m.Endpoint(RTP)
		e.SetReadDeadline(time.Now().Add(time.Hour)) // a timer that must not outlive the endpoint
		var readers sync.WaitGroup
		for range 3 {
			readers.Go(func() { wantReadError(t, e, net.ErrClosed) })
		}
		synctest.Wait()
		for range 2 {
			if err := e.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
		readers.Wait()
		link.arrive(datagram(DTLS, "too late"), datagram(RTP, "x"))
		wantRead(t, other, datagram(RTP, "x"))
		wantDrops(t, m, Stats{Unrouted: ClassCounts{DTLS: 1}})

		again := m.Endpoint(DTLS)
		link.arrive(datagram(DTLS, "new"))
		wantRead(t, again, datagram(DTLS, "new"))
		e.Close() // takes nothing from its successor
		link.arrive(datagram(DTLS, "newer"))
		wantRead(t, again, datagram(DTLS, "newer"))
	})
}

func TestClosedEndpointForgetsWhatItHadQueued(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		e, other := m.Endpoint(DTLS), m.Endpoint(RTP)
		link.arrive(datagram(DTLS, "x"), datagram(RTP, "y"))
		synctest.Wait()
		e.Close()
		wantReadError(t, e, net.ErrClosed)
		m.Close()
		wantReadError(t, other, net.ErrClosed)
		if e.queue.Memory() > 0 || other.queue.Memory() > 0 {
			t.Error("a closed endpoint keeps its memory")
		}
	})
}

func TestAllReadersOfAnEndpointShareItsDatagrams(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		e := m.Endpoint(DTLS)
		var mu sync.Mutex
		got := make(map[string]bool)
		var readers sync.WaitGroup
		for range 5 {
			readers.Go(func() {
				buf := make([]byte, 100)
				for range 20 {
					n, err := e.Read(buf)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					got[string(buf[:n])] = true
					mu.Unlock()
				}
			})
		}
		for i := range 100 {
			link.arrive(datagram(DTLS, fmt.Sprint(i)))
		}
		readers.Wait()
		if len(got) != 100 {
			t.Errorf("%d different datagrams were read, want 100", len(got))
		}
	})
}

// An endpoint is a link too: a Mux over an endpoint of a Mux.
func TestEndpointIsALink(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		inner := New(m.Endpoint(RTP, RTCP), nil)
		var r recorder
		inner.Handle(r.handle, RTCP)
		link.arrive(datagram(RTP, "x"), datagram(RTCP, "y"), append(datagram(RTCP, ""), make([]byte, 8000)...))
		synctest.Wait()
		r.want(t, datagram(RTCP, "y"), append(datagram(RTCP, ""), make([]byte, 8000)...))
		m.Close()
		<-inner.Done()
		if err := inner.Err(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the inner mux ended with %v", err)
		}
	})
}

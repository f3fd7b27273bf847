package mux

import (
	"bytes"
	"errors"
	"net"
	"slices"
	"testing"
	"time"
)

// udpPair returns two connected sockets on the loopback interface.
func udpPair(t *testing.T) (x, y *net.UDPConn) {
	t.Helper()
	listening, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	y = listening
	x, err = net.DialUDP("udp4", nil, y.LocalAddr().(*net.UDPAddr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = x.Close()
		_ = y.Close()
	})
	return x, y
}

func TestSegmentsArriveAsDatagrams(t *testing.T) {
	for _, refused := range []bool{false, true} {
		x, y := udpPair(t)
		m := New(x, nil)
		defer m.Close()
		if m.segmenter != nil && refused {
			m.segmenter.send = func([]byte, int) error { return errors.ErrUnsupported }
		}
		for _, lengths := range [][]int{{100}, {100, 100, 100}, {1200, 1200, 7}, slices.Repeat([]int{1200}, 40)} {
			var all []byte
			for i, n := range lengths {
				all = append(all, bytes.Repeat([]byte{byte(i + 1)}, n)...)
			}
			if n, err := m.WriteSegments(all, lengths[0]); n != len(all) || err != nil {
				t.Fatalf("%d of %d bytes, %v", n, len(all), err)
			}
			_ = y.SetReadDeadline(time.Now().Add(10 * time.Second))
			b := make([]byte, 2000)
			for i, want := range lengths {
				n, err := y.Read(b)
				if err != nil || n != want || b[0] != byte(i+1) || b[n-1] != byte(i+1) {
					t.Fatalf("datagram %d of %v: %d bytes, %v", i, lengths, n, err)
				}
			}
		}
		if refused && m.CanSegment() {
			t.Error("asked again after a refusal")
		}
	}
}

func TestSegmentsFailAfterClose(t *testing.T) {
	x, _ := udpPair(t)
	m := New(x, nil)
	_ = m.Close()
	if _, err := m.WriteSegments(make([]byte, 300), 100); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

package mux

import (
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A fakeLink is a link whose other end is the test. Like a socket it cuts what does not fit.
type fakeLink struct {
	in     chan arrival
	closed chan struct{}
	once   sync.Once
	closes atomic.Int32

	mu       sync.Mutex
	sent     []string
	writeErr []error // of the next writes
}

type arrival struct {
	b   []byte
	err error
}

func newFakeLink() *fakeLink {
	return &fakeLink{in: make(chan arrival), closed: make(chan struct{})}
}

func (l *fakeLink) Read(b []byte) (int, error) {
	select {
	case a := <-l.in:
		return copy(b, a.b), a.err
	case <-l.closed:
		return 0, errFakeClosed
	}
}

func (l *fakeLink) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.writeErr) > 0 {
		err := l.writeErr[0]
		l.writeErr = l.writeErr[1:]
		if err != nil {
			return 0, err
		}
	}
	l.sent = append(l.sent, string(b))
	return len(b), nil
}

func (l *fakeLink) Close() error {
	l.closes.Add(1)
	l.once.Do(func() { close(l.closed) })
	return nil
}

// arrive gives datagrams to the reader of the link, in order, and returns when it has taken the last.
func (l *fakeLink) arrive(datagrams ...[]byte) {
	for _, b := range datagrams {
		l.in <- arrival{b: b}
	}
}

func (l *fakeLink) fail(err error) { l.in <- arrival{err: err} }

// errFakeClosed is not net.ErrClosed, to see that a Mux does not hand on what its link says after Close.
var errFakeClosed = syscall.EBADF

// A tellingLink is a link with all the optional methods.
type tellingLink struct{ *fakeLink }

func (tellingLink) LocalAddr() net.Addr  { return &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1} }
func (tellingLink) RemoteAddr() net.Addr { return &net.UDPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 2} }
func (tellingLink) RTT() time.Duration   { return 50 * time.Millisecond }
func (tellingLink) MaxDatagramSize() int { return 1200 }

// A namelessLink has the methods but, for now, nothing to say: an ice.Conn without a selected pair.
type namelessLink struct{ *fakeLink }

func (namelessLink) LocalAddr() net.Addr  { return nil }
func (namelessLink) RemoteAddr() net.Addr { return nil }

func TestWhatTheLinkKnowsPassesThrough(t *testing.T) {
	m := New(tellingLink{newFakeLink()}, nil)
	defer m.Close()
	e := m.Endpoint(DTLS)
	for name, got := range map[string]interface {
		LocalAddr() net.Addr
		RemoteAddr() net.Addr
		RTT() time.Duration
		MaxDatagramSize() int
	}{"Mux": m, "Endpoint": e} {
		if a := got.LocalAddr().String(); a != "192.0.2.1:1" {
			t.Errorf("%s: local address %s", name, a)
		}
		if a := got.RemoteAddr().String(); a != "192.0.2.2:2" {
			t.Errorf("%s: remote address %s", name, a)
		}
		if rtt := got.RTT(); rtt != 50*time.Millisecond {
			t.Errorf("%s: RTT %v", name, rtt)
		}
		if n := got.MaxDatagramSize(); n != 1200 {
			t.Errorf("%s: MaxDatagramSize %d", name, n)
		}
	}
}

func TestLinkThatKnowsNothingHasPrintableAddresses(t *testing.T) {
	for _, link := range []Link{newFakeLink(), namelessLink{newFakeLink()}} {
		m := New(link, nil)
		if m.LocalAddr().String() != "unknown" || m.RemoteAddr().Network() != "mux" {
			t.Errorf("%T: addresses %v and %v", link, m.LocalAddr(), m.RemoteAddr())
		}
		if m.RTT() != 0 || m.MaxDatagramSize() != 0 {
			t.Errorf("%T: RTT %v, MaxDatagramSize %d, want zeros", link, m.RTT(), m.MaxDatagramSize())
		}
		m.Close()
	}
}

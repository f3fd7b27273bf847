package dtls

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// end is one end of a link in memory that keeps datagrams apart, as cheap as a
// channel can be.
type end struct {
	in, out chan []byte
	closed  chan struct{} // of this end
	once    sync.Once

	mu       sync.Mutex
	deadline chan struct{} // closed when reading has to stop
}

// pipe returns both ends of a link.
func pipe() (a, b *end) {
	x, y := make(chan []byte, 16), make(chan []byte, 16)
	return &end{in: x, out: y, closed: make(chan struct{}), deadline: make(chan struct{})},
		&end{in: y, out: x, closed: make(chan struct{}), deadline: make(chan struct{})}
}

func (e *end) Read(b []byte) (int, error) {
	e.mu.Lock()
	deadline := e.deadline
	e.mu.Unlock()
	select {
	case datagram := <-e.in:
		return copy(b, datagram), nil
	case <-e.closed:
		return 0, io.EOF
	case <-deadline:
		return 0, os.ErrDeadlineExceeded
	}
}

func (e *end) Write(b []byte) (int, error) {
	select {
	case e.out <- append([]byte(nil), b...):
	case <-e.closed:
		return 0, net.ErrClosed
	default: // full: lost, as a network does
	}
	return len(b), nil
}

func (e *end) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := e.Read(b)
	return n, address{}, err
}

func (e *end) WriteTo(b []byte, _ net.Addr) (int, error) { return e.Write(b) }

func (e *end) Close() error {
	e.once.Do(func() { close(e.closed) })
	return nil
}

func (e *end) LocalAddr() net.Addr  { return address{} }
func (e *end) RemoteAddr() net.Addr { return address{} }

// SetReadDeadline stops reading if t is in the past, which is how it is used to
// interrupt somebody; other deadlines are not needed here.
func (e *end) SetReadDeadline(t time.Time) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	select {
	case <-e.deadline:
		e.deadline = make(chan struct{})
	default:
	}
	if !t.IsZero() && !t.After(time.Now()) {
		close(e.deadline)
	}
	return nil
}

func (e *end) SetWriteDeadline(time.Time) error { return nil }
func (e *end) SetDeadline(t time.Time) error    { return e.SetReadDeadline(t) }

type address struct{}

func (address) Network() string { return "memory" }
func (address) String() string  { return "memory" }

package mux

import (
	"net"
	"os"
	"sync"
	"time"

	"github.com/rtctransport/rtctransport/mux/ring"
)

// An Endpoint is the net.Conn of one or more classes: Read returns datagrams of these classes alone, one
// at a time, Write sends a datagram of any. All methods may be called concurrently. An Endpoint is itself
// a [Link], for a protocol that wants one of its own.
type Endpoint struct {
	mux *Mux

	mu    sync.Mutex
	ready *sync.Cond // over mu: the queue, the deadline or err has changed
	queue ring.Queue
	err   error // why reading ends once the queue is empty; nil while open
	stats EndpointStats

	readDeadline  deadline
	writeDeadline deadline
}

var _ net.Conn = (*Endpoint)(nil)

// EndpointStats counts the datagrams of one endpoint.
type EndpointStats struct {
	Received  uint64 // put into the queue
	QueueFull uint64 // dropped because the queue had no room
	Queued    int    // wait now for a Read
}

func newEndpoint(m *Mux) *Endpoint {
	e := &Endpoint{mux: m, queue: ring.New(m.limits.queue)}
	e.ready = sync.NewCond(&e.mu)
	return e
}

// Read returns the next datagram. It blocks until there is one, the read deadline passes
// (os.ErrDeadlineExceeded), the endpoint or the Mux is closed (net.ErrClosed), or the link fails and what
// had arrived before is read (*LinkError). A datagram that is larger than b is lost: the part that fits is
// returned with io.ErrShortBuffer. The bytes in b are the caller's own.
func (e *Endpoint) Read(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for {
		if e.readDeadline.expired {
			return 0, os.ErrDeadlineExceeded
		}
		if e.queue.Len() > 0 {
			return e.queue.Pop(b)
		}
		if e.err != nil {
			return 0, e.err
		}
		e.ready.Wait()
	}
}

// Write sends one datagram, like [Mux.Write]. It fails with os.ErrDeadlineExceeded when the write deadline
// has passed and with net.ErrClosed when the endpoint is closed.
func (e *Endpoint) Write(b []byte) (int, error) {
	e.mu.Lock()
	expired, err := e.writeDeadline.expired, e.err
	e.mu.Unlock()
	if err != nil {
		return 0, err
	}
	if expired {
		return 0, os.ErrDeadlineExceeded
	}
	return e.mux.Write(b)
}

// Close ends the endpoint and releases its readers; what waits in its queue is dropped. The Mux and its
// link stay open. Datagrams of its classes are dropped from now on, and counted as Unrouted, until somebody
// else attaches. Close may be called more than once; it always returns nil.
func (e *Endpoint) Close() error {
	e.mux.detach(e)
	e.fail(net.ErrClosed)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.err = net.ErrClosed // also where the link had failed before
	e.queue.Clear()
	return nil
}

// put queues a copy of b, without waiting. open is false when the endpoint has ended, room when the queue is
// full; in both cases b is dropped.
func (e *Endpoint) put(b []byte) (open, room bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err != nil {
		return false, false
	}
	if !e.queue.Push(b) {
		e.stats.QueueFull++
		return true, false
	}
	e.stats.Received++
	// Not Signal: it could wake a reader whose deadline has just passed, and leave another asleep.
	e.ready.Broadcast()
	return true, true
}

// fail releases the readers with err once the queue is empty. The first error stays.
func (e *Endpoint) fail(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err != nil {
		return
	}
	e.err = err
	if err == net.ErrClosed { // exactly: somebody closed us and wants no more data
		e.queue.Clear()
	}
	e.readDeadline.stop()
	e.writeDeadline.stop()
	e.ready.Broadcast()
}

// Stats returns the counters of this endpoint.
func (e *Endpoint) Stats() EndpointStats {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.stats
	s.Queued = e.queue.Len()
	return s
}

// LocalAddr returns the local address of the link.
func (e *Endpoint) LocalAddr() net.Addr { return e.mux.LocalAddr() }

// RemoteAddr returns the remote address of the link.
func (e *Endpoint) RemoteAddr() net.Addr { return e.mux.RemoteAddr() }

// RTT returns the round-trip time that the link knows, 0 if none.
func (e *Endpoint) RTT() time.Duration { return e.mux.RTT() }

// MaxDatagramSize returns the largest datagram in bytes that the link takes, 0 if it does not know.
func (e *Endpoint) MaxDatagramSize() int { return e.mux.MaxDatagramSize() }

// SetDeadline sets both deadlines. The zero Time means none.
func (e *Endpoint) SetDeadline(t time.Time) error {
	return e.setDeadline(t, &e.readDeadline, &e.writeDeadline)
}

// SetReadDeadline makes each Read, a blocked one included, fail with os.ErrDeadlineExceeded from t on.
// The zero Time means never.
func (e *Endpoint) SetReadDeadline(t time.Time) error { return e.setDeadline(t, &e.readDeadline) }

// SetWriteDeadline makes each Write that begins at t or later fail with os.ErrDeadlineExceeded. A Write
// that has begun is in the hands of the link, which all classes share; links of datagrams do not wait.
func (e *Endpoint) SetWriteDeadline(t time.Time) error { return e.setDeadline(t, &e.writeDeadline) }

func (e *Endpoint) setDeadline(t time.Time, deadlines ...*deadline) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err != nil {
		return e.err
	}
	for _, d := range deadlines {
		d.set(t, e)
	}
	e.ready.Broadcast()
	return nil
}

// A deadline turns a point in time into a fact that readers can wait for. The mutex of its endpoint
// guards it.
type deadline struct {
	expired bool
	timer   *time.Timer // nil when none runs
}

// set replaces the deadline by t; the zero Time means none.
func (d *deadline) set(t time.Time, e *Endpoint) {
	d.stop()
	d.expired = false
	if t.IsZero() {
		return
	}
	wait := time.Until(t)
	if wait <= 0 {
		d.expired = true
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(wait, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if d.timer != timer {
			return // replaced while this function waited for the mutex
		}
		d.timer, d.expired = nil, true
		e.ready.Broadcast()
	})
	d.timer = timer
}

// stop forgets the timer; expired stays as it is.
func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}

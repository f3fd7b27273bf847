package netsim

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// queueLimit is how many datagrams wait at an end of a Pipe for Read; what arrives then is dropped and counted, like at a
// socket whose buffer is full.
const queueLimit = 1024

// Pipe returns the two ends of a link as connections: one Write is one datagram, and so is one Read. The dynamic type of
// both is [*End]. Time is the clock of the caller; inside a testing/synctest bubble that is the bubble's, and both ends
// must be used in that bubble only. No goroutine runs for a Pipe, so it need not be closed.
func Pipe(c Config) (a, b net.Conn) {
	p := &pipe{link: New(c)}
	for i := range p.ends {
		p.ends[i] = &End{pipe: p, out: Direction(i)}
		p.ends[i].readable.L = &p.mu
	}
	return p.ends[0], p.ends[1]
}

// A pipe is what the two ends share.
type pipe struct {
	mu    sync.Mutex // guards the pipe, its link and its ends
	link  *Link
	ends  [2]*End     // A, B
	timer *time.Timer // fires at link.NextArrival; nil until first needed
}

// An End is one end of a Pipe. It implements [net.Conn] and may be used concurrently.
//
// Closing an end is not noticed at the other, as with UDP: what it sent before still arrives, what is sent to it
// vanishes.
type End struct {
	pipe     *pipe
	out      Direction
	readable sync.Cond // the queue is not empty, or the end closed, or the read deadline passed

	// Guarded by pipe.mu.
	queue         [][]byte // arrived, oldest first; the bytes belong to the link
	closed        bool
	readDeadline  time.Time // zero: none
	writeDeadline time.Time // zero: none
	readTimer     *time.Timer
}

// Read waits for a datagram and copies it to b. A datagram longer than b is cut, the rest is lost, and the error is
// [io.ErrShortBuffer]. The other errors are [net.ErrClosed] and [os.ErrDeadlineExceeded]; a deadline in the past wins
// over a waiting datagram, which stays.
func (e *End) Read(b []byte) (int, error) {
	p := e.pipe
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case e.closed:
			return 0, net.ErrClosed
		case passed(e.readDeadline):
			return 0, os.ErrDeadlineExceeded
		case len(e.queue) > 0:
			datagram := e.queue[0]
			e.queue = append(e.queue[:0], e.queue[1:]...)
			p.link.stats[e.out.Reverse()].Delivered++
			n := copy(b, datagram)
			short := n < len(datagram)
			p.link.recycle(datagram)
			if short {
				return n, io.ErrShortBuffer
			}
			return n, nil
		}
		e.readable.Wait()
	}
}

// Write sends a copy of b as one datagram. It never blocks and never tells what became of the datagram; its only errors
// are [net.ErrClosed] and, with a write deadline in the past, [os.ErrDeadlineExceeded].
func (e *End) Write(b []byte) (int, error) {
	p := e.pipe
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case e.closed:
		return 0, net.ErrClosed
	case passed(e.writeDeadline):
		return 0, os.ErrDeadlineExceeded
	}
	p.link.Send(time.Now(), e.out, b)
	p.deliver()
	return len(b), nil
}

// deliver moves what has arrived to the ends' queues and sets the timer for the rest. Caller holds mu.
func (p *pipe) deliver() {
	now := time.Now()
	for {
		g, ok := p.link.take(now)
		if !ok {
			break
		}
		to := p.ends[g.direction.Reverse()]
		if to.closed || len(to.queue) >= queueLimit {
			p.link.stats[g.direction].Overflowed++
			p.link.recycle(g.b)
			continue
		}
		to.queue = append(to.queue, g.b)
		to.readable.Signal()
	}

	next := p.link.NextArrival()
	switch {
	case next.IsZero():
		// A timer still set fires for nothing.
	case p.timer == nil:
		p.timer = time.AfterFunc(next.Sub(now), func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.deliver()
		})
	default:
		p.timer.Reset(next.Sub(now))
	}
}

// Close ends pending and later calls of this end with [net.ErrClosed]. A second Close does nothing.
func (e *End) Close() error {
	e.pipe.mu.Lock()
	defer e.pipe.mu.Unlock()
	if e.closed {
		return nil
	}
	e.closed = true
	e.queue = nil
	if e.readTimer != nil {
		e.readTimer.Stop()
	}
	e.readable.Broadcast()
	return nil
}

// SetDeadline sets the read and the write deadline.
func (e *End) SetDeadline(t time.Time) error {
	if err := e.SetReadDeadline(t); err != nil {
		return err
	}
	return e.SetWriteDeadline(t)
}

// SetReadDeadline sets when a Read, pending or later, gives up; the zero Time: never.
func (e *End) SetReadDeadline(t time.Time) error {
	e.pipe.mu.Lock()
	defer e.pipe.mu.Unlock()
	if e.closed {
		return net.ErrClosed
	}
	e.readDeadline = t
	if e.readTimer != nil {
		e.readTimer.Stop()
	}
	if !t.IsZero() {
		e.readTimer = time.AfterFunc(time.Until(t), func() {
			e.pipe.mu.Lock()
			defer e.pipe.mu.Unlock()
			e.readable.Broadcast() // at once for a deadline in the past
		})
	}
	return nil
}

// SetWriteDeadline sets from when on Write fails; the zero Time: never.
func (e *End) SetWriteDeadline(t time.Time) error {
	e.pipe.mu.Lock()
	defer e.pipe.mu.Unlock()
	if e.closed {
		return net.ErrClosed
	}
	e.writeDeadline = t
	return nil
}

func passed(deadline time.Time) bool {
	return !deadline.IsZero() && !time.Now().Before(deadline)
}

// Stats returns the counts of direction d of the whole link, not only of this end.
func (e *End) Stats(d Direction) Stats {
	e.pipe.mu.Lock()
	defer e.pipe.mu.Unlock()
	return e.pipe.link.Stats(d)
}

// LocalAddr returns the name of this end, "A" or "B".
func (e *End) LocalAddr() net.Addr { return Addr("AB"[e.out : e.out+1]) }

// RemoteAddr returns the name of the other end.
func (e *End) RemoteAddr() net.Addr { return e.pipe.ends[e.out.Reverse()].LocalAddr() }

// An Addr names an end of a Pipe.
type Addr string

// Network returns "netsim".
func (Addr) Network() string { return "netsim" }

// String returns the name.
func (a Addr) String() string { return string(a) }

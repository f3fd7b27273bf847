package dtlstransport

import (
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/rtctransport/rtctransport/mux"
)

// How a Conn drives its Engine: what comes in, the timer, what follows from a call, and what goes out.

// receive takes a datagram from whoever reads the link.
func (c *Conn) receive(b []byte) { c.takes(b, false) }

// taken is what a datagram turned out to be.
type taken struct {
	authentic bool // the peer's: one of its records was authentic
	newest    bool // newer than all before, of a peer that was connected
	answered  bool // it answers a challenge
}

// takes is receive. shared says that the datagram may be for another association on the same
// path: what is not ours is not forged then.
func (c *Conn) takes(b []byte, shared bool) taken {
	t, then := c.handle(b, shared)
	if then != nil {
		then()
	}
	return t
}

// handle is takes up to what follows when mu is let go.
func (c *Conn) handle(b []byte, shared bool) (t taken, then func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.mustWait() {
		c.changed.Wait()
	}
	if c.err != nil {
		// A peer that has missed why it was refused hears it again.
		if c.engine.Err() != nil && !errors.Is(c.err, net.ErrClosed) {
			then = c.follow(c.engine.HandleDatagram(time.Now(), b))
		}
		return t, then
	}
	connected, opened, end, proved := c.connected, c.engine.opened, c.engine.readEnd(), c.engine.proved
	c.engine.shared = shared
	then = c.follow(c.engine.HandleDatagram(time.Now(), b))
	t = taken{c.engine.opened > opened, connected && c.engine.readEnd() > end, c.engine.proved > proved}
	if t.answered {
		c.changed.Broadcast() // another probe may follow
	}
	return t, then
}

// tick is what the timer calls.
func (c *Conn) tick() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wake = time.Time{}
	c.recallWrites()
	c.after(c.engine.HandleTimeout(time.Now()))
	c.changed.Broadcast()
}

// after does what follows from a call into the engine that returned err: events
// are taken, datagrams sent, the timer set. mu is held, and let go while the link
// is written.
func (c *Conn) after(err error) {
	if then := c.follow(err); then != nil {
		go then() // whoever is calling us may have locks that it needs
	}
}

// follow is after, for who can call what it returns, if that is not nil, when mu is let go.
func (c *Conn) follow(err error) (then func()) {
	connected := c.takeEvents()
	if err != nil {
		c.end(err)
	}
	c.arm() // the link may have flush wait
	c.flush()
	if connected {
		// Only now, so that our Finished goes out before what waits for it.
		c.connected = true
		if c.onConnected != nil {
			then = c.onConnected()
		}
		if tell := c.news.takeConnected(); tell != nil {
			then = both(then, tell)
		}
		c.changed.Broadcast()
	}
	return then
}

// both returns what calls f, if it is not nil, and then g.
func both(f, g func()) func() {
	if f == nil {
		return g
	}
	return func() {
		f()
		g()
	}
}

// takeEvents takes what the last call into the engine made happen, and reports
// whether that was the end of the handshake.
func (c *Conn) takeEvents() (connected bool) {
	for {
		e := c.engine.NextEvent()
		switch e.Kind {
		case NoEvent:
			return connected
		case EventConnected:
			connected = true
		case EventData:
			if !c.queue.Push(e.Data) {
				c.engine.drop(DropQueueFull)
			}
		case EventClosed:
			c.end(io.EOF)
		case EventProbeAnswered:
			c.probe.finish(e.RTT, nil)
		case EventProbeLost:
			c.probe.finish(0, ErrProbeLost)
		}
		c.changed.Broadcast()
	}
}

// flush writes what the engine has to say, in order: one goroutine at a time
// does it for all. mu is held, and let go during each write.
func (c *Conn) flush() {
	if c.sending {
		return // who is at it will find ours
	}
	c.sending = true
	buf := datagrams.Get().(*[]byte)
	defer datagrams.Put(buf)
	for {
		b, ok := c.engine.AppendDatagram((*buf)[:0])
		if !ok {
			break
		}
		*buf = b
		c.mu.Unlock()
		_, err := c.carrier.Write(b)
		c.mu.Lock()
		if err != nil {
			// A lost datagram, as far as we know; a link that has broken ends the mux.
			c.linkErrors++
			if mux.IsTooLarge(err) {
				waiting := c.probe
				c.engine.DatagramRefused(len(b))
				c.takeEvents()
				if waiting != nil && waiting.done {
					waiting.err = c.opError("probe", fmt.Errorf("%w: %w", ErrTooLarge, err))
				}
			}
		}
	}
	c.sending = false
	c.changed.Broadcast()
}

// arm sets the timer to whatever is due first.
func (c *Conn) arm() {
	next := time.Time{}
	if c.err == nil {
		next = c.engine.Deadline()
	}
	now := time.Now()
	for _, d := range []time.Time{c.readDeadline, c.writeDeadline} {
		if d.After(now) {
			next = firstTime(next, d)
		}
	}
	if next.Equal(c.wake) {
		return
	}
	c.wake = next
	switch {
	case next.IsZero():
		c.timer.Stop()
	case c.timer == nil:
		c.timer = time.AfterFunc(next.Sub(now), c.tick)
	default:
		c.timer.Reset(next.Sub(now))
	}
}

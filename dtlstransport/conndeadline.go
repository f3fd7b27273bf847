package dtlstransport

import (
	"context"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/rtctransport/rtctransport/mux"
)

// The deadlines of a Conn, and the waits that they end.

// wait waits until ready or the deadline, which may change meanwhile. mu is held.
func (c *Conn) wait(deadline *time.Time, ready func() bool) error {
	c.start()
	for {
		if !deadline.IsZero() && !time.Now().Before(*deadline) {
			return os.ErrDeadlineExceeded
		}
		if ready() {
			return nil
		}
		c.changed.Wait()
	}
}

// waken has those who wait look again when ctx has ended. stop is called when they have
// done so.
func (c *Conn) waken(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.changed.Broadcast()
	})
}

// SetDeadline sets the read and the write deadline. The zero Time means none. It fails with
// net.ErrClosed after Close.
func (c *Conn) SetDeadline(t time.Time) error {
	return c.setDeadlines(t, &c.readDeadline, &c.writeDeadline)
}

// SetReadDeadline makes Read, waiting or later, fail from t on.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.setDeadlines(t, &c.readDeadline) }

// SetWriteDeadline makes Write, waiting or later, fail from t on. One that waits for the
// link comes back if the link has a method SetWriteDeadline that sees to it, as a net.Conn
// has; whether its record has gone out is the link's to say. What else waits for the link at that
// moment, media for example, fails with it or is lost. The socket of a Listener, which others
// share, is left alone.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.setDeadlines(t, &c.writeDeadline) }

func (c *Conn) setDeadlines(t time.Time, deadlines ...*time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if errors.Is(c.err, net.ErrClosed) {
		return c.opError("set", net.ErrClosed)
	}
	for _, d := range deadlines {
		*d = t
	}
	c.recallWrites()
	c.arm()
	c.changed.Broadcast()
	return nil
}

// linkWrites are the Writes that are in the link. One of datagrams seldom waits, but one over a
// stream does, and so does a socket whose buffer is full.
//
//	Write --> link.Write --> leaveLink
//	             ^               |
//	recallWrites '               '--> liftRecall, by the last one
//
// The link's own deadline is set for no longer than it takes them to come back, for media,
// and what the engine has to say, go over the same link.
type linkWrites struct {
	link     deadlineLink // nil: they stay in it
	count    atomic.Int32
	recalled atomic.Bool // nobody else goes in until all have come back; changes with the Conn's mu held
}

// A deadlineLink is a link whose Write can be told to come back.
type deadlineLink interface{ SetWriteDeadline(t time.Time) error }

// over says which link it is.
func (w *linkWrites) over(link mux.Link) { w.link, _ = link.(deadlineLink) }

// recallWrites has the Writes come back that are in the link, if their deadline has passed. mu
// is held.
func (c *Conn) recallWrites() {
	w := &c.inLink
	if c.writeDeadline.IsZero() || time.Now().Before(c.writeDeadline) || w.link == nil || w.count.Load() == 0 || w.recalled.Load() {
		return
	}
	w.recalled.Store(true)
	_ = w.link.SetWriteDeadline(time.Unix(1, 0)) // long ago; if it fails, they stay
	c.liftRecall()                               // if they were about to come
}

// leaveLink says that a Write has come back.
func (c *Conn) leaveLink() {
	if c.inLink.count.Add(-1) == 0 && c.inLink.recalled.Load() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.liftRecall()
	}
}

// liftRecall lets Writes into the link again, if all have come back. mu is held.
func (c *Conn) liftRecall() {
	if w := &c.inLink; w.recalled.Load() && w.count.Load() == 0 {
		_ = w.link.SetWriteDeadline(time.Time{})
		w.recalled.Store(false)
		c.changed.Broadcast()
	}
}

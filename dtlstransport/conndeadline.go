package dtlstransport

import (
	"errors"
	"net"
	"os"
	"time"
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

// SetDeadline sets the read and the write deadline. The zero Time means none.
func (c *Conn) SetDeadline(t time.Time) error {
	return c.setDeadlines(t, &c.readDeadline, &c.writeDeadline)
}

// SetReadDeadline makes Read, waiting or later, fail from t on.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.setDeadlines(t, &c.readDeadline) }

// SetWriteDeadline makes Write, waiting for the handshake or later, fail from t
// on.
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
	c.arm()
	c.changed.Broadcast()
	return nil
}

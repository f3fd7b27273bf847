package dtlstransport

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/rtctransport/rtctransport/mux"
)

// Reading and writing application data. Several packets at a time are in batch.go.

// Read returns the data of the next record. What b has no room for is lost, and
// the error is io.ErrShortBuffer. Read returns io.EOF after the peer's
// close_notify, net.ErrClosed after Close, os.ErrDeadlineExceeded after the read
// deadline, a *HandshakeError or *AlertError when the association failed, or the
// link's error. What had come before is returned first.
func (c *Conn) Read(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.wait(&c.readDeadline, func() bool { return c.queue.Len() > 0 || c.err != nil })
	switch {
	case err != nil:
		return 0, c.opError("read", err)
	case c.queue.Len() > 0:
		if c.reliable {
			c.changed.Broadcast()
		}
		return c.queue.Pop(b)
	case c.err == io.EOF:
		return 0, io.EOF
	}
	return 0, c.opError("read", c.err)
}

// Buffered returns how many records wait for Read.
func (c *Conn) Buffered() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.queue.Len()
}

// datagrams holds buffers for records on their way to the link.
var datagrams = sync.Pool{New: func() any { b := make([]byte, 0, 2048); return &b }}

// Write sends b, which it does not keep, as one record. It waits for the handshake and for
// the link to take the record, both until the write deadline. It fails with ErrTooLarge over
// 2^14 bytes, with ErrSequenceExhausted after 2^48 records, when only Close is left to do,
// with os.ErrDeadlineExceeded, and as Read does; after the peer's close_notify with
// ErrClosed. A datagram that a socket cannot send at the moment counts as sent and lost.
func (c *Conn) Write(b []byte) (int, error) {
	buf := datagrams.Get().(*[]byte)
	defer datagrams.Put(buf)
	if err := c.seal(buf, b); err != nil {
		return 0, c.opError("write", err)
	}
	_, err := c.carrier.Write(*buf)
	c.leaveLink()
	if err != nil {
		return 0, c.opError("write", writeError(err))
	}
	return len(b), nil
}

// seal makes b a record in buf, and enters the link for it.
func (c *Conn) seal(buf *[]byte, b []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.mayWrite()
	if err == nil {
		*buf, err = c.engine.AppendApplicationData((*buf)[:0], b)
	}
	if err == nil {
		c.inLink.count.Add(1)
	}
	return err
}

// mayWrite waits until application data may be sealed for the link. mu is held.
func (c *Conn) mayWrite() error {
	err := c.wait(&c.writeDeadline, func() bool { return c.err != nil || c.connected && !c.inLink.recalled.Load() })
	switch {
	case err != nil:
		return err
	case c.err == io.EOF:
		return ErrClosed
	case c.err != nil:
		return c.err
	}
	if trace := c.engine.trace; trace != nil {
		trace.at(time.Now())
	}
	return nil
}

// writeError is what an error of the link is to who writes.
func writeError(err error) error {
	switch {
	case mux.IsTooLarge(err):
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return os.ErrDeadlineExceeded // recalled; by itself, so that net.Error tells a timeout
	}
	return err
}

// opError wraps an error as the net package does, without hiding what it is.
func (c *Conn) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: "dtls", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}

package dtlstransport

import (
	"fmt"
	"io"
	"net"
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

// Write sends b as one record. It waits for the handshake, but for nothing else.
// It fails with ErrTooLarge over 2^14 bytes, with ErrSequenceExhausted after 2^48
// records, when only Close is left to do, and as Read does; after the peer's
// close_notify with ErrClosed. A datagram that the link does not take counts as sent and lost.
func (c *Conn) Write(b []byte) (int, error) {
	buf := datagrams.Get().(*[]byte)
	defer datagrams.Put(buf)
	c.mu.Lock()
	err := c.wait(&c.writeDeadline, func() bool { return c.connected || c.err != nil })
	switch {
	case err != nil:
	case c.err == io.EOF:
		err = ErrClosed
	case c.err != nil:
		err = c.err
	default:
		if trace := c.engine.trace; trace != nil {
			trace.at(time.Now())
		}
		*buf, err = c.engine.AppendApplicationData((*buf)[:0], b)
	}
	c.mu.Unlock()
	if err != nil {
		return 0, c.opError("write", err)
	}
	if _, err := c.carrier.Write(*buf); err != nil {
		if mux.IsTooLarge(err) {
			err = fmt.Errorf("%w: %w", ErrTooLarge, err)
		}
		return 0, c.opError("write", err)
	}
	return len(b), nil
}

// opError wraps an error as the net package does, without hiding what it is.
func (c *Conn) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: "dtls", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}

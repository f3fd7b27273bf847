package sctpdc

import (
	"context"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// streamMessage is the largest message a Stream sends, in bytes; less if the peer takes less. Beyond 16 KiB messages of
// WebRTC become no faster.
const streamMessage = 16384

// A Stream is a channel as a net.Conn: bytes without boundaries, for io.Copy and what builds on it. The channel should be
// reliable and ordered, its kinds of message are not told apart, and empty messages mean nothing. All methods may be
// called concurrently. A Receive of the channel beside it takes messages away from it.
type Stream struct {
	c *Channel

	reading sync.Mutex
	rest    []byte // of the message that Read is in

	writing       sync.Mutex
	readDeadline  deadline
	writeDeadline deadline
}

// Stream returns the channel as a net.Conn, the same one each time.
func (c *Channel) Stream() *Stream { return &c.byteStream }

// Read reads bytes of the next message, waiting for one. Its errors are those of Receive, io.EOF above all, and
// os.ErrDeadlineExceeded.
func (s *Stream) Read(b []byte) (int, error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	expiry := s.readDeadline.expiry()
	if err := expiry.Err(); err != nil || len(b) == 0 {
		return 0, err
	}
	for len(s.rest) == 0 {
		m, err := s.c.Receive(expiry)
		if err != nil {
			return 0, err
		}
		s.rest = m.Data
	}
	n := copy(b, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// WriteTo writes what is received to w, one message in each Write, until the peer closes the channel. It is what io.Copy
// calls.
func (s *Stream) WriteTo(w io.Writer) (sum int64, err error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	for {
		expiry := s.readDeadline.expiry()
		if err := expiry.Err(); err != nil {
			return sum, err
		}
		for len(s.rest) == 0 {
			m, err := s.c.Receive(expiry)
			if err == io.EOF { //nolint:errorlint // An end of the association that is io.EOF too may have lost something.
				return sum, nil
			}
			if err != nil {
				return sum, err
			}
			s.rest = m.Data
		}
		n, err := w.Write(s.rest)
		sum += int64(n)
		if s.rest = s.rest[min(n, len(s.rest)):]; err != nil {
			return sum, err
		}
		if len(s.rest) > 0 {
			return sum, io.ErrShortWrite
		}
	}
}

// Write sends b in messages of up to 16 KiB, waiting as Send does. Its errors are those of Send, and
// os.ErrDeadlineExceeded; n bytes were sent before it.
func (s *Stream) Write(b []byte) (n int, err error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	for n < len(b) {
		size := min(streamMessage, len(b)-n)
		if limit := s.c.a.peerMaxMessageSize(); limit > 0 {
			size = min(size, limit)
		}
		if err := s.c.Send(s.writeDeadline.expiry(), Message{Data: b[n : n+size]}); err != nil {
			return n, err
		}
		n += size
	}
	return n, nil
}

// Close closes the channel: what was written is delivered first, what was not read is dropped.
func (s *Stream) Close() error { return s.c.Close() }

// LocalAddr returns the address of the connection below.
func (s *Stream) LocalAddr() net.Addr { return s.c.a.gate.LocalAddr() }

// RemoteAddr returns the address of the connection below.
func (s *Stream) RemoteAddr() net.Addr { return s.c.a.gate.RemoteAddr() }

// SetDeadline sets both deadlines.
func (s *Stream) SetDeadline(t time.Time) error {
	_ = s.SetReadDeadline(t)
	return s.SetWriteDeadline(t)
}

// SetReadDeadline sets when a Read, one that waits included, ends with os.ErrDeadlineExceeded; the zero Time: never.
func (s *Stream) SetReadDeadline(t time.Time) error { return s.readDeadline.set(t) }

// SetWriteDeadline is SetReadDeadline for Write.
func (s *Stream) SetWriteDeadline(t time.Time) error { return s.writeDeadline.set(t) }

// A deadline ends calls that wait; the zero value never does.
type deadline struct {
	mu      sync.Mutex
	timer   *time.Timer   // nil: none is set
	expired chan struct{} // closed when it has passed; nil until first asked for
}

// set sets the time; the zero Time: never.
func (d *deadline) set(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil && !d.timer.Stop() {
		<-d.expired // the timer has fired and is about to close it, without mu
	}
	d.timer = nil
	if d.expired == nil || isClosed(d.expired) {
		d.expired = make(chan struct{})
	}
	if t.IsZero() {
		return nil
	}
	expired := d.expired
	if wait := time.Until(t); wait > 0 {
		d.timer = time.AfterFunc(wait, func() { close(expired) })
	} else {
		close(expired)
	}
	return nil
}

// expiry returns the deadline as it is now for one call: one that is moved moves for the call as well.
func (d *deadline) expiry() expiry {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.expired == nil {
		d.expired = make(chan struct{})
	}
	return expiry{d.expired}
}

// An expiry is a context that ends with a deadline.
type expiry struct{ done chan struct{} }

var _ context.Context = expiry{}

func (expiry) Deadline() (time.Time, bool) { return time.Time{}, false }
func (e expiry) Done() <-chan struct{}     { return e.done }
func (expiry) Value(any) any               { return nil }
func (e expiry) Err() error {
	if isClosed(e.done) {
		return os.ErrDeadlineExceeded
	}
	return nil
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

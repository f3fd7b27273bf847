package pionice

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v2"
	"github.com/rtctransport/rtctransport/mux"
)

// ErrFailed is what a Link of Dial or Accept ends with when ICE has failed: nothing came from the peer for
// 30 seconds, so that there is no consent to send any more (RFC 7675, Section 5.1).
var ErrFailed = errors.New("pionice: ice has failed, no answer from the peer")

// A Link is a connected ice.Conn with the optional methods of a [mux.Link]. It follows the selected pair: a
// change of the pair changes the addresses and the round-trip time, not the Link. All methods may be called
// concurrently.
//
// ice/v2 hands over all datagrams, up to 8,192 bytes long, that are not STUN and that came from the address
// of a remote candidate (RFC 8827, Section 6.3). It keeps up to 1,000,000 bytes for a reader and drops the
// rest without counting.
type Link struct {
	agent  *ice.Agent
	conn   *ice.Conn
	closer *closer
	unsent atomic.Uint64
}

var _ mux.Link = (*Link)(nil)

// A closer closes an agent once. Two concurrent calls of ice.Agent.Close may panic.
type closer struct {
	agent  *ice.Agent
	once   sync.Once
	failed atomic.Bool // ICE has failed; set before close
	err    error
}

func (c *closer) close() error {
	first := false
	c.once.Do(func() { first, c.err = true, c.agent.Close() })
	if !first {
		return nil
	}
	return c.err
}

// reason turns an error of a closed agent into one that callers know.
func (c *closer) reason(err error) error {
	switch {
	case err == nil:
		return nil
	case c.failed.Load():
		return ErrFailed
	case errors.Is(err, ice.ErrClosed), errors.Is(err, io.EOF):
		return net.ErrClosed // ice/v2 says io.EOF to a Read that Close interrupts
	}
	return err
}

// NewLink returns a link over conn, which the Dial or Accept of agent returned. Both belong to the link from
// now on: Close closes the agent. ice/v2 does not end a Conn whose agent fails; who wants to know has to
// watch the agent, or use [Gather], which does.
func NewLink(agent *ice.Agent, conn *ice.Conn) *Link {
	return &Link{agent: agent, conn: conn, closer: &closer{agent: agent}}
}

// Read returns one datagram. It fails with io.ErrShortBuffer if b is too small for it, with net.ErrClosed
// after Close and with ErrFailed after ICE has failed.
func (l *Link) Read(b []byte) (int, error) {
	n, err := l.conn.Read(b)
	return n, l.closer.reason(err)
}

// Write sends one datagram over the selected pair. While there is none, as during an ICE restart, the
// datagram is lost, and Unsent counts it.
func (l *Link) Write(b []byte) (int, error) {
	n, err := l.conn.Write(b)
	if err != nil {
		return n, l.closer.reason(err)
	}
	if n < len(b) {
		l.unsent.Add(1) // ice/v2 returns 0 and no error when it has no pair
	}
	return len(b), nil
}

// Unsent returns the number of datagrams lost in Write because there was no pair to send them on.
func (l *Link) Unsent() uint64 { return l.unsent.Load() }

// Close closes the agent and with it the link. The first call returns what the agent says, others nil.
func (l *Link) Close() error { return l.closer.close() }

// LocalAddr returns the local address of the selected pair, nil if there is none.
func (l *Link) LocalAddr() net.Addr { return l.conn.LocalAddr() }

// RemoteAddr returns the remote address of the selected pair, nil if there is none.
func (l *Link) RemoteAddr() net.Addr { return l.conn.RemoteAddr() }

// RTT returns the round-trip time of the last connectivity check on the selected pair, 0 if there was none.
// The agent is asked, which may take as long as its current task.
func (l *Link) RTT() time.Duration {
	if l.conn.RemoteAddr() == nil {
		return 0
	}
	stats, ok := l.agent.GetSelectedCandidatePairStats()
	if !ok {
		return 0
	}
	return time.Duration(stats.CurrentRoundTripTime * float64(time.Second))
}

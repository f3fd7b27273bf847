package dtlstransport

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrProbeLost is returned for a probe that was not answered.
var ErrProbeLost = errors.New("dtls: probe not answered")

// probing is somebody who waits for the answer to a probe.
type probing struct {
	done bool
	rtt  time.Duration
	err  error
}

// finish is called with what became of the probe; p is nil if nobody waits any more.
func (p *probing) finish(rtt time.Duration, err error) {
	if p != nil {
		p.done, p.rtt, p.err = true, rtt, err
	}
}

// Probe asks the peer for a sign of life with a heartbeat (RFC 6520) in a datagram of
// size bytes, all DTLS headers included; zero means the smallest. nil means that the
// peer is there, and that a datagram so large has got through: a search for the largest
// size is the search for the path's MTU. rtt is the round-trip time, or zero if the
// probe had to be sent again.
//
// Probe fails with ErrProbeLost after some seconds without an answer, with ErrTooLarge
// if the link or a record does not take so much, ErrNoHeartbeat if the peer does not answer
// heartbeats, ErrNotConnected, ctx's error, or as Read does. Calls wait for each
// other. What an unanswered probe means, the caller decides.
func (c *Conn) Probe(ctx context.Context, size int) (rtt time.Duration, err error) {
	defer c.waken(ctx)()
	c.mu.Lock()
	defer c.mu.Unlock()
	p := new(probing)
	for {
		switch {
		case c.err != nil:
			return 0, c.opError("probe", c.err)
		case ctx.Err() != nil:
			return 0, fmt.Errorf("dtls: probe: %w", ctx.Err())
		case c.probe == nil:
			err := c.engine.Probe(time.Now(), size)
			if err == nil {
				c.probe = p
				c.await(ctx, p)
				return p.rtt, p.err
			}
			if !errors.Is(err, ErrProbing) {
				return 0, c.opError("probe", err)
			}
		}
		c.changed.Wait()
	}
}

// await waits for what becomes of p. mu is held.
func (c *Conn) await(ctx context.Context, p *probing) {
	c.after(nil)
	for !p.done && c.err == nil && ctx.Err() == nil {
		c.changed.Wait()
	}
	switch {
	case p.done:
	case c.err != nil:
		p.err = c.opError("probe", c.err)
	default:
		c.engine.CancelProbe()
		p.err = fmt.Errorf("dtls: probe: %w", ctx.Err())
	}
	c.probe = nil
	c.arm()
	c.changed.Broadcast()
}

// appendChallenge is Engine.appendChallenge.
func (c *Conn) appendChallenge(dst []byte) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return dst
	}
	dst = c.engine.appendChallenge(dst, time.Now())
	c.arm()
	return dst
}

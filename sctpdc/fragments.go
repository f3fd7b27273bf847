package sctpdc

import (
	"errors"
	"fmt"
)

// inboundData looks at a chunk of user data, and tags its PPID. ok is false if the association is given up.
func (g *gate) inboundData(c chunk) (tagged, ok bool) {
	d, ok := parseData(c)
	if !ok {
		return false, true // pion/sctp drops the packet
	}
	// Data on a stream that does not exist is to be acknowledged as ever, reported, and discarded (RFC 9260, Section 6.5).
	// Association.incoming discards what pion/sctp has acknowledged.
	if d.stream > maxStreamID {
		g.report(causeInvalidStream, []byte{byte(d.stream >> 8), byte(d.stream), 0, 0})
	}
	if !d.begin || !d.end {
		if err := g.chargeFragment(d); err != nil {
			g.owner.violated(err)
			return false, false
		}
	}
	// Without it: pion/sctp drops what comes for a stream nobody knows while 16 others wait to be accepted, and the peer
	// sends it again after a second. So each stream is there before its first message. A repetition must not bring a
	// closed stream back; what was acknowledged, or sent before a reset, is left to pion/sctp.
	if d.first() && d.stream <= maxStreamID {
		g.mu.Lock()
		old := g.hasOldTSN && int32(d.tsn-g.oldTSN) <= 0
		g.mu.Unlock()
		if !old {
			g.owner.firstMessage(d.stream)
		}
	}
	return tagPPID(c, d), true
}

const (
	fragmentCost = 256     // about what pion/sctp needs to keep a fragment, in bytes, beside its data
	maxDebt      = 1 << 20 // bytes
)

// chargeFragment keeps account of what fragments cost.
//
// Without it: the window counts user bytes only. 40,000 fragments of one byte cost 212 bytes each and 5 s of computing,
// because pion/sctp sorts all it has for each that arrives. Honest fragments fill packets and pay with their bytes for
// the tail ends of messages; a flood runs into debt. And a message that never ends would fill the window for good.
func (g *gate) chargeFragment(d dataChunk) error {
	g.debt = max(0, g.debt+fragmentCost-len(d.user))
	if g.debt > maxDebt {
		return errors.New("too many tiny fragments")
	}
	key := partialKey{d.stream, d.unordered}
	switch {
	case d.begin:
		g.partial[key] = len(d.user)
	case d.end:
		delete(g.partial, key)
	default:
		// Retransmissions are counted again; the limit leaves room for them.
		if g.partial[key] += len(d.user); g.partial[key] > g.limit {
			return fmt.Errorf("message of more than %d bytes", g.limit)
		}
	}
	return nil
}

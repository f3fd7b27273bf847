package sctpdc

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
)

// The window in SACKs, RFC 9260, Section 3.3.4. Pion/sctp counts only what it holds itself, but the messages in the
// channels' queues need memory too, so the gate announces less while they hold too much.

// A sackUpdate is what it takes to announce more later.
//
// Without it: pion/sctp tells its peer that there is room again only when the next packet of data arrives, which a peer
// without window sends as a probe, and acknowledges it 200 ms later.
type sackUpdate struct {
	narrowed atomic.Bool // last is there: the last SACK announced less than pion/sctp meant

	mu        sync.Mutex // held while a SACK is written, so that a repeated one never overtakes a newer one
	waiting   []byte     // a SACK that waits for a newer one, see postpone
	postponed int        // how many in a row
	last      []byte     // the last SACK as pion/sctp made it
	announced uint32     // bytes, what the peer was told
}

// sackWindow is where the window is in a packet that begins with a SACK.
const sackWindow = commonHeaderLen + chunkHeaderLen + 4

// writeSack passes a SACK on, its window narrowed if it must be.
func (g *gate) writeSack(p []byte, c chunk) (int, error) {
	if len(c.value) < 8 {
		return g.write(p)
	}
	g.mu.Lock()
	g.passTSN(binary.BigEndian.Uint32(c.value))
	g.mu.Unlock()
	u := &g.sack
	u.mu.Lock()
	defer u.mu.Unlock()
	excess := g.owner.windowExcess()
	if excess == 0 && g.postpone(p, c) {
		return len(p), nil
	}
	u.waiting, u.postponed = nil, 0 // this one says more
	if excess > 0 {
		u.last = append(u.last[:0], p...)
		u.announced = narrow(p, excess)
	}
	u.narrowed.Store(excess > 0)
	return g.write(p)
}

// maxPostponed makes it one SACK for eight packets at the least: five in a burst of the least size.
const maxPostponed = 3

// A backlogged connection knows how many packets wait for Read.
type backlogged interface{ Buffered() int }

// postpone reports whether a SACK need not be sent, because the packets that wait to be read make another one due at
// once: while packets come faster than they are handled, one SACK for two of them (RFC 9260, Section 6.2) costs both sides
// a quarter of their time. What tells of a loss is never postponed, nor is anything else. The caller holds sack.mu.
func (g *gate) postpone(p []byte, c chunk) bool {
	u := &g.sack
	if len(c.value) == sackLen && u.postponed < maxPostponed && g.buffered() > 0 {
		u.waiting = p
		u.postponed++
		// Read looks for what waits after it has seen the last packet; if it did so just now, it is up to us.
		if g.buffered() > 0 {
			return true
		}
	}
	return false
}

// buffered returns how many packets wait to be read, as far as known.
func (g *gate) buffered() int {
	if g.backlog == nil {
		return 0
	}
	return g.backlog.Buffered()
}

// sendPostponed sends the SACK that waits, if there is one and nothing to come that would make another one due.
func (g *gate) sendPostponed() {
	if g.backlog == nil || g.backlog.Buffered() > 0 {
		return
	}
	u := &g.sack
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.waiting != nil {
		_, _ = g.write(u.waiting) // an error is the end of the connection, which Read will see
		u.waiting, u.postponed = nil, 0
	}
}

// widen repeats the last SACK with the window of now, if it was narrowed and the difference is worth a packet: two full
// packets for a peer that has room for less than four, a quarter of the window else.
func (g *gate) widen() {
	u := &g.sack
	if !u.narrowed.Load() {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.narrowed.Load() {
		return
	}
	excess := g.owner.windowExcess()
	meant := binary.BigEndian.Uint32(u.last[sackWindow:])
	step := meant / 4
	if u.announced < 4*defaultMTU {
		step = 2 * defaultMTU
	}
	if now := meant - min(meant, excess); now < u.announced+step && excess > 0 {
		return
	}
	q := append([]byte(nil), u.last...) // the connection may keep it as long as Write takes, and pion/sctp may be next
	u.announced = narrow(q, excess)
	u.narrowed.Store(excess > 0)
	_, _ = g.write(q)
}

// narrow reduces the window of a packet that begins with a SACK, and returns what is left of it.
func narrow(p []byte, excess uint32) uint32 {
	credit := binary.BigEndian.Uint32(p[sackWindow:])
	credit -= min(credit, excess)
	binary.BigEndian.PutUint32(p[sackWindow:], credit)
	if binary.LittleEndian.Uint32(p[8:]) != 0 {
		setChecksum(p)
	}
	return credit
}

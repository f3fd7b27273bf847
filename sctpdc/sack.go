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
// without window sends as a probe, and acknowledges it 200 ms later. So it is when a message fills the window before it is
// whole, or when packets come faster than the channels get the time to take what is whole.
type sackUpdate struct {
	narrowed atomic.Bool   // last is there: the last SACK announced little
	taken    atomic.Uint64 // bytes that the channels have taken from pion/sctp so far

	mu        sync.Mutex // held while a SACK is written, so that a repeated one never overtakes a newer one
	waiting   []byte     // a SACK that waits for a newer one, see postpone
	postponed int        // how many in a row
	last      []byte     // the last SACK as pion/sctp made it
	base      uint64     // what was taken when it made last, or some packets before
	written   uint64     // what was taken when the SACK before was written
	announced uint32     // bytes, what the peer was told
}

// lowWindow is a window that is announced again when there is more room, in bytes.
const lowWindow = defaultReceiveBuffer / 4

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
	was := u.narrowed.Swap(true) // before it is looked for room: who makes some from here on waits for mu
	excess, own := g.owner.windowExcess(), binary.BigEndian.Uint32(c.value[4:])
	low := excess > 0 || own < lowWindow
	if !low && g.postpone(p, c) {
		u.narrowed.Store(was)
		return len(p), nil
	}
	u.waiting, u.postponed = nil, 0 // this one says more
	if low {
		u.last = append(u.last[:0], p...)
		u.base = u.written
		u.announce(p, own-min(own, excess))
	}
	u.written = u.taken.Load()
	u.narrowed.Store(low)
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

// took is told that a channel has taken n bytes from pion/sctp, and has them in its queue, or not any more.
func (g *gate) took(n int) {
	g.sack.taken.Add(uint64(n))
	g.widen()
}

// widen repeats the last SACK with the window of now, if that was low and the difference is worth a packet: half as much
// again, and two full packets at least.
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
	// Part of what was taken since base pion/sctp may have counted: no more than came between two SACKs, beside its window.
	own := binary.BigEndian.Uint32(u.last[sackWindow:])
	room := uint32(min(uint64(own)+u.taken.Load()-u.base, uint64(max(own, defaultReceiveBuffer))))
	room -= min(room, excess)
	low := excess > 0 || room < lowWindow
	if low && room < u.announced+max(2*defaultMTU, u.announced/2) {
		return
	}
	q := append([]byte(nil), u.last...) // the connection may keep it as long as Write takes, and pion/sctp may be next
	u.announce(q, room)
	u.narrowed.Store(low)
	_, _ = g.write(q)
}

// announce makes window what a packet that begins with a SACK says. The caller holds mu.
func (u *sackUpdate) announce(p []byte, window uint32) {
	u.announced = window
	if binary.BigEndian.Uint32(p[sackWindow:]) == window {
		return
	}
	binary.BigEndian.PutUint32(p[sackWindow:], window)
	if binary.LittleEndian.Uint32(p[8:]) != 0 {
		setChecksum(p)
	}
}

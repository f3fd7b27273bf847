package flight

import (
	"bytes"
	"slices"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// The bounds of a Reassembler.
const (
	// Window is how many messages are kept at a time, the awaited one included.
	// The longest flight has six, and up to four HelloVerifyRequests may have
	// come before it.
	Window = 12

	// MaxMessage is the largest handshake message that is accepted where nothing
	// else is said, in bytes without its header. Chains of several KB are seen in the
	// wild.
	MaxMessage = 32 << 10

	// overMessage is by how much what a Reassembler holds may exceed the largest
	// message, in bytes, with pieceCost for each separate piece.
	overMessage = 4 << 10
	pieceCost   = 64

	// spare is how much more than needed is allocated for a piece that grows, in
	// bytes, so that a message that comes byte by byte is not copied for each.
	spare = 1 << 10
)

// An Outcome says what became of a fragment.
type Outcome uint8

// The outcomes of Add.
const (
	Kept          Outcome = iota // it brought something new
	Repeated                     // everything in it was known
	Old                          // its message has been consumed
	Ahead                        // its message is beyond the window
	Oversize                     // its message or all that is held would be too large
	Contradicting                // it disagrees with what was there: see Add
)

// A Reassembler puts the peer's messages of one epoch together from fragments
// that come in any order, overlapping and cut in any way. What it holds grows
// with the bytes that arrive, never with the length that a fragment claims.
// The zero value awaits message_seq 0.
type Reassembler struct {
	// FirstWins decides between a fragment and what it contradicts: if set,
	// what came first stays, else the new fragment replaces it, so that no
	// forged fragment can keep the genuine message out.
	FirstWins bool

	// Limit is the largest message that is accepted, in bytes without its header;
	// zero means MaxMessage.
	Limit int

	next  uint16 // the lowest message_seq awaited
	slots [Window]slot
	held  int // sum of the slots' costs
}

// slot is one message on its way.
type slot struct {
	used   bool
	typ    wire.HandshakeType
	length uint32
	pieces []piece // in order, apart from one another by at least a byte
}

// piece is a run of bytes of a message.
type piece struct {
	offset int
	bytes  []byte
}

func (p piece) end() int { return p.offset + len(p.bytes) }

// newPiece returns a piece with a copy of b and no memory to spare.
func newPiece(offset int, b []byte) piece {
	p := piece{offset, make([]byte, len(b))}
	copy(p.bytes, b)
	return p
}

// extend adds what b has behind the end of p; b begins at offset, in p or at its
// end. The message has length bytes in all.
func (p *piece) extend(offset int, b []byte, length int) {
	if offset+len(b) <= p.end() {
		return
	}
	b = b[p.end()-offset:]
	if need := len(p.bytes) + len(b); need > cap(p.bytes) {
		bigger := make([]byte, len(p.bytes), min(need+spare, length-p.offset))
		copy(bigger, p.bytes)
		p.bytes = bigger
	}
	p.bytes = append(p.bytes, b...)
}

// limit returns the largest message that is accepted.
func (r *Reassembler) limit() int {
	if r.Limit > 0 {
		return r.Limit
	}
	return MaxMessage
}

// maxHeld bounds what r holds, in bytes.
func (r *Reassembler) maxHeld() int { return r.limit() + overMessage }

// Next returns the lowest message_seq that is awaited.
func (r *Reassembler) Next() uint16 { return r.next }

// Add takes one fragment, whose bytes it copies. A fragment that contradicts
// another of its message in type, length or an overlapping byte replaces what
// was held of the message, or is dropped if FirstWins; it is never merged.
func (r *Reassembler) Add(h wire.Header, fragment []byte) Outcome {
	ahead := h.Seq - r.next
	switch {
	case h.Seq < r.next:
		return Old
	case ahead >= Window:
		return Ahead
	case int(h.Length) > r.limit():
		return Oversize
	case len(fragment) == 0 && h.Length > 0:
		return Repeated // carries nothing and proves nothing
	}
	s := &r.slots[h.Seq%Window]
	outcome := Kept
	if s.used && !s.agrees(h, fragment) {
		if r.FirstWins {
			return Contradicting
		}
		r.release(s)
		outcome = Contradicting
	}
	if s.used && s.covers(int(h.FragmentOffset), len(fragment)) {
		return Repeated
	}
	if more := s.missing(int(h.FragmentOffset), len(fragment)) + pieceCost + spare; !r.makeRoom(s, more) {
		return Oversize
	}
	s.used, s.typ, s.length = true, h.Type, h.Length
	r.held -= s.cost()
	s.insert(int(h.FragmentOffset), fragment)
	r.held += s.cost()
	return outcome
}

// Message returns the message with the given number if every byte of it is
// there. body aliases r's memory and is valid until the message is consumed or
// replaced.
func (r *Reassembler) Message(seq uint16) (typ wire.HandshakeType, body []byte, ok bool) {
	if seq < r.next || seq-r.next >= Window {
		return 0, nil, false
	}
	s := &r.slots[seq%Window]
	if !s.used || !s.covers(0, int(s.length)) {
		return 0, nil, false
	}
	if s.length == 0 {
		return s.typ, nil, true
	}
	return s.typ, s.pieces[0].bytes, true
}

// Holds reports whether anything of the message is there.
func (r *Reassembler) Holds(seq uint16) bool {
	return seq >= r.next && seq-r.next < Window && r.slots[seq%Window].used
}

// Consume forgets all messages below next: a flight has been accepted.
func (r *Reassembler) Consume(next uint16) {
	for r.next < next {
		r.release(&r.slots[r.next%Window])
		r.next++
	}
}

// Restart forgets everything, and awaits the messages from next on, which may
// have been consumed before: the peer may send them once more.
func (r *Reassembler) Restart(next uint16) {
	*r = Reassembler{FirstWins: r.FirstWins, Limit: r.Limit, next: next}
}

// Forget drops what is held of one message, which is awaited again.
func (r *Reassembler) Forget(seq uint16) {
	if r.Holds(seq) {
		r.release(&r.slots[seq%Window])
	}
}

// Held returns how much memory r accounts for, in bytes.
func (r *Reassembler) Held() int { return r.held }

func (r *Reassembler) release(s *slot) {
	r.held -= s.cost()
	*s = slot{}
}

// makeRoom sees to it that n more bytes may be held for the message in keep. It
// gives back what is spare, in all of them, before it drops the largest others.
func (r *Reassembler) makeRoom(keep *slot, n int) bool {
	for i := 0; i < len(r.slots) && r.held+n > r.maxHeld(); i++ {
		s := &r.slots[i]
		r.held -= s.cost()
		s.clip()
		r.held += s.cost()
	}
	for r.held+n > r.maxHeld() {
		var largest *slot
		for i := range r.slots {
			if s := &r.slots[i]; s != keep && s.cost() > 0 && (largest == nil || s.cost() > largest.cost()) {
				largest = s
			}
		}
		if largest == nil {
			return false
		}
		r.release(largest)
	}
	return true
}

// cost is what the slot counts for in Reassembler.held.
func (s *slot) cost() int {
	n := pieceCost * len(s.pieces)
	for _, p := range s.pieces {
		n += cap(p.bytes)
	}
	return n
}

// agrees reports whether the fragment can be of the message in s.
func (s *slot) agrees(h wire.Header, fragment []byte) bool {
	if s.typ != h.Type || s.length != h.Length {
		return false
	}
	offset := int(h.FragmentOffset)
	for _, p := range s.pieces {
		from, to := max(offset, p.offset), min(offset+len(fragment), p.end())
		if from < to && !bytes.Equal(fragment[from-offset:to-offset], p.bytes[from-p.offset:to-p.offset]) {
			return false
		}
	}
	return true
}

// covers reports whether the n bytes from offset are all there.
func (s *slot) covers(offset, n int) bool {
	if n == 0 {
		return s.length == 0
	}
	for _, p := range s.pieces {
		if p.offset <= offset && offset+n <= p.end() {
			return true
		}
	}
	return false
}

// missing returns how many of the n bytes from offset are not there.
func (s *slot) missing(offset, n int) int {
	end := offset + n
	for _, p := range s.pieces {
		n -= max(0, min(end, p.end())-max(offset, p.offset))
	}
	return n
}

// clip gives back the memory that no byte is in.
func (s *slot) clip() {
	for i := range s.pieces {
		if p := &s.pieces[i]; cap(p.bytes) > len(p.bytes) {
			*p = newPiece(p.offset, p.bytes)
		}
	}
}

// insert adds bytes that agree with what is there, joining what touches.
func (s *slot) insert(offset int, fragment []byte) {
	if len(fragment) == 0 {
		return
	}
	// Pieces before i end before the fragment begins; those from j on begin
	// after it ends. What lies between touches it.
	i := 0
	for i < len(s.pieces) && s.pieces[i].end() < offset {
		i++
	}
	end := offset + len(fragment)
	j := i
	for j < len(s.pieces) && s.pieces[j].offset <= end {
		j++
	}
	if i == j {
		s.pieces = append(s.pieces, piece{})
		copy(s.pieces[i+1:], s.pieces[i:])
		s.pieces[i] = newPiece(offset, fragment)
		return
	}
	joined := s.pieces[i]
	if offset < joined.offset {
		joined = newPiece(offset, fragment)
	}
	joined.extend(offset, fragment, int(s.length))
	for _, p := range s.pieces[i:j] {
		joined.extend(p.offset, p.bytes, int(s.length))
	}
	s.pieces[i] = joined
	s.pieces = slices.Delete(s.pieces, i+1, j)
	// What is counted is the pieces that there are: room for twice as many is
	// covered, more is given back.
	if n := len(s.pieces); cap(s.pieces) > 2*n+4 {
		s.pieces = append(make([]piece, 0, n), s.pieces...)
	}
}

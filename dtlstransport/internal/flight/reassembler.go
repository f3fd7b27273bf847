package flight

import (
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

	// firstPieces is how many pieces there is room for from the first on, a flight of
	// which each message comes whole; sparePieces is for how many more than that room
	// may be left over when pieces go.
	firstPieces = 4
	sparePieces = 64
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

	next   uint16 // the lowest message_seq awaited
	pieces pieces // of all messages
	held   int    // sum of their costs
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
	m := r.of(h.Seq)
	outcome := Kept
	if !m.agree(h, fragment) {
		if r.FirstWins {
			return Contradicting
		}
		r.Forget(h.Seq)
		m, outcome = nil, Contradicting
	}
	if m.cover(int(h.FragmentOffset), len(fragment)) {
		return Repeated
	}
	if more := m.missing(int(h.FragmentOffset), len(fragment)) + pieceCost + spare; !r.makeRoom(h.Seq, more) {
		return Oversize
	}
	r.insert(h, fragment)
	return outcome
}

// Message returns the message with the given number if every byte of it is
// there. body is not changed any more and stays as it is when r forgets the message.
func (r *Reassembler) Message(seq uint16) (typ wire.HandshakeType, body []byte, ok bool) {
	m := r.of(seq)
	if len(m) == 0 || !m.cover(0, int(m[0].length)) {
		return 0, nil, false
	}
	return m[0].typ, m[0].bytes, true
}

// Holds reports whether anything of the message is there.
func (r *Reassembler) Holds(seq uint16) bool { return len(r.of(seq)) > 0 }

// Consume forgets all messages below next: a flight has been accepted.
func (r *Reassembler) Consume(next uint16) {
	if next > r.next {
		r.next = next
		from, _ := r.span(next)
		r.drop(0, from)
	}
}

// Restart forgets everything, and awaits the messages from next on, which may
// have been consumed before: the peer may send them once more.
func (r *Reassembler) Restart(next uint16) {
	r.drop(0, len(r.pieces))
	r.next = next
}

// Forget drops what is held of one message, which is awaited again.
func (r *Reassembler) Forget(seq uint16) { r.drop(r.span(seq)) }

// Held returns how much memory r accounts for, in bytes.
func (r *Reassembler) Held() int { return r.held }

// span says where in r.pieces those of a message are, or would be.
func (r *Reassembler) span(seq uint16) (from, to int) {
	for from < len(r.pieces) && r.pieces[from].seq < seq {
		from++
	}
	for to = from; to < len(r.pieces) && r.pieces[to].seq == seq; {
		to++
	}
	return from, to
}

// of returns the pieces of a message. They are valid until r changes.
func (r *Reassembler) of(seq uint16) pieces {
	from, to := r.span(seq)
	return r.pieces[from:to]
}

// drop drops the pieces from one place up to another.
func (r *Reassembler) drop(from, to int) {
	for i := from; i < to; i++ {
		r.held -= r.pieces[i].cost()
	}
	r.pieces = slices.Delete(r.pieces, from, to)
	if cap(r.pieces) > r.roomy()+sparePieces {
		r.resize()
	}
}

// roomy is for how many pieces there should be room: their cost covers half as many
// again.
func (r *Reassembler) roomy() int { return max(len(r.pieces)*3/2, firstPieces) }

func (r *Reassembler) resize() { r.pieces = append(make(pieces, 0, r.roomy()), r.pieces...) }

// makeRoom sees to it that n more bytes may be held for the message keep. It
// gives back what is spare, in all of them, before it drops the largest others.
func (r *Reassembler) makeRoom(keep uint16, n int) bool {
	for i := 0; i < len(r.pieces) && r.held+n > r.maxHeld(); i++ {
		p := &r.pieces[i]
		r.held -= p.cost()
		p.clip()
		r.held += p.cost()
	}
	for r.held+n > r.maxHeld() {
		var costs [Window]int // of the others
		for i := range r.pieces {
			if p := &r.pieces[i]; p.seq != keep {
				costs[p.seq-r.next] += p.cost()
			}
		}
		largest := slices.Max(costs[:])
		if largest == 0 {
			return false
		}
		r.Forget(r.next + uint16(slices.Index(costs[:], largest)))
	}
	return true
}

// insert adds bytes that agree with what is there of their message, joining what
// touches.
func (r *Reassembler) insert(h wire.Header, fragment []byte) {
	// Of the message's pieces, those before i end before the fragment begins; those
	// from j on begin after it ends. What lies between touches it.
	offset := int(h.FragmentOffset)
	i, to := r.span(h.Seq)
	for i < to && r.pieces[i].end() < offset {
		i++
	}
	end := offset + len(fragment)
	j := i
	for j < to && r.pieces[j].offset <= end {
		j++
	}
	if i == j {
		if len(r.pieces) == cap(r.pieces) {
			r.resize()
		}
		r.pieces = slices.Insert(r.pieces, i, newPiece(h, fragment))
		r.held += r.pieces[i].cost()
		return
	}
	joined := r.pieces[i]
	if offset < joined.offset {
		joined = newPiece(h, fragment)
	}
	joined.extend(offset, fragment)
	for _, p := range r.pieces[i:j] {
		joined.extend(p.offset, p.bytes)
	}
	r.held += joined.cost() - r.pieces[i].cost()
	r.pieces[i] = joined
	r.drop(i+1, j)
}

package flight

import (
	"bytes"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

const (
	// pieceCost is what a piece counts for besides its bytes: itself, and room for half
	// of another.
	pieceCost = 64

	// spare is how much more than needed is allocated for a piece that grows, in
	// bytes, so that a message that comes byte by byte is not copied for each.
	spare = 1 << 10
)

// A piece is a run of bytes of a message, with what the message's fragments say of
// it. One that comes whole is one piece; so is one of no bytes.
type piece struct {
	seq    uint16
	typ    wire.HandshakeType
	length uint32 // of the message
	offset int
	bytes  []byte
}

// newPiece returns a piece with a copy of a fragment and no memory to spare.
func newPiece(h wire.Header, fragment []byte) piece {
	p := piece{h.Seq, h.Type, h.Length, int(h.FragmentOffset), make([]byte, len(fragment))}
	copy(p.bytes, fragment)
	return p
}

func (p *piece) end() int { return p.offset + len(p.bytes) }

// cost is what the piece counts for in Reassembler.held.
func (p *piece) cost() int { return pieceCost + cap(p.bytes) }

// extend adds what b has behind the end of p; b begins at offset, in p or at its
// end.
func (p *piece) extend(offset int, b []byte) {
	if offset+len(b) <= p.end() {
		return
	}
	b = b[p.end()-offset:]
	if need := len(p.bytes) + len(b); need > cap(p.bytes) {
		bigger := make([]byte, len(p.bytes), min(need+spare, int(p.length)-p.offset))
		copy(bigger, p.bytes)
		p.bytes = bigger
	}
	p.bytes = append(p.bytes, b...)
}

// clip gives back the memory that no byte is in.
func (p *piece) clip() {
	if cap(p.bytes) > len(p.bytes) {
		p.bytes = append(make([]byte, 0, len(p.bytes)), p.bytes...)
	}
}

// pieces are in order of message_seq and of offset. Those of one message agree on
// its type and length, and are apart from one another by at least a byte.
type pieces []piece

// agree reports whether a fragment can be of the message that m is all the pieces
// of.
func (m pieces) agree(h wire.Header, fragment []byte) bool {
	offset := int(h.FragmentOffset)
	for i := range m {
		p := &m[i]
		if p.typ != h.Type || p.length != h.Length {
			return false
		}
		from, to := max(offset, p.offset), min(offset+len(fragment), p.end())
		if from < to && !bytes.Equal(fragment[from-offset:to-offset], p.bytes[from-p.offset:to-p.offset]) {
			return false
		}
	}
	return true
}

// cover reports whether the n bytes from offset of the message are all there.
func (m pieces) cover(offset, n int) bool {
	for i := range m {
		if p := &m[i]; p.offset <= offset && offset+n <= p.end() {
			return true
		}
	}
	return false
}

// missing returns how many of the n bytes from offset are not there.
func (m pieces) missing(offset, n int) int {
	end := offset + n
	for i := range m {
		p := &m[i]
		n -= max(0, min(end, p.end())-max(offset, p.offset))
	}
	return n
}

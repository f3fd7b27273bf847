package sctpdc

import (
	"encoding/binary"
	"testing"
)

// A seeingOwner notes what the gate tells.
type seeingOwner struct {
	first     int
	violation error
}

func (o *seeingOwner) firstMessage(uint16)     { o.first++ }
func (o *seeingOwner) resetsAnswered([]uint16) {}
func (o *seeingOwner) violated(reason error)   { o.violation = reason }
func (o *seeingOwner) windowExcess() uint32    { return 1000 }
func (o *seeingOwner) reliable(uint16) bool    { return true }
func (o *seeingOwner) event(Event)             {}

// FuzzGate puts chunks behind a good header. What the gate lets through has a good checksum, chunks that fit, and only
// such types as pion/sctp knows.
func FuzzGate(f *testing.F) {
	for _, p := range fixturePackets(f) {
		f.Add(p[commonHeaderLen:])
	}
	f.Add(onePacket(0, chunkReconfig, 0, append([]byte{0, 13, 0, 18, 0, 0, 0, 7}, make([]byte, 10)...))[commonHeaderLen:])
	f.Add(onePacket(0, chunkReconfig, 0, []byte{0, 16, 0, 12, 0, 0, 0, 7, 0, 0, 0, 5})[commonHeaderLen:])
	f.Add(onePacket(0, chunkIData, flagBegin, make([]byte, 17))[commonHeaderLen:])
	f.Fuzz(func(t *testing.T, chunks []byte) {
		for _, takesZero := range []bool{false, true} {
			throughGate(t, chunks, takesZero)
		}
	})
}

func throughGate(t *testing.T, chunks []byte, takesZero bool) {
	owner := &seeingOwner{}
	g := newGate(nil, owner, 1000)
	g.localTag, g.peerTag, g.takesZero = 1, 2, takesZero
	g.requests[7] = struct{}{}
	p := append(onePacket(1, 0, 0, nil)[:commonHeaderLen], chunks...)
	mustHave := !takesZero
	if len(chunks) > 0 {
		first := chunkType(chunks[0])
		if first == chunkInit {
			p[7] = 0
		}
		mustHave = mustHave || first == chunkInit || first == chunkCookieEcho
	}
	if mustHave {
		setChecksum(p)
	}
	length := len(p)
	n := g.inbound(p)
	if n > length || n > 0 && n <= commonHeaderLen {
		t.Fatalf("%d of %d bytes", n, length)
	}
	if n == 0 {
		return
	}
	if sum := binary.LittleEndian.Uint32(p[8:]); mustHave && sum != checksum(p[:n]) || !mustHave && sum != 0 {
		t.Error("bad checksum behind the gate")
	}
	data := 0
	for rest := p[commonHeaderLen:n]; len(rest) > 0; {
		c, r, ok := nextChunk(rest)
		if !ok || c.typ.handling() != take {
			t.Fatalf("chunk %d behind the gate, fits %v", c.typ, ok)
		}
		if c.typ == chunkData || c.typ == chunkIData {
			data++
		}
		rest = r
	}
	if owner.first > data || owner.violation != nil {
		t.Errorf("%d first messages in %d chunks of data, violation %v", owner.first, data, owner.violation)
	}
}

package sctpdc

import "encoding/binary"

// Error causes that we report. RFC 9260, Section 3.3.10.
const (
	causeInvalidStream     = 1
	causeUnrecognizedChunk = 6
)

// report tells the peer in an ERROR chunk what was wrong with a chunk of it. Nothing is told before the association is
// established, nor what does not fit into a packet.
func (g *gate) report(cause uint16, info []byte) {
	g.mu.Lock()
	tag, settled := g.peerTag, g.settled
	g.mu.Unlock()
	const headers = commonHeaderLen + chunkHeaderLen + 4
	if !settled || headers+len(info) > minMTU {
		return
	}
	p := make([]byte, headers, headers+len(info)+3)
	binary.BigEndian.PutUint16(p, pionPort)
	binary.BigEndian.PutUint16(p[2:], pionPort)
	binary.BigEndian.PutUint32(p[4:], tag)
	p[commonHeaderLen] = byte(chunkError)
	binary.BigEndian.PutUint16(p[commonHeaderLen+2:], uint16(chunkHeaderLen+4+len(info)))
	binary.BigEndian.PutUint16(p[headers-4:], cause)
	binary.BigEndian.PutUint16(p[headers-2:], uint16(4+len(info)))
	p = append(p, info...)
	for len(p)%4 != 0 {
		p = append(p, 0)
	}
	setChecksum(p)
	_, _ = g.write(p) // an error is the end of the connection, which Read will see
}

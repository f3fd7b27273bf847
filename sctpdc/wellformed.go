package sctpdc

import "encoding/binary"

// wellFormed is whether a chunk of the peer has the lengths and values that RFC 9260 demands. The packet of one that has
// not is dropped before anything of it counts.
func (c chunk) wellFormed() bool {
	switch c.typ {
	case chunkInit, chunkInitAck:
		i, ok := parseInitHeader(c.value)
		return ok && i.allowed()
	case chunkSack:
		// Without it: pion/sctp makes room for as many gaps and duplicates as the chunk says, 512 KiB at most, before it
		// looks whether they are there.
		v := c.value
		return len(v) >= sackLen && len(v) == sackLen+4*int(binary.BigEndian.Uint16(v[8:]))+4*int(binary.BigEndian.Uint16(v[10:]))
	case chunkAbort:
		// An ABORT with a format error is to be discarded silently (Section 3.3.7). Causes have the layout of parameters.
		for rest := c.value; len(rest) > 0; {
			_, _, r, ok := nextParameter(rest)
			if !ok {
				return false
			}
			rest = r
		}
	}
	return true
}

// sackLen is the length of a SACK without gaps and duplicates, in bytes. RFC 9260, Section 3.3.4.
const sackLen = 12

// An initHeader is what INIT and INIT ACK begin with. RFC 9260, Section 3.3.2.
type initHeader struct {
	tag               uint32
	window            uint32 // bytes
	outbound, inbound uint16 // streams
	tsn               uint32 // of its first chunk of data
}

const initHeaderLen = 16

func parseInitHeader(value []byte) (i initHeader, ok bool) {
	if len(value) < initHeaderLen {
		return initHeader{}, false
	}
	return initHeader{
		tag:      binary.BigEndian.Uint32(value),
		window:   binary.BigEndian.Uint32(value[4:]),
		outbound: binary.BigEndian.Uint16(value[8:]),
		inbound:  binary.BigEndian.Uint16(value[10:]),
		tsn:      binary.BigEndian.Uint32(value[12:]),
	}, true
}

// allowed is whether no value is one that a receiver has to discard: a tag of 0, no streams, or a window below 1500 bytes.
func (i initHeader) allowed() bool {
	return i.tag != 0 && i.outbound != 0 && i.inbound != 0 && i.window >= 1500
}

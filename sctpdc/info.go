package sctpdc

import "encoding/binary"

// MessageInfo is what SCTP says of a message that was received.
type MessageInfo struct {
	Stream    uint16 // the id of the channel
	PPID      uint32 // payload protocol identifier; of a message in pieces, that of the last one. RFC 8831, Section 8
	Unordered bool   // it was sent unordered, and may have overtaken others

	// Sequence counts the messages of the stream from 0, DCEP's included: the Message Identifier with interleaving (RFC 8260,
	// Section 2.1), which counts ordered and unordered messages each by itself, or else the Stream Sequence Number of 16
	// bits, which has no meaning for unordered messages (RFC 9260, Section 3.3.1). A gap means messages that were given up.
	Sequence uint32
}

// A taggedPPID is what the gate writes over the PPID of incoming data, because that is all that pion/sctp hands on beside the
// bytes of a message, and to it a number without meaning:
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|1| PPID - 50 |U|  low bits of SSN or MID                        |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//
// A PPID that is not one of WebRTC stays as it is, unless its highest bit is set: then it becomes unknownPPID.
type taggedPPID uint32

const (
	tagBit       = 1 << 31
	tagShift     = 26
	tagUnordered = 1 << 25
	tagSequence  = 1<<25 - 1

	firstPPID, lastPPID = ppidDCEP, ppidBinaryEmpty
	unknownPPID         = 0 // "unspecified by SCTP", RFC 9260, Section 3.3.1
)

// tagPPID tags a chunk that carries a PPID, and reports whether it changed the chunk. c is what d was parsed from.
func tagPPID(c chunk, d dataChunk) (changed bool) {
	at := 8
	if c.typ == chunkIData {
		if !d.begin {
			return false // in its place is the Fragment Sequence Number. RFC 8260, Section 2.1
		}
		at = 12
	}
	was := binary.BigEndian.Uint32(c.value[at:])
	now := uint32(unknownPPID)
	switch p := ppid(was); {
	case p >= firstPPID && p <= lastPPID:
		now = tagBit | uint32(p-firstPPID)<<tagShift | d.sequence&tagSequence
		if d.unordered {
			now |= tagUnordered
		}
	case was&tagBit == 0:
		return false
	}
	binary.BigEndian.PutUint32(c.value[at:], now)
	return true
}

// split returns what is in it. The sequence is given with its low 25 bits.
func (m taggedPPID) split() (p ppid, unordered bool, sequence uint32) {
	if m&tagBit == 0 {
		return ppid(m), false, 0
	}
	return firstPPID + ppid(m&^tagBit>>tagShift), m&tagUnordered != 0, uint32(m & tagSequence)
}

// sequences completes the numbers of a stream's messages, ordered and unordered ones.
type sequences [2]uint32

// complete returns the number with the low bits that is nearest to the last one.
func (s *sequences) complete(unordered bool, low uint32) uint32 {
	last := &s[0]
	if unordered {
		last = &s[1]
	}
	const unused = 32 - 25
	*last += uint32(int32((low-*last)<<unused) >> unused)
	return *last
}

package sctpdc

import (
	"encoding/binary"
	"hash/crc32"
)

// An SCTP packet as it goes over the connection. RFC 9260, Section 3.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|      Source Port Number       |    Destination Port Number    |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                       Verification Tag                        |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                           Checksum                            |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	/                            Chunks                             /
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
const (
	commonHeaderLen = 12
	chunkHeaderLen  = 4
)

// A chunkType is the first byte of a chunk.
type chunkType uint8

const (
	chunkData             chunkType = 0
	chunkInit             chunkType = 1
	chunkInitAck          chunkType = 2
	chunkSack             chunkType = 3
	chunkHeartbeat        chunkType = 4
	chunkHeartbeatAck     chunkType = 5
	chunkAbort            chunkType = 6
	chunkShutdown         chunkType = 7
	chunkShutdownAck      chunkType = 8
	chunkError            chunkType = 9
	chunkCookieEcho       chunkType = 10
	chunkCookieAck        chunkType = 11
	chunkECNE             chunkType = 12
	chunkCWR              chunkType = 13
	chunkShutdownComplete chunkType = 14
	chunkIData            chunkType = 64  // RFC 8260
	chunkReconfig         chunkType = 130 // RFC 6525
	chunkForwardTSN       chunkType = 192 // RFC 3758
	chunkIForwardTSN      chunkType = 194 // RFC 8260
)

// A handling is what becomes of a chunk.
type handling uint8

const (
	take handling = iota
	skip          // this chunk
	stop          // this chunk and those behind it
)

// handling returns what to do with a chunk of the type, which is what RFC 9260, Section 3.2, says about those that one
// does not recognize. Pion/sctp recognizes fewer than it should: not the answer to its own HEARTBEAT.
func (t chunkType) handling() handling {
	switch t {
	case chunkData, chunkInit, chunkInitAck, chunkSack, chunkHeartbeat, chunkAbort, chunkShutdown, chunkShutdownAck,
		chunkError, chunkCookieEcho, chunkCookieAck, chunkShutdownComplete, chunkIData, chunkReconfig, chunkForwardTSN,
		chunkIForwardTSN:
		return take
	case chunkHeartbeatAck, chunkECNE, chunkCWR:
		return skip
	}
	if t&0x80 != 0 {
		return skip
	}
	return stop
}

// reported is whether the peer is told that a chunk is not taken. Of the types that handling knows, none is.
func (t chunkType) reported() bool {
	return t&0x40 != 0
}

// Flags of DATA and I-DATA, RFC 9260, Section 3.3.1, and of ABORT and SHUTDOWN COMPLETE, Sections 3.3.7 and 3.3.13.
const (
	flagEnd       = 0x01
	flagBegin     = 0x02
	flagUnordered = 0x04
	flagTagOfPeer = 0x01 // T: "the Verification Tag is that of the receiver of the packet reflected"
)

// A chunk is one chunk of a packet. Its slices alias the packet.
type chunk struct {
	typ   chunkType
	flags uint8
	value []byte // without header and padding
}

// nextChunk splits the first chunk from b, which is what follows the common header or the chunk before. ok is false if
// its length is below 4 or beyond b; padding may be missing behind the last chunk.
func nextChunk(b []byte) (c chunk, rest []byte, ok bool) {
	if len(b) < chunkHeaderLen {
		return chunk{}, nil, false
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if n < chunkHeaderLen || n > len(b) {
		return chunk{}, nil, false
	}
	padded := min((n+3)&^3, len(b))
	return chunk{typ: chunkType(b[0]), flags: b[1], value: b[chunkHeaderLen:n]}, b[padded:], true
}

// nextParameter splits the first parameter (type, length, value) from b, like nextChunk.
func nextParameter(b []byte) (typ uint16, value, rest []byte, ok bool) {
	if len(b) < 4 {
		return 0, nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if n < 4 || n > len(b) {
		return 0, nil, nil, false
	}
	padded := min((n+3)&^3, len(b))
	return binary.BigEndian.Uint16(b), b[4:n], b[padded:], true
}

// A dataChunk is what DATA and I-DATA have in common. RFC 9260, Section 3.3.1; RFC 8260, Section 2.1.
type dataChunk struct {
	tsn       uint32
	stream    uint16
	begin     bool // first fragment of a message
	end       bool // last fragment of a message
	unordered bool
	sequence  uint32 // stream sequence number or message identifier; either starts at 0
	user      []byte // aliases the packet
}

// parseData parses a chunk of type DATA or I-DATA.
func parseData(c chunk) (d dataChunk, ok bool) {
	header := 12
	if c.typ == chunkIData {
		header = 16
	}
	if len(c.value) < header {
		return dataChunk{}, false
	}
	d = dataChunk{
		tsn:       binary.BigEndian.Uint32(c.value),
		stream:    binary.BigEndian.Uint16(c.value[4:]),
		begin:     c.flags&flagBegin != 0,
		end:       c.flags&flagEnd != 0,
		unordered: c.flags&flagUnordered != 0,
		sequence:  uint32(binary.BigEndian.Uint16(c.value[6:])),
		user:      c.value[header:],
	}
	if c.typ == chunkIData {
		d.sequence = binary.BigEndian.Uint32(c.value[8:])
	}
	return d, true
}

// first is whether the chunk begins the first ordered message of a stream, as DATA_CHANNEL_OPEN must be.
func (d dataChunk) first() bool { return d.begin && !d.unordered && d.sequence == 0 }

// Parameters of RE-CONFIG and the results of a response. RFC 6525, Section 4.
const (
	parameterOutgoingReset  = 13
	parameterResetResponse  = 16
	resultPerformed         = 1
	resultAlreadyInProgress = 4
	resultBadSequenceNumber = 5
	resultInProgress        = 6
)

// A resetRequest is the Outgoing SSN Reset Request Parameter. RFC 6525, Section 4.1.
type resetRequest struct {
	number  uint32
	lastTSN uint32 // the last one that its sender assigned
	streams []byte // two bytes each; aliases the packet
}

func parseResetRequest(value []byte) (r resetRequest, ok bool) {
	if len(value) < 12 {
		return resetRequest{}, false
	}
	return resetRequest{
		number:  binary.BigEndian.Uint32(value),
		lastTSN: binary.BigEndian.Uint32(value[8:]),
		streams: value[12 : 12+(len(value)-12)&^1],
	}, true
}

// ids returns the streams.
func (r resetRequest) ids() []uint16 {
	var ids []uint16
	for b := r.streams; len(b) >= 2; b = b[2:] {
		ids = append(ids, binary.BigEndian.Uint16(b))
	}
	return ids
}

// errorCause returns the first cause of an ABORT or ERROR: its number, and its text if it has one, else its name.
func errorCause(value []byte) (code uint16, text string) {
	code, info, _, ok := nextParameter(value) // causes have the layout of parameters
	if !ok {
		return 0, ""
	}
	switch code {
	case 12, 13: // User-Initiated Abort, Protocol Violation: RFC 9260, Sections 3.3.10.12 and 3.3.10.13
		return code, printable(info)
	}
	return code, causeNames[code]
}

// abortText returns what an ABORT says.
func abortText(value []byte) string {
	_, text := errorCause(value)
	return text
}

// causeNames are error causes without text. RFC 9260, Section 3.3.10.
var causeNames = map[uint16]string{
	1: "invalid stream identifier", 2: "missing mandatory parameter", 3: "stale cookie", 4: "out of resource",
	5: "unresolvable address", 6: "unrecognized chunk type", 7: "invalid mandatory parameter",
	8: "unrecognized parameters", 9: "no user data", 10: "cookie received while shutting down", 11: "restart with new addresses",
}

// printable returns up to 100 bytes of b with all but printable ASCII replaced, for the text of an error.
func printable(b []byte) string {
	s := []byte(string(b[:min(len(b), 100)]))
	for i, c := range s {
		if c < ' ' || c > '~' {
			s[i] = '?'
		}
	}
	return string(s)
}

var (
	castagnoli   = crc32.MakeTable(crc32.Castagnoli)
	zeroChecksum [4]byte
)

// checksum returns the CRC32c of a packet, its checksum field taken as zero, in the byte order of the wire when stored
// little-endian. RFC 9260, Section 6.8 and Appendix A.
func checksum(packet []byte) uint32 {
	sum := crc32.Update(0, castagnoli, packet[:8])
	sum = crc32.Update(sum, castagnoli, zeroChecksum[:])
	return crc32.Update(sum, castagnoli, packet[commonHeaderLen:])
}

// setChecksum writes the checksum of a packet that was changed.
func setChecksum(packet []byte) { binary.LittleEndian.PutUint32(packet[8:], checksum(packet)) }

package mux

import (
	"encoding/binary"
	"strconv"
)

// Class is what a datagram is, as far as its first bytes tell.
type Class uint8

// The classes of RFC 7983, Section 7, with the QUIC ranges of RFC 9443, Section 3, and with
// RTP and RTCP told apart as in RFC 5761, Section 4.
const (
	Unknown     Class = iota // no protocol that may share a WebRTC transport; also the empty datagram
	STUN                     // 0..3
	ZRTP                     // 16..19
	DTLS                     // 20..63
	TURNChannel              // 64..79
	QUIC                     // 80..127 and 192..255
	RTP                      // 128..191; SRTP looks the same from here
	RTCP                     // 128..191 with a second byte of 192..223; SRTCP looks the same from here

	numClasses = iota // for arrays indexed by Class
)

// classNames holds the texts of Class.String, by class.
var classNames = [numClasses]string{"unknown", "STUN", "ZRTP", "DTLS", "TURN channel", "QUIC", "RTP", "RTCP"}

// String returns the protocol's name, as in "DTLS".
func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return "class " + strconv.Itoa(int(c))
}

// Classify tells which protocol a datagram belongs to. It looks at two bytes at most, changes
// nothing and keeps nothing.
//
//	            +----------------+
//	            |        [0..3] -+--> forward to STUN
//	            |                |
//	            |      [16..19] -+--> forward to ZRTP
//	            |                |
//	packet -->  |      [20..63] -+--> forward to DTLS
//	            |                |
//	            |      [64..79] -+--> forward to TURN Channel
//	            |                |
//	            |     [80..127] -+--> forward to QUIC (RFC 9443)
//	            |                |
//	            |    [128..191] -+--> forward to RTP/RTCP
//	            |                |
//	            |    [192..255] -+--> forward to QUIC (RFC 9443)
//	            +----------------+
//
// The figure is that of RFC 7983, Section 7, with the two rows of RFC 9443, Section 3, added. What is
// left over (4..15) is Unknown. Classify answers by the first byte alone where the RFC does; that a
// datagram of 0..3 has a STUN header as well is the question of [IsSTUN].
func Classify(b []byte) Class {
	if len(b) == 0 {
		return Unknown
	}
	class := firstByte[b[0]]
	if class == RTP && len(b) > 1 && isRTCPType(b[1]) {
		return RTCP
	}
	return class
}

// isRTCPType tells RTCP from RTP by the second byte of the packet: the RTCP packet type, or the RTP
// marker bit and payload type.
//
//	"it is RECOMMENDED to follow the guidelines in the RTP/AVP profile for the choice of RTP payload
//	type values, with the additional restriction that payload type values in the range 64-95 MUST NOT
//	be used. Specifically, dynamic RTP payload types SHOULD be chosen in the range 96-127 where
//	possible." RFC 5761, Section 4.
//
// With the marker bit set, payload types 64..95 are the bytes 192..223, where all RTCP packet types lie.
func isRTCPType(b byte) bool { return b >= 192 && b <= 223 }

// firstByte holds the class of each first byte; 128..191 is RTP here.
var firstByte = func() (table [256]Class) {
	for _, r := range []struct {
		low, high int
		class     Class
	}{
		{0, 3, STUN},
		{16, 19, ZRTP},
		{20, 63, DTLS},
		{64, 79, TURNChannel},
		{80, 127, QUIC},
		{128, 191, RTP},
		{192, 255, QUIC},
	} {
		for b := r.low; b <= r.high; b++ {
			table[b] = r.class
		}
	}
	return table
}()

const (
	stunHeaderLen   = 20         // bytes; RFC 8489, Section 5
	stunMagicCookie = 0x2112A442 // RFC 8489, Section 5
)

// IsSTUN reports whether a datagram begins with a STUN header: a first byte of 0..3 (two zero bits by RFC
// 8489, Section 5; the methods that would need more are kept free by RFC 7983, Section 3), a length that is
// a multiple of four and fits, and the magic cookie. It does not look at the attributes. STUN without a
// cookie (RFC 3489) is not STUN to WebRTC: "The Magic Cookie field MUST contain the fixed value 0x2112A442
// in network byte order." RFC 8489, Section 5.
func IsSTUN(b []byte) bool {
	if len(b) < stunHeaderLen || Classify(b) != STUN {
		return false
	}
	length := int(binary.BigEndian.Uint16(b[2:]))
	return length%4 == 0 && stunHeaderLen+length <= len(b) &&
		binary.BigEndian.Uint32(b[4:]) == stunMagicCookie
}

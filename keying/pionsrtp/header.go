package pionsrtp

import (
	"encoding/binary"

	"github.com/rtctransport/rtctransport/keying"
)

const (
	rtpFixedHeaderLen = 12 // RFC 3550, Section 5.1
	rtcpHeaderLen     = 8  // with the sender's SSRC, RFC 3550, Section 6.4
	srtcpIndexLen     = 4  // E flag and index, RFC 3711, Section 3.4

	// maxPacketLen is the longest packet looked at: no datagram holds more.
	maxPacketLen = 0xffff

	oneByteExtension = 0xbede // RFC 8285, Section 4.2
	twoByteExtension = 0x1000 // RFC 8285, Section 4.3, with appbits zero
)

// An rtpHeader is what protection needs to know of an RTP header.
type rtpHeader struct {
	ssrc     uint32
	sequence uint16
	length   int // bytes, with CSRCs and extension

	// extension is where the extension's "defined by profile" word begins, 0 if there is none or if it is opaque to pion/rtp.
	extension int
	// canonical says that pion/rtp, which takes a header apart and puts it together again to protect it, gets the same bytes:
	// no padding between extension elements and none beyond what fills the last word.
	canonical bool
}

// parseRTPHeader reads the header of an RTP or SRTP packet and says ErrMalformed of what has none.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|V=2|P|X|  CC   |M|     PT      |       sequence number         |
//	|                           timestamp                           |
//	|           synchronization source (SSRC) identifier            |
//	|         contributing source (CSRC) identifiers, CC times      |
//	|      defined by profile       |    length in 32-bit words     |  if X
//	|                        header extension                       |
//
// RFC 3550, Sections 5.1 and 5.3.1.
func parseRTPHeader(b []byte) (rtpHeader, error) {
	if len(b) < rtpFixedHeaderLen || len(b) > maxPacketLen || b[0]>>6 != 2 {
		return rtpHeader{}, keying.ErrMalformed
	}
	h := rtpHeader{
		sequence:  binary.BigEndian.Uint16(b[2:]),
		ssrc:      binary.BigEndian.Uint32(b[8:]),
		length:    rtpFixedHeaderLen + 4*int(b[0]&0x0f),
		canonical: true,
	}
	if b[0]&0x10 == 0 {
		if len(b) < h.length {
			return rtpHeader{}, keying.ErrMalformed
		}
		return h, nil
	}
	start := h.length + 4
	if len(b) < start {
		return rtpHeader{}, keying.ErrMalformed
	}
	profile := binary.BigEndian.Uint16(b[start-4:])
	h.length = start + 4*int(binary.BigEndian.Uint16(b[start-2:]))
	if len(b) < h.length {
		return rtpHeader{}, keying.ErrMalformed
	}
	if profile != oneByteExtension && profile != twoByteExtension {
		return h, nil
	}
	h.extension = start - 4
	var ok bool
	h.canonical, ok = walkExtension(b[start:h.length], profile == oneByteExtension)
	if !ok {
		return rtpHeader{}, keying.ErrMalformed
	}
	return h, nil
}

// walkExtension goes over the elements of a header extension (RFC 8285, Section 4). It reports whether putting the elements together again
// gives the same bytes, and whether they can be taken apart at all. ok is false for an element that leaves the extension, and for
// the reserved id 15, at which pion/rtp stops and takes the rest of the extension for payload: the cleartext of such a
// packet would come out as noise.
func walkExtension(b []byte, oneByte bool) (canonical, ok bool) {
	padding := 0 // bytes of it since the last element
	canonical = true
	for len(b) > 0 {
		if b[0] == 0 {
			padding++
			b = b[1:]
			continue
		}
		if padding > 0 {
			canonical = false
		}
		padding = 0
		n := 2
		if oneByte {
			if b[0]>>4 == 15 {
				return false, false
			}
			n += int(b[0] & 0x0f) // "length minus one": 1 + (L + 1).
		} else {
			if len(b) < 2 {
				return false, false
			}
			n += int(b[1])
		}
		if len(b) < n {
			return false, false
		}
		b = b[n:]
	}
	return canonical && padding < 4, true
}

// withSpareWord appends to dst the packet with one more word of padding at the end of its header extension. pion/rtp refuses a packet
// that ends with the last element of its extension, a legal one without payload; with padding there it does not, and it leaves
// the padding out when it puts the header together. h must have an extension of elements.
func withSpareWord(dst, packet []byte, h rtpHeader) []byte {
	words := binary.BigEndian.Uint16(packet[h.extension+2:])
	at := len(dst)
	dst = append(dst, packet[:h.length]...)
	dst = append(dst, 0, 0, 0, 0)
	dst = append(dst, packet[h.length:]...)
	binary.BigEndian.PutUint16(dst[at+h.extension+2:], words+1)
	return dst
}

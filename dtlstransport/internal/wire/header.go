package wire

import "golang.org/x/crypto/cryptobyte"

// HeaderLen is the size of a handshake header in bytes.
const HeaderLen = 12

// MaxMessageLen is the largest message body, in bytes, that a header can describe. What a receiver accepts is less.
const MaxMessageLen = 1<<24 - 1

// A Header stands before every fragment of a handshake message.
//
//	struct {
//	    HandshakeType msg_type;
//	    uint24 length;
//	    uint16 message_seq;                               // New field
//	    uint24 fragment_offset;                           // New field
//	    uint24 fragment_length;                           // New field
//	    select (HandshakeType) { ... } body;
//	} Handshake;                                          // RFC 6347, Section 4.2.2
//
// An unfragmented message has FragmentOffset 0 and FragmentLength equal to Length; this form is also the one that goes into
// the hashes of Finished and CertificateVerify, however the message was cut on the wire (RFC 6347, Section 4.2.6).
type Header struct {
	Type           HandshakeType
	Length         uint32 // of the whole message body, 0 to MaxMessageLen, not counting headers
	Seq            uint16
	FragmentOffset uint32 // at most Length
	FragmentLength uint32 // of the fragment, at most Length - FragmentOffset
}

// ParseFragment takes the first fragment off b, the plaintext of a handshake record. A record may hold several: rest is what
// follows. fragment and rest alias b. A fragment that is not wholly inside its message or not wholly inside b is an error,
// and then nothing of b can be used.
//
// Fragments of zero length are returned like others, at any offset up to Length: a ServerHelloDone consists of one, and in a
// message that is not empty they are of no use and do no harm. The type is not checked.
func ParseFragment(b []byte) (h Header, fragment, rest []byte, err error) {
	s := cryptobyte.String(b)
	var msgType uint8
	if !s.ReadUint8(&msgType) || !s.ReadUint24(&h.Length) || !s.ReadUint16(&h.Seq) ||
		!s.ReadUint24(&h.FragmentOffset) || !s.ReadUint24(&h.FragmentLength) {
		return Header{}, nil, nil, decodeError("handshake header: short")
	}
	h.Type = HandshakeType(msgType)
	// Both are below 1<<24, so the sum does not wrap.
	if h.FragmentOffset+h.FragmentLength > h.Length {
		return Header{}, nil, nil, decodeError("handshake header: fragment outside of message")
	}
	if !s.ReadBytes(&fragment, int(h.FragmentLength)) {
		return Header{}, nil, nil, decodeError("handshake header: fragment longer than record")
	}
	return h, fragment, s, nil
}

// AppendHeader appends the 12 bytes of h to b. The lengths and the offset must be at most MaxMessageLen.
func AppendHeader(b []byte, h Header) []byte {
	b = append(b, uint8(h.Type))
	b = appendUint24(b, h.Length)
	b = appendUint16(b, h.Seq)
	b = appendUint24(b, h.FragmentOffset)
	return appendUint24(b, h.FragmentLength)
}

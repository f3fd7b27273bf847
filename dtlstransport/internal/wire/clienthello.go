package wire

import (
	"bytes"

	"golang.org/x/crypto/cryptobyte"
)

// EmptyRenegotiationInfoSCSV is TLS_EMPTY_RENEGOTIATION_INFO_SCSV: a cipher suite that is none, and that says what an empty
// renegotiation_info extension says (RFC 5746, Section 3.3).
const EmptyRenegotiationInfoSCSV uint16 = 0x00ff

// maxSessionID is the bound of opaque SessionID<0..32>, in bytes.
const maxSessionID = 32

// compressionNull is CompressionMethod.null, the only one there is for us.
const compressionNull = 0

// A Random is the nonce of a hello.
//
//	struct {
//	    uint32 gmt_unix_time;
//	    opaque random_bytes[28];
//	} Random;                                             // RFC 5246, Section 7.4.1.2
type Random [32]byte

// A ClientHello opens the handshake.
//
//	struct {
//	    ProtocolVersion client_version;
//	    Random random;
//	    SessionID session_id;                             // opaque SessionID<0..32>;
//	    opaque cookie<0..2^8-1>;                          // New field
//	    CipherSuite cipher_suites<2..2^16-2>;
//	    CompressionMethod compression_methods<1..2^8-1>;
//	    select (extensions_present) {
//	        case false:
//	            struct {};
//	        case true:
//	            Extension extensions<0..2^16-1>;
//	    };
//	} ClientHello;                                        // RFC 5246, Section 7.4.1.2; RFC 6347, Section 4.2.1
type ClientHello struct {
	Version            uint16 // as on the wire: 0xfefd is DTLS 1.2
	Random             Random
	SessionID          []byte // at most 32 bytes
	Cookie             []byte // at most 255 bytes
	CipherSuites       []uint16
	CompressionMethods []byte
	Extensions
}

// ParseClientHello parses the body of a ClientHello. The byte slices of the result alias body. The version is not checked.
func ParseClientHello(body []byte) (*ClientHello, error) {
	m := new(ClientHello)
	if err := m.read(body); err != nil {
		return nil, err
	}
	return m, nil
}

// read is what ParseClientHello does. That is small enough to become part of its caller, which then need not allocate a
// message that it does not keep; so it is with the other messages of a client.
func (m *ClientHello) read(body []byte) error {
	s := cryptobyte.String(body)
	if err := m.readStart(&s); err != nil {
		return err
	}
	m.room = make(numberRoom, 0, min(len(body)/2, 56)) // Firefox has 38, and 16 are for Types
	if !readUint16s(&s, &m.CipherSuites, &m.room) {
		return decodeError("ClientHello: cipher_suites")
	}
	if !readVector8(&s, &m.CompressionMethods) || len(m.CompressionMethods) == 0 {
		return decodeError("ClientHello: compression_methods")
	}
	// "This vector MUST contain, and all implementations MUST support, CompressionMethod.null."
	// RFC 5246, Section 7.4.1.2.
	if bytes.IndexByte(m.CompressionMethods, compressionNull) < 0 {
		return illegalParameter("ClientHello: compression_methods without null")
	}
	err := m.Extensions.readBlock(&s, TypeClientHello)
	m.room = nil
	return err
}

// PeekClientHello reads a ClientHello as far as its cookie. The fragment must be the one at offset 0 and may end anywhere
// behind the cookie: this is what a server can look at before it spends memory on a client (RFC 6347, Section 4.2.1).
// sessionID and cookie alias fragment.
func PeekClientHello(fragment []byte) (version uint16, random Random, sessionID, cookie []byte, err error) {
	var m ClientHello
	s := cryptobyte.String(fragment)
	if err := m.readStart(&s); err != nil {
		return 0, Random{}, nil, nil, err
	}
	return m.Version, m.Random, m.SessionID, m.Cookie, nil
}

// readStart reads what PeekClientHello and ParseClientHello have in common.
func (m *ClientHello) readStart(s *cryptobyte.String) error {
	if !s.ReadUint16(&m.Version) || !s.CopyBytes(m.Random[:]) {
		return decodeError("ClientHello: client_version, random")
	}
	if !readVector8(s, &m.SessionID) || len(m.SessionID) > maxSessionID {
		return decodeError("ClientHello: session_id")
	}
	if !readVector8(s, &m.Cookie) {
		return decodeError("ClientHello: cookie")
	}
	return nil
}

// Append appends the body of m to b.
func (m *ClientHello) Append(b []byte) []byte {
	b = appendUint16(b, m.Version)
	b = append(b, m.Random[:]...)
	b = appendVector8(b, m.SessionID)
	b = appendVector8(b, m.Cookie)
	b = appendUint16s(b, m.CipherSuites)
	b = appendVector8(b, m.CompressionMethods)
	return m.Extensions.appendBlock(b, TypeClientHello)
}

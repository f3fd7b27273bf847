package wire

import "golang.org/x/crypto/cryptobyte"

// A ServerHello says what the server chose.
//
//	struct {
//	    ProtocolVersion server_version;
//	    Random random;
//	    SessionID session_id;                             // opaque SessionID<0..32>;
//	    CipherSuite cipher_suite;
//	    CompressionMethod compression_method;
//	    select (extensions_present) {
//	        case false:
//	            struct {};
//	        case true:
//	            Extension extensions<0..2^16-1>;
//	    };
//	} ServerHello;                                        // RFC 5246, Section 7.4.1.3
type ServerHello struct {
	Version           uint16 // as on the wire: 0xfefd is DTLS 1.2
	Random            Random
	SessionID         []byte // at most 32 bytes
	CipherSuite       uint16
	CompressionMethod uint8
	Extensions
}

// ParseServerHello parses the body of a ServerHello. The byte slices of the result alias body. Whether the version, the
// suite, the compression method and the extensions were offered is for the caller to say; Extensions.Types has them all.
func ParseServerHello(body []byte) (*ServerHello, error) {
	m := new(ServerHello)
	s := cryptobyte.String(body)
	if !s.ReadUint16(&m.Version) || !s.CopyBytes(m.Random[:]) {
		return nil, decodeError("ServerHello: server_version, random")
	}
	if !readVector8(&s, &m.SessionID) || len(m.SessionID) > maxSessionID {
		return nil, decodeError("ServerHello: session_id")
	}
	if !s.ReadUint16(&m.CipherSuite) || !s.ReadUint8(&m.CompressionMethod) {
		return nil, decodeError("ServerHello: cipher_suite, compression_method")
	}
	if err := m.Extensions.readBlock(&s, TypeServerHello); err != nil {
		return nil, err
	}
	return m, nil
}

// PeekCipherSuite reads the cipher suite of a ServerHello, if it is there.
func PeekCipherSuite(body []byte) (suite uint16, ok bool) {
	s := cryptobyte.String(body)
	var id cryptobyte.String
	ok = s.Skip(2+len(Random{})) && s.ReadUint8LengthPrefixed(&id) && s.ReadUint16(&suite)
	return suite, ok
}

// Append appends the body of m to b.
func (m *ServerHello) Append(b []byte) []byte {
	b = appendUint16(b, m.Version)
	b = append(b, m.Random[:]...)
	b = appendVector8(b, m.SessionID)
	b = appendUint16(b, m.CipherSuite)
	b = append(b, m.CompressionMethod)
	return m.Extensions.appendBlock(b, TypeServerHello)
}

package wire

import "golang.org/x/crypto/cryptobyte"

// A HelloVerifyRequest asks a client to show that it receives what is sent to its address.
//
//	struct {
//	    ProtocolVersion server_version;
//	    opaque cookie<0..2^8-1>;
//	} HelloVerifyRequest;                                 // RFC 6347, Section 4.2.1
//
// The version says nothing about the one to come: servers "SHOULD use DTLS version 1.0 regardless of the version of TLS that
// is expected to be negotiated".
type HelloVerifyRequest struct {
	Version uint16
	Cookie  []byte // at most 255 bytes
}

// ParseHelloVerifyRequest parses the body of a HelloVerifyRequest. The cookie aliases body.
func ParseHelloVerifyRequest(body []byte) (*HelloVerifyRequest, error) {
	m := new(HelloVerifyRequest)
	s := cryptobyte.String(body)
	if !s.ReadUint16(&m.Version) || !readVector8(&s, &m.Cookie) || !s.Empty() {
		return nil, decodeError("HelloVerifyRequest")
	}
	return m, nil
}

// Append appends the body of m to b.
func (m *HelloVerifyRequest) Append(b []byte) []byte {
	b = appendUint16(b, m.Version)
	return appendVector8(b, m.Cookie)
}

package wire

import "golang.org/x/crypto/cryptobyte"

// A ClientKeyExchange carries the client's ephemeral ECDH key.
//
//	struct {
//	    ECPoint ecdh_Yc;                                  // opaque point <1..2^8-1>;
//	} ClientECDiffieHellmanPublic;                        // RFC 8422, Section 5.7
type ClientKeyExchange struct {
	PublicKey []byte // the point, 1 to 255 bytes, not looked into
}

// ParseClientKeyExchange parses the body of an ECDHE ClientKeyExchange. The key aliases body.
func ParseClientKeyExchange(body []byte) (*ClientKeyExchange, error) {
	m := new(ClientKeyExchange)
	if err := m.read(body); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *ClientKeyExchange) read(body []byte) error {
	s := cryptobyte.String(body)
	if !readVector8(&s, &m.PublicKey) || len(m.PublicKey) == 0 || !s.Empty() {
		return decodeError("ClientKeyExchange")
	}
	return nil
}

// Append appends the body of m to b.
func (m *ClientKeyExchange) Append(b []byte) []byte { return appendVector8(b, m.PublicKey) }

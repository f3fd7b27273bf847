package wire

import "golang.org/x/crypto/cryptobyte"

// MaxCertificates is the longest chain that is accepted. WebRTC sends one certificate, other peers a few. What bounds a chain
// is the size of the message; this bounds what a chain of nothing but tiny ones costs.
const MaxCertificates = 64

// A Certificate message carries the sender's chain.
//
//	opaque ASN.1Cert<1..2^24-1>;
//
//	struct {
//	    ASN.1Cert certificate_list<0..2^24-1>;
//	} Certificate;                                        // RFC 5246, Section 7.4.2
type Certificate struct {
	Chain [][]byte // DER, the sender's own certificate first; none is what a client without a certificate sends (Section 7.4.6)
}

// ParseCertificate parses the body of a Certificate message. The certificates alias body and have not been looked into.
func ParseCertificate(body []byte) (*Certificate, error) {
	m := new(Certificate)
	if err := m.read(body); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *Certificate) read(body []byte) error {
	s := cryptobyte.String(body)
	var list cryptobyte.String
	if !s.ReadUint24LengthPrefixed(&list) || !s.Empty() {
		return decodeError("Certificate: certificate_list")
	}
	for !list.Empty() {
		if len(m.Chain) == MaxCertificates {
			return illegalParameter("Certificate: too many certificates")
		}
		var cert cryptobyte.String
		if !list.ReadUint24LengthPrefixed(&cert) || cert.Empty() {
			return decodeError("Certificate: ASN.1Cert")
		}
		m.Chain = append(m.Chain, cert)
	}
	return nil
}

// Append appends the body of m to b.
func (m *Certificate) Append(b []byte) []byte {
	b, list := beginVector(b, 3)
	for _, der := range m.Chain {
		var cert int
		b, cert = beginVector(b, 3)
		b = endVector(append(b, der...), cert, 3)
	}
	return endVector(b, list, 3)
}

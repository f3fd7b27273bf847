package wire

import "golang.org/x/crypto/cryptobyte"

// A CertificateVerify is the client's signature over all handshake messages before it.
//
//	struct {
//	    digitally-signed struct {
//	        opaque handshake_messages[handshake_messages_length];
//	    }
//	} CertificateVerify;                                  // RFC 5246, Section 7.4.8
//
//	struct {
//	    SignatureAndHashAlgorithm algorithm;
//	    opaque signature<0..2^16-1>;
//	} DigitallySigned;                                    // RFC 5246, Section 4.7
type CertificateVerify struct {
	Scheme    uint16 // SignatureAndHashAlgorithm
	Signature []byte
}

// ParseCertificateVerify parses the body of a CertificateVerify. The signature aliases body.
func ParseCertificateVerify(body []byte) (*CertificateVerify, error) {
	m := new(CertificateVerify)
	if err := m.read(body); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *CertificateVerify) read(body []byte) error {
	s := cryptobyte.String(body)
	if !s.ReadUint16(&m.Scheme) || !readVector16(&s, &m.Signature) || !s.Empty() {
		return decodeError("CertificateVerify")
	}
	return nil
}

// Append appends the body of m to b.
func (m *CertificateVerify) Append(b []byte) []byte {
	b = appendUint16(b, m.Scheme)
	return appendVector16(b, m.Signature)
}

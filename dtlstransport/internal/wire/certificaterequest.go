package wire

import "golang.org/x/crypto/cryptobyte"

// A CertificateRequest asks the client for a certificate.
//
//	opaque DistinguishedName<1..2^16-1>;
//
//	struct {
//	    ClientCertificateType certificate_types<1..2^8-1>;
//	    SignatureAndHashAlgorithm supported_signature_algorithms<2^16-1>;
//	    DistinguishedName certificate_authorities<0..2^16-1>;
//	} CertificateRequest;                                 // RFC 5246, Section 7.4.4
//
// <2^16-1> is a slip of the RFC; the vector is <2..2^16-2>, as in the signature_algorithms extension.
type CertificateRequest struct {
	Types               []uint8
	SignatureAlgorithms []uint16
	Authorities         [][]byte // DER of distinguished names; none: nil, which is the rule in WebRTC
}

// ParseCertificateRequest parses the body of a CertificateRequest. The byte slices of the result alias body.
func ParseCertificateRequest(body []byte) (*CertificateRequest, error) {
	m := new(CertificateRequest)
	s := cryptobyte.String(body)
	if !readVector8(&s, &m.Types) || len(m.Types) == 0 {
		return nil, decodeError("CertificateRequest: certificate_types")
	}
	if !readUint16s(&s, &m.SignatureAlgorithms, new(numberRoom)) {
		return nil, decodeError("CertificateRequest: supported_signature_algorithms")
	}
	if !readNames(&s, &m.Authorities) || !s.Empty() {
		return nil, decodeError("CertificateRequest: certificate_authorities")
	}
	return m, nil
}

// Append appends the body of m to b.
func (m *CertificateRequest) Append(b []byte) []byte {
	b = appendVector8(b, m.Types)
	b = appendUint16s(b, m.SignatureAlgorithms)
	return appendNames(b, m.Authorities)
}

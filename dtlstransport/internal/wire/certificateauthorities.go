package wire

import "golang.org/x/crypto/cryptobyte"

// readAuthorities reads certificate_authorities of a client.
//
//	opaque DistinguishedName<1..2^16-1>;
//
//	struct {
//	    DistinguishedName authorities<3..2^16-1>;
//	} CertificateAuthoritiesExtension;                    // RFC 8446, Section 4.2.4
//
// It came with 1.3, but says the same to a server of 1.2 as CertificateRequest to a client.
func (e *Extensions) readAuthorities(data cryptobyte.String, hello HandshakeType) error {
	if hello == TypeServerHello {
		return nil
	}
	if !readNames(&data, &e.Authorities) || len(e.Authorities) == 0 || !data.Empty() {
		return decodeError("certificate_authorities")
	}
	return nil
}

func (e *Extensions) appendAuthorities(b []byte) []byte {
	if len(e.Authorities) == 0 {
		return b
	}
	b, at := beginExtension(b, ExtensionCertAuthorities)
	return endVector(appendNames(b, e.Authorities), at, 2)
}

// readNames reads a list of distinguished names behind a length of two bytes. The names alias s; out stays nil if there are
// none.
func readNames(s *cryptobyte.String, out *[][]byte) bool {
	var list cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&list) {
		return false
	}
	n, ok := countVectors(list, (*cryptobyte.String).ReadUint16LengthPrefixed)
	if !ok || n == 0 {
		return ok
	}
	*out = make([][]byte, n)
	for i := range *out {
		readVector16(&list, &(*out)[i])
	}
	return true
}

func appendNames(b []byte, names [][]byte) []byte {
	b, list := beginVector(b, 2)
	for _, name := range names {
		b = appendVector16(b, name)
	}
	return endVector(b, list, 2)
}

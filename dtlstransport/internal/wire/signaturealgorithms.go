package wire

import "golang.org/x/crypto/cryptobyte"

// readSignatureAlgorithms reads signature_algorithms.
//
//	SignatureAndHashAlgorithm
//	    supported_signature_algorithms<2..2^16-2>;        // RFC 5246, Section 7.4.1.4.1
func (e *Extensions) readSignatureAlgorithms(data cryptobyte.String, hello HandshakeType) error {
	// "Servers MUST NOT send this extension." RFC 5246, Section 7.4.1.4.1.
	if hello == TypeServerHello {
		return illegalParameter("signature_algorithms")
	}
	if !readUint16s(&data, &e.SignatureAlgorithms, &e.room) || !data.Empty() {
		return decodeError("signature_algorithms")
	}
	return nil
}

func (e *Extensions) appendSignatureAlgorithms(b []byte) []byte {
	if len(e.SignatureAlgorithms) == 0 {
		return b
	}
	b, at := beginExtension(b, ExtensionSignatureAlgorithms)
	return endVector(appendUint16s(b, e.SignatureAlgorithms), at, 2)
}

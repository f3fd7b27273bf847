package wire

import "golang.org/x/crypto/cryptobyte"

// readEncryptThenMAC reads encrypt_then_mac. "The "extension_data" field of this extension SHALL be empty." RFC 7366, Section 2.
func (e *Extensions) readEncryptThenMAC(data cryptobyte.String) error {
	if !data.Empty() {
		return decodeError("encrypt_then_mac")
	}
	e.EncryptThenMAC = true
	return nil
}

func (e *Extensions) appendEncryptThenMAC(b []byte) []byte {
	if !e.EncryptThenMAC {
		return b
	}
	b, at := beginExtension(b, ExtensionEncryptThenMAC)
	return endVector(b, at, 2)
}

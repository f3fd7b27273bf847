package wire

import "golang.org/x/crypto/cryptobyte"

// readExtendedMasterSecret reads extended_master_secret. "The "extension_data" field of this extension is empty."
// RFC 7627, Section 5.1.
func (e *Extensions) readExtendedMasterSecret(data cryptobyte.String) error {
	if !data.Empty() {
		return decodeError("extended_master_secret")
	}
	e.ExtendedMasterSecret = true
	return nil
}

func (e *Extensions) appendExtendedMasterSecret(b []byte) []byte {
	if !e.ExtendedMasterSecret {
		return b
	}
	b, at := beginExtension(b, ExtensionExtendedMasterSecret)
	return endVector(b, at, 2)
}

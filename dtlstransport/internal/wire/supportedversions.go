package wire

import "golang.org/x/crypto/cryptobyte"

// readSupportedVersions reads supported_versions of a client.
//
//	struct {
//	    select (Handshake.msg_type) {
//	        case client_hello:
//	            ProtocolVersion versions<2..254>;
//	        [...]
//	    };
//	} SupportedVersions;                                  // RFC 8446, Section 4.2.1
//
// A server of DTLS 1.2 has none to send.
func (e *Extensions) readSupportedVersions(data cryptobyte.String, hello HandshakeType) error {
	if hello == TypeServerHello {
		return nil
	}
	var list cryptobyte.String
	if !data.ReadUint8LengthPrefixed(&list) || !splitUint16s(list, &e.SupportedVersions, &e.room) || !data.Empty() {
		return decodeError("supported_versions")
	}
	return nil
}

func (e *Extensions) appendSupportedVersions(b []byte) []byte {
	if len(e.SupportedVersions) == 0 {
		return b
	}
	b, at := beginExtension(b, ExtensionSupportedVersions)
	b, list := beginVector(b, 1)
	for _, v := range e.SupportedVersions {
		b = appendUint16(b, v)
	}
	return endVector(endVector(b, list, 1), at, 2)
}

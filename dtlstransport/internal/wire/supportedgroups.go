package wire

import "golang.org/x/crypto/cryptobyte"

// readSupportedGroups reads supported_groups, once called elliptic_curves.
//
//	struct {
//	    NamedCurve named_curve_list<2..2^16-1>
//	} NamedCurveList;                                     // RFC 8422, Section 5.1.1
//
// In a ServerHello of DTLS 1.2 the extension has no meaning, yet some servers send it, and implementations in use ignore it
// there; so do we, without looking into it.
func (e *Extensions) readSupportedGroups(data cryptobyte.String, hello HandshakeType) error {
	if hello == TypeServerHello {
		return nil
	}
	if !readUint16s(&data, &e.SupportedGroups, &e.room) || !data.Empty() {
		return decodeError("supported_groups")
	}
	return nil
}

func (e *Extensions) appendSupportedGroups(b []byte) []byte {
	if len(e.SupportedGroups) == 0 {
		return b
	}
	b, at := beginExtension(b, ExtensionSupportedGroups)
	return endVector(appendUint16s(b, e.SupportedGroups), at, 2)
}

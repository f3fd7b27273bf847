package wire

import "golang.org/x/crypto/cryptobyte"

// readRenegotiationInfo reads renegotiation_info.
//
//	struct {
//	    opaque renegotiated_connection<0..255>;
//	} RenegotiationInfo;                                  // RFC 5746, Section 3.2
//
// Whether it has to be empty depends on the handshake, so the caller checks that; the alert is then handshake_failure.
func (e *Extensions) readRenegotiationInfo(data cryptobyte.String) error {
	if !readVector8(&data, &e.RenegotiationInfo) || !data.Empty() {
		return decodeError("renegotiation_info")
	}
	e.HasRenegotiationInfo = true
	return nil
}

func (e *Extensions) appendRenegotiationInfo(b []byte) []byte {
	if !e.HasRenegotiationInfo {
		return b
	}
	b, at := beginExtension(b, ExtensionRenegotiationInfo)
	return endVector(appendVector8(b, e.RenegotiationInfo), at, 2)
}

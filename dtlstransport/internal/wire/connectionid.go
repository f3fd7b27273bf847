package wire

import "golang.org/x/crypto/cryptobyte"

// readConnectionID reads connection_id. It may be empty: "prepared to send using a CID but does not wish" to receive any.
//
//	struct {
//	    opaque cid<0..2^8-1>;
//	} ConnectionId;                                       // RFC 9146, Section 3
func (e *Extensions) readConnectionID(data cryptobyte.String) error {
	if !readVector8(&data, &e.ConnectionID) || !data.Empty() {
		return decodeError("connection_id")
	}
	e.HasConnectionID = true
	return nil
}

func (e *Extensions) appendConnectionID(b []byte) []byte {
	if !e.HasConnectionID {
		return b
	}
	b, at := beginExtension(b, ExtensionConnectionID)
	return endVector(appendVector8(b, e.ConnectionID), at, 2)
}

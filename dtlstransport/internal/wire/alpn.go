package wire

import "golang.org/x/crypto/cryptobyte"

// readALPN reads application_layer_protocol_negotiation.
//
//	opaque ProtocolName<1..2^8-1>;
//
//	struct {
//	    ProtocolName protocol_name_list<2..2^16-1>
//	} ProtocolNameList;                                   // RFC 7301, Section 3.1
//
// In a ServerHello the list "MUST contain exactly one "ProtocolName"".
func (e *Extensions) readALPN(data cryptobyte.String, hello HandshakeType) error {
	var list cryptobyte.String
	if !data.ReadUint16LengthPrefixed(&list) || list.Empty() || !data.Empty() {
		return decodeError("application_layer_protocol_negotiation")
	}
	// "Empty strings MUST NOT be included and byte strings MUST NOT be truncated."
	n, ok := countVectors(list, (*cryptobyte.String).ReadUint8LengthPrefixed)
	if !ok {
		return decodeError("application_layer_protocol_negotiation: ProtocolName")
	}
	if hello == TypeServerHello && n != 1 {
		return decodeError("application_layer_protocol_negotiation with several names")
	}
	e.ALPN = make([]string, n)
	all := string(list) // one copy for all names
	for i := range e.ALPN {
		end := 1 + int(all[0])
		e.ALPN[i], all = all[1:end], all[end:]
	}
	return nil
}

func (e *Extensions) appendALPN(b []byte) []byte {
	if len(e.ALPN) == 0 {
		return b
	}
	b, at := beginExtension(b, ExtensionALPN)
	b, list := beginVector(b, 2)
	for _, protocol := range e.ALPN {
		var name int
		b, name = beginVector(b, 1)
		b = endVector(append(b, protocol...), name, 1)
	}
	return endVector(endVector(b, list, 2), at, 2)
}

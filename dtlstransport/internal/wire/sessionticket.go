package wire

import "golang.org/x/crypto/cryptobyte"

// readSessionTicket reads SessionTicket, whose extension_data is the ticket itself, without a length of its own. A client
// that has none sends it empty, and so does a server that will send one (RFC 5077, Section 3.2).
func (e *Extensions) readSessionTicket(data cryptobyte.String, hello HandshakeType) error {
	if hello == TypeServerHello && !data.Empty() {
		return decodeError("SessionTicket")
	}
	e.HasSessionTicket, e.SessionTicket = true, data
	return nil
}

func (e *Extensions) appendSessionTicket(b []byte) []byte {
	if !e.HasSessionTicket {
		return b
	}
	b, at := beginExtension(b, ExtensionSessionTicket)
	return endVector(append(b, e.SessionTicket...), at, 2)
}

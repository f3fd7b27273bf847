package wire

import "golang.org/x/crypto/cryptobyte"

// A NewSessionTicket hands the client an encrypted session to bring back.
//
//	struct {
//	    uint32 ticket_lifetime_hint;
//	    opaque ticket<0..2^16-1>;
//	} NewSessionTicket;                                   // RFC 5077, Section 3.3
type NewSessionTicket struct {
	Lifetime uint32 // seconds, a hint; zero: not said
	Ticket   []byte // empty: the server has none after all
}

// ParseNewSessionTicket parses the body of a NewSessionTicket. The ticket aliases body.
func ParseNewSessionTicket(body []byte) (*NewSessionTicket, error) {
	m := new(NewSessionTicket)
	s := cryptobyte.String(body)
	if !s.ReadUint32(&m.Lifetime) || !readVector16(&s, &m.Ticket) || !s.Empty() {
		return nil, decodeError("NewSessionTicket")
	}
	return m, nil
}

// Append appends the body of m to b.
func (m *NewSessionTicket) Append(b []byte) []byte {
	b = append(b, byte(m.Lifetime>>24), byte(m.Lifetime>>16), byte(m.Lifetime>>8), byte(m.Lifetime))
	return appendVector16(b, m.Ticket)
}

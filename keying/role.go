package keying

import "strconv"

// A Role is a side of the DTLS handshake. It says which keys a side writes with, and has nothing to do with who made the
// offer in signalling ("client_write" keys are the DTLS client's even if it answered; RFC 5764, Section 4.2).
// The zero Role is neither side.
type Role uint8

const (
	RoleClient Role = 1 // sends the ClientHello; "a=setup:active"
	RoleServer Role = 2 // answers it; "a=setup:passive"
)

// Peer returns the other side, and the zero Role for what is neither.
func (r Role) Peer() Role {
	switch r {
	case RoleClient:
		return RoleServer
	case RoleServer:
		return RoleClient
	}
	return 0
}

// String returns "client" or "server", the words RFC 5246 uses.
func (r Role) String() string {
	switch r {
	case RoleClient:
		return "client"
	case RoleServer:
		return "server"
	}
	return "role(" + strconv.Itoa(int(r)) + ")"
}

package icelite

import (
	"bytes"
	"net/netip"

	"github.com/pion/stun"
)

// A check is a Binding request with what we read of it. It is decoded again and again into the same
// memory; one goroutine uses it.
type check struct {
	message stun.Message // a copy of the datagram

	username     []byte // ours, a colon, theirs
	integrity    bool   // there is a MESSAGE-INTEGRITY of the right length
	fingerprint  bool
	priority     bool
	useCandidate bool
	controlled   bool // the peer believes itself to be controlled, which we always are
	unknown      []stun.AttrType

	response stun.Message
}

// maxUnknown bounds how many unknown attributes an error response lists.
const maxUnknown = 8

// decode reads a datagram that mux.IsSTUN accepts, and reports whether it is a Binding request.
//
// What counts is what MESSAGE-INTEGRITY covers: attributes behind it may be anybody's. "agents MUST ignore all
// other attributes that follow MESSAGE-INTEGRITY" but FINGERPRINT (RFC 8489, Section 14.5). Of an attribute that
// comes twice the first counts (Section 14).
func (c *check) decode(b []byte) bool {
	*c = check{message: c.message, response: c.response, unknown: c.unknown[:0]}
	m := &c.message
	m.Raw = append(m.Raw[:0], b...)
	if m.Decode() != nil || m.Type != stun.BindingRequest {
		return false
	}
	for _, a := range m.Attributes {
		switch {
		case a.Type == stun.AttrFingerprint:
			c.fingerprint = true
		case c.integrity:
		case a.Type == stun.AttrMessageIntegrity:
			if len(a.Value) != 20 {
				return false
			}
			c.integrity = true
		case a.Type == stun.AttrUsername:
			if c.username == nil {
				c.username = a.Value
			}
		case a.Type == stun.AttrPriority:
			c.priority = len(a.Value) == 4
		case a.Type == stun.AttrUseCandidate:
			c.useCandidate = true
		case a.Type == stun.AttrICEControlled:
			c.controlled = true
		case a.Type.Required() && len(c.unknown) < maxUnknown:
			c.unknown = append(c.unknown, a.Type)
		}
	}
	return true
}

// ufrags returns the two halves of the user name, the receiver's first (RFC 8445, Section 7.2.2).
func (c *check) ufrags() (local, remote []byte, ok bool) { return bytes.Cut(c.username, []byte(":")) }

// authentic reports whether the check is from somebody who has the password, and whole.
func (c *check) authentic(password []byte) bool {
	return c.integrity && c.fingerprint &&
		stun.Fingerprint.Check(&c.message) == nil && stun.MessageIntegrity(password).Check(&c.message) == nil
}

// answer returns the response to an authentic check: success, or the error that the RFCs name. It is valid until
// the next decode.
func (c *check) answer(password []byte, from netip.AddrPort) (response []byte, ok bool) {
	switch {
	case len(c.unknown) > 0:
		return c.respond(password, stun.BindingError, stun.CodeUnknownAttribute, stun.UnknownAttributes(c.unknown)), false
	case !c.priority:
		return c.respond(password, stun.BindingError, stun.CodeBadRequest), false
	case c.controlled:
		// A lite agent is never controlling: the peer has to be (RFC 8445, Section 6.1.1 and 7.3.1.1).
		return c.respond(password, stun.BindingError, stun.CodeRoleConflict), false
	}
	address := from.Addr()
	return c.respond(password, stun.BindingSuccess, &stun.XORMappedAddress{IP: address.AsSlice(), Port: int(from.Port())}), true
}

// respond builds a response, authenticated unless there is no password.
func (c *check) respond(password []byte, t stun.MessageType, setters ...stun.Setter) []byte {
	r := &c.response
	r.Reset()
	r.Type, r.TransactionID = t, c.message.TransactionID
	r.WriteHeader()
	if password != nil {
		setters = append(setters, stun.MessageIntegrity(password))
	}
	for _, s := range append(setters, stun.Fingerprint) {
		if s.AddTo(r) != nil {
			return nil
		}
	}
	return r.Raw
}

// What strangers are told (RFC 8489, Section 9.1.3).
const (
	stunBadRequest   = int(stun.CodeBadRequest)
	stunUnauthorized = int(stun.CodeUnauthorized)
)

// refusal is the response to a check that is not authentic. It is valid until the next decode.
func (c *check) refusal(code int) []byte {
	return c.respond(nil, stun.BindingError, stun.ErrorCodeAttribute{Code: stun.ErrorCode(code)})
}

package icelite

import (
	"bytes"
	"crypto/sha1"
	"net/netip"
	"slices"

	"github.com/pion/stun"
)

// A check is a Binding request with what we read of it, and its answer. It is decoded again and again into the same
// memory; one goroutine uses it.
type check struct {
	message stun.Message // a copy of the datagram
	claims

	key      stun.MessageIntegrity // of who has made it, and so of the answer
	mapped   stun.XORMappedAddress
	response stun.Message
}

// claims are what a check says.
type claims struct {
	username     []byte // ours, a colon, theirs
	integrity    bool   // there is a MESSAGE-INTEGRITY of the right length
	fingerprint  bool
	priority     bool
	useCandidate bool
	controlled   bool // the peer believes itself to be controlled, which we always are
	unknown      []stun.AttrType
}

// maxUnknown bounds how many unknown attributes an error response lists.
const maxUnknown = 8

// decode reads a datagram that mux.IsSTUN accepts, and reports whether it is a Binding request.
//
// What counts is what MESSAGE-INTEGRITY covers: attributes behind it may be anybody's. "agents MUST ignore all
// other attributes that follow MESSAGE-INTEGRITY" but FINGERPRINT (RFC 8489, Section 14.5). Of an attribute that
// comes twice the first counts (Section 14).
func (c *check) decode(b []byte) bool {
	c.claims = claims{unknown: c.unknown[:0]}
	m := &c.message
	m.Raw = append(slices.Grow(m.Raw[:0], len(b)+sha1.Size), b...) // behind it, MessageIntegrity.Check has its sum
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
func (c *check) authentic(password string) bool {
	c.key = append(c.key[:0], password...)
	return c.integrity && c.fingerprint && stun.Fingerprint.Check(&c.message) == nil && c.key.Check(&c.message) == nil
}

// answer returns the response to an authentic check: success, or the error that the RFCs name. It is valid until
// the next decode.
func (c *check) answer(from netip.AddrPort) (response []byte, ok bool) {
	switch {
	case len(c.unknown) > 0:
		return c.respond(c.key, stun.BindingError, stun.CodeUnknownAttribute, stun.UnknownAttributes(c.unknown)), false
	case !c.priority:
		return c.respond(c.key, stun.BindingError, stun.CodeBadRequest), false
	case c.controlled:
		// A lite agent is never controlling: the peer has to be (RFC 8445, Section 6.1.1 and 7.3.1.1).
		return c.respond(c.key, stun.BindingError, stun.CodeRoleConflict), false
	}
	address := from.Addr().As16()
	c.mapped.IP, c.mapped.Port = append(c.mapped.IP[:0], address[:]...), int(from.Port())
	return c.respond(c.key, stun.BindingSuccess, &c.mapped), true
}

// respond builds a response, authenticated unless key is nil.
func (c *check) respond(key stun.MessageIntegrity, t stun.MessageType, attributes ...stun.Setter) []byte {
	r := &c.response
	r.Reset()
	r.Type, r.TransactionID = t, c.message.TransactionID
	r.WriteHeader()
	for _, a := range attributes {
		if a.AddTo(r) != nil {
			return nil
		}
	}
	if key != nil && key.AddTo(r) != nil || stun.Fingerprint.AddTo(r) != nil {
		return nil
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

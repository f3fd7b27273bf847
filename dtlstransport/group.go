package dtlstransport

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"fmt"
	"slices"
)

// A Group is an IANA number of a group for ECDHE (RFC 8422, Section 5.1.1).
type Group uint16

// The groups we have.
const (
	Secp256r1 Group = 23
	Secp384r1 Group = 24
	Secp521r1 Group = 25
	X25519    Group = 29
)

// defaultGroups has X25519 first, as browsers do. P-256 must be there too: some
// stacks take its absence for a refusal of P-256 certificates. P-521, the last, is there
// for the same reason: to agree on keys it is slow.
var defaultGroups = []Group{X25519, Secp256r1, Secp384r1, Secp521r1}

// DefaultGroups returns the groups used when Config names none, in order of
// preference.
func DefaultGroups() []Group { return slices.Clone(defaultGroups) }

// curve returns the implementation, or nil if we do not have the group.
func (g Group) curve() ecdh.Curve {
	switch g {
	case X25519:
		return ecdh.X25519()
	case Secp256r1:
		return ecdh.P256()
	case Secp384r1:
		return ecdh.P384()
	case Secp521r1:
		return ecdh.P521()
	}
	return nil
}

// String returns the name by which the field knows the group.
func (g Group) String() string {
	switch g {
	case X25519:
		return "X25519"
	case Secp256r1:
		return "secp256r1"
	case Secp384r1:
		return "secp384r1"
	case Secp521r1:
		return "secp521r1"
	}
	return fmt.Sprintf("Group(%d)", uint16(g))
}

// groupOf returns the group of an ECDSA key, or 0 if it has none.
func groupOf(key *ecdsa.PublicKey) Group {
	switch key.Params().BitSize {
	case 256:
		return Secp256r1
	case 384:
		return Secp384r1
	case 521:
		return Secp521r1
	}
	return 0
}

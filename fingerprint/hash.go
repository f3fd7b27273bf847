package fingerprint

import (
	"crypto/sha256"
	"crypto/sha512"
	"strings"
)

// A Hash is the name of a hash function, in lower case, from the IANA registry "Hash Function Textual Names".
type Hash string

// The hash functions that a fingerprint can be verified with.
const (
	SHA256 Hash = "sha-256"
	SHA384 Hash = "sha-384"
	SHA512 Hash = "sha-512"
)

// preference lists the usable hash functions, the most preferred one first. RFC 8122 leaves the order to the endpoint;
// ours is by strength, so that nobody can steer the verdict to a weaker function by adding a line.
//
// Not in the list, and so never used to make or to verify a fingerprint:
//   - md2 and md5: "Implementations compliant with this specification MUST NOT use the MD2 and MD5 hash functions to
//     calculate fingerprints or to verify received fingerprints that have been calculated using them." RFC 8122,
//     Section 5.
//   - sha-1: collisions are practical, and every WebRTC endpoint of today sends sha-256.
//   - sha-224: no endpoint sends it.
var preference = []Hash{SHA512, SHA384, SHA256}

// sizes has the length in bytes of the values of all functions that the registry knows from RFC 8122. A value of another
// length under such a name is a syntax error, even if the function is not usable.
var sizes = map[Hash]int{
	"md2": 16, "md5": 16, "sha-1": 20, "sha-224": 28,
	SHA256: 32, SHA384: 48, SHA512: 64,
}

// Usable reports whether fingerprints made with h can be verified. The name must be in lower case, as all names of this
// package are.
func (h Hash) Usable() bool { return h == SHA256 || h == SHA384 || h == SHA512 }

// sum returns the hash of der; h must be usable.
func (h Hash) sum(der []byte) string {
	switch h {
	case SHA256:
		v := sha256.Sum256(der)
		return string(v[:])
	case SHA384:
		v := sha512.Sum384(der)
		return string(v[:])
	case SHA512:
		v := sha512.Sum512(der)
		return string(v[:])
	}
	panic("fingerprint: sum of an unusable hash")
}

// normal returns h in lower case. The names in the ABNF of RFC 8122 are quoted strings, and those are case-insensitive
// (RFC 5234, Section 2.3).
func (h Hash) normal() Hash { return Hash(strings.ToLower(string(h))) }

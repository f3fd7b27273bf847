package keying

import (
	"crypto"
	"crypto/hmac"
	_ "crypto/sha256" // crypto.SHA256 is the PRF hash of TLS 1.2 suites that name no other.
	_ "crypto/sha512" // crypto.SHA384 is the one of the suites that end in SHA384.
	"hash"
)

// PRF fills out with the pseudorandom function of TLS 1.2:
//
//	PRF(secret, label, seed) = P_<hash>(secret, label + seed)
//
//	P_hash(secret, seed) = HMAC_hash(secret, A(1) + seed) +
//	                       HMAC_hash(secret, A(2) + seed) +
//	                       HMAC_hash(secret, A(3) + seed) + ...
//	A(0) = seed
//	A(i) = HMAC_hash(secret, A(i-1))
//
// RFC 5246, Section 5.
//
// The seed is the concatenation of seeds. Any length of out is served; a shorter out is a prefix of a longer one.
// out must not overlap secret or a seed. PRF panics, as crypto.Hash.New does, if h is not linked into the program;
// crypto.SHA256 and crypto.SHA384 always are.
func PRF(out []byte, h crypto.Hash, secret []byte, label string, seeds ...[]byte) {
	NewSecret(h, secret).PRF(out, label, seeds...)
}

// A Secret is PRF under one secret, for several outputs: what it takes to make an HMAC key of the secret is spent once. It
// holds what is as good as the secret, and is not safe for concurrent use.
type Secret struct {
	// mac has hashed the secret into its key; Reset returns to that state for the price of a copy.
	mac hash.Hash
	// scratch has everything that must outlive a call through hash.Hash: A(i), an output block, the label.
	scratch [2*maxHashLen + len(labelExtendedMasterSecret)]byte
}

const maxHashLen = 64 // bytes, of SHA-512

// NewSecret returns PRF under secret, which is not kept. It panics as PRF does.
func NewSecret(h crypto.Hash, secret []byte) *Secret {
	return &Secret{mac: hmac.New(h.New, secret)}
}

// PRF fills out. See the function of that name.
func (s *Secret) PRF(out []byte, label string, seeds ...[]byte) {
	mac, n := s.mac, s.mac.Size()
	scratch := append(s.scratch[:2*n], label...)
	a, block, labelBytes := scratch[:n], scratch[n:2*n], scratch[2*n:]

	// A(1) is the HMAC of A(0), which is label + seeds.
	mac.Reset()
	mac.Write(labelBytes)
	for _, seed := range seeds {
		mac.Write(seed)
	}
	mac.Sum(a[:0])

	for len(out) > 0 {
		mac.Reset()
		mac.Write(a)
		mac.Write(labelBytes)
		for _, seed := range seeds {
			mac.Write(seed)
		}
		mac.Sum(block[:0])
		out = out[copy(out, block):]

		if len(out) > 0 {
			mac.Reset()
			mac.Write(a)
			mac.Sum(a[:0])
		}
	}
	clear(scratch[:2*n]) // A(i) and a cut-off block are as good as the output.
}

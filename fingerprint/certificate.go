package fingerprint

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
	"time"
)

// Bounds of our own certificates. Peers refuse what lies outside.
const (
	maxChain       = 10        // certificates, the leaf included
	maxCertificate = 1<<16 - 1 // bytes of DER each; a handshake message that long is no longer practical over datagrams
	minRSA         = 2048      // bits
	maxRSA         = 8192      // bits; what crypto/tls accepts since CVE-2023-29409
)

// A Certificate is an own certificate with what signs for it. It is immutable and may be shared by any number of
// associations.
//
// Make one for each connection unless there is a reason not to: two connections with the same certificate can be told to
// belong to the same endpoint, by everybody on the path. See RFC 8827, Section 6.5.
type Certificate struct {
	chain    [][]byte // DER, leaf first
	signer   crypto.Signer
	notAfter time.Time
	set      Set // what to signal, see Fingerprints
}

// New returns a certificate from a chain in DER, leaf first, and anything that signs with the leaf's key: a private key of the
// standard library, or a key that stays in hardware or in another process. New does not sign; the handshake calls
// signer.Sign from the goroutine that runs it, and calls may overlap when the Certificate is shared.
//
// Keys are ECDSA on P-256, P-384 or P-521, RSA of 2048 to 8192 bits, and Ed25519. Chain and signer are kept, the bytes are copied.
// Of the leaf, the key is looked at and nothing that could be wrong with it: dates, names, extensions, whether anybody has
// signed it (RFC 9925). Beyond the leaf, certificates are not looked at; WebRTC peers ignore them.
//
// The error wraps ErrNoCertificate, ErrBadCertificate, or ErrKey when the key is not supported or is not the leaf's.
func New(signer crypto.Signer, chain ...[]byte) (*Certificate, error) {
	if len(chain) == 0 {
		return nil, ErrNoCertificate
	}
	if len(chain) > maxChain {
		return nil, fmt.Errorf("%w: a chain of %d, at most %d are sent", ErrBadCertificate, len(chain), maxChain)
	}
	c := &Certificate{signer: signer}
	for i, der := range chain {
		if len(der) == 0 || len(der) > maxCertificate {
			return nil, fmt.Errorf("%w: number %d of the chain has %d bytes", ErrBadCertificate, i, len(der))
		}
		c.chain = append(c.chain, append([]byte(nil), der...))
	}
	leaf, err := parseLeaf(c.chain[0])
	if err != nil {
		return nil, err
	}
	if signer == nil {
		return nil, fmt.Errorf("%w: none", ErrKey)
	}
	if err := checkKey(signer.Public(), leaf.key); err != nil {
		return nil, err
	}
	c.notAfter = leaf.notAfter
	c.set = fingerprintsOf(c.chain[0], leaf.hash)
	return c, nil
}

// checkKey checks that public is of a kind that a handshake can use, and equal to certified.
func checkKey(public, certified crypto.PublicKey) error {
	equal := false
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		if key.Curve != elliptic.P256() && key.Curve != elliptic.P384() && key.Curve != elliptic.P521() {
			return fmt.Errorf("%w: ECDSA on a curve that is not P-256, P-384 or P-521", ErrKey)
		}
		equal = key.Equal(certified)
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < minRSA || bits > maxRSA {
			return fmt.Errorf("%w: RSA of %d bits, want %d to %d", ErrKey, bits, minRSA, maxRSA)
		}
		equal = key.Equal(certified)
	case ed25519.PublicKey:
		equal = key.Equal(certified)
	default:
		return fmt.Errorf("%w: public key of type %T", ErrKey, public)
	}
	if !equal {
		return fmt.Errorf("%w: it is not the key of the certificate", ErrKey)
	}
	return nil
}

// fingerprintsOf returns what to signal for a leaf, in whose signature is a hash function that is stronger than sha-256, or
// is not:
//
// "An endpoint MUST, as a minimum, calculate a fingerprint using both the 'SHA-256' hash function algorithm and the hash
// function used to generate the signature on the certificate for each possible certificate." RFC 8122, Section 5.1. It may
// leave one out "if local policy mandates use of stronger algorithms": so nothing weaker than sha-256.
func fingerprintsOf(leaf []byte, stronger Hash) Set {
	set := Set{{SHA256, SHA256.sum(leaf)}}
	if stronger != "" {
		set = append(set, Fingerprint{stronger, stronger.sum(leaf)})
	}
	return set
}

// Chain returns the certificates in DER, leaf first. The slices belong to c: do not change them.
func (c *Certificate) Chain() [][]byte { return c.chain }

// Signer returns what signs with the leaf's key.
func (c *Certificate) Signer() crypto.Signer { return c.signer }

// NotAfter returns when the leaf expires; the zero Time if it says nothing that can be read. Nothing here or in a WebRTC peer enforces it; an application that keeps
// certificates renews them by it.
func (c *Certificate) NotAfter() time.Time { return c.notAfter }

// Fingerprint returns the sha-256 fingerprint of the leaf, the one that every peer understands.
func (c *Certificate) Fingerprint() Fingerprint { return c.set[0] }

// Fingerprints returns all fingerprints that RFC 8122 wants signalled for c, one attribute each: sha-256 first, and that of
// the hash function in the leaf's signature if it is stronger. For certificates from Generate it is sha-256 alone. The
// caller owns the result.
func (c *Certificate) Fingerprints() Set { return append(Set(nil), c.set...) }

// FingerprintWith returns the fingerprint of the leaf with another hash function. The error wraps ErrUnusableHash.
func (c *Certificate) FingerprintWith(h Hash) (Fingerprint, error) { return Of(h, c.chain[0]) }

// String returns the fingerprint. It and GoString are there so that printing a Certificate, or a pointer to one, does not
// print its private key.
func (c Certificate) String() string {
	if len(c.set) == 0 {
		return "no certificate" // the zero value, which nothing here returns
	}
	return "certificate " + c.set[0].String()
}

// GoString is String, for the verb %#v.
func (c Certificate) GoString() string { return c.String() }

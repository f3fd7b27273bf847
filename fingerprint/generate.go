package fingerprint

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"
)

// A KeyType chooses the key of a generated certificate.
type KeyType uint8

// The key types. ECDSAP256 is the default: every WebRTC endpoint has to support it (RFC 8827, Section 6.5), its
// certificate and signature are small, and it is the fastest to make.
const (
	ECDSAP256 KeyType = iota
	ECDSAP384
	RSA2048 // Takes some hundred times as long to make as ECDSAP256, and more datagrams to send.
	Ed25519 // For peers that are known to accept it: browsers make no such certificates, so few endpoints were tried with them.
)

// String returns the name of t, as in "ECDSA P-256".
func (t KeyType) String() string {
	switch t {
	case ECDSAP256:
		return "ECDSA P-256"
	case ECDSAP384:
		return "ECDSA P-384"
	case RSA2048:
		return "RSA 2048"
	case Ed25519:
		return "Ed25519"
	}
	return fmt.Sprintf("KeyType(%d)", uint8(t))
}

const (
	// commonName is the same for all: a name would tell something about the endpoint to everybody on the path, since
	// DTLS 1.2 sends certificates in the clear.
	commonName = "WebRTC"

	validBefore = 24 * time.Hour      // into the past, for peers whose clock is behind and who do look at dates
	validFor    = 30 * 24 * time.Hour // into the future, what browsers take by default
)

// Generate makes a key and a certificate for it, self-signed with SHA-256 (Ed25519 by its own rule). It is valid from one day
// ago for 30 days, and its serial number has 126 random bits: nobody who has not seen the certificate can make the same
// bytes, even knowing the key.
//
// The error wraps ErrKey for an unknown t, and comes from the operating system otherwise.
func Generate(t KeyType) (*Certificate, error) {
	signer, err := generateKey(t)
	if err != nil {
		return nil, err
	}
	return selfSign(signer, time.Now())
}

func generateKey(t KeyType) (crypto.Signer, error) {
	switch t {
	case ECDSAP256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case ECDSAP384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case RSA2048:
		return rsa.GenerateKey(rand.Reader, 2048)
	case Ed25519:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	}
	return nil, fmt.Errorf("%w: unknown %v", ErrKey, t)
}

// selfSign makes the certificate of a new key at now.
func selfSign(signer crypto.Signer, now time.Time) (*Certificate, error) {
	// RFC 5280, Section 4.1.2.2: a positive number of at most 20 octets. These 16 always have the same length, since the
	// two top bits are 01.
	serial := make([]byte, 16)
	rand.Read(serial) // It never returns an error.
	serial[0] = serial[0]&0x3f | 0x40

	name := pkix.Name{CommonName: commonName}
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial),
		Subject:      name,
		Issuer:       name,
		NotBefore:    now.Add(-validBefore),
		NotAfter:     now.Add(validFor),
		// No extensions: nobody evaluates them, and each costs bytes in a flight that should fit few datagrams.
	}
	// SHA-256 in all signatures, P-384 too, so that the one sha-256 fingerprint is all that has to be signalled. The zero
	// value is right for Ed25519.
	switch signer.Public().(type) {
	case *ecdsa.PublicKey:
		template.SignatureAlgorithm = x509.ECDSAWithSHA256
	case *rsa.PublicKey:
		template.SignatureAlgorithm = x509.SHA256WithRSA
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	if err != nil {
		return nil, err
	}
	return New(signer, der)
}

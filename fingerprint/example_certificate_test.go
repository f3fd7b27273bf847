package fingerprint_test

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"

	"github.com/rtctransport/rtctransport/fingerprint"
)

func ExampleGenerate() {
	certificate, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(certificate.Fingerprint().Hash(), len(certificate.Chain()), "certificate")
	// Output: sha-256 1 certificate
}

// An end that has to be known by the same certificate tomorrow keeps it in a file.
func ExampleParsePEM() {
	certificate, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		log.Fatal(err)
	}
	text, err := certificate.MarshalPEM() // for a file that only its owner may read
	if err != nil {
		log.Fatal(err)
	}
	again, err := fingerprint.ParsePEM(text)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(again.Fingerprint() == certificate.Fingerprint())
	// Output: true
}

// A vault signs, and does not give its key away.
type vault struct{ key crypto.Signer }

func (v vault) Public() crypto.PublicKey { return v.key.Public() }

func (v vault) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return v.key.Sign(rand, digest, opts)
}

// The key stays where it is: in hardware, or in another process.
func ExampleNew() {
	made, err := fingerprint.Generate(fingerprint.ECDSAP384)
	if err != nil {
		log.Fatal(err)
	}
	certificate, err := fingerprint.New(vault{made.Signer()}, made.Chain()...)
	if err != nil {
		log.Fatal(err)
	}
	_, err = certificate.MarshalPEM()
	fmt.Println(certificate.Fingerprint() == made.Fingerprint(), errors.Is(err, fingerprint.ErrKey))
	// Output: true true
}

// A certificate is hashed as it came, and not looked into.
func ExampleOf() {
	der := []byte{0x30, 0x03, 0x02, 0x01, 0x05} // a short one
	f, err := fingerprint.Of(fingerprint.SHA256, der)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(f.Attribute())
	// Output: a=fingerprint:sha-256 41:7C:77:63:C4:E3:20:A6:B7:47:B3:CB:0C:6D:22:F9:37:41:B2:9A:32:B4:85:94:B8:EB:4C:14:4F:E6:D7:29
}

// Signalling has two lines if it wants to say more than every peer understands.
func ExampleCertificate_FingerprintWith() {
	certificate, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		log.Fatal(err)
	}
	stronger, err := certificate.FingerprintWith(fingerprint.SHA512)
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range append(certificate.Fingerprints(), stronger) {
		fmt.Println(f.Hash(), len(f.Value()), "bytes")
	}
	_, err = certificate.FingerprintWith("sha-1")
	fmt.Println(errors.Is(err, fingerprint.ErrUnusableHash))
	// Output:
	// sha-256 32 bytes
	// sha-512 64 bytes
	// true
}

// Nobody looks at the date; who keeps certificates renews them by it. See Rotation.
func ExampleCertificate_NotAfter() {
	certificate, err := fingerprint.Generate(fingerprint.Ed25519)
	if err != nil {
		log.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(certificate.Chain()[0])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(certificate.NotAfter().Equal(leaf.NotAfter))
	// Output: true
}

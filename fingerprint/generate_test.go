package fingerprint

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// FP-13
func TestGeneratedCertificates(t *testing.T) {
	for _, test := range []struct {
		kind      KeyType
		name      string
		check     func(public any) bool
		signature x509.SignatureAlgorithm
		maxSize   int // bytes of DER: the flight that carries it should fit one datagram, if it can
	}{
		{ECDSAP256, "ECDSA P-256", func(k any) bool { return k.(*ecdsa.PublicKey).Curve == elliptic.P256() }, x509.ECDSAWithSHA256, 300},
		{ECDSAP384, "ECDSA P-384", func(k any) bool { return k.(*ecdsa.PublicKey).Curve == elliptic.P384() }, x509.ECDSAWithSHA256, 370},
		{RSA2048, "RSA 2048", func(k any) bool { return k.(*rsa.PublicKey).N.BitLen() == 2048 }, x509.SHA256WithRSA, 730},
		{Ed25519, "Ed25519", func(k any) bool { return len(k.(ed25519.PublicKey)) == 32 }, x509.PureEd25519, 240},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				now := time.Now()
				c := mustGenerate(t, test.kind)
				if len(c.Chain()) != 1 || test.kind.String() != test.name {
					t.Fatalf("%d certificates, name %v", len(c.Chain()), test.kind)
				}
				der := c.Chain()[0]
				leaf, err := x509.ParseCertificate(der)
				if err != nil {
					t.Fatal(err)
				}
				if !test.check(leaf.PublicKey) || !test.check(c.Signer().Public()) {
					t.Errorf("key %T", leaf.PublicKey)
				}
				if err := leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature); err != nil ||
					leaf.SignatureAlgorithm != test.signature {
					t.Errorf("signature %v: %v", leaf.SignatureAlgorithm, err)
				}
				if from, until := now.Sub(leaf.NotBefore), leaf.NotAfter.Sub(now); from != 24*time.Hour || until != 30*24*time.Hour {
					t.Errorf("valid from %v ago for %v", from, until)
				}
				if !c.NotAfter().Equal(leaf.NotAfter) {
					t.Errorf("NotAfter %v, want %v", c.NotAfter(), leaf.NotAfter)
				}
				if leaf.Subject.String() != "CN=WebRTC" || leaf.Issuer.String() != "CN=WebRTC" || len(leaf.Extensions) != 0 {
					t.Errorf("subject %v, issuer %v, %d extensions", leaf.Subject, leaf.Issuer, len(leaf.Extensions))
				}
				if leaf.SerialNumber.BitLen() != 127 {
					t.Errorf("serial number of %d bits", leaf.SerialNumber.BitLen())
				}
				if len(der) > test.maxSize {
					t.Errorf("%d bytes, want at most %d", len(der), test.maxSize)
				}
				if set := c.Fingerprints(); len(set) != 1 || set[0] != c.Fingerprint() || set.Verify(der) != nil {
					t.Errorf("fingerprints %v", set)
				}
			})
		})
	}
}

func TestGenerateRefusesAnUnknownKeyType(t *testing.T) {
	if c, err := Generate(99); c != nil || !errors.Is(err, ErrKey) {
		t.Errorf("%v, %v", c, err)
	}
	if got := fmt.Sprint(KeyType(99)); got != "KeyType(99)" {
		t.Error(got)
	}
}

// FP-13: whoever knows the key and the second still cannot tell the bytes. Ed25519 signs without randomness, so only the
// serial number can make the difference.
func TestGeneratedCertificatesCannotBeGuessed(t *testing.T) {
	key, err := generateKey(Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1_750_000_000, 0)
	seen := map[Fingerprint]bool{}
	bitsSet, bitsClear := make([]byte, 16), bytes.Repeat([]byte{0xff}, 16)
	for range 64 {
		c, err := selfSign(key, now)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(c.Chain()[0])
		if err != nil {
			t.Fatal(err)
		}
		seen[c.Fingerprint()] = true
		serial := leaf.SerialNumber.FillBytes(make([]byte, 16))
		for i, b := range serial {
			bitsSet[i] |= b
			bitsClear[i] &= b
		}
	}
	if len(seen) != 64 {
		t.Errorf("%d different certificates of 64", len(seen))
	}
	// Every bit but the two fixed ones was seen with both values: missing one has a chance of 126 * 2 / 2^64.
	if bitsClear[0] != 0x40 || bitsSet[0] != 0x7f {
		t.Errorf("first byte of the serial number: always %02x, ever %02x", bitsClear[0], bitsSet[0])
	}
	for i := 1; i < 16; i++ {
		if bitsSet[i] != 0xff || bitsClear[i] != 0 {
			t.Errorf("byte %d of the serial number: always %02x, ever %02x", i, bitsClear[i], bitsSet[i])
		}
	}
}

func BenchmarkGenerate(b *testing.B) {
	for _, kind := range []KeyType{ECDSAP256, ECDSAP384, RSA2048, Ed25519} {
		b.Run(kind.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				mustGenerate(b, kind)
			}
		})
	}
}

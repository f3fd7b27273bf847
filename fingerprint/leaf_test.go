package fingerprint

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"math/big"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/interop/oddcert"
)

func TestOddCertificatesCanBeOurOwn(t *testing.T) { // FP-12
	for _, odd := range oddcert.All() {
		c, err := New(odd.Signer, odd.Chain...)
		if err != nil {
			t.Errorf("%s: %v", odd.Name, err)
			continue
		}
		if err := c.Fingerprints().Verify(odd.Chain[0]); err != nil {
			t.Errorf("%s: %v", odd.Name, err)
		}
		text, err := c.MarshalPEM()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := ParsePEM(text); err != nil || again.Fingerprint() != c.Fingerprint() || !bytes.Equal(again.Chain()[0], c.Chain()[0]) {
			t.Errorf("%s: stored and read again: %v", odd.Name, err)
		}
		// What package x509 can read, it reads alike.
		if leaf, err := x509.ParseCertificate(odd.Chain[0]); err == nil && !leaf.NotAfter.Equal(c.NotAfter()) {
			t.Errorf("%s: expires %v, want %v", odd.Name, c.NotAfter(), leaf.NotAfter)
		}
	}
}

func TestLeavesAreReadAsPackageX509ReadsThem(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for algorithm, test := range map[x509.SignatureAlgorithm]struct {
		key  crypto.Signer
		hash Hash
	}{
		x509.ECDSAWithSHA256: {ecKey, ""}, x509.ECDSAWithSHA384: {ecKey, SHA384}, x509.ECDSAWithSHA512: {ecKey, SHA512},
		x509.SHA256WithRSA: {rsaKey, ""}, x509.SHA384WithRSA: {rsaKey, SHA384}, x509.SHA512WithRSA: {rsaKey, SHA512},
		x509.SHA256WithRSAPSS: {rsaKey, ""}, x509.SHA384WithRSAPSS: {rsaKey, SHA384}, x509.SHA512WithRSAPSS: {rsaKey, SHA512},
	} {
		for _, until := range []time.Time{time.Date(2049, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)} { // UTCTime, GeneralizedTime
			template := &x509.Certificate{SerialNumber: big.NewInt(7), NotBefore: until.AddDate(-1, 0, 0), NotAfter: until, SignatureAlgorithm: algorithm}
			der, err := x509.CreateCertificate(rand.Reader, template, template, test.key.Public(), test.key)
			if err != nil {
				t.Fatal(err)
			}
			got, err := parseLeaf(der)
			if err != nil {
				t.Fatal(err)
			}
			if got.hash != test.hash || !got.notAfter.Equal(until) || !got.key.(interface{ Equal(crypto.PublicKey) bool }).Equal(test.key.Public()) {
				t.Errorf("%v: %+v", algorithm, got)
			}
		}
	}
}

func FuzzParseLeaf(f *testing.F) {
	for _, odd := range oddcert.All() {
		f.Add(odd.Chain[0])
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		got, err := parseLeaf(der)
		want, errX509 := x509.ParseCertificate(der)
		switch {
		case errX509 != nil:
		case err != nil:
			if want.PublicKey != nil {
				t.Errorf("%v, though package x509 reads it", err)
			}
		case !got.notAfter.Equal(want.NotAfter):
			t.Errorf("expires %v, want %v", got.notAfter, want.NotAfter)
		}
	})
}

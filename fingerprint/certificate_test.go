package fingerprint

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
)

func mustGenerate(t testing.TB, kind KeyType) *Certificate {
	t.Helper()
	c, err := Generate(kind)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A vault signs with a key that it does not give away, like a hardware module.
type vault struct{ key crypto.Signer }

func (v vault) Public() crypto.PublicKey { return v.key.Public() }

func (v vault) Sign(r io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	return v.key.Sign(r, digest, o)
}

func TestNewWrapsAnySigner(t *testing.T) {
	inner := mustGenerate(t, ECDSAP256)
	c, err := New(vault{inner.Signer()}, inner.Chain()...)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("handshake"))
	signature, err := c.Signer().Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil || !ecdsa.VerifyASN1(inner.Signer().Public().(*ecdsa.PublicKey), digest[:], signature) {
		t.Errorf("the signature does not verify: %v", err)
	}
	if c.Fingerprint() != inner.Fingerprint() || !c.NotAfter().Equal(inner.NotAfter()) {
		t.Error("the wrapped certificate is another one")
	}
	if text, err := c.MarshalPEM(); text != nil || !errors.Is(err, ErrKey) {
		t.Errorf("MarshalPEM of a key that stays where it is: %q, %v", text, err)
	}
}

func TestNewRefuses(t *testing.T) { // CERT-05
	p256, other := mustGenerate(t, ECDSAP256), mustGenerate(t, ECDSAP256)
	ed := mustGenerate(t, Ed25519)
	leaf := p256.Chain()[0]
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey := func(bits int) crypto.Signer { // only its size is looked at
		n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
		return vault{publicOnly{&rsa.PublicKey{N: n, E: 65537}}}
	}
	for _, test := range []struct {
		name   string
		signer crypto.Signer
		chain  [][]byte
		want   error
	}{
		{"no chain", p256.Signer(), nil, ErrNoCertificate},
		{"eleven certificates", p256.Signer(), slices.Repeat(p256.Chain(), 11), ErrBadCertificate},
		{"no signer", nil, [][]byte{leaf}, ErrKey},
		{"empty leaf", p256.Signer(), [][]byte{{}}, ErrBadCertificate},
		{"empty second certificate", p256.Signer(), [][]byte{leaf, nil}, ErrBadCertificate},
		{"huge second certificate", p256.Signer(), [][]byte{leaf, make([]byte, 1<<16)}, ErrBadCertificate},
		{"no DER", p256.Signer(), [][]byte{[]byte("-----BEGIN CERTIFICATE-----")}, ErrBadCertificate},
		{"cut leaf", p256.Signer(), [][]byte{leaf[:len(leaf)-1]}, ErrBadCertificate},
		{"trailing byte", p256.Signer(), [][]byte{append(bytes.Clone(leaf), 0)}, ErrBadCertificate},
		{"key of another certificate", other.Signer(), [][]byte{leaf}, ErrKey},
		{"key of another kind", ed.Signer(), [][]byte{leaf}, ErrKey},
		{"another Ed25519 key", mustGenerate(t, Ed25519).Signer(), ed.Chain(), ErrKey},
		{"chain in the wrong order", other.Signer(), [][]byte{leaf, other.Chain()[0]}, ErrKey},
		{"P-224", p224, [][]byte{leaf}, ErrKey},
		{"RSA of 2047 bits", rsaKey(2047), [][]byte{leaf}, ErrKey},
		{"RSA of 8193 bits", rsaKey(8193), [][]byte{leaf}, ErrKey}, // CERT-01
		{"RSA of 2048 bits, not the leaf's", rsaKey(2048), [][]byte{leaf}, ErrKey},
		{"unknown kind of key", vault{publicOnly{"a string"}}, [][]byte{leaf}, ErrKey},
	} {
		if c, err := New(test.signer, test.chain...); c != nil || !errors.Is(err, test.want) {
			t.Errorf("%s: %v, %v, want %v", test.name, c, err, test.want)
		}
	}
	if _, err := New(p224, leaf); !strings.Contains(err.Error(), "curve") {
		t.Errorf("P-224: %v", err)
	}
	for _, bits := range []int{2047, 8193} { // they are refused for the size, not because they are not the leaf's
		if _, err := New(rsaKey(bits), leaf); !strings.Contains(err.Error(), fmt.Sprintf("%d bits", bits)) {
			t.Errorf("RSA of %d bits: %v", bits, err)
		}
	}
}

// A publicOnly key cannot sign; nothing in New does.
type publicOnly struct{ key crypto.PublicKey }

func (p publicOnly) Public() crypto.PublicKey { return p.key }

func (publicOnly) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("no private key")
}

func TestCertificateDoesNotChangeWithItsArguments(t *testing.T) {
	inner := mustGenerate(t, ECDSAP256)
	der := bytes.Clone(inner.Chain()[0])
	second := []byte("not looked at")
	chain := [][]byte{der, second}
	c, err := New(inner.Signer(), chain...)
	if err != nil {
		t.Fatal(err)
	}
	clear(der)
	clear(second)
	clear(chain)
	if len(c.Chain()) != 2 || !bytes.Equal(c.Chain()[0], inner.Chain()[0]) || string(c.Chain()[1]) != "not looked at" {
		t.Error("New kept its arguments")
	}
	c.Fingerprints()[0] = Fingerprint{}
	if c.Fingerprint() != inner.Fingerprint() {
		t.Error("Fingerprints returned the inside of the certificate")
	}
}

func TestFingerprintIsOfTheLeaf(t *testing.T) { // FP-02
	inner, victim := mustGenerate(t, ECDSAP256), mustGenerate(t, ECDSAP256)
	c, err := New(inner.Signer(), inner.Chain()[0], victim.Chain()[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range preference {
		got, err := c.FingerprintWith(h)
		want, _ := Of(h, inner.Chain()[0])
		if err != nil || got != want {
			t.Errorf("%s: %v, %v, want %v", h, got, err, want)
		}
	}
	if own, _ := Of(SHA256, c.Chain()[0]); c.Fingerprint() != own {
		t.Errorf("%v, want %v", c.Fingerprint(), own)
	}
	if _, err := c.FingerprintWith("sha-1"); !errors.Is(err, ErrUnusableHash) {
		t.Errorf("sha-1: %v", err)
	}
	// The other side of it: the chain [attacker's leaf, victim's certificate] is judged by its leaf.
	if err := victim.Fingerprints().Verify(c.Chain()[0]); !errors.Is(err, ErrMismatch) {
		t.Errorf("the attacker's leaf: %v", err)
	}
}

// FP-11
func TestSwappedCertificateIsRefused(t *testing.T) {
	for _, kind := range []KeyType{ECDSAP256, ECDSAP384, Ed25519} {
		signalled, swapped := mustGenerate(t, kind), mustGenerate(t, kind)
		set := mustParseSet(t, signalled.Fingerprint().Attribute())
		if err := set.Verify(signalled.Chain()[0]); err != nil {
			t.Errorf("%v: %v", kind, err)
		}
		if err := set.Verify(swapped.Chain()[0]); !errors.Is(err, ErrMismatch) {
			t.Errorf("%v, swapped: %v", kind, err)
		}
	}
}

// FP-12, CERT-03: what a peer presents is judged by its hash and nothing else.
func TestWeirdCertificatesAreJudgedByHashAlone(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	make509 := func(from, until time.Time) []byte {
		template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: until}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	now := time.Now()
	expired, future := make509(now.AddDate(-9, 0, 0), now.AddDate(-8, 0, 0)), make509(now.AddDate(8, 0, 0), now.AddDate(9, 0, 0))
	v1 := readPEM(t, "testdata/openssl-v1-sec1.pem").Chain()[0]
	for name, der := range map[string][]byte{
		"expired":                    expired,
		"not yet valid":              future,
		"ends before it starts":      make509(now, now.AddDate(-1, 0, 0)),
		"version 1":                  v1,
		"broken signature":           append(bytes.Clone(expired[:len(expired)-1]), ^expired[len(expired)-1]),
		"cut, so that no X.509":      expired[:40],
		"no DER at all":              []byte("certificate"),
		"one byte":                   {0},
		"a length of four gigabytes": {0x30, 0x84, 0xff, 0xff, 0xff, 0xff},
		"64 KiB of nested sequences": bytes.Repeat([]byte{0x30, 0x80}, 1<<15),
	} {
		own, err := Of(SHA256, der)
		if err != nil {
			t.Fatal(err)
		}
		if err := (Set{own}).Verify(der); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := (Set{own}).Verify(append(bytes.Clone(der), 0)); !errors.Is(err, ErrMismatch) {
			t.Errorf("%s and a byte: %v", name, err)
		}
	}
	for name, der := range map[string][]byte{"expired": expired, "not yet valid": future} {
		if _, err := New(key, der); err != nil { // our own, too: the application knows
			t.Errorf("New of an own certificate that is %s: %v", name, err)
		}
	}
}

func TestPrintingACertificateDoesNotPrintItsKey(t *testing.T) {
	c := mustGenerate(t, ECDSAP256)
	want := "certificate " + c.Fingerprint().String()
	for _, got := range []string{
		fmt.Sprint(c), fmt.Sprint(*c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), fmt.Sprintf("%#v", *c),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if got := fmt.Sprint(Certificate{}); got != "no certificate" {
		t.Error(got)
	}
}

func FuzzNew(f *testing.F) {
	key := mustGenerate(f, Ed25519)
	f.Add(key.Chain()[0])
	f.Add(mustGenerate(f, ECDSAP256).Chain()[0])
	f.Add(mustGenerate(f, RSA2048).Chain()[0])
	f.Add([]byte{0x30, 0x82, 0xff, 0xff})
	public := key.Signer().Public().(ed25519.PublicKey)
	f.Fuzz(func(t *testing.T, der []byte) {
		c, err := New(key.Signer(), der)
		if err != nil {
			if c != nil || !errors.Is(err, ErrBadCertificate) && !errors.Is(err, ErrKey) {
				t.Fatalf("%v, %v", c, err)
			}
			return
		}
		if !bytes.Contains(der, public) {
			t.Fatal("accepted for a key that is not in it")
		}
		if err := c.Fingerprints().Verify(der); err != nil {
			t.Fatal(err)
		}
	})
}

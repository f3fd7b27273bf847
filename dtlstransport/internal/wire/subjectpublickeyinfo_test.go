package wire

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// selfSigned returns a certificate in DER.
func selfSigned(t testing.TB, template *x509.Certificate, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// must returns v, for keys whose generation cannot fail here.
func must[V any](v V, err error) V {
	if err != nil {
		panic(err)
	}
	return v
}

func TestSubjectPublicKeyInfoIsTheOneThatX509Finds(t *testing.T) {
	_, ed25519Key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	templates := map[string]*x509.Certificate{
		"plain": {SerialNumber: big.NewInt(1), NotBefore: time.Unix(1, 0), NotAfter: time.Unix(1e9, 0)},
		"full": {
			SerialNumber: new(big.Int).Lsh(big.NewInt(0x7f), 150), Subject: pkix.Name{CommonName: strings.Repeat("x", 200), Country: []string{"FI"}},
			NotBefore: time.Unix(1, 0), NotAfter: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC), // behind 2049 it is a GeneralizedTime
			DNSNames: []string{"example.org"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature,
		},
	}
	for name, key := range map[string]crypto.Signer{
		"P-224":   must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader)),
		"P-256":   must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
		"P-384":   must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)),
		"P-521":   must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)),
		"RSA":     must(rsa.GenerateKey(rand.Reader, 2048)),
		"Ed25519": ed25519Key,
	} {
		for kind, template := range templates {
			checkSubjectPublicKeyInfo(t, name+" "+kind, selfSigned(t, template, key))
		}
	}
}

// certificateParts are the fields of a certificate as DER elements, for building odd ones.
type certificateParts struct {
	version, serial, algorithm, issuer, validity, subject, spki, rest, signature []byte
}

// parts returns a good certificate in parts.
func parts(t testing.TB) certificateParts {
	t.Helper()
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	spki := must(x509.MarshalPKIXPublicKey(key.Public()))
	empty := []byte{0x30, 0}
	return certificateParts{
		version: []byte{0xa0, 3, 2, 1, 2}, serial: []byte{2, 1, 1}, algorithm: empty, issuer: empty, validity: empty, subject: empty,
		spki: spki, signature: []byte{3, 1, 0},
	}
}

func (p certificateParts) der() []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, part := range [][]byte{p.version, p.serial, p.algorithm, p.issuer, p.validity, p.subject, p.spki, p.rest} {
				b.AddBytes(part)
			}
		})
		b.AddBytes(p.algorithm)
		b.AddBytes(p.signature)
	})
	return b.BytesOrPanic()
}

func TestSubjectPublicKeyInfoDoesNotLookAtTheRestOfTheCertificate(t *testing.T) {
	for name, change := range map[string]func(p *certificateParts){
		"version 1, unsaid":           func(p *certificateParts) { p.version = nil },
		"version 9":                   func(p *certificateParts) { p.version = []byte{0xa0, 3, 2, 1, 8} },
		"negative serial number":      func(p *certificateParts) { p.serial = []byte{2, 1, 0x80} },
		"serial number of 40 bytes":   func(p *certificateParts) { p.serial = append([]byte{2, 40}, make([]byte, 40)...) },
		"no dates":                    func(p *certificateParts) { p.validity = []byte{0x30, 2, 5, 0} },
		"bad dates":                   func(p *certificateParts) { p.validity = []byte{0x30, 5, 0x17, 3, 'n', 'o', 'w'} },
		"name with a bad string":      func(p *certificateParts) { p.subject = []byte{0x30, 3, 0x13, 1, 0xff} },
		"garbage extensions":          func(p *certificateParts) { p.rest = []byte{0xa3, 2, 0xff, 0xff} },
		"no signature":                func(p *certificateParts) { p.signature = nil },
		"unknown signature algorithm": func(p *certificateParts) { p.algorithm = []byte{0x30, 3, 6, 1, 0x7f} },
	} {
		p := parts(t)
		change(&p)
		der := p.der()
		if _, err := x509.ParseCertificate(der); err == nil {
			t.Errorf("%s: crypto/x509 accepts it, so the case shows nothing", name)
		}
		spki, err := SubjectPublicKeyInfo(der)
		if err != nil || !bytes.Equal(spki, p.spki) {
			t.Errorf("%s: %x, %v", name, spki, err)
		}
	}
}

func TestIssuerIsTheOneThatX509Finds(t *testing.T) {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root", Country: []string{"FI"}}, IsCA: true, BasicConstraintsValid: true}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "leaf"}}
	der, err := x509.CreateCertificate(rand.Reader, leaf, root, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	want := must(x509.ParseCertificate(der)).RawIssuer
	if got, err := Issuer(der); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%x, %v, want %x", got, err, want)
	}
	for i := range der {
		if _, err := Issuer(der[:i]); !errors.Is(err, ErrDecode) {
			t.Fatalf("%d of %d bytes: %v, want ErrDecode", i, len(der), err)
		}
	}
}

func TestWhatIsNoCertificateHasNoSubjectPublicKeyInfo(t *testing.T) { // CERT-03
	for name, change := range map[string]func(p *certificateParts){
		"no serial number":  func(p *certificateParts) { p.serial = nil },
		"no subject":        func(p *certificateParts) { p.subject = nil; p.spki = nil },
		"no key":            func(p *certificateParts) { p.spki = nil },
		"key in a SET":      func(p *certificateParts) { p.spki[0] = 0x31 },
		"serial is a NULL":  func(p *certificateParts) { p.serial = []byte{5, 0} },
		"two versions":      func(p *certificateParts) { p.version = append(p.version, p.version...) },
		"indefinite length": func(p *certificateParts) { p.issuer = []byte{0x30, 0x80, 0, 0} },
		"length overflow":   func(p *certificateParts) { p.issuer = []byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff} },
	} {
		p := parts(t)
		change(&p)
		if spki, err := SubjectPublicKeyInfo(p.der()); !errors.Is(err, ErrDecode) || spki != nil {
			t.Errorf("%s: %x, %v; want ErrDecode", name, spki, err)
		}
	}
	der := parts(t).der()
	for n := range der {
		if _, err := SubjectPublicKeyInfo(der[:n]); !errors.Is(err, ErrDecode) {
			t.Errorf("%d of %d bytes: %v, want ErrDecode", n, len(der), err)
		}
	}
	if _, err := SubjectPublicKeyInfo(append(der, 0)); !errors.Is(err, ErrDecode) {
		t.Errorf("trailing byte: %v, want ErrDecode", err)
	}
}

func FuzzSubjectPublicKeyInfo(f *testing.F) {
	for _, path := range fixtures(f, "*-client-flight5.hex") {
		m, err := ParseCertificate(firstMessage(f, strings.TrimSuffix(filepath.Base(path), ".hex"), TypeCertificate))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(m.Chain[0])
	}
	f.Add(parts(f).der())
	f.Fuzz(func(t *testing.T, der []byte) {
		spki, err := SubjectPublicKeyInfo(der)
		if err != nil {
			checkError(t, err)
		} else if !bytes.Contains(der, spki) || len(spki) < 2 || spki[0] != 0x30 {
			t.Errorf("%x is not an element of %x", spki, der)
		}
		// What crypto/x509 accepts has the key that it finds.
		if cert, x509Err := x509.ParseCertificate(der); x509Err == nil && (err != nil || !bytes.Equal(spki, cert.RawSubjectPublicKeyInfo)) {
			t.Errorf("%x, %v; x509 says %x", spki, err, cert.RawSubjectPublicKeyInfo)
		}
	})
}

package fingerprint

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"strings"
	"testing"
)

func readPEM(t testing.TB, name string) *Certificate {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	c, err := ParsePEM(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return c
}

// The files are from OpenSSL 3.0.19 (ecparam, genrsa -traditional, genpkey, req -x509, x509 -req), the values from
// "openssl x509 -fingerprint".
func TestFilesOfOpenSSLAreRead(t *testing.T) { // FP-16
	for _, test := range []struct {
		file         string
		chain        int
		fingerprints []string // what RFC 8122, Section 5.1, wants signalled
	}{
		{"openssl-v1-sec1.pem", 1, []string{
			"sha-256 23:54:73:4E:28:DB:1C:F4:85:3B:EB:C4:E7:73:B1:FC:88:14:57:17:A1:B7:32:27:A6:A3:C7:3C:29:48:1D:9B",
		}},
		{"openssl-rsa-sha512-pkcs1.pem", 1, []string{
			"sha-256 A8:A1:02:E0:DA:75:3C:C9:03:BE:2D:BB:5C:2C:D8:4F:2E:97:00:9B:1C:FD:53:C3:3C:99:A7:77:36:7F:D6:86",
			"sha-512 63:B1:F1:1D:63:50:65:68:B8:32:95:43:BE:DF:33:25:C5:0F:B0:B1:30:44:32:2D:E4:CC:DE:F2:68:6F:0A:A3:54:" +
				"14:3F:27:46:86:44:B4:BE:D2:3D:3C:6B:7D:C0:F8:2C:F7:1D:0B:90:3F:F6:0D:59:F6:AB:77:B2:D5:FF:5B",
		}},
		{"openssl-p384-sha384-chain.pem", 2, []string{
			"sha-256 9D:36:78:21:25:80:55:6E:FE:B8:DD:95:4E:99:43:4E:EC:04:07:F9:A2:F0:21:6F:A5:A8:F8:8C:90:11:54:D6",
			"sha-384 17:2E:AB:ED:66:6B:E4:7D:41:21:EA:9F:99:0A:16:4B:66:20:7A:EA:F2:58:AD:60:75:C4:18:81:99:45:E1:9B:C2:" +
				"11:A6:AB:89:9D:F5:BF:D2:FC:BF:6D:9D:08:43:1B",
		}},
		{"openssl-ed25519.pem", 1, []string{
			"sha-256 FF:E4:3A:34:1E:D3:AB:77:6B:E1:95:93:5C:82:1C:AC:A5:90:61:6E:4B:8F:84:56:2C:38:6E:1E:9D:58:67:0D",
		}},
	} {
		c := readPEM(t, "testdata/"+test.file)
		var got []string
		for _, f := range c.Fingerprints() {
			got = append(got, f.String())
		}
		if strings.Join(got, "\n") != strings.Join(test.fingerprints, "\n") || len(c.Chain()) != test.chain {
			t.Errorf("%s: %d certificates, fingerprints\n%s", test.file, len(c.Chain()), strings.Join(got, "\n"))
		}
		if err := mustParseSet(t, test.fingerprints...).Verify(c.Chain()[0]); err != nil {
			t.Errorf("%s: %v", test.file, err)
		}
	}
}

func TestStoredCertificateComesBackTheSame(t *testing.T) {
	certificates := []*Certificate{readPEM(t, "testdata/openssl-p384-sha384-chain.pem")}
	for _, kind := range []KeyType{ECDSAP256, ECDSAP384, RSA2048, Ed25519} {
		certificates = append(certificates, mustGenerate(t, kind))
	}
	for _, c := range certificates {
		text, err := c.MarshalPEM()
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParsePEM(text)
		if err != nil {
			t.Fatal(err)
		}
		if back.Fingerprint() != c.Fingerprint() || len(back.Chain()) != len(c.Chain()) || !back.NotAfter().Equal(c.NotAfter()) {
			t.Errorf("%v came back as %v", c, back)
		}
		for i := range c.Chain() {
			if !bytes.Equal(back.Chain()[i], c.Chain()[i]) {
				t.Errorf("%v: certificate %d differs", c, i)
			}
		}
		if key := back.Signer().(interface{ Equal(crypto.PrivateKey) bool }); !key.Equal(c.Signer()) {
			t.Errorf("%v came back with another key", c)
		}
		again, err := back.MarshalPEM()
		if err != nil || !bytes.Equal(again, text) {
			t.Errorf("%v is stored differently the second time", c)
		}
	}
}

func TestParsePEMRefuses(t *testing.T) {
	c := mustGenerate(t, ECDSAP256)
	text, err := c.MarshalPEM()
	if err != nil {
		t.Fatal(err)
	}
	other, err := mustGenerate(t, ECDSAP256).MarshalPEM()
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(text, []byte("-----BEGIN PRIVATE"))
	certificate, key := text[:at], text[at:]
	otherKey := other[bytes.Index(other, []byte("-----BEGIN PRIVATE")):]
	encrypted, err := os.ReadFile("testdata/openssl-encrypted.pem")
	if err != nil {
		t.Fatal(err)
	}
	exchange, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cannotSign, err := x509.MarshalPKCS8PrivateKey(exchange)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, b []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}) }
	for _, test := range []struct {
		name string
		text []byte
		want error
		says string
	}{
		{"nothing", nil, ErrNoCertificate, ""},
		{"no PEM", []byte("certificate"), ErrNoCertificate, ""},
		{"key alone", key, ErrNoCertificate, ""},
		{"certificate alone", certificate, ErrKey, "none"},
		{"key of another", bytes.Join([][]byte{certificate, otherKey}, nil), ErrKey, "not the key"},
		{"two keys", bytes.Join([][]byte{text, otherKey}, nil), ErrKey, "more than one"},
		{"encrypted key", encrypted, ErrKey, "encrypted"},
		{"broken PKCS#8", bytes.Join([][]byte{certificate, block("PRIVATE KEY", []byte("secret"))}, nil), ErrKey, "unreadable"},
		{"broken SEC 1", bytes.Join([][]byte{certificate, block("EC PRIVATE KEY", []byte("secret"))}, nil), ErrKey, "unreadable"},
		{"broken PKCS#1", bytes.Join([][]byte{certificate, block("RSA PRIVATE KEY", []byte("secret"))}, nil), ErrKey, "unreadable"},
		{"a key that cannot sign", bytes.Join([][]byte{certificate, block("PRIVATE KEY", cannotSign)}, nil), ErrKey, "cannot sign"},
		{"broken certificate", bytes.Join([][]byte{block("CERTIFICATE", []byte("x")), key}, nil), ErrBadCertificate, ""},
		{"eleven certificates", bytes.Join([][]byte{bytes.Repeat(certificate, 11), key}, nil), ErrBadCertificate, ""},
		{"a megabyte", append(bytes.Repeat([]byte("\n"), 1<<20), text...), ErrBadCertificate, ""},
	} {
		c, err := ParsePEM(test.text)
		if c != nil || !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, %v, want %v, %q", test.name, c, err, test.want, test.says)
		}
	}
	for name, text := range map[string][]byte{
		"key first":       bytes.Join([][]byte{key, certificate}, nil),
		"other blocks":    bytes.Join([][]byte{block("EC PARAMETERS", []byte{5, 0}), key, block("X", nil), certificate}, nil),
		"ten certificate": bytes.Join([][]byte{key, bytes.Repeat(certificate, 10)}, nil),
		"text around":     bytes.Join([][]byte{[]byte("# key\n"), key, []byte("\nand certificate\n"), certificate, []byte("\nend")}, nil),
		"CRLF":            bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")),
	} {
		if back, err := ParsePEM(text); err != nil || back.Fingerprint() != c.Fingerprint() {
			t.Errorf("%s: %v, %v", name, back, err)
		}
	}
}

func FuzzParsePEM(f *testing.F) {
	for _, name := range []string{"openssl-v1-sec1.pem", "openssl-p384-sha384-chain.pem", "openssl-ed25519.pem", "openssl-encrypted.pem"} {
		text, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ParsePEM(text)
		if err != nil {
			if c != nil || !errors.Is(err, ErrNoCertificate) && !errors.Is(err, ErrBadCertificate) && !errors.Is(err, ErrKey) {
				t.Fatalf("%v, %v", c, err)
			}
			return
		}
		stored, err := c.MarshalPEM()
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParsePEM(stored)
		if err != nil || back.Fingerprint() != c.Fingerprint() {
			t.Fatalf("%v came back as %v, %v", c, back, err)
		}
	})
}

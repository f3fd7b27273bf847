package dtlstransport

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// A keyOfKind is a certificate with a key of some kind, and the scheme that it
// signs with for a peer that has them all.
type keyOfKind struct {
	name        string
	certificate *fingerprint.Certificate
	scheme      SignatureScheme
}

// certified returns a certificate for a key.
func certified(t *testing.T, key crypto.Signer) *fingerprint.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := fingerprint.New(key, der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// testKeys returns one of each kind of key that we take.
func testKeys(t *testing.T) []keyOfKind {
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys := []keyOfKind{
		{"P-256", testCertificate(t, fingerprint.ECDSAP256), ECDSAP256SHA256},
		{"P-384", testCertificate(t, fingerprint.ECDSAP384), ECDSAP384SHA384},
		{"P-521", certified(t, p521), ECDSAP521SHA512},
		{"Ed25519", testCertificate(t, fingerprint.Ed25519), Ed25519Scheme},
		{"RSA 2048", testCertificate(t, fingerprint.RSA2048), RSAPSSRSAESHA256},
	}
	rest, err := os.ReadFile("testdata/rsa.pem") // made once: large ones take a minute
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"RSA 3072", "RSA 4096", "RSA 8192"} {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, keyOfKind{name, certified(t, key.(crypto.Signer)), RSAPSSRSAESHA256})
	}
	return keys
}

func TestEveryKindOfKeyServesBothSides(t *testing.T) {
	keys := testKeys(t)
	for i, own := range keys {
		peer := keys[(i+1)%len(keys)]
		t.Run(own.name+" and "+peer.name, func(t *testing.T) {
			config := func(own, peer keyOfKind) *Config {
				return &Config{Certificates: []*fingerprint.Certificate{own.certificate}, RemoteFingerprints: fingerprint.Set{peer.certificate.Fingerprint()}}
			}
			s := newScene(t, config(own, peer), config(peer, own), netsim.Config{Delay: sceneDelay})
			s.connect()
			s.checkTraffic(t)
			state := s.client.ConnectionState()
			if state.ClientScheme != own.scheme || state.ServerScheme != peer.scheme || !bytes.Equal(state.PeerCertificates[0], peer.certificate.Chain()[0]) {
				t.Errorf("client signed with %v, server with %v", state.ClientScheme, state.ServerScheme)
			}
			for _, e := range []*end{s.client, s.server} {
				if e.largest > DefaultMaxDatagramSize {
					t.Errorf("%s sent a datagram of %d bytes", e.name, e.largest)
				}
			}
		})
	}
}

func TestKeysAgreeOnEveryGroup(t *testing.T) {
	for _, info := range Groups() {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		// A server may have no certificate on the curve that keys are agreed on with.
		client.Groups, server.Groups = []Group{info.Group, Secp256r1}, []Group{info.Group}
		s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
		s.connect()
		if got := s.client.ConnectionState().Group; got != info.Group {
			t.Errorf("%v, want %v", got, info.Group)
		}
	}
}

func TestAP521CertificateIsNotShownToAClientWithoutTheCurve(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	p256 := server.Certificates[0]
	server.Certificates = []*fingerprint.Certificate{certified(t, key), p256}
	client.Groups = []Group{X25519, Secp256r1}
	newScene(t, client, server, netsim.Config{Delay: sceneDelay}).connect() // which knows the other by its fingerprint
}

func TestRSAKeysOutOfBoundsAreRefused(t *testing.T) { // CERT-01
	for _, bits := range []int{1024, 2047, 8193, 16384} {
		if _, err := keyTypeOf(rsaOf(bits)); err == nil {
			t.Errorf("RSA of %d bits is accepted", bits)
		}
	}
	for _, bits := range []int{2048, 8192} {
		if k, err := keyTypeOf(rsaOf(bits)); err != nil || k != keyRSA {
			t.Errorf("RSA of %d bits: %v", bits, err)
		}
	}
	if _, err := keyTypeOf("no key"); err == nil || errors.Is(err, errSignature) {
		t.Errorf("no key: %v", err)
	}
}

// rsaOf returns a public key of which only the size is right.
func rsaOf(bits int) *rsa.PublicKey {
	return &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), uint(bits-1)), E: 65537}
}

package dtlstransport

import (
	"crypto/dsa" //lint:ignore SA1019 nobody else makes keys that have to be refused
	"crypto/rsa"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

func TestASignatureHasTheHashThatFitsItsKey(t *testing.T) {
	only256 := []uint16{uint16(ECDSAP256SHA256), uint16(RSAPKCS1SHA256)}
	for _, c := range []struct {
		key  fingerprint.KeyType
		peer []uint16
		want SignatureScheme // zero: none
	}{
		{fingerprint.ECDSAP256, defaultOffer, ECDSAP256SHA256},
		{fingerprint.ECDSAP384, defaultOffer, ECDSAP384SHA384},
		{fingerprint.ECDSAP384, only256, ECDSAP256SHA256},
		{fingerprint.ECDSAP256, []uint16{uint16(ECDSAP384SHA384)}, ECDSAP384SHA384},
		{fingerprint.RSA2048, defaultOffer, RSAPSSRSAESHA256},
		{fingerprint.RSA2048, only256, RSAPKCS1SHA256},
		{fingerprint.Ed25519, defaultOffer, Ed25519Scheme},
		{fingerprint.Ed25519, only256, 0},
	} {
		got := new(Config).schemeFor(testCertificate(t, c.key).Signer().Public(), c.peer)
		if c.want == 0 && got != nil || c.want != 0 && (got == nil || got.id != c.want) {
			t.Errorf("key type %v, peer %v: %v, want %v", c.key, c.peer, got, c.want)
		}
	}
}

func TestOnlyTheSignatureSchemesOfTheConfigAreUsed(t *testing.T) { // HS-46
	for _, test := range []struct {
		name           string
		client, server []SignatureScheme
		connects       bool
		scheme         SignatureScheme // of both
	}{
		{"default", nil, nil, true, RSAPSSRSAESHA256},
		{"the server's order", nil, []SignatureScheme{RSAPKCS1SHA384, RSAPSSRSAESHA512}, true, 0},
		{"one in common", []SignatureScheme{RSAPSSRSAESHA512, RSAPSSRSAESHA256}, []SignatureScheme{RSAPSSRSAESHA384, RSAPSSRSAESHA512}, true, RSAPSSRSAESHA512},
		{"none in common", []SignatureScheme{RSAPSSRSAESHA512}, []SignatureScheme{RSAPSSRSAESHA384}, false, 0},
	} {
		client, server := configs(t, fingerprint.RSA2048, fingerprint.RSA2048)
		client.SignatureSchemes, server.SignatureSchemes = test.client, test.server
		client.FailureGrace, server.FailureGrace = -1, -1
		p := newPair(t, client, server, netsim.Config{})
		p.start()
		p.run(time.Minute, func() bool { return p.bothConnected() || p.server.err != nil })
		if p.bothConnected() != test.connects {
			t.Errorf("%s: connected %v: %v", test.name, p.bothConnected(), p.server.err)
		}
		s := p.client.ConnectionState()
		if test.scheme != 0 && (s.ServerScheme != test.scheme || s.ClientScheme != test.scheme) {
			t.Errorf("%s: signed with %v and %v, want %v", test.name, s.ServerScheme, s.ClientScheme, test.scheme)
		}
		if test.name == "the server's order" && s.ServerScheme != RSAPKCS1SHA384 {
			t.Errorf("the server signed with %v", s.ServerScheme)
		}
	}
}

// A peer that signs with what it was not offered is refused.
func TestASignatureWithASchemeThatWasNotOfferedIsRefused(t *testing.T) { // HS-46
	for _, side := range []Role{RoleClient, RoleServer} {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		client.FailureGrace, server.FailureGrace = -1, -1
		p := newPair(t, client, server, netsim.Config{})
		own := p.client
		if side == RoleServer {
			own = p.server
		}
		p.start()
		// What was offered is on its way; from here on the end takes something else.
		restricted := *own.config
		restricted.SignatureSchemes = []SignatureScheme{ECDSAP384SHA384}
		if side == RoleServer {
			p.run(time.Minute, func() bool { return p.server.datagrams == 1 })
		}
		own.config = &restricted
		p.run(time.Minute, func() bool { return own.err != nil || p.bothConnected() })
		var a *AlertError
		if !errors.As(own.err, &a) || a.FromPeer || a.Alert != AlertIllegalParameter {
			t.Errorf("%v: %v, want illegal_parameter", side, own.err)
		}
	}
}

// The work of a verification grows with the square of the size of an RSA key, and so
// does what a stranger can make us do.
func TestKeysOfPeersHaveBounds(t *testing.T) { // CERT-01
	for bits, ok := range map[int]bool{1024: false, 2047: false, 2048: true, 3072: true, 8192: true, 8193: false, 16384: false} {
		n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
		if k, err := keyTypeOf(&rsa.PublicKey{N: n, E: 65537}); (err == nil) != ok || ok && k != keyRSA {
			t.Errorf("RSA of %d bits: %v", bits, err)
		}
	}
	for _, k := range []fingerprint.KeyType{fingerprint.ECDSAP256, fingerprint.ECDSAP384, fingerprint.Ed25519} {
		if _, err := keyTypeOf(testCertificate(t, k).Signer().Public()); err != nil {
			t.Errorf("%v: %v", k, err)
		}
	}
	if _, err := keyTypeOf(new(dsa.PublicKey)); err == nil {
		t.Error("a DSA key is accepted")
	}
}

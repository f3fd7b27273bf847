package dtlstransport

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/interop/oddcert"
)

// A certificate is what its fingerprint says, whatever else is the matter with it:
// expired, huge, unsigned (RFC 9925), or not even to be read by package crypto/x509.
func TestOddCertificatesAreJudgedByTheirFingerprintAlone(t *testing.T) { // FP-12
	for _, odd := range oddcert.All() {
		own, err := fingerprint.New(odd.Signer, odd.Chain...)
		if err != nil {
			t.Fatalf("%s: %v", odd.Name, err)
		}
		for _, side := range []Role{RoleClient, RoleServer} {
			for _, right := range []bool{true, false} {
				client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
				client.FailureGrace, server.FailureGrace = -1, -1
				has, wants := client, server
				if side == RoleServer {
					has, wants = server, client
				}
				has.Certificates = []*fingerprint.Certificate{own}
				if right {
					wants.RemoteFingerprints = own.Fingerprints()
				}
				p := newPair(t, client, server, netsim.Config{Delay: time.Millisecond})
				p.start()
				p.run(time.Minute, func() bool { return p.bothConnected() || p.client.err != nil && p.server.err != nil })
				if right != p.bothConnected() {
					t.Errorf("%v with a certificate, %s: connected %v: %v; %v", side, odd.Name, p.bothConnected(), p.client.err, p.server.err)
				}
				if !right {
					continue
				}
				judge := p.client
				if side == RoleClient {
					judge = p.server
				}
				if chain := judge.ConnectionState().PeerCertificates; len(chain) != len(odd.Chain) || !bytes.Equal(chain[len(chain)-1], odd.Chain[len(chain)-1]) {
					t.Errorf("%v with a certificate, %s: a chain of %d arrived", side, odd.Name, len(chain))
				}
			}
		}
	}
}

// The wrong one of two odd certificates with the same key is still the wrong one.
func TestTheKeyOfACertificateIsNotItsFingerprint(t *testing.T) { // FP-02
	all := oddcert.All()
	own, err := fingerprint.New(all[0].Signer, all[0].Chain...)
	if err != nil {
		t.Fatal(err)
	}
	other, err := fingerprint.New(all[1].Signer, all[1].Chain...)
	if err != nil {
		t.Fatal(err)
	}
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	client.FailureGrace, server.FailureGrace = -1, -1
	server.Certificates, client.RemoteFingerprints = []*fingerprint.Certificate{own}, other.Fingerprints()
	p := newPair(t, client, server, netsim.Config{})
	p.start()
	p.run(time.Minute, func() bool { return p.client.err != nil || p.bothConnected() })
	if !errors.Is(p.client.err, fingerprint.ErrMismatch) {
		t.Errorf("%v, want a mismatch", p.client.err)
	}
}

package dtlstransport

import (
	"testing"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// wantPresented connects and checks which certificate an end has presented.
func wantPresented(t *testing.T, s *scene, e *end, want *fingerprint.Certificate) {
	t.Helper()
	if !s.run(DefaultHandshakeTimeout, s.bothConnected) {
		t.Fatalf("not connected: client %v, server %v", s.client.err, s.server.err)
	}
	if e.certificate != want {
		t.Errorf("the %s has presented %v, want %v", e.name, e.certificate, want)
	}
}

// chooseAmong is a scene in which a side has certificates of several kinds, and
// its peer takes any.
func chooseAmong(t *testing.T, role Role, kinds []fingerprint.KeyType, change func(own, peer *Config)) (*scene, *end, []*fingerprint.Certificate) {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	own, peer := client, server
	if role == RoleServer {
		own, peer = server, client
	}
	own.Certificates = nil
	for _, k := range kinds {
		own.Certificates = append(own.Certificates, testCertificate(t, k))
	}
	peer.RemoteFingerprints, peer.VerifyPeer = nil, func([][]byte) error { return nil }
	change(own, peer)
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	if role == RoleServer {
		return s, s.server, own.Certificates
	}
	return s, s.client, own.Certificates
}

// "If the client has used a Supported Elliptic Curves Extension, the public key in
// the server's certificate MUST respect the client's choice of elliptic curves." RFC
// 8422, Section 5.3.
func TestServerPrefersACertificateOnACurveOfTheClient(t *testing.T) {
	s, server, own := chooseAmong(t, RoleServer, []fingerprint.KeyType{fingerprint.ECDSAP384, fingerprint.ECDSAP256}, func(own, peer *Config) {
		peer.Groups = []Group{X25519, Secp256r1}
	})
	s.start()
	wantPresented(t, s, server, own[1])

	// A client that names neither may still verify one: by default it is tried.
	for _, conformance := range []bool{false, true} {
		s, server, own = chooseAmong(t, RoleServer, []fingerprint.KeyType{fingerprint.ECDSAP384, fingerprint.ECDSAP256}, func(own, peer *Config) {
			peer.Groups, own.Conformance = []Group{X25519}, conformance
		})
		s.start()
		if !conformance {
			wantPresented(t, s, server, own[0])
			continue
		}
		s.run(DefaultHandshakeTimeout, func() bool { return s.server.err != nil })
		wantHandshakeError(t, "a curve that was not offered", s.server.err, AlertHandshakeFailure, false)
	}
}

func TestCertificateForItsIssuersWaitsForThem(t *testing.T) {
	kinds := []fingerprint.KeyType{fingerprint.ECDSAP384, fingerprint.ECDSAP256}
	name, err := wire.Issuer(testCertificate(t, kinds[0]).Chain()[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name        string
		authorities [][]byte
		want        int
	}{
		{"nobody is named", nil, 1},
		{"somebody else", [][]byte{{0x30, 0}}, 1},
		{"the issuer", [][]byte{{0x30, 0}, name}, 0},
	} {
		s, server, own := chooseAmong(t, RoleServer, kinds, func(own, _ *Config) {
			own.CertificateUses = map[*fingerprint.Certificate]CertificateUse{own.Certificates[0]: {MatchIssuer: true}}
		})
		s.startWith(func(m *wire.ClientHello) { m.Authorities = test.authorities }, nil)
		s.run(sceneDelay, func() bool { return s.server.certificate != nil })
		if s.server.certificate != own[test.want] {
			t.Errorf("%s: %v has presented %v", test.name, server.name, s.server.certificate)
		}

		config := s.server.config
		if got, _ := config.chooseClient(&wire.CertificateRequest{
			Types: []uint8{certTypeECDSASign}, SignatureAlgorithms: defaultOffer, Authorities: test.authorities,
		}); got != own[test.want] {
			t.Errorf("%s: a client would present %v", test.name, got)
		}
	}
}

func TestCertificateSignsOnlyWithItsSchemes(t *testing.T) {
	for _, role := range []Role{RoleClient, RoleServer} {
		s, e, own := chooseAmong(t, role, []fingerprint.KeyType{fingerprint.RSA2048}, func(own, _ *Config) {
			own.CertificateUses = map[*fingerprint.Certificate]CertificateUse{
				own.Certificates[0]: {Schemes: []SignatureScheme{ECDSAP256SHA256, RSAPKCS1SHA512, RSAPSSRSAESHA256}},
			}
		})
		s.start()
		wantPresented(t, s, e, own[0])
		state := e.ConnectionState()
		got := state.ServerScheme
		if role == RoleClient {
			got = state.ClientScheme
		}
		if got != RSAPKCS1SHA512 {
			t.Errorf("%v signed with %v", role, got)
		}
	}
}

func TestCertificateUsesAreChecked(t *testing.T) {
	for name, change := range map[string]func(c *Config){
		"a certificate that is not there": func(c *Config) {
			c.CertificateUses = map[*fingerprint.Certificate]CertificateUse{testCertificate(t, fingerprint.Ed25519): {}}
		},
		"an unknown scheme": func(c *Config) {
			c.CertificateUses = map[*fingerprint.Certificate]CertificateUse{c.Certificates[0]: {Schemes: []SignatureScheme{0x0201}}}
		},
	} {
		c, _ := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		change(c)
		if _, err := NewEngine(RoleClient, c); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

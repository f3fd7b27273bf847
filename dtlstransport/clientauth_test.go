package dtlstransport

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// Every policy of a server meets a client with and without a certificate.
func TestClientAuthSaysWhoMayBeAnybody(t *testing.T) { // HS-48, FP-08
	for _, test := range []struct {
		auth      ClientAuth
		without   bool // the client has no certificate
		connected bool
		shown     int // certificates that the server sees
	}{
		{auth: ClientAuthRequire, connected: true, shown: 1},
		{auth: ClientAuthRequire, without: true},
		{auth: InsecureClientAuthRequest, connected: true, shown: 1},
		{auth: InsecureClientAuthRequest, without: true, connected: true},
		{auth: InsecureClientAuthNone, connected: true},
		{auth: InsecureClientAuthNone, without: true, connected: true},
	} {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.RSA2048)
		server.ClientAuth = test.auth
		if test.without {
			client.Certificates, client.ClientAuth = nil, InsecureClientAuthNone
		}
		p := newPair(t, client, server, netsim.Config{Delay: time.Millisecond, MTU: 600})
		p.start()
		p.run(time.Minute, func() bool { return p.bothConnected() || p.client.err != nil && p.server.err != nil })
		if p.client.connected != test.connected || p.server.connected != test.connected {
			t.Errorf("%+v: client connected %v (%v), server %v (%v)", test, p.client.connected, p.client.err, p.server.connected, p.server.err)
			continue
		}
		if !test.connected {
			wantHandshakeError(t, "server", p.server.err, AlertHandshakeFailure, false)
			wantHandshakeError(t, "client", p.client.err, AlertHandshakeFailure, true)
			continue
		}
		if n := len(p.server.ConnectionState().PeerCertificates); n != test.shown {
			t.Errorf("%+v: server was shown %d certificates", test, n)
		}
		p.send(p.client, []byte("hello"))
		if !p.run(time.Second, func() bool { return len(p.server.received) == 1 }) {
			t.Errorf("%+v: nothing arrived", test)
		}
	}
}

// A client that shows a certificate is judged under each policy that asks.
func TestRequestedCertificateIsJudged(t *testing.T) {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	server.ClientAuth = InsecureClientAuthRequest
	client.Certificates = []*fingerprint.Certificate{testCertificate(t, fingerprint.RSA2048)}
	p := newPair(t, client, server, netsim.Config{Delay: time.Millisecond})
	p.start()
	p.run(time.Minute, func() bool { return p.server.err != nil })
	wantHandshakeError(t, "server", p.server.err, AlertBadCertificate, false)
}

func TestConfigNeedsACertificateUnlessAClientMayBeAnybody(t *testing.T) {
	for _, test := range []struct {
		role Role
		auth ClientAuth
		ok   bool
	}{
		{RoleClient, ClientAuthRequire, false},
		{RoleServer, ClientAuthRequire, false},
		{RoleServer, InsecureClientAuthNone, false},
		{RoleClient, InsecureClientAuthNone, true},
		{RoleClient, InsecureClientAuthNone + 1, false},
	} {
		if _, err := NewEngine(test.role, &Config{ClientAuth: test.auth}); (err == nil) != test.ok {
			t.Errorf("%v with ClientAuth %d and no certificate: %v", test.role, test.auth, err)
		}
	}
}

func TestSendAlertEndsBothSides(t *testing.T) {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	p := newPair(t, client, server, netsim.Config{Delay: time.Millisecond})
	p.connect()
	err := p.client.SendAlert(p.now, AlertUserCanceled)
	var raised *AlertError
	if !errors.As(err, &raised) || raised.FromPeer || raised.Alert != AlertUserCanceled {
		t.Errorf("SendAlert returned %v", err)
	}
	if again := p.client.SendAlert(p.now, AlertInternalError); again != err {
		t.Errorf("a second SendAlert returned %v, not the first error", again)
	}
	p.flush(p.client)
	p.run(time.Second, func() bool { return p.server.err != nil })
	var told *AlertError
	if !errors.As(p.server.err, &told) || !told.FromPeer || told.Alert != AlertUserCanceled {
		t.Errorf("server: %v", p.server.err)
	}
}

// The server's request says of which kinds the certificate may be, and by which
// schemes it may sign: both have to fit. Ed25519 goes by ecdsa_sign (RFC 8422,
// Section 5.5).
func TestClientShowsACertificateOfARequestedType(t *testing.T) { // HS-55
	ecdsa, rsa, ed25519 := testCertificate(t, fingerprint.ECDSAP256), testCertificate(t, fingerprint.RSA2048), testCertificate(t, fingerprint.Ed25519)
	for _, test := range []struct {
		name  string
		own   []*fingerprint.Certificate
		types []uint8
		want  *fingerprint.Certificate
	}{
		{"first of two", []*fingerprint.Certificate{rsa, ecdsa}, []uint8{certTypeECDSASign, certTypeRSASign}, rsa},
		{"rsa_sign", []*fingerprint.Certificate{ecdsa, ed25519, rsa}, []uint8{certTypeRSASign}, rsa},
		{"ecdsa_sign", []*fingerprint.Certificate{rsa, ecdsa}, []uint8{certTypeECDSASign}, ecdsa},
		{"ecdsa_sign for Ed25519", []*fingerprint.Certificate{rsa, ed25519}, []uint8{certTypeECDSASign}, ed25519},
		{"none fits", []*fingerprint.Certificate{ecdsa, ed25519}, []uint8{certTypeRSASign}, nil},
	} {
		config := &Config{Certificates: test.own}
		got, scheme := config.chooseClient(&wire.CertificateRequest{Types: test.types, SignatureAlgorithms: defaultOffer})
		if got != test.want || (scheme == nil) != (test.want == nil) {
			t.Errorf("%s: chose %v with %v", test.name, got, scheme)
		}
	}
}

// Some servers fall silent when a client has no certificate for them: the error says so.
func TestAClientWithoutCertificateSaysWhyTheServerIsSilent(t *testing.T) {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	client.Certificates, client.ClientAuth, client.HandshakeTimeout = nil, InsecureClientAuthNone, 3*time.Second
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay, Decide: func(d netsim.Direction, n int) netsim.Fate {
		return netsim.Fate{Drop: d == netsim.BtoA && n > 0} // after flight 4
	}})
	s.start()
	s.run(5*time.Second, func() bool { return s.client.err != nil })
	h, ok := errors.AsType[*HandshakeError](s.client.err)
	if !ok || !h.Timeout() || h.Elapsed > 3*time.Second || !slices.Contains(h.Hints, errNoCertificateForServer) {
		t.Errorf("the error is %v", s.client.err)
	}
}

package dtlstransport

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/keying"
)

var allKeyTypes = []fingerprint.KeyType{fingerprint.ECDSAP256, fingerprint.ECDSAP384, fingerprint.RSA2048, fingerprint.Ed25519}

var allProfiles = []keying.SRTPProfile{keying.SRTPAEADAES128GCM, keying.SRTPAEADAES256GCM, keying.SRTPAES128CMHMACSHA1_80, keying.SRTPAES128CMHMACSHA1_32}

// Each key of both sides with each suite that fits the server's and each group,
// while the SRTP profiles go round, so that each meets each suite and each
// group. SRTP-06, EXP-02, SRTP-01, SRTP-02.
func TestEveryKeySuiteGroupAndProfileConnects(t *testing.T) {
	profiles := allProfiles
	type suiteProfile struct {
		s CipherSuite
		p keying.SRTPProfile
	}
	type groupProfile struct {
		g Group
		p keying.SRTPProfile
	}
	sp, gp := map[suiteProfile]bool{}, map[groupProfile]bool{}
	for i, clientKey := range allKeyTypes {
		for j, serverKey := range allKeyTypes {
			for k, suite := range DefaultCipherSuites() {
				auth := keyECDSA
				if serverKey == fingerprint.RSA2048 {
					auth = keyRSA
				}
				if suite.info().auth != auth {
					continue
				}
				for l, group := range DefaultGroups() {
					profile := profiles[(i+j+k/2+l)%len(profiles)]
					sp[suiteProfile{suite, profile}], gp[groupProfile{group, profile}] = true, true
					t.Run(fmt.Sprint(clientKey, "/", serverKey, "/", suite, "/", group, "/", profile), func(t *testing.T) {
						matrixConnect(t, clientKey, serverKey, suite, group, profile)
					})
				}
			}
		}
	}
	if want := len(defaultCipherSuites) * len(profiles); len(sp) != want {
		t.Errorf("%d pairs of suite and profile were tried, want %d", len(sp), want)
	}
	if want := len(defaultGroups) * len(profiles); len(gp) != want {
		t.Errorf("%d pairs of group and profile were tried, want %d", len(gp), want)
	}
}

func matrixConnect(t *testing.T, clientKey, serverKey fingerprint.KeyType, suite CipherSuite, group Group, profile keying.SRTPProfile) {
	client, server := configs(t, clientKey, serverKey)
	// The client offers the suite alone; the server would take any.
	client.CipherSuites, client.Groups, client.SRTPProfiles = []CipherSuite{suite}, []Group{group}, []keying.SRTPProfile{profile}
	server.SRTPProfiles = allProfiles
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	s.connect()
	for _, e := range []*end{s.client, s.server} {
		state := e.ConnectionState()
		if state.CipherSuite != suite || state.Group != group || state.SRTPProfile != profile || state.Version != 0xfefd ||
			!state.ExtendedMasterSecret || !state.HandshakeComplete || !state.Connected || state.ServerScheme == 0 || state.ClientScheme == 0 {
			state.PeerCertificates = nil
			t.Errorf("%s: state %+v", e.name, state)
		}
		if want := testCertificate(t, map[*end]fingerprint.KeyType{s.client: serverKey, s.server: clientKey}[e]).Chain()[0]; !bytes.Equal(state.PeerCertificates[0], want) {
			t.Errorf("%s: another certificate of the peer", e.name)
		}
	}
	a, errA := s.client.SRTPMaterial()
	b, errB := s.server.SRTPMaterial()
	if errA != nil || errB != nil {
		t.Fatalf("SRTPMaterial: %v, %v", errA, errB)
	}
	if !bytes.Equal(a.ClientKey, b.ClientKey) || !bytes.Equal(a.ServerKey, b.ServerKey) || !bytes.Equal(a.ClientSalt, b.ClientSalt) ||
		!bytes.Equal(a.ServerSalt, b.ServerSalt) || bytes.Equal(a.ClientKey, a.ServerKey) || len(a.ClientKey) != profile.KeyLen() {
		t.Error("SRTP keys differ between the sides, or not between the directions")
	}
	s.send(s.client, []byte("ping"))
	s.send(s.server, []byte("pong"))
	s.rest(time.Second)
	if len(s.server.received) != 1 || string(s.server.received[0]) != "ping" || len(s.client.received) != 1 || string(s.client.received[0]) != "pong" {
		t.Errorf("received %q and %q", s.server.received, s.client.received)
	}
}

func TestServerPrefersItsOwnOrder(t *testing.T) {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	client.CipherSuites = []CipherSuite{TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}
	server.CipherSuites = []CipherSuite{TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
	client.Groups, server.Groups = []Group{X25519, Secp256r1}, []Group{Secp256r1, X25519}
	client.SRTPProfiles, server.SRTPProfiles = []keying.SRTPProfile{7, 1}, []keying.SRTPProfile{1, 7}
	client.ALPN, server.ALPN = []string{"webrtc", "c-webrtc"}, []string{"c-webrtc", "webrtc"}
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	s.connect()
	for _, e := range []*end{s.client, s.server} {
		if st := e.ConnectionState(); st.CipherSuite != server.CipherSuites[0] || st.Group != Secp256r1 || st.SRTPProfile != 1 || st.ALPN != "c-webrtc" {
			t.Errorf("%s: %+v", e.name, st)
		}
	}
}

// A server with certificates of two kinds presents the one that the client can
// use.
func TestServerChoosesTheCertificateThatFits(t *testing.T) {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.RSA2048)
	server.Certificates = []*fingerprint.Certificate{testCertificate(t, fingerprint.ECDSAP256), testCertificate(t, fingerprint.RSA2048)}
	client.CipherSuites = []CipherSuite{TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	s.connect()
	if st := s.client.ConnectionState(); st.CipherSuite != TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 {
		t.Errorf("suite %v", st.CipherSuite)
	}
}

// What the two sides cannot agree on ends the handshake on both, with the same
// alert, once the time for a better hello is over.
func TestDisagreementEndsBothSidesAfterTheGrace(t *testing.T) { // HS-56, HS-57
	for _, test := range []struct {
		name   string
		server fingerprint.KeyType
		change func(client, server *Config)
		hello  func(m *wire.ClientHello)
		want   AlertDescription
	}{
		{name: "no common suite", change: func(c, s *Config) {
			c.CipherSuites = []CipherSuite{TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
			s.CipherSuites = []CipherSuite{TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}
		}, want: AlertHandshakeFailure},
		{name: "suites without the certificate's key", server: fingerprint.RSA2048, change: func(c, s *Config) {
			c.CipherSuites = []CipherSuite{TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
		}, want: AlertHandshakeFailure},
		{name: "no common group", change: func(c, s *Config) {
			c.Groups, s.Groups = []Group{X25519}, []Group{Secp256r1, Secp384r1}
		}, want: AlertHandshakeFailure},
		{name: "no common protocol", change: func(c, s *Config) {
			c.ALPN, s.ALPN = []string{"webrtc"}, []string{"c-webrtc"}
		}, want: AlertNoApplicationProtocol},
		// EMS-03.
		{name: "no extended master secret", change: func(c, s *Config) {},
			hello: func(m *wire.ClientHello) { m.ExtendedMasterSecret = false }, want: AlertHandshakeFailure},
		{name: "no signature scheme of the certificate", change: func(c, s *Config) {},
			hello: func(m *wire.ClientHello) { m.SignatureAlgorithms = []uint16{uint16(RSAPKCS1SHA256)} }, want: AlertHandshakeFailure},
		// HS-33.
		{name: "DTLS 1.0", change: func(c, s *Config) {},
			hello: func(m *wire.ClientHello) { m.Version = 0xfeff }, want: AlertProtocolVersion},
		// REC-29.
		{name: "NULL and RC4 alone", change: func(c, s *Config) {},
			hello: func(m *wire.ClientHello) { m.CipherSuites = []uint16{0xc006, 0xc007} }, want: AlertHandshakeFailure},
		// RENEG-03.
		{name: "renegotiation_info of another connection", change: func(c, s *Config) {},
			hello: func(m *wire.ClientHello) { m.RenegotiationInfo = []byte{1} }, want: AlertHandshakeFailure},
		{name: "versions without 1.2", change: func(c, s *Config) {},
			hello: func(m *wire.ClientHello) { m.SupportedVersions = []uint16{0x7a7a, 0xfefc} }, want: AlertProtocolVersion},
		{name: "raw public keys of servers alone", change: func(c, s *Config) {},
			hello: func(m *wire.ClientHello) { m.ServerCertTypes = []uint8{2} }, want: AlertUnsupportedCert},
		{name: "raw public keys of clients alone", change: func(c, s *Config) {},
			hello: func(m *wire.ClientHello) { m.ClientCertTypes = []uint8{2} }, want: AlertUnsupportedCert},
		{name: "no issuer that we have", change: func(c, s *Config) {
			s.CertificateUses = map[*fingerprint.Certificate]CertificateUse{s.Certificates[0]: {MatchIssuer: true}}
		}, want: AlertHandshakeFailure},
		{name: "a scheme that the key has not", change: func(c, s *Config) {
			s.CertificateUses = map[*fingerprint.Certificate]CertificateUse{s.Certificates[0]: {Schemes: []SignatureScheme{RSAPSSRSAESHA256}}}
		}, want: AlertHandshakeFailure},
		// HS-43.
		{name: "no uncompressed points", change: func(c, s *Config) {},
			hello: func(m *wire.ClientHello) { m.PointFormats = []byte{1} }, want: AlertIllegalParameter},
	} {
		t.Run(test.name, func(t *testing.T) {
			client, server := configs(t, fingerprint.ECDSAP256, test.server)
			test.change(client, server)
			s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
			if test.hello != nil {
				s.startWith(test.hello, nil)
			} else {
				s.start()
			}
			s.run(DefaultFailureGrace+sceneDelay-time.Millisecond, func() bool { return s.server.err != nil })
			if s.server.err != nil || s.client.err != nil {
				t.Fatalf("failed within the grace: %v, %v", s.client.err, s.server.err)
			}
			s.rest(2*time.Millisecond + sceneDelay + DefaultFailureGrace)
			wantHandshakeError(t, "server", s.server.err, test.want, false)
			wantHandshakeError(t, "client", s.client.err, test.want, true)
			if s.client.connected || s.server.connected {
				t.Error("connected")
			}
			if !s.client.Deadline().IsZero() || !s.server.Deadline().IsZero() {
				t.Error("a timer runs on after the failure")
			}
		})
	}
}

// The client refuses what the server answers, and the server hears of it.
func TestClientRefusesAnswerWithoutExtendedMasterSecret(t *testing.T) {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	server.ExtendedMasterSecret = EMSRequest
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	s.startWith(func(m *wire.ClientHello) { m.ExtendedMasterSecret = false }, nil)
	s.rest(2*DefaultFailureGrace + time.Second)
	wantHandshakeError(t, "client", s.client.err, AlertHandshakeFailure, false)
	wantHandshakeError(t, "server", s.server.err, AlertHandshakeFailure, true)
}

// A negative FailureGrace makes the first refusal the verdict.
func TestNegativeFailureGraceRefusesAtOnce(t *testing.T) {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	client.Groups, server.Groups = []Group{X25519}, []Group{Secp256r1}
	client.FailureGrace, server.FailureGrace = -1, -1
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	s.start()
	s.run(time.Minute, func() bool { return s.client.err != nil })
	wantHandshakeError(t, "server", s.server.err, AlertHandshakeFailure, false)
	wantHandshakeError(t, "client", s.client.err, AlertHandshakeFailure, true)
	if d := s.now.Sub(epochZero); d != 2*sceneDelay {
		t.Errorf("both knew after %v, want one round trip", d)
	}
}

func TestALPN(t *testing.T) {
	for _, test := range []struct {
		client, server []string
		want           string
	}{
		{[]string{"webrtc"}, []string{"webrtc"}, "webrtc"},
		{[]string{"c-webrtc", "webrtc"}, []string{"webrtc"}, "webrtc"},
		{[]string{"webrtc"}, nil, ""},
		{nil, []string{"webrtc"}, ""},
		{nil, nil, ""},
	} {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		client.ALPN, server.ALPN = test.client, test.server
		s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
		s.connect()
		if a, b := s.client.ConnectionState().ALPN, s.server.ConnectionState().ALPN; a != test.want || b != test.want {
			t.Errorf("%v, %v: protocol %q and %q, want %q", test.client, test.server, a, b, test.want)
		}
	}
}

// SRTP-07: no common profile leaves a data channel, and a typed error for media.
func TestNoCommonProfileConnectsWithoutSRTP(t *testing.T) { // SRTP-03, SRTP-20
	for _, test := range [][2][]keying.SRTPProfile{
		{{keying.SRTPAES128CMHMACSHA1_80}, {keying.SRTPAEADAES128GCM}},
		{{}, nil},
		{nil, {}},
		{{}, {}},
	} {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		client.SRTPProfiles, server.SRTPProfiles = test[0], test[1]
		s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
		s.connect()
		for _, e := range []*end{s.client, s.server} {
			if _, err := e.SRTPMaterial(); !errors.Is(err, ErrNoSRTP) {
				t.Errorf("%v: %s: SRTPMaterial says %v", test, e.name, err)
			}
			if p := e.ConnectionState().SRTPProfile; p != 0 {
				t.Errorf("%v: %s: profile %v", test, e.name, p)
			}
		}
	}
}

// HS-30: a hello full of what we do not know is answered as if that were not
// there. HS-33: a newer version gets 1.2.
func TestServerIgnoresWhatItDoesNotKnow(t *testing.T) {
	s := newQuickScene(t)
	s.startWith(func(m *wire.ClientHello) {
		m.Version = 0xfdff // as if there were a DTLS 2
		m.CipherSuites = append([]uint16{0x0a0a, 0x1301, 0xc02d}, append(m.CipherSuites, 0xfafa)...)
		m.SupportedGroups = append([]uint16{0x1a1a, 4588}, m.SupportedGroups...)
		m.SignatureAlgorithms = append([]uint16{0x2a2a, 0x0201}, m.SignatureAlgorithms...)
		m.UseSRTP.Profiles = append([]uint16{0x3a3a}, m.UseSRTP.Profiles...)
		m.PointFormats = append([]byte{2, 1}, m.PointFormats...)
		m.SessionID = bytes.Repeat([]byte{7}, 32)
	}, func(body []byte) []byte {
		return appendToExtensions(body, []byte{0x4a, 0x4a, 0, 3, 1, 2, 3, 0x5a, 0x5a, 0, 0, 0, 42, 0, 0})
	})
	// The rewritten client offers more than it knows; it is content with what it gets.
	if !s.run(time.Second, s.bothConnected) {
		t.Fatalf("client %v, server %v", s.client.err, s.server.err)
	}
	if v := s.server.ConnectionState().Version; v != 0xfefd {
		t.Errorf("version %#04x", v)
	}
}

// appendToExtensions appends extensions to the body of a ClientHello.
func appendToExtensions(body, extensions []byte) []byte {
	at := 2 + 32
	at += 1 + int(body[at])
	at += 1 + int(body[at])
	at += 2 + int(binary.BigEndian.Uint16(body[at:]))
	at += 1 + int(body[at])
	body = append(slices.Clone(body), extensions...)
	binary.BigEndian.PutUint16(body[at:], uint16(len(body)-at-2))
	return body
}

// HS-32, HS-44: each handshake has randoms and ephemeral keys of its own.
func TestRandomsAndKeysAreFresh(t *testing.T) {
	seen := map[wire.Random]bool{{}: true}
	keys := map[string]bool{}
	for range 100 {
		s := newQuickScene(t)
		s.before = func(to *end, n int, b []byte) [][]byte {
			for i := 0; i+40 < len(b); i++ {
				// ECParameters named_curve X25519 with a point of 32 bytes.
				if to == s.client && bytes.HasPrefix(b[i:], []byte{3, 0, 29, 32}) {
					keys[string(b[i+4:i+36])] = true
				}
			}
			return nil
		}
		s.connect()
		for _, r := range []wire.Random{s.client.schedule.clientRandom, s.client.schedule.serverRandom} {
			if seen[r] {
				t.Fatalf("random %x twice", r)
			}
			seen[r] = true
		}
	}
	if len(keys) != 100 {
		t.Errorf("%d ephemeral keys of the server in 100 handshakes", len(keys))
	}
}

func TestBothSidesExportTheSame(t *testing.T) {
	s := newQuickScene(t)
	// EXP-03, HS-40: nothing before the handshake is over.
	early := func(e *end) {
		t.Helper()
		if _, err := e.ExportKeyingMaterial("EXPORTER-test", nil, 16); !errors.Is(err, ErrNotConnected) {
			t.Errorf("%s: export before connected: %v", e.name, err)
		}
		if _, err := e.SRTPMaterial(); !errors.Is(err, ErrNotConnected) {
			t.Errorf("%s: SRTP keys before connected: %v", e.name, err)
		}
		if b, err := e.AppendApplicationData([]byte{1}, []byte{2}); !errors.Is(err, ErrNotConnected) || len(b) != 1 {
			t.Errorf("%s: data before connected: %x, %v", e.name, b, err)
		}
	}
	s.before = func(to *end, n int, b []byte) [][]byte {
		early(to)
		return nil
	}
	early(s.client)
	s.connect()

	outputs := map[string]string{}
	for _, label := range []string{"EXPORTER-one", "EXPORTER-two", keying.SRTPLabel} {
		for _, context := range [][]byte{nil, {}, {0}, []byte("context")} {
			a, errA := s.client.ExportKeyingMaterial(label, context, 48)
			b, errB := s.server.ExportKeyingMaterial(label, context, 48)
			if errA != nil || errB != nil {
				t.Fatalf("%v, %v", errA, errB)
			}
			name := fmt.Sprintf("%s %v %t", label, context, context == nil)
			if !bytes.Equal(a, b) {
				t.Errorf("%s: the sides differ", name) // EXP-02
			}
			if other, ok := outputs[string(a)]; ok {
				t.Errorf("%s gives the bytes of %s", name, other) // EXP-01
			}
			outputs[string(a)] = name
			// "[...] the exporter MUST be able to export the same": a shorter export is a prefix.
			if short, err := s.client.ExportKeyingMaterial(label, context, 7); err != nil || !bytes.Equal(short, a[:7]) {
				t.Errorf("%s: 7 bytes are no prefix of 48 (%v)", name, err)
			}
		}
	}
	// EXP-04.
	for _, label := range []string{"client finished", "server finished", "master secret", "key expansion"} {
		if b, err := s.client.ExportKeyingMaterial(label, nil, 12); !errors.Is(err, keying.ErrReservedLabel) || b != nil {
			t.Errorf("label %q: %x, %v", label, b, err)
		}
	}
	// After a failure there is nothing to export.
	s.inject(s.client, s.server.seal(t, 21, []byte{2, 40}))
	if _, err := s.client.ExportKeyingMaterial("EXPORTER-one", nil, 16); err == nil {
		t.Error("export after a failure")
	}
}

// EMS-04.
func TestNoExportWithoutExtendedMasterSecret(t *testing.T) {
	for _, insecure := range []bool{false, true} {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		client.ExtendedMasterSecret, server.ExtendedMasterSecret = EMSRequest, EMSRequest
		client.InsecureExportWithoutEMS, server.InsecureExportWithoutEMS = insecure, insecure
		s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
		s.startWith(func(m *wire.ClientHello) { m.ExtendedMasterSecret = false }, nil)
		if !s.run(time.Second, s.bothConnected) {
			t.Fatalf("client %v, server %v", s.client.err, s.server.err)
		}
		var out [2][]byte
		for i, e := range []*end{s.client, s.server} {
			if e.ConnectionState().ExtendedMasterSecret {
				t.Errorf("%s: extended master secret", e.name)
			}
			b, err := e.ExportKeyingMaterial("EXPORTER-test", nil, 16)
			_, srtp := e.SRTPMaterial()
			if insecure {
				if err != nil || srtp != nil {
					t.Errorf("%s: allowed export: %v, %v", e.name, err, srtp)
				}
			} else if !errors.Is(err, ErrExportWithoutEMS) || !errors.Is(srtp, ErrExportWithoutEMS) {
				t.Errorf("%s: export: %v, %v", e.name, err, srtp)
			}
			out[i] = b
		}
		if !bytes.Equal(out[0], out[1]) {
			t.Error("the sides export different keys")
		}
	}
}

// EMSRequest takes the extension where the peer has it. EMS-01, EMS-02.
func TestRequestedExtendedMasterSecretIsUsed(t *testing.T) {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	client.ExtendedMasterSecret, server.ExtendedMasterSecret = EMSRequest, EMSRequest
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	s.connect()
	if !s.client.ConnectionState().ExtendedMasterSecret || !s.server.ConnectionState().ExtendedMasterSecret {
		t.Error("both know it, and it was not used")
	}
}

// A side that goes without the extension neither offers nor answers it, and connects to peers that can do without. EMS-02.
func TestExtendedMasterSecretCanBeOff(t *testing.T) {
	for _, off := range []Role{RoleClient, RoleServer} {
		for _, other := range []EMSPolicy{EMSRequest, EMSRequire} {
			client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
			client.ExtendedMasterSecret, server.ExtendedMasterSecret = other, other
			client.FailureGrace, server.FailureGrace = -1, -1
			if off == RoleClient {
				client.ExtendedMasterSecret = InsecureEMSOff
			} else {
				server.ExtendedMasterSecret = InsecureEMSOff
			}
			s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
			if other == EMSRequire {
				s.start()
				if s.run(10*time.Second, s.bothConnected) || s.client.err == nil && s.server.err == nil {
					t.Errorf("%v off: one that insists: client %v, server %v", off, s.client.err, s.server.err)
				}
				continue
			}
			s.connect()
			if s.client.ConnectionState().ExtendedMasterSecret || s.server.ConnectionState().ExtendedMasterSecret {
				t.Errorf("%v off: it was used", off)
			}
		}
	}
}

package dtlstransport

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/keying"
)

var (
	testIdentity = []byte("device 7")
	testKey      = []byte("0123456789abcdef0123456789abcdef")
)

// testPSK is one end's side of the key that testIdentity has.
func testPSK() *PSK {
	return &PSK{
		IdentityFor: func([]byte) ([]byte, []byte, error) { return testIdentity, testKey, nil },
		KeyFor: func(identity []byte) []byte {
			if bytes.Equal(identity, testIdentity) {
				return testKey
			}
			return nil
		},
	}
}

// pskConfigs returns configurations of two ends that share a key and have no
// certificates.
func pskConfigs(suites ...CipherSuite) (client, server *Config) {
	return &Config{CipherSuites: suites, PSK: testPSK()}, &Config{CipherSuites: suites, PSK: testPSK()}
}

// eachPSKSuite runs a test with every suite that takes a pre-shared key.
func eachPSKSuite(t *testing.T, test func(t *testing.T, suite CipherSuite)) {
	for _, s := range suites {
		if s.exchange.preShared() {
			t.Run(s.name, func(t *testing.T) { test(t, s.id) })
		}
	}
}

func TestEndsWithAKeyInCommonNeedNoCertificates(t *testing.T) {
	eachPSKSuite(t, func(t *testing.T, suite CipherSuite) {
		for _, hint := range []string{"", "meadow"} {
			client, server := pskConfigs(suite)
			server.PSK.Hint = []byte(hint)
			var hinted string
			client.PSK.IdentityFor = func(hint []byte) ([]byte, []byte, error) {
				hinted = string(hint)
				return testIdentity, testKey, nil
			}
			s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
			s.connect()
			if hinted != hint {
				t.Errorf("hint %q, want %q", hinted, hint)
			}
			for _, e := range []*end{s.client, s.server} {
				state := e.ConnectionState()
				if state.CipherSuite != suite || !bytes.Equal(state.PSKIdentity, testIdentity) || len(state.PeerCertificates) != 0 ||
					state.ServerScheme != 0 || state.ClientScheme != 0 || (state.Group != 0) != suite.info().exchange.ephemeral() || !state.Connected {
					t.Errorf("%s: state %+v", e.name, state)
				}
			}
			if n := s.client.datagrams + s.server.datagrams; n != 4 {
				t.Errorf("%d datagrams, want 4", n)
			}
			s.checkTraffic(t)
			a, errA := s.client.ExportKeyingMaterial("EXPERIMENTAL test", nil, 32)
			b, errB := s.server.ExportKeyingMaterial("EXPERIMENTAL test", nil, 32)
			if errA != nil || errB != nil || !bytes.Equal(a, b) {
				t.Error("exported keys differ")
			}
		}
	})
}

func TestPreSharedKeysAreUsedOnlyIfNamed(t *testing.T) {
	for _, s := range DefaultCipherSuites() {
		if s.info().exchange.preShared() {
			t.Errorf("%v is a default", s)
		}
	}
	client, server := pskConfigs(TLS_PSK_WITH_AES_128_GCM_SHA256)
	server.CipherSuites = nil
	server.Certificates = []*fingerprint.Certificate{testCertificate(t, fingerprint.ECDSAP256)}
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	s.start()
	s.run(time.Minute, func() bool { return s.server.err != nil })
	var a *AlertError
	if !errors.As(s.server.err, &a) || a.Alert != AlertHandshakeFailure {
		t.Errorf("server: %v", s.server.err)
	}
}

func TestAServerOfBothKindsServesBoth(t *testing.T) { // PSK-04
	certificates, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	keys, other := pskConfigs(TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256)
	server.RemoteFingerprints, server.VerifyPeer = nil, func([][]byte) error { return nil }
	server.PSK, server.CipherSuites = other.PSK, append(other.CipherSuites, DefaultCipherSuites()...)
	for _, client := range []*Config{certificates, keys} {
		s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
		s.connect()
		if state := s.server.ConnectionState(); (len(state.PeerCertificates) == 0) != (len(state.PSKIdentity) > 0) {
			t.Errorf("state %+v", state)
		}
	}
}

// failed runs a handshake that has to fail and describes all that an observer
// and both ends see of it.
func failed(t *testing.T, client, server *Config) string {
	t.Helper()
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	var seen string
	s.tap = func([]byte) {}
	s.instead = func(to *end, n int, b []byte) [][]byte {
		seen += fmt.Sprintf("%v %s %d\n", s.now.Sub(epochZero), to.name, len(b))
		return [][]byte{b}
	}
	s.start()
	s.run(70*time.Second, func() bool { return s.client.err != nil && s.server.err != nil })
	if s.client.connected || s.server.connected {
		t.Error("connected")
	}
	var a, b *AlertError
	errors.As(s.client.err, &a)
	errors.As(s.server.err, &b)
	return fmt.Sprintf("%sclient: %v\nserver: %v", seen, a, b)
}

func TestAnUnknownIdentityIsAsAWrongKey(t *testing.T) { // PSK-01
	eachPSKSuite(t, func(t *testing.T, suite CipherSuite) {
		for _, conformance := range []bool{false, true} {
			client, server := pskConfigs(suite)
			client.Conformance = true // without jitter, so that two runs can be compared
			server.Conformance, server.FailureGrace = conformance, 50*time.Millisecond
			client.PSK.IdentityFor = func([]byte) ([]byte, []byte, error) {
				return testIdentity, []byte("another key, of the same length "), nil
			}
			wrong := failed(t, client, server)
			client.PSK.IdentityFor = func([]byte) ([]byte, []byte, error) { return []byte("device 8"), testKey, nil }
			if unknown := failed(t, client, server); unknown != wrong {
				t.Errorf("an unknown identity:\n%s\na wrong key:\n%s", unknown, wrong)
			}
			// "[...] respond with a 'decrypt_error' alert." RFC 4279, Section 2.
			if want := "decrypt_error: the Finished is not of the pre-shared key"; !bytes.Contains([]byte(wrong), []byte(want)) {
				t.Errorf("got\n%s\nwant %s", wrong, want)
			}
		}
	})
}

func TestAServerWithoutTheKeyIsNotBelieved(t *testing.T) {
	eachPSKSuite(t, func(t *testing.T, suite CipherSuite) {
		client, server := pskConfigs(suite)
		server.PSK.KeyFor = func([]byte) []byte { return []byte("another key, of the same length ") }
		failed(t, client, server)
	})
}

func TestThePremasterSecretIsThatOfTheRFC(t *testing.T) { // PSK-02
	for _, test := range []struct{ shared, key, want string }{
		{"", "aabbcc", "0003000000" + "0003aabbcc"},   // RFC 4279, Section 2
		{"0102", "aabbcc", "00020102" + "0003aabbcc"}, // RFC 5489, Section 2
	} {
		shared, _ := hex.DecodeString(test.shared)
		if test.shared == "" {
			shared = nil
		}
		key, _ := hex.DecodeString(test.key)
		if got := hex.EncodeToString(pskPreMaster(shared, key)); got != test.want {
			t.Errorf("shared %s, key %s: %s, want %s", test.shared, test.key, got, test.want)
		}
	}
}

func TestAPSKHandshakeSurvivesEveryLoss(t *testing.T) { // RTX-08
	for _, suite := range []CipherSuite{TLS_PSK_WITH_AES_128_GCM_SHA256, TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256} {
		const n = 3 // datagrams of each direction that may be lost
		for mask := range 1 << (2 * n) {
			client, server := pskConfigs(suite)
			var p *pair
			p = newPair(t, client, server, netsim.Config{Delay: sceneDelay, Decide: func(d netsim.Direction, i int) netsim.Fate {
				return netsim.Fate{Drop: !p.bothConnected() && i < n && mask>>(int(d)*n+i)&1 == 1}
			}})
			p.connect()
			p.checkTraffic(t)
		}
	}
}

func TestAPSKHandshakeFitsSmallDatagrams(t *testing.T) {
	client, server := pskConfigs(TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256)
	client.MaxDatagramSize, server.MaxDatagramSize = MinDatagramSize, MinDatagramSize
	server.PSK.Hint = make([]byte, 500)
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	s.connect()
	if s.client.largest > MinDatagramSize || s.server.largest > MinDatagramSize {
		t.Errorf("datagrams of %d and %d bytes", s.client.largest, s.server.largest)
	}
}

func TestASmallPSKHelloIsAnsweredWithACookie(t *testing.T) {
	client, server := pskConfigs(TLS_PSK_WITH_AES_128_GCM_SHA256)
	client.SRTPProfiles = []keying.SRTPProfile{} // the smallest hello that we send
	server.Cookies = NewCookies()
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	s.connect()
}

func TestASessionOfAPreSharedKeyIsResumedWhileTheIdentityHasIt(t *testing.T) {
	for _, tickets := range []bool{false, true} {
		r := &resumption{clientStore: sessionMap{}, serverStore: sessionMap{}}
		r.client, r.server = pskConfigs(TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256)
		r.client.Sessions, r.server.Sessions = r.clientStore, r.serverStore
		if tickets {
			r.server.Tickets = NewTicketKeys([32]byte{1})
		}
		r.connect(t, epochZero, false)
		p := r.connect(t, epochZero.Add(time.Hour), true)
		for _, e := range []*end{p.client, p.server} {
			if got := e.ConnectionState().PSKIdentity; !bytes.Equal(got, testIdentity) {
				t.Errorf("%s: identity %q", e.name, got)
			}
		}
		p.checkTraffic(t)
		r.server.PSK.KeyFor = func([]byte) []byte { return []byte("a new key, of the same length....") }
		r.client.PSK.IdentityFor = func([]byte) ([]byte, []byte, error) {
			return testIdentity, []byte("a new key, of the same length...."), nil
		}
		r.connect(t, epochZero.Add(2*time.Hour), false)
		r.server.PSK.KeyFor = func([]byte) []byte { return nil }
		s := newScene(t, r.client, r.server, netsim.Config{Delay: sceneDelay})
		s.now = epochZero.Add(3 * time.Hour)
		s.start()
		s.run(time.Minute, func() bool { return s.server.err != nil })
		if s.server.connected || !errors.Is(s.server.err, errWrongKey) {
			t.Errorf("with an identity that is gone: connected %v, %v", s.server.connected, s.server.err)
		}
	}
}

// blindPSKFlights are what somebody who sees nothing can make of either side's flight under
// a suite, so that it makes sense.
func blindPSKFlights(suite CipherSuite) (toClient, toServer []byte) {
	var point []byte
	if suite.info().exchange.ephemeral() {
		point = make([]byte, 32)
		point[0] = 9 // the base point of X25519
	}
	message := func(typ wire.HandshakeType, seq uint16, body []byte) []byte {
		return handshakeRecord(wire.Header{Type: typ, Seq: seq, Length: uint32(len(body)), FragmentLength: uint32(len(body))}, body)
	}
	hello := wire.ServerHello{Version: record.Version12, Random: newRandom(), CipherSuite: uint16(suite)}
	hello.ExtendedMasterSecret = true
	toClient = message(wire.TypeServerHello, 0, hello.Append(nil))
	exchange := wire.PSKServerKeyExchange{Hint: []byte("forged"), Group: uint16(X25519), PublicKey: point}
	toClient = append(toClient, message(wire.TypeServerKeyExchange, 1, exchange.Append(nil))...)
	toClient = append(toClient, message(wire.TypeServerHelloDone, 2, nil)...)

	answer := wire.PSKClientKeyExchange{Identity: testIdentity, PublicKey: point}
	toServer = message(wire.TypeClientKeyExchange, 1, answer.Append(nil))
	toServer = append(toServer, record.AppendAs(nil, 0, record.TypeChangeCipherSpec, record.Version12, []byte{1})...)
	finished := record.AppendAs(nil, 0, record.TypeHandshake, record.Version12, make([]byte, 48))
	finished[4] = 1 // epoch
	return toClient, append(toServer, finished...)
}

func TestForgedPSKMessagesEndNoHandshake(t *testing.T) {
	for _, suite := range []CipherSuite{TLS_PSK_WITH_AES_128_GCM_SHA256, TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256} {
		toClient, toServer := blindPSKFlights(suite)
		for side, forged := range map[string][]byte{"client": toClient, "server": toServer} {
			for at := range 4 {
				client, server := pskConfigs(suite)
				s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
				s.before = func(to *end, n int, _ []byte) [][]byte {
					if to.name == side && n == at {
						return [][]byte{forged}
					}
					return nil
				}
				s.start()
				if !s.run(10*time.Second, s.bothConnected) {
					t.Fatalf("%v, forged to the %s before datagram %d: client %v, server %v", suite, side, at, s.client.err, s.server.err)
				}
				s.checkTraffic(t)
			}
		}
	}
}

// Sixteen of them, on a path that loses a fifth of what is sent.
func TestForgedPSKMessagesAndLossEndNoHandshake(t *testing.T) {
	for _, suite := range []CipherSuite{TLS_PSK_WITH_AES_128_GCM_SHA256, TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256} {
		toClient, toServer := blindPSKFlights(suite)
		for seed := range uint64(40) {
			client, server := pskConfigs(suite)
			s := newScene(t, client, server, netsim.Config{Delay: sceneDelay, Loss: 0.2, Seed: seed})
			left := 16
			s.before = func(to *end, _ int, _ []byte) [][]byte {
				if left--; left < 0 {
					return nil
				}
				if to == s.client {
					return [][]byte{toClient}
				}
				return [][]byte{toServer}
			}
			s.start()
			if !s.run(time.Minute, s.bothConnected) {
				t.Fatalf("%v, seed %d: client %v, server %v", suite, seed, s.client.err, s.server.err)
			}
		}
	}
}

func TestPreSharedKeysConnectWithConformance(t *testing.T) {
	eachPSKSuite(t, func(t *testing.T, suite CipherSuite) {
		client, server := pskConfigs(suite)
		client.Conformance, server.Conformance = true, true
		s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
		s.connect()
		s.checkTraffic(t)
	})
}

// Without an extended master secret, flights with the same randoms have the same
// keys under a key alone, and the numbers of the records must not begin again.
func TestARivalFlightWithTheSameKeysIsNotTaken(t *testing.T) {
	client, server := pskConfigs(TLS_PSK_WITH_AES_128_GCM_SHA256)
	client.ExtendedMasterSecret = EMSRequest
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	sealed := map[record.Number][]byte{}
	s.instead = func(to *end, n int, b []byte) [][]byte {
		if to == s.client && b[0] == byte(record.TypeHandshake) {
			var out [][]byte
			for _, id := range []string{"a", "b"} { // the second as a rival, when the first has stayed unanswered
				out = append(out, altered(t, b, wire.TypeServerHello, func(b []byte) []byte {
					m, _ := wire.ParseServerHello(b)
					m.ExtendedMasterSecret, m.SessionID = false, []byte(id)
					return m.Append(nil)
				}))
			}
			return out
		}
		for rest := b; len(rest) > 0; {
			r, next, ok := record.Next(rest)
			if !ok {
				t.Fatal("no record")
			}
			rest = next
			if r.Number.Epoch == 0 {
				continue
			}
			if before := sealed[r.Number]; before != nil && !bytes.Equal(before, r.Raw) {
				t.Errorf("two records %v", r.Number)
			}
			sealed[r.Number] = bytes.Clone(r.Raw)
		}
		return [][]byte{b}
	}
	s.start()
	s.rest(5 * time.Second)
	if len(sealed) < 2 {
		t.Errorf("%d records of the client, want its Finished and repetitions", len(sealed))
	}
}

// Nor is the first flight itself taken once more, when so many rivals have come that it might have been
// forgotten: who keeps back what the two send could have the client seal data under the numbers of its Finished.
func TestAFlightThatManyRivalsFollowIsNotTakenAnew(t *testing.T) {
	client, server := pskConfigs(TLS_PSK_WITH_AES_128_GCM_SHA256)
	client.HandshakeTimeout = -1
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	sealed := map[string]string{} // what was sealed, by key and number
	note := func(content string, b []byte) {
		for len(b) > 0 {
			r, rest, ok := record.Next(b)
			if b = rest; !ok || r.Number.Epoch == 0 {
				continue
			}
			nonce := fmt.Sprintf("%x %d", s.client.schedule.master, r.Number.Seq)
			if before, used := sealed[nonce]; used && before != content {
				t.Errorf("record %v has %q and %q under one key", r.Number, before, content)
			}
			sealed[nonce] = content
		}
	}
	var genuine []byte
	held := true
	s.instead = func(to *end, n int, b []byte) [][]byte {
		switch {
		case to == s.server:
			note("Finished", b)
			if held && s.server.connected {
				return nil
			}
		case genuine == nil:
			genuine = bytes.Clone(b)
		case held:
			return nil
		}
		return [][]byte{b}
	}
	s.start()
	s.rest(5 * time.Second)
	for i := range 2 * maxChoices {
		flight := bytes.Clone(genuine)
		if i < maxChoices {
			flight = altered(t, genuine, wire.TypeServerHello, func(b []byte) []byte {
				m, _ := wire.ParseServerHello(b)
				m.SessionID = []byte{byte(i)}
				return m.Append(nil)
			})
		}
		s.inject(s.client, flight)
		s.rest(6 * time.Second)
	}
	held = false
	if !s.run(time.Minute, s.bothConnected) {
		t.Fatalf("client %v, server %v", s.client.err, s.server.err)
	}
	b, err := s.client.AppendApplicationData(nil, []byte("data"))
	if err != nil {
		t.Fatal(err)
	}
	note("data", b)
}

func TestWhatIsRememberedOfForgottenFlightsIsBounded(t *testing.T) {
	c := new(client12)
	flight := func(i int) *choice {
		n := &choice{parameters: parameters{suite: TLS_PSK_WITH_AES_128_GCM_SHA256.info()}, sealer: new(record.Sealer)}
		n.transcript.messages = []byte{byte(i)}
		n.through4 = 1
		n.sealer.StartAt(uint64(i + 1))
		return n
	}
	for i := range maxForgotten {
		if a := c.resumeNumbers(flight(i)); a != nil {
			t.Fatalf("after %d: %v", i, a)
		}
		c.forget(flight(i))
	}
	if a := c.resumeNumbers(flight(maxForgotten)); a == nil {
		t.Errorf("another one is taken after %d", maxForgotten)
	}
	again := flight(7)
	again.sealer = new(record.Sealer)
	if a := c.resumeNumbers(again); a != nil || again.sealer.Next() != 8 {
		t.Errorf("one that is remembered: %v, next number %d, want 8", a, again.sealer.Next())
	}
}

func TestAKeyDoesNotGetAroundAFingerprint(t *testing.T) {
	remote := testCertificate(t, fingerprint.ECDSAP256).Fingerprint()
	client, server := pskConfigs(TLS_PSK_WITH_AES_128_GCM_SHA256)
	p := newPair(t, client, server, netsim.Config{Delay: sceneDelay})
	p.connect()
	if err := p.client.SetRemote(p.now, fingerprint.Set{remote}); !errors.Is(err, fingerprint.ErrNoCertificate) {
		t.Errorf("SetRemote after the handshake: %v", err)
	}
	p = newPair(t, client, server, netsim.Config{Delay: sceneDelay})
	if err := p.client.SetRemote(p.now, fingerprint.Set{remote}); err != nil {
		t.Fatal(err)
	}
	p.start()
	p.run(time.Minute, func() bool { return p.client.err != nil })
	if p.client.connected || !errors.Is(p.client.err, fingerprint.ErrNoCertificate) {
		t.Errorf("SetRemote before it: connected %v, %v", p.client.connected, p.client.err)
	}
}

func TestConfigurationsOfPreSharedKeysAreChecked(t *testing.T) { // PSK-04
	certificate := testCertificate(t, fingerprint.ECDSAP256)
	suites := []CipherSuite{TLS_PSK_WITH_AES_128_GCM_SHA256}
	for name, c := range map[string]*Config{
		"no PSK":                             {CipherSuites: suites},
		"no functions":                       {CipherSuites: suites, PSK: &PSK{}},
		"long hint":                          {CipherSuites: suites, PSK: &PSK{IdentityFor: testPSK().IdentityFor, KeyFor: testPSK().KeyFor, Hint: make([]byte, 1025)}},
		"fingerprints":                       {CipherSuites: suites, PSK: testPSK(), RemoteFingerprints: fingerprint.Set{certificate.Fingerprint()}},
		"no certificate for the other suite": {CipherSuites: append(suites, DefaultCipherSuites()...), PSK: testPSK()},
	} {
		for _, role := range []Role{RoleClient, RoleServer} {
			if _, err := NewEngine(role, c); err == nil {
				t.Errorf("%s, %v: no error", name, role)
			}
		}
	}
}

func TestUnusableKeysAreRefusedAndUnusableIdentitiesUnknown(t *testing.T) {
	for name, identityFor := range map[string]func([]byte) ([]byte, []byte, error){
		"error":         func([]byte) ([]byte, []byte, error) { return nil, nil, errors.New("none") },
		"no key":        func([]byte) ([]byte, []byte, error) { return testIdentity, nil, nil },
		"long key":      func([]byte) ([]byte, []byte, error) { return testIdentity, make([]byte, 1025), nil },
		"long identity": func([]byte) ([]byte, []byte, error) { return make([]byte, 1025), testKey, nil },
	} {
		client, server := pskConfigs(TLS_PSK_WITH_AES_128_GCM_SHA256)
		client.PSK.IdentityFor = identityFor
		p := newPair(t, client, server, netsim.Config{Delay: sceneDelay})
		p.start()
		p.run(time.Minute, func() bool { return p.client.err != nil })
		if p.client.err == nil || p.server.connected {
			t.Errorf("%s: %v, server connected %v", name, p.client.err, p.server.connected)
		}
	}
	asked := false
	psk := &PSK{KeyFor: func([]byte) []byte { asked = true; return testKey }}
	if psk.keyFor(make([]byte, 1025)); asked {
		t.Error("asked for an identity over 1,024 bytes")
	}
}

// "Applications [...] MUST support PSK identities up to 128 octets in length, and
// arbitrary PSKs up to 64 octets in length." RFC 4279, Section 5.3.
func TestIdentitiesOf128BytesAndKeysOf64AreSupported(t *testing.T) { // PSK-03
	identity, key := bytes.Repeat([]byte("i"), 128), bytes.Repeat([]byte{7}, 64)
	eachPSKSuite(t, func(t *testing.T, suite CipherSuite) {
		client, server := pskConfigs(suite)
		client.PSK.IdentityFor = func([]byte) ([]byte, []byte, error) { return identity, key, nil }
		server.PSK.KeyFor = func(shown []byte) []byte {
			if !bytes.Equal(shown, identity) {
				return nil
			}
			return key
		}
		newPair(t, client, server, netsim.Config{Delay: time.Millisecond}).connect()
	})
}

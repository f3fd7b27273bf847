package dtlstransport

import (
	"crypto"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// suiteConfigs returns configurations of two ends that agree on a suite, whatever it
// needs for that.
func suiteConfigs(t testing.TB, s *suiteInfo) (client, server *Config) {
	switch {
	case s.exchange.preShared():
		return pskConfigs(s.id)
	case s.auth == keyRSA:
		client, server = configs(t, fingerprint.ECDSAP256, fingerprint.RSA2048)
	default:
		client, server = configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	}
	client.CipherSuites, server.CipherSuites = []CipherSuite{s.id}, []CipherSuite{s.id}
	return client, server
}

// eachSuite runs a test with every suite that we have.
func eachSuite(t *testing.T, test func(t *testing.T, s *suiteInfo)) {
	for i := range suites {
		t.Run(suites[i].name, func(t *testing.T) { test(t, &suites[i]) })
	}
}

func TestEverySuiteConnectsAndFillsItsDatagrams(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite *suiteInfo) {
		client, server := suiteConfigs(t, suite)
		s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
		s.connect()
		for _, e := range []*end{s.client, s.server} {
			if state := e.ConnectionState(); state.CipherSuite != suite.id {
				t.Fatalf("%s: %v", e.name, state.CipherSuite)
			}
			full, err := e.AppendApplicationData(nil, make([]byte, e.MaxPayload()))
			over, err2 := e.AppendApplicationData(nil, make([]byte, e.MaxPayload()+1))
			if err != nil || err2 != nil || len(full) > DefaultMaxDatagramSize || len(over) <= DefaultMaxDatagramSize {
				t.Errorf("%s: MaxPayload %d fills %d bytes, one more %d: %v, %v", e.name, e.MaxPayload(), len(full), len(over), err, err2)
			}
		}
		s.checkTraffic(t)
	})
}

func TestEverySuiteResumes(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite *suiteInfo) {
		r := &resumption{clientStore: sessionMap{}, serverStore: sessionMap{}}
		r.client, r.server = suiteConfigs(t, suite)
		r.client.Sessions, r.server.Sessions = r.clientStore, r.serverStore
		r.connect(t, epochZero, false)
		r.connect(t, epochZero.Add(time.Hour), true).checkTraffic(t)
	})
}

func TestNoSuiteAllocatesForARecord(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite *suiteInfo) {
		client, server := suiteConfigs(t, suite)
		x, y := shakenHands(t, client, server)
		message, buf := make([]byte, benchmarkRecord), make([]byte, 0, 2048)
		if n := testing.AllocsPerRun(100, func() { exchange(t, x, y, message, buf) }); n != 0 {
			t.Errorf("%v allocations for a record there and back", n)
		}
	})
}

func TestOtherSuitesThanTheDefaultHaveToBeNamed(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite *suiteInfo) {
		if suite.exchange != ECDHE || slices.Contains(DefaultCipherSuites(), suite.id) {
			return // those with keys are in psk_test.go
		}
		for _, unnamed := range []string{"client", "server"} {
			client, server := suiteConfigs(t, suite)
			if unnamed == "client" {
				client.CipherSuites = nil
			} else {
				server.CipherSuites = nil
			}
			p := newPair(t, client, server, netsim.Config{Delay: time.Millisecond})
			p.start()
			p.run(time.Minute, func() bool { return p.server.err != nil })
			var a *AlertError
			if !errors.As(p.server.err, &a) || a.Alert != AlertHandshakeFailure || p.client.connected {
				t.Errorf("not named by the %s: %v", unnamed, p.server.err)
			}
		}
	})
}

func TestCBCNeedsEncryptThenMAC(t *testing.T) { // REC-30, REC-46
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	cbc, gcm := TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
	both := []CipherSuite{cbc, gcm}
	client.CipherSuites, server.CipherSuites = both, both

	hello := client.clientHello(newRandom(), nil, sessionOffer{})
	if !hello.EncryptThenMAC {
		t.Fatal("a client that names CBC does not offer encrypt_then_mac")
	}
	p, _, a := server.negotiate(hello)
	if a != nil || p.suite.id != cbc || !serverHello(hello, &p, newRandom()).EncryptThenMAC {
		t.Errorf("with the extension: %v, %v", p.suite, a)
	}
	server.CipherSuites = []CipherSuite{gcm}
	if p, _, a = server.negotiate(hello); a != nil || serverHello(hello, &p, newRandom()).EncryptThenMAC {
		t.Errorf("with the extension and an AEAD: %v, answered %v", a, serverHello(hello, &p, newRandom()).EncryptThenMAC)
	}
	server.CipherSuites = both
	hello.EncryptThenMAC = false
	if p, _, a = server.negotiate(hello); a != nil || p.suite.id != gcm || serverHello(hello, &p, newRandom()).EncryptThenMAC {
		t.Errorf("without it: %v, %v", p.suite, a)
	}
	hello.CipherSuites = []uint16{uint16(cbc)}
	if _, _, a = server.negotiate(hello); a == nil || a.Alert != AlertHandshakeFailure {
		t.Errorf("without it and without another suite: %v", a)
	}

	for _, test := range []struct {
		suite CipherSuite
		etm   bool
		want  AlertDescription
	}{{cbc, true, 0}, {cbc, false, AlertHandshakeFailure}, {gcm, false, 0}, {gcm, true, AlertIllegalParameter}} {
		m := &wire.ServerHello{Version: record.Version12, CipherSuite: uint16(test.suite)}
		m.ExtendedMasterSecret, m.EncryptThenMAC = true, test.etm
		_, _, a := client.readServerHello(m.Append(nil))
		if (a == nil) != (test.want == 0) || a != nil && a.Alert != test.want {
			t.Errorf("ServerHello with %v, encrypt_then_mac %v: %v, want %v", test.suite, test.etm, a, test.want)
		}
	}
	client.CipherSuites = nil
	if client.clientHello(newRandom(), nil, sessionOffer{}).EncryptThenMAC {
		t.Error("a client that does not name CBC offers encrypt_then_mac")
	}
}

func TestACBCSessionIsNotResumedWithoutEncryptThenMAC(t *testing.T) {
	r := &resumption{clientStore: sessionMap{}, serverStore: sessionMap{}}
	r.client, r.server = configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	r.client.CipherSuites = []CipherSuite{TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256}
	r.server.CipherSuites = r.client.CipherSuites
	r.client.Sessions, r.server.Sessions = r.clientStore, r.serverStore
	p := r.connect(t, epochZero, false)
	session, err := parseSession(r.clientStore[r.clientStore.keys()[0]])
	if err != nil {
		t.Fatal(err)
	}
	e, err := NewEngine(RoleServer, r.server)
	if err != nil {
		t.Fatal(err)
	}
	for _, etm := range []bool{true, false} {
		hello := r.client.clientHello(newRandom(), nil, sessionOffer{id: session.id})
		hello.EncryptThenMAC = etm
		if found, _, a := e.side.(*server12).resumable(p.now, hello); a != nil || (found != nil) != etm {
			t.Errorf("encrypt_then_mac %v: session found %v, %v", etm, found != nil, a)
		}
	}
}

func TestTheClientsHardwareDecidesAboutChaCha(t *testing.T) {
	mobile, desktop := preferredSuites(false), preferredSuites(true)
	if !strings.Contains(mobile[0].String(), "CHACHA20") || !strings.Contains(desktop[0].String(), "GCM") {
		t.Fatalf("first without AES in hardware: %v, with it: %v", mobile[0], desktop[0])
	}
	config := new(Config)
	for _, client := range [][]CipherSuite{mobile, desktop} {
		for _, grease := range []uint16{0, 0x1a1a} {
			m := new(wire.ClientHello)
			if grease != 0 {
				m.CipherSuites = append(m.CipherSuites, grease)
			}
			for _, s := range client {
				m.CipherSuites = append(m.CipherSuites, uint16(s))
			}
			want := client[0]
			if !aesInHardware {
				want = mobile[0]
			}
			if got := config.cipherSuitesFor(m)[0]; got != want {
				t.Errorf("for a client that prefers %v: %v", client[0], got)
			}
			named := &Config{CipherSuites: []CipherSuite{TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384}}
			if got := named.cipherSuitesFor(m); !slices.Equal(got, named.CipherSuites) {
				t.Errorf("named suites become %v", got)
			}
		}
	}
	if got := config.cipherSuitesFor(new(wire.ClientHello)); !slices.Equal(got, DefaultCipherSuites()) {
		t.Errorf("for a client without suites of ours: %v", got)
	}
}

func TestTheTablesSayWhatTheNamesSay(t *testing.T) {
	for _, info := range CipherSuites() {
		parts := strings.SplitN(strings.TrimPrefix(info.Name, "TLS_"), "_WITH_", 2)
		exchange := strings.TrimSuffix(parts[0], "_"+info.Certificate)
		hash := crypto.SHA256
		if strings.HasSuffix(parts[1], "SHA384") {
			hash = crypto.SHA384
		}
		bits := 256
		if strings.Contains(parts[1], "AES_128") {
			bits = 128
		}
		if exchange != info.KeyExchange.String() || info.Hash != hash || info.KeyBits != bits || info.AEAD == strings.Contains(parts[1], "CBC") ||
			info.ForwardSecrecy != strings.Contains(parts[0], "ECDHE") || info.Default != slices.Contains(DefaultCipherSuites(), info.Suite) ||
			info.Default && !info.Recommended || info.Recommended && (!info.AEAD || !info.ForwardSecrecy) {
			t.Errorf("%+v", info)
		}
		if got, ok := info.Suite.Info(); !ok || got != info || info.Suite.String() != info.Name {
			t.Errorf("%v.Info() is %+v, %v", info.Suite, got, ok)
		}
	}
	var groups []Group
	for _, info := range Groups() {
		if got, ok := info.Group.Info(); !ok || got != info || info.Group.String() != info.Name || info.Group.curve() == nil {
			t.Errorf("%v.Info() is %+v, %v", info.Group, got, ok)
		}
		if info.Default {
			groups = append(groups, info.Group)
		}
	}
	if !slices.Equal(groups, DefaultGroups()) {
		t.Errorf("default groups %v, DefaultGroups says %v", groups, DefaultGroups())
	}
	var schemes []SignatureScheme
	for _, info := range SignatureSchemes() {
		if got, ok := info.Scheme.Info(); !ok || got != info || info.Scheme.String() != info.Name ||
			!strings.HasPrefix(info.Name, strings.ToLower(info.Key)) || info.PSS != strings.Contains(info.Name, "pss") {
			t.Errorf("%v.Info() is %+v, %v", info.Scheme, got, ok)
		}
		schemes = append(schemes, info.Scheme)
	}
	if !slices.Equal(schemes, DefaultSignatureSchemes()) {
		t.Errorf("schemes %v", schemes)
	}
	_, a := CipherSuite(0).Info()
	_, b := Group(0).Info()
	_, c := SignatureScheme(0).Info()
	if a || b || c {
		t.Error("what we do not have has an Info")
	}
	for _, name := range []fmt.Stringer{ECDHE, PSKOnly, ECDHEPSK} {
		if strings.Contains(name.String(), "(") {
			t.Errorf("key exchange without a name: %v", name)
		}
	}
}

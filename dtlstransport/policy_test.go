package dtlstransport

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/keying"
)

func TestHardenedPolicyHasForwardSecrecyAndAEADOnly(t *testing.T) {
	c := HardenedPolicy()
	for _, s := range c.CipherSuites {
		if name := s.String(); !strings.HasPrefix(name, "TLS_ECDHE_") || !strings.Contains(name, "_GCM_") && !strings.Contains(name, "_POLY1305_") || strings.Contains(name, "_128_") {
			t.Errorf("suite %s", name)
		}
	}
	for _, s := range c.SignatureSchemes {
		if name := s.String(); strings.Contains(name, "pkcs1") || strings.Contains(name, "sha1") {
			t.Errorf("scheme %s", name)
		}
	}
	for _, p := range c.SRTPProfiles {
		if !strings.Contains(p.String(), "AEAD") {
			t.Errorf("SRTP profile %v", p)
		}
	}
	if c.ExtendedMasterSecret != EMSRequire || c.ClientAuth != ClientAuthRequire || c.InsecureExportWithoutEMS {
		t.Errorf("%+v", c)
	}
}

func TestHardenedPolicyConnectsAndPrefersTheStrongest(t *testing.T) {
	for _, hardened := range []Role{RoleClient, RoleServer} {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		own := client
		if hardened == RoleServer {
			own = server
		}
		policy := HardenedPolicy()
		policy.Certificates, policy.RemoteFingerprints = own.Certificates, own.RemoteFingerprints
		*own = *policy
		p := newPair(t, client, server, netsim.Config{})
		p.connect()
		s := p.client.ConnectionState()
		if hardened == RoleServer && (s.CipherSuite != TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 || s.Group != Secp521r1 || s.SRTPProfile != keying.SRTPAEADAES256GCM) {
			t.Errorf("the server chose %v, %v, %v", s.CipherSuite, s.Group, s.SRTPProfile)
		}
	}
}

// The browsers' hellos, as captured, have something in common with it.
func TestHardenedPolicyTakesTheHellosOfBrowsers(t *testing.T) {
	for _, name := range []string{"chromium156", "firefox153"} {
		hello := readHello(t, filepath.Join("internal", "wire", "testdata", name+"-client-hello-1.hex"))
		c := HardenedPolicy()
		c.Certificates = []*fingerprint.Certificate{testCertificate(t, fingerprint.ECDSAP256)}
		p, _, a := c.negotiate(hello.hello)
		if a != nil || p.srtpProfile == 0 {
			t.Errorf("%s: %v, SRTP %v", name, a, p.srtpProfile)
		}
	}
}

const wholePolicy = `cipher_suites = TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
groups = secp384r1 X25519
signature_schemes = ed25519 rsa_pss_rsae_sha256
srtp_profiles = SRTP_AEAD_AES_256_GCM SRTP_AES128_CM_HMAC_SHA1_80
alpn = webrtc c-webrtc
hello_profile = firefox
extended_master_secret = request
session_tickets = no
initial_timeout = 50ms
longest_timeout = 1.5s
handshake_timeout = none
failure_grace = 1s
session_lifetime = 1h0m0s
max_datagram_size = 1100
max_message_size = 16384
receive_buffer = 65536
heartbeat = answer
replay_window = 512
record_padding = 64
max_forged_records = 1000
`

func TestAPolicySurvivesTheRoundTrip(t *testing.T) {
	c, err := LoadPolicy(strings.NewReader(wholePolicy))
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		CipherSuites:     []CipherSuite{TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
		Groups:           []Group{Secp384r1, X25519},
		SignatureSchemes: []SignatureScheme{Ed25519Scheme, RSAPSSRSAESHA256},
		SRTPProfiles:     []keying.SRTPProfile{keying.SRTPAEADAES256GCM, keying.SRTPAES128CMHMACSHA1_80},
		ALPN:             []string{"webrtc", "c-webrtc"}, HelloProfile: HelloFirefox, ExtendedMasterSecret: EMSRequest, NoTickets: true,
		InitialTimeout: 50 * time.Millisecond, LongestTimeout: 1500 * time.Millisecond, HandshakeTimeout: -1, FailureGrace: time.Second,
		SessionLifetime: time.Hour, MaxDatagramSize: 1100, MaxMessageSize: 16384, ReceiveBuffer: 65536, RecordPadding: 64, ReplayWindow: 512, Heartbeat: HeartbeatAnswer, MaxForgedRecords: 1000,
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("read %+v, want %+v", c, want)
	}
	for _, c := range []*Config{c, HardenedPolicy(), {}, {SRTPProfiles: []keying.SRTPProfile{}, HandshakeTimeout: -time.Nanosecond, FailureGrace: -1}} {
		var text strings.Builder
		if err := c.WritePolicy(&text); err != nil {
			t.Fatal(err)
		}
		again, err := LoadPolicy(strings.NewReader(text.String()))
		if err != nil {
			t.Fatalf("%v in\n%s", err, &text)
		}
		if !reflect.DeepEqual(again, c) {
			t.Errorf("%+v came back as %+v, by\n%s", c, again, &text)
		}
	}
	var text strings.Builder
	_ = c.WritePolicy(&text)
	if text.String() != wholePolicy {
		t.Errorf("written\n%s", &text)
	}
}

// Who adds a field to Config decides whether a text may set it.
func TestEveryFieldOfConfigIsASettingOrHasAReason(t *testing.T) {
	reasons := map[string]string{
		"Certificates": "not text", "RemoteFingerprints": "of one peer", "VerifyPeer": "not text", "SelectProtocol": "not text", "VerifyStatus": "not text", "CertificateUses": "of Certificates", "ServerName": "of one association", "PSK": "secret", "Cookies": "secret", "ConnectionID": "of one association", "KeyLogWriter": "not text",
		"Trace": "not text", "Sessions": "not text", "Tickets": "secret", "NewProtector": "not text", "ReliableTransport": "of one association",
		"ClientAuth": "insecure", "InsecureExportWithoutEMS": "insecure", "Conformance": "for test suites",
	}
	names := map[string]bool{}
	for _, s := range settings {
		names[strings.ReplaceAll(s.name, "_", "")] = true
	}
	names["notickets"] = names["sessiontickets"]
	for i := range reflect.TypeFor[Config]().NumField() {
		name := reflect.TypeFor[Config]().Field(i).Name
		if _, reason := reasons[name]; reason == names[strings.ToLower(name)] {
			t.Errorf("Config.%s is to be in settings (policysetting.go) or, with a reason, in this list", name)
		}
	}
}

func TestAPolicyIsReadWithCommentsAndInAnyCase(t *testing.T) {
	c, err := LoadPolicy(strings.NewReader("\n  # nothing else\r\nGroups=x25519 SECP256R1#both\r\n\tsession_tickets = YES\nhello_profile = default\n"))
	if err != nil {
		t.Fatal(err)
	}
	if want := (&Config{Groups: []Group{X25519, Secp256r1}}); !reflect.DeepEqual(c, want) {
		t.Errorf("read %+v", c)
	}
}

func TestAPolicyErrorNamesTheLine(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"groups X25519", `dtls: policy: line 1: "groups X25519" is not of the form name = value`},
		{"\n# x\ngroup = X25519", `dtls: policy: line 3: unknown setting "group"`},
		{"groups = X25519\ngroups = X25519", `dtls: policy: line 2: groups again, after line 1`},
		{"groups =   # none", `dtls: policy: line 1: groups without a value`},
		{"groups = X25519 X448", `dtls: policy: line 1: groups: unknown name "X448"`},
		{"groups = X25519 x25519", `dtls: policy: line 1: groups: X25519 twice`},
		{"srtp_profiles = none SRTP_AEAD_AES_128_GCM", `dtls: policy: line 1: srtp_profiles: unknown name "none"`},
		{"cipher_suites = TLS_RSA_WITH_AES_128_CBC_SHA", `dtls: policy: line 1: cipher_suites: unknown name "TLS_RSA_WITH_AES_128_CBC_SHA"`},
		{"extended_master_secret = never", `dtls: policy: line 1: extended_master_secret: "never" is none of require, request`},
		{"session_tickets = 1", `dtls: policy: line 1: session_tickets: "1" is neither yes nor no`},
		{"initial_timeout = 200", `dtls: policy: line 1: initial_timeout: "200" is no duration above 0, such as 1500ms`},
		{"initial_timeout = none", `dtls: policy: line 1: initial_timeout: "none" is no duration above 0, such as 1500ms`},
		{"handshake_timeout = -1s", `dtls: policy: line 1: handshake_timeout: "-1s" is no duration above 0, such as 1500ms`},
		{"max_datagram_size = 100", `dtls: policy: line 1: max_datagram_size: "100" is no number from 128 on`},
		{"insecure_export_without_ems = yes", `dtls: policy: line 1: unknown setting "insecure_export_without_ems"`},
	} {
		c, err := LoadPolicy(strings.NewReader(test.text))
		if c != nil || err == nil || err.Error() != test.want {
			t.Errorf("%q: %v\nwant %s", test.text, err, test.want)
		}
		var p *PolicyError
		if !errors.As(err, &p) || p.Line == 0 {
			t.Errorf("%q: %T", test.text, err)
		}
	}
	if _, err := LoadPolicy(iotest.ErrReader(io.ErrClosedPipe)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a reader that fails: %v", err)
	}
	if _, err := LoadPolicy(strings.NewReader(strings.Repeat("#", 1<<20))); err == nil {
		t.Error("a line of a megabyte was read")
	}
}

func FuzzLoadPolicy(f *testing.F) {
	f.Add(wholePolicy)
	f.Add("srtp_profiles = none\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := LoadPolicy(strings.NewReader(text))
		if err != nil {
			return
		}
		var written strings.Builder
		if err := c.WritePolicy(&written); err != nil {
			t.Fatal(err)
		}
		again, err := LoadPolicy(strings.NewReader(written.String()))
		if err != nil || fmt.Sprintf("%#v", again) != fmt.Sprintf("%#v", c) {
			t.Errorf("%#v came back as %#v (%v)", c, again, err)
		}
	})
}

func TestTheLongestTimeoutIsThatOfTheConfig(t *testing.T) { // RTX-01
	client, _ := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	client.Conformance = true // no jitter
	client.InitialTimeout, client.LongestTimeout, client.HandshakeTimeout = 100*time.Millisecond, 300*time.Millisecond, time.Second
	e, err := NewEngine(RoleClient, client)
	if err != nil {
		t.Fatal(err)
	}
	now := epochZero
	if err := e.Start(now); err != nil {
		t.Fatal(err)
	}
	var waits []time.Duration
	for err == nil {
		waits = append(waits, e.Deadline().Sub(now))
		now = e.Deadline()
		err = e.HandleTimeout(now)
	}
	if got, want := fmt.Sprint(waits), "[100ms 200ms 300ms 300ms 100ms]"; got != want {
		t.Errorf("timeouts %s, want %s", got, want)
	}
	if !errors.Is(err, ErrTimeout) {
		t.Errorf("in the end %v", err)
	}
}

package dtlstransport

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/keying"
)

// sentHello is a ClientHello that a client with the Config has sent: the hello, and
// the version in its record.
func sentHello(t *testing.T, config *Config) (*wire.ClientHello, uint16) {
	t.Helper()
	e, err := NewEngine(RoleClient, config)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Start(epochZero); err != nil {
		t.Fatal(err)
	}
	b, _ := e.AppendDatagram(nil)
	r, _, _ := record.Next(b)
	_, body, _, err := wire.ParseFragment(r.Body())
	if err != nil {
		t.Fatal(err)
	}
	m, err := wire.ParseClientHello(body)
	if err != nil {
		t.Fatal(err)
	}
	return m, r.Version
}

func TestTheExtensionsOfHellosAreShuffledUnlessAskedNotTo(t *testing.T) {
	for _, test := range []struct {
		profile     HelloProfile
		conformance bool
		shuffled    bool
	}{
		{HelloDefault, false, true},
		{HelloDefault, true, false},
		{HelloShuffled, false, true},
		{HelloShuffled, true, true},
		{HelloFixed, false, false},
		{HelloFixed, true, false},
		{HelloChromium, false, true},
		{HelloFirefox, false, false},
	} {
		config, _ := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		config.HelloProfile, config.Conformance = test.profile, test.conformance
		seen := map[string]bool{}
		for range 40 { // of 5,040 orders: the chance that all are the same is below 1 in 10^144
			m, _ := sentHello(t, config)
			seen[fmt.Sprint(m.Types)] = true
		}
		if shuffled := len(seen) > 1; shuffled != test.shuffled {
			t.Errorf("%v, conformance %v: %d orders in 40 hellos", test.profile, test.conformance, len(seen))
		}
	}
}

// Both hellos of a cookie exchange, and what is sent again, differ in nothing but
// the cookie.
func TestAllHellosOfAnAssociationAreAlike(t *testing.T) { // COOK-08, HS-32
	for profile := HelloDefault; profile < numHelloProfiles; profile++ {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		client.HelloProfile, client.ALPN, server.Cookies = profile, []string{"webrtc"}, NewCookies()
		client.InitialTimeout = 50 * time.Millisecond
		server.InitialTimeout = time.Hour
		p := newPair(t, client, server, netsim.Config{Delay: time.Millisecond})
		var hellos [][]byte
		p.tap = func(b []byte) {
			r, _, _ := record.Next(b)
			h, body, _, err := wire.ParseFragment(r.Body())
			if err != nil || h.Type != wire.TypeClientHello {
				return
			}
			m, err := wire.ParseClientHello(body)
			if err != nil {
				t.Fatal(err)
			}
			m.Cookie, m.Order = nil, m.Types
			hellos = append(hellos, m.Append(nil))
		}
		p.client.note(p.client.Start(p.now))
		p.flush(p.client)
		p.run(time.Second, func() bool { return len(hellos) > 0 })
		p.link = netsim.New(netsim.Config{Delay: time.Millisecond}) // the HelloVerifyRequest is lost, so the hello is repeated
		p.run(time.Second, func() bool { return p.server.connected })
		if len(hellos) < 3 {
			t.Fatalf("%v: %d hellos", profile, len(hellos))
		}
		for i, h := range hellos[1:] {
			if !bytes.Equal(h, hellos[0]) {
				t.Errorf("%v: hello %d is %x, the first was %x", profile, i+1, h, hellos[0])
			}
		}
	}
}

// known returns those of numbers that we have, and that a 1.2 hello has.
func known[T ~uint16](numbers []uint16, have func(T) bool) (list []uint16) {
	for _, n := range numbers {
		if have(T(n)) {
			list = append(list, n)
		}
	}
	return list
}

func TestBrowserLikeHellosAreThoseOfTheBrowsersWithoutWhatWeLack(t *testing.T) {
	defaults := new(Config)
	for _, test := range []struct {
		profile HelloProfile
		fixture string
		ordered bool
	}{
		{HelloChromium, "chromium156-client-hello-1.hex", false},
		{HelloChromium, "wrtc0.10-client-hello-1.hex", false}, // libwebrtc without DTLS 1.3
		{HelloFirefox, "firefox153-client-hello-1.hex", true},
	} {
		browser := readHello(t, filepath.Join("internal", "wire", "testdata", test.fixture)).hello
		config, _ := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		config.HelloProfile, config.ALPN = test.profile, browser.ALPN
		config.SRTPProfiles = append(keying.DefaultSRTPProfiles(), keying.SRTPAES128CMHMACSHA1_32)
		ours, version := sentHello(t, config)
		if version != record.Version10 {
			t.Errorf("%v: record version %#04x", test.profile, version)
		}
		for _, list := range []struct {
			name      string
			got, want []uint16
		}{
			{"suites", ours.CipherSuites, known(browser.CipherSuites, func(s CipherSuite) bool { return slices.Contains(defaults.cipherSuites(), s) })},
			{"groups", ours.SupportedGroups, known(browser.SupportedGroups, func(g Group) bool { return slices.Contains(defaults.groups(), g) })},
			{"schemes", ours.SignatureAlgorithms, known(browser.SignatureAlgorithms, func(s SignatureScheme) bool { return slices.Contains(defaults.signatureSchemes(), s) })},
		} {
			if !slices.Equal(list.got, list.want) {
				t.Errorf("%s: %s %#04x, want %#04x", test.fixture, list.name, list.got, list.want)
			}
		}
		if test.fixture != "wrtc0.10-client-hello-1.hex" && !slices.Equal(ours.UseSRTP.Profiles, browser.UseSRTP.Profiles) {
			t.Errorf("%s: SRTP %#04x, want %#04x", test.fixture, ours.UseSRTP.Profiles, browser.UseSRTP.Profiles)
		}
		for _, x := range ours.Types {
			if !slices.Contains(browser.Types, x) {
				t.Errorf("%s: extension %d is not the browser's", test.fixture, x)
			}
		}
		if common := known(browser.Types, func(x uint16) bool { return slices.Contains(ours.Types, x) }); test.ordered && !slices.Equal(ours.Types, common) {
			t.Errorf("%s: extensions %d, want %d", test.fixture, ours.Types, common)
		}
	}
}

// What a profile leaves out is not taken in an answer either.
func TestABrowserLikeHelloIsMeant(t *testing.T) {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.Ed25519)
	client.HelloProfile = HelloChromium
	client.FailureGrace, server.FailureGrace = -1, -1
	p := newPair(t, client, server, netsim.Config{})
	p.start()
	p.run(time.Minute, func() bool { return p.server.err != nil || p.bothConnected() })
	if p.server.err == nil {
		t.Error("connected to Ed25519, which Chromium does not offer")
	}

	client, server = configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	client.HelloProfile = HelloFirefox
	newPair(t, client, server, netsim.Config{}).connect()
}

func TestAProfileWithNothingOfTheConfigIsRefused(t *testing.T) {
	for _, change := range []func(*Config){
		func(c *Config) { c.CipherSuites = []CipherSuite{TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384} },
		func(c *Config) { c.SignatureSchemes = []SignatureScheme{Ed25519Scheme} },
		func(c *Config) { c.HelloProfile = numHelloProfiles },
	} {
		client, _ := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		client.HelloProfile = HelloChromium
		change(client)
		if _, err := NewEngine(RoleClient, client); err == nil {
			t.Errorf("%+v was accepted", client)
		}
	}
}

package wire

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestEveryCapturedMessageParsesAndAppendsBack(t *testing.T) { // HS-35
	total := 0
	for _, path := range fixtures(t, "*.hex") {
		for _, m := range reassemble(t, readFragments(t, path)) {
			total++
			if m.Type == TypeServerHelloDone {
				if err := ParseServerHelloDone(m.body); err != nil {
					t.Errorf("%s: %v", path, err)
				}
				continue
			}
			c, ok := codecs[m.Type]
			if !ok {
				t.Fatalf("%s: unexpected %v", path, m.Type)
			}
			if _, err := c.parse(m.body); err != nil {
				t.Errorf("%s: %v: %v", path, m.Type, err)
			}
			c.check(t, m.body)
		}
	}
	if total < 100 {
		t.Errorf("only %d messages in testdata", total)
	}
}

func TestCapturedFlightsHoldTheMessagesOfTheirName(t *testing.T) {
	for pattern, want := range map[string][]HandshakeType{
		"*client-hello*": {TypeClientHello},
		"*flight4*":      {TypeServerHello, TypeCertificate, TypeServerKeyExchange, TypeCertificateRequest, TypeServerHelloDone},
		"*flight5*":      {TypeCertificate, TypeClientKeyExchange, TypeCertificateVerify},
	} {
		for _, path := range fixtures(t, pattern) {
			var got []HandshakeType
			for _, m := range reassemble(t, readFragments(t, path)) {
				if m.Type != TypeHelloVerifyRequest { // a file of werift begins with one
					got = append(got, m.Type)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", path, got, want)
			}
		}
	}
}

// describe prints an extensions block, for comparison with a literal.
func describe(e *Extensions) string {
	var b strings.Builder
	fmt.Fprintf(&b, "types %d", e.Types)
	if e.HasServerName {
		fmt.Fprintf(&b, " name %q", e.ServerName)
	}
	if e.HasStatusRequest {
		b.WriteString(" status")
	}
	if e.SupportedVersions != nil {
		fmt.Fprintf(&b, " versions %04x", e.SupportedVersions)
	}
	if e.SupportedGroups != nil {
		fmt.Fprintf(&b, " groups %d", e.SupportedGroups)
	}
	if e.PointFormats != nil {
		fmt.Fprintf(&b, " formats %d", e.PointFormats)
	}
	if e.SignatureAlgorithms != nil {
		fmt.Fprintf(&b, " schemes %04x", e.SignatureAlgorithms)
	}
	if e.UseSRTP != nil {
		fmt.Fprintf(&b, " srtp %d/%x", e.UseSRTP.Profiles, e.UseSRTP.MKI)
	}
	if e.ALPN != nil {
		fmt.Fprintf(&b, " alpn %q", e.ALPN)
	}
	if e.ExtendedMasterSecret {
		b.WriteString(" ems")
	}
	if e.HasSessionTicket {
		fmt.Fprintf(&b, " ticket %x", e.SessionTicket)
	}
	if e.HasRenegotiationInfo {
		fmt.Fprintf(&b, " renegotiation %x", e.RenegotiationInfo)
	}
	return b.String()
}

func TestCapturedClientHellosSayWhatWeKnowOfThem(t *testing.T) { // HS-30, HS-39, RENEG-01
	for _, test := range []struct{ name, hello, extensions string }{
		{
			"chromium156-client-hello-1",
			`fefd suites [1301 1302 1303 c02b c02f cca9 cca8 c009 c013 c00a c014 009c 002f 0035] compression 00 session 0 cookie 0`,
			`types [14 11 51 43 65281 13 23 10 45] versions [fefc fefd] groups [4588 29 23 24] formats [0] schemes [0403 0804 0401 0503 0805 0501 0806 0601 0201] srtp [1 8 7]/ ems renegotiation `,
		},
		{
			"chromium156-client-hello-cookie",
			`fefd suites [1301 1302 1303 c02b c02f cca9 cca8 c009 c013 c00a c014 009c 002f 0035] compression 00 session 0 cookie 20`,
			`types [14 11 51 43 65281 13 23 10 45] versions [fefc fefd] groups [4588 29 23 24] formats [0] schemes [0403 0804 0401 0503 0805 0501 0806 0601 0201] srtp [1 8 7]/ ems renegotiation `,
		},
		{
			"firefox153-client-hello-1",
			`fefd suites [1301 1303 c02b c02f cca9 cca8 c00a c009 c013 c014] compression 00 session 0 cookie 0`,
			`types [23 65281 10 11 16 34 51 43 13 28 14] versions [fefc fefd 0303] groups [4588 29 23 24 256 257] formats [0] schemes [0403 0503 0603 0203 0804 0805 0806 0401 0501 0601 0201 0402 0502 0602 0202] srtp [7 8 1 2]/ alpn ["webrtc" "c-webrtc"] ems renegotiation `,
		},
		{
			"wrtc0.10-client-hello-1",
			`fefd suites [c02b c02f cca9 cca8 c009 c013 c00a c014 009c 002f 0035] compression 00 session 0 cookie 0`,
			`types [23 65281 10 11 35 13 14] groups [29 23 24] formats [0] schemes [0403 0804 0401 0503 0805 0501 0806 0601 0201] srtp [1]/ ems ticket  renegotiation `,
		},
		{
			"werift0.24-client-hello-1",
			`fefd suites [c02b c02f] compression 00 session 0 cookie 0`,
			`types [14 10 13 23 65281] groups [29 23] schemes [0401 0403] srtp [7 1]/ ems renegotiation `,
		},
		{
			"libdatachannel0.24-client-hello-1",
			`fefd suites [c02c c030 00a3 009f cca9 cca8 ccaa c0af c0ad c0a3 c09f c05d c061 c057 c053 c02b c02f 00a2 009e c0ae c0ac c0a2 c09e c05c c060 c056 c052 009d c0a1 c09d c051 009c c0a0 c09c c050 00ff] compression 00 session 0 cookie 0`,
			`types [11 10 35 14 22 23 13] groups [23] formats [0 1 2] schemes [0403 0503 0603 0807 0808 0809 080a 080b 0804 0805 0806 0401 0501 0601 0303 0203 0301 0201 0302 0202 0402 0502 0602] srtp [8 7 1]/ ems ticket `,
		},
	} {
		m, err := ParseClientHello(firstMessage(t, test.name, TypeClientHello))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		got := fmt.Sprintf("%04x suites %04x compression %x session %d cookie %d %s", m.Version, m.CipherSuites,
			m.CompressionMethods, len(m.SessionID), len(m.Cookie), describe(&m.Extensions))
		if want := test.hello + " " + test.extensions; got != want {
			t.Errorf("%s:\n got %q\nwant %q", test.name, got, want)
		}
	}
}

func TestCapturedServerHellosSayWhatWeKnowOfThem(t *testing.T) { // RENEG-02
	for _, test := range []struct{ name, hello, extensions string }{
		{
			"chromium156-server-flight4",
			`fefd suite c02b compression 0 session 32`,
			`types [23 65281 11 14] formats [0] srtp [1]/ ems renegotiation `,
		},
		{
			"firefox153-server-flight4",
			`fefd suite c02b compression 0 session 32`,
			`types [65281 11 23 14] formats [0] srtp [7]/ ems renegotiation `,
		},
		{
			"wrtc0.10-server-flight4",
			`fefd suite c02b compression 0 session 32`,
			`types [23 65281 11 14] formats [0] srtp [1]/ ems renegotiation `,
		},
		{
			"werift0.24-server-flight4",
			`fefd suite c02b compression 0 session 1`,
			`types [14 23 65281] srtp [7]/ ems renegotiation `,
		},
		{
			"libdatachannel0.24-server-flight4",
			`fefd suite c02b compression 0 session 32`,
			`types [65281 11 14 23] formats [0 1 2] srtp [8]/ ems renegotiation `,
		},
	} {
		m, err := ParseServerHello(firstMessage(t, test.name, TypeServerHello))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		got := fmt.Sprintf("%04x suite %04x compression %x session %d %s", m.Version, m.CipherSuite, m.CompressionMethod,
			len(m.SessionID), describe(&m.Extensions))
		if want := test.hello + " " + test.extensions; got != want {
			t.Errorf("%s:\n got %q\nwant %q", test.name, got, want)
		}
	}
}

func TestPeekReadsTheFirstFragmentOfEveryCapturedClientHello(t *testing.T) {
	for _, path := range fixtures(t, "*client-hello*") {
		fragments := readFragments(t, path)
		m, err := ParseClientHello(reassemble(t, fragments)[0].body)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		version, random, sessionID, cookie, err := PeekClientHello(fragments[0].data)
		if err != nil || version != m.Version || random != m.Random || !bytes.Equal(sessionID, m.SessionID) || !bytes.Equal(cookie, m.Cookie) {
			t.Errorf("%s: peek: %04x %x %x %x %v", path, version, random, sessionID, cookie, err)
		}
		if wantCookie := strings.Contains(path, "cookie"); (len(cookie) == 20) != wantCookie {
			t.Errorf("%s: cookie of %d bytes", path, len(cookie))
		}
	}
}

// Firefox cuts its hello anew after three timeouts: 0+1383 and 1383+78 become 0+1163 and 1163+298.
func TestFirefoxHelloCutInTwoWaysIsOneHello(t *testing.T) { // HS-39
	fragments := readFragments(t, "testdata/firefox153-client-hello-refragmented.hex")
	if len(fragments) != 4 {
		t.Fatalf("%d fragments, want 4", len(fragments))
	}
	oldHead, oldTail, newHead, newTail := fragments[0], fragments[1], fragments[2], fragments[3]
	want, err := ParseClientHello(slices.Concat(oldHead.data, oldTail.data))
	if err != nil {
		t.Fatal(err)
	}
	if oldTail.FragmentOffset != 1383 || newHead.FragmentLength != 1163 || newTail.FragmentOffset != 1163 {
		t.Fatalf("unexpected cuts: %v", fragments)
	}
	// The receiver has the old tail and gets the new ones: 1163..1383 is new alone, 1383..1461 is in both tails.
	body := make([]byte, oldTail.Length)
	copy(body[1383:], oldTail.data)
	copy(body, newHead.data)
	copy(body[1163:], newTail.data)
	got, err := ParseClientHello(body)
	if err != nil {
		t.Fatal(err)
	}
	if !equalMessages(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if again := reassemble(t, []fragment{oldTail, newHead, newTail}); !bytes.Equal(again[0].body, body) {
		t.Error("reassembled differently")
	}
}

func TestCapturedServerKeyExchangesHaveAPointOfTheirGroup(t *testing.T) {
	pointLen := map[uint16]int{23: 65, 29: 32} // secp256r1, x25519
	for _, path := range fixtures(t, "*flight4*") {
		m, err := ParseServerKeyExchange(firstMessage(t, strings.TrimSuffix(filepath.Base(path), ".hex"), TypeServerKeyExchange))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if len(m.PublicKey) != pointLen[m.Group] || len(m.Params) != 4+len(m.PublicKey) {
			t.Errorf("%s: group %d, point of %d bytes, params of %d bytes", path, m.Group, len(m.PublicKey), len(m.Params))
		}
	}
}

func TestCapturedCertificatesHaveTheKeyThatX509Finds(t *testing.T) { // CERT-02
	for _, path := range append(fixtures(t, "*flight4*"), fixtures(t, "*flight5*")...) {
		m, err := ParseCertificate(firstMessage(t, strings.TrimSuffix(filepath.Base(path), ".hex"), TypeCertificate))
		if err != nil || len(m.Chain) != 1 {
			t.Errorf("%s: %v, %d certificates", path, err, len(m.Chain))
			continue
		}
		checkSubjectPublicKeyInfo(t, path, m.Chain[0])
	}
}

// checkSubjectPublicKeyInfo compares with crypto/x509, which has to accept the certificate.
func checkSubjectPublicKeyInfo(t *testing.T, name string, der []byte) {
	t.Helper()
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	spki, err := SubjectPublicKeyInfo(der)
	if err != nil || !bytes.Equal(spki, cert.RawSubjectPublicKeyInfo) {
		t.Errorf("%s: %x, %v; x509 says %x", name, spki, err, cert.RawSubjectPublicKeyInfo)
		return
	}
	if _, err := x509.ParsePKIXPublicKey(spki); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

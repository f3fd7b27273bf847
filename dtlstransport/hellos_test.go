package dtlstransport

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/flight"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/keying"
)

// helloFixture is a ClientHello of a foreign stack, as captured.
type helloFixture struct {
	name      string
	datagrams [][]byte
	seq       uint16 // message_seq
	body      []byte
	hello     *wire.ClientHello
}

// readHello reads one file: lines of hex, a datagram each, and comments.
func readHello(t testing.TB, path string) *helloFixture {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f := &helloFixture{name: strings.TrimSuffix(filepath.Base(path), ".hex")}
	var in flight.Reassembler
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		b := goldenHex(t, line)
		f.datagrams = append(f.datagrams, b)
		r, _, _ := record.Next(b)
		h, fragment, _, err := wire.ParseFragment(r.Body())
		if err != nil {
			t.Fatal(err)
		}
		f.seq = h.Seq
		in.Add(h, fragment)
	}
	typ, body, ok := in.Message(f.seq)
	if !ok || typ != wire.TypeClientHello {
		t.Fatalf("%s: not a ClientHello: %v %v", path, ok, typ)
	}
	f.body = body
	if f.hello, err = wire.ParseClientHello(body); err != nil {
		t.Fatal(err)
	}
	return f
}

// readHellos reads the captures, which the tests of internal/wire have too.
func readHellos(t testing.TB, pattern string, least int) (fixtures []*helloFixture) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("internal/wire/testdata", pattern))
	if err != nil || len(paths) < least {
		t.Fatalf("%d files %s, %v", len(paths), pattern, err)
	}
	for _, path := range paths {
		fixtures = append(fixtures, readHello(t, path))
	}
	return fixtures
}

// helloServer returns a server that knows nothing of its peer.
func helloServer(t testing.TB, k fingerprint.KeyType, cookies *Cookies) *Engine {
	t.Helper()
	e, err := NewEngine(RoleServer, &Config{Certificates: []*fingerprint.Certificate{testCertificate(t, k)}, Cookies: cookies})
	if err != nil {
		t.Fatal(err)
	}
	e.SetRemoteAddr("192.0.2.1:5000")
	return e
}

// helloDrain takes what an engine has to send.
func helloDrain(e *Engine) (datagrams [][]byte) {
	for {
		b, ok := e.AppendDatagram(nil)
		if !ok {
			return datagrams
		}
		datagrams = append(datagrams, b)
	}
}

// helloGive gives a copy of a datagram to a server and returns its answer.
func helloGive(t testing.TB, e *Engine, b []byte) [][]byte {
	t.Helper()
	if err := e.HandleDatagram(epochZero, bytes.Clone(b)); err != nil {
		t.Fatal(err)
	}
	return helloDrain(e)
}

// helloFlight4 is an answer to a hello, parsed.
type helloFlight4 struct {
	firstRecord uint64
	firstSeq    uint16
	hello       *wire.ServerHello
	exchange    *wire.ServerKeyExchange
	leaf        []byte
}

func (x *helloFlight4) String() string {
	profile := keying.SRTPProfile(0)
	if x.hello.UseSRTP != nil {
		profile = keying.SRTPProfile(x.hello.UseSRTP.Profiles[0])
	}
	return fmt.Sprintf("%v %v %v %v", CipherSuite(x.hello.CipherSuite), Group(x.exchange.Group), SignatureScheme(x.exchange.Scheme), profile)
}

// parseFlight4 reads an answer and checks what holds for all of them.
func parseFlight4(t testing.TB, f *helloFixture, datagrams [][]byte) *helloFlight4 {
	t.Helper()
	var in flight.Reassembler
	x := new(helloFlight4)
	records, first := uint64(0), true
	for _, b := range datagrams {
		if len(b) > DefaultMaxDatagramSize {
			t.Errorf("%s: datagram of %d bytes", f.name, len(b)) // REC-34
		}
		for len(b) > 0 {
			r, rest, ok := record.Next(b)
			if !ok || r.Type != record.TypeHandshake || r.Version != record.Version12 || r.Number.Epoch != 0 {
				t.Fatalf("%s: record %+v", f.name, r)
			}
			b = rest
			h, fragment, _, err := wire.ParseFragment(r.Body())
			if err != nil {
				t.Fatal(err)
			}
			if first {
				x.firstRecord, x.firstSeq, first = r.Number.Seq, h.Seq, false
				in.Consume(h.Seq)
			}
			if r.Number.Seq != x.firstRecord+records { // REC-09
				t.Errorf("%s: record %d, want %d", f.name, r.Number.Seq, x.firstRecord+records)
			}
			records++
			in.Add(h, fragment)
		}
	}
	messages, complete, a := client12Grammar[client12Flight4].match(&in, x.firstSeq, "test")
	if a != nil || !complete || !messages[inCertificateRequest].present {
		t.Fatalf("%s: flight 4 complete %v, %v", f.name, complete, a)
	}
	var err error
	if x.hello, err = wire.ParseServerHello(messages[inServerHello].body); err != nil {
		t.Fatal(err)
	}
	if x.exchange, err = wire.ParseServerKeyExchange(messages[inServerKeyExchange].body); err != nil {
		t.Fatal(err)
	}
	certificate, err := wire.ParseCertificate(messages[inServerCertificate].body)
	if err != nil {
		t.Fatal(err)
	}
	x.leaf = certificate.Chain[0]
	return x
}

// check compares an answer with the hello.
func (x *helloFlight4) check(t testing.TB, f *helloFixture, k fingerprint.KeyType) {
	t.Helper()
	h := x.hello
	if h.Version != record.Version12 || h.CompressionMethod != 0 || len(h.SessionID) != 0 { // HS-31, REC-40
		t.Errorf("%s: ServerHello %#x, compression %d, session id %x", f.name, h.Version, h.CompressionMethod, h.SessionID)
	}
	suite := CipherSuite(h.CipherSuite).info()
	if suite == nil || !slices.Contains(f.hello.CipherSuites, h.CipherSuite) {
		t.Fatalf("%s: suite %#x", f.name, h.CipherSuite)
	}
	if !h.ExtendedMasterSecret {
		t.Errorf("%s: no extended_master_secret", f.name)
	}
	for _, extension := range h.Types { // HS-28
		scsv := extension == wire.ExtensionRenegotiationInfo && slices.Contains(f.hello.CipherSuites, wire.EmptyRenegotiationInfoSCSV)
		if !scsv && !slices.Contains(f.hello.Types, extension) {
			t.Errorf("%s: extension %d, which was not offered", f.name, extension)
		}
	}
	if (h.UseSRTP != nil) != (f.hello.UseSRTP != nil) {
		t.Errorf("%s: use_srtp %v for %v", f.name, h.UseSRTP, f.hello.UseSRTP)
	} else if h.UseSRTP != nil && (len(h.UseSRTP.Profiles) != 1 || len(h.UseSRTP.MKI) != 0 || !slices.Contains(f.hello.UseSRTP.Profiles, h.UseSRTP.Profiles[0])) {
		t.Errorf("%s: use_srtp %v for %v", f.name, h.UseSRTP, f.hello.UseSRTP)
	}
	if h.Random == f.hello.Random || h.Random == (wire.Random{}) { // HS-32
		t.Errorf("%s: random %x", f.name, h.Random)
	}
	// HS-34: not the sentinel of a server that could do 1.3 (RFC 8446, Section 4.1.3).
	if bytes.HasPrefix(h.Random[24:], []byte("DOWNGRD")) {
		t.Errorf("%s: random %x", f.name, h.Random)
	}
	if x.firstSeq != f.seq {
		t.Errorf("%s: flight 4 begins with message_seq %d, the hello has %d", f.name, x.firstSeq, f.seq)
	}
	if want := testCertificate(t, k).Chain()[0]; !bytes.Equal(x.leaf, want) {
		t.Errorf("%s: another certificate", f.name)
	}
	if !slices.Contains(f.hello.SupportedGroups, x.exchange.Group) || !slices.Contains(f.hello.SignatureAlgorithms, x.exchange.Scheme) { // HS-45, HS-46
		t.Errorf("%s: %v, %v", f.name, Group(x.exchange.Group), SignatureScheme(x.exchange.Scheme))
	}
	key, keyType, err := peerKey(x.leaf)
	if err != nil || !suite.serves(keyType) {
		t.Fatalf("%s: %v for a key of type %d, %v", f.name, suite.id, keyType, err)
	}
	signed := slices.Concat(f.hello.Random[:], h.Random[:], x.exchange.Params)
	if err := SignatureScheme(x.exchange.Scheme).info().verify(key, signed, x.exchange.Signature); err != nil {
		t.Errorf("%s: ServerKeyExchange: %v", f.name, err)
	}
}

// helloChoices is what a server with default settings chooses, by stack: suite,
// group, scheme and SRTP profile.
var helloChoices = map[fingerprint.KeyType]map[string]string{
	fingerprint.ECDSAP256: {
		"chromium156":        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 X25519 ecdsa_secp256r1_sha256 SRTP_AEAD_AES_128_GCM",
		"firefox153":         "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 X25519 ecdsa_secp256r1_sha256 SRTP_AEAD_AES_128_GCM",
		"libdatachannel0.24": "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 secp256r1 ecdsa_secp256r1_sha256 SRTP_AEAD_AES_128_GCM",
		"werift0.24":         "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 X25519 ecdsa_secp256r1_sha256 SRTP_AEAD_AES_128_GCM",
		"wrtc0.10":           "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 X25519 ecdsa_secp256r1_sha256 SRTP_AES128_CM_HMAC_SHA1_80",
	},
	fingerprint.RSA2048: {
		"chromium156":        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 X25519 rsa_pss_rsae_sha256 SRTP_AEAD_AES_128_GCM",
		"firefox153":         "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 X25519 rsa_pss_rsae_sha256 SRTP_AEAD_AES_128_GCM",
		"libdatachannel0.24": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 secp256r1 rsa_pss_rsae_sha256 SRTP_AEAD_AES_128_GCM",
		"werift0.24":         "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 X25519 rsa_pkcs1_sha256 SRTP_AEAD_AES_128_GCM",
		"wrtc0.10":           "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 X25519 rsa_pss_rsae_sha256 SRTP_AES128_CM_HMAC_SHA1_80",
	},
}

func TestServerAnswersTheHelloOfEveryStack(t *testing.T) { // HS-28, HS-30, HS-31, HS-39, HS-34
	for k, choices := range helloChoices {
		for _, f := range readHellos(t, "*client-hello-[1-9c]*.hex", 19) {
			e := helloServer(t, k, nil)
			var answer [][]byte
			for i, b := range f.datagrams {
				if len(answer) > 0 {
					t.Errorf("%s: an answer to %d of %d datagrams", f.name, i, len(f.datagrams))
				}
				answer = append(answer, helloGive(t, e, b)...)
			}
			x := parseFlight4(t, f, answer)
			x.check(t, f, k)
			stack, _, _ := strings.Cut(f.name, "-")
			if got := x.String(); got != choices[stack] {
				t.Errorf("%s with %v: chose\n%s, want\n%s", f.name, k, got, choices[stack])
			}
		}
	}
}

func TestServerAnswersAHelloInAnyOrderOfItsDatagrams(t *testing.T) { // HS-05, HS-39
	for _, f := range readHellos(t, "*client-hello-[1-9c]*.hex", 19) {
		if len(f.datagrams) < 2 {
			continue
		}
		e := helloServer(t, fingerprint.ECDSAP256, nil)
		var answer [][]byte
		for _, b := range slices.Backward(f.datagrams) {
			answer = append(answer, helloGive(t, e, b)...)
		}
		parseFlight4(t, f, answer).check(t, f, fingerprint.ECDSAP256)
	}
}

// helloPermutations calls f with every order of n things.
func helloPermutations(n int, f func(order []int)) {
	var grow func(order []int)
	grow = func(order []int) {
		if len(order) == n {
			f(order)
			return
		}
		for i := range n {
			if !slices.Contains(order, i) {
				grow(append(slices.Clone(order), i))
			}
		}
	}
	grow(nil)
}

func TestServerAnswersAHelloThatWasCutAnew(t *testing.T) { // HS-05, HS-39
	// Firefox 153 cuts the hello at 1383 and, when it is not answered, at 1163. The
	// answer comes with the datagram that completes it: a head and a tail without
	// a gap between them, which is only between the new head and the old tail.
	f := readHello(t, "internal/wire/testdata/firefox153-client-hello-refragmented.hex")
	const oldHead, oldTail, newHead, newTail = 0, 1, 2, 3
	complete := func(have []int) bool {
		has := func(i int) bool { return slices.Contains(have, i) }
		return has(oldHead) && (has(oldTail) || has(newTail)) || has(newHead) && has(newTail)
	}
	helloPermutations(4, func(order []int) {
		e := helloServer(t, fingerprint.ECDSAP256, nil)
		answered := false
		for i, d := range order {
			answer := helloGive(t, e, f.datagrams[d])
			switch want := complete(order[:i+1]); {
			case !answered && want:
				parseFlight4(t, f, answer).check(t, f, fingerprint.ECDSAP256)
				answered = true
			case !answered && len(answer) > 0:
				t.Fatalf("order %v: answered behind %d datagrams", order, i+1)
			}
		}
		if !answered {
			t.Errorf("order %v: no answer", order)
		}
	})
}

func TestServerHelloHasOnlyTheExtensionsThatTheClientHas(t *testing.T) { // HS-28
	config := &Config{Certificates: []*fingerprint.Certificate{testCertificate(t, fingerprint.ECDSAP256)}, ALPN: []string{"webrtc"}}
	// A hello with nothing that can be left out, from that of OpenSSL.
	least := *readHello(t, "internal/wire/testdata/libdatachannel0.24-client-hello-1.hex").hello
	least.CipherSuites = []uint16{uint16(TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)} // and not the SCSV
	least.HasSessionTicket = false
	for mask := range 32 {
		has := func(bit int) bool { return mask&(1<<bit) != 0 }
		hello := least
		want := []uint16{wire.ExtensionExtendedMasterSecret}
		if hello.HasRenegotiationInfo = has(0); has(1) {
			// Which says the same (RFC 5746, Section 3.3).
			hello.CipherSuites = append(slices.Clone(least.CipherSuites), wire.EmptyRenegotiationInfoSCSV)
		}
		if has(0) || has(1) {
			want = append(want, wire.ExtensionRenegotiationInfo)
		}
		if hello.PointFormats = nil; has(2) {
			hello.PointFormats = []byte{wire.PointFormatUncompressed}
			want = append(want, wire.ExtensionPointFormats)
		}
		if hello.UseSRTP = nil; has(3) {
			hello.UseSRTP = &wire.UseSRTP{Profiles: []uint16{1}}
			want = append(want, wire.ExtensionUseSRTP)
		}
		if hello.ALPN = nil; has(4) {
			hello.ALPN = []string{"c-webrtc", "webrtc"}
			want = append(want, wire.ExtensionALPN)
		}
		f := &helloFixture{name: fmt.Sprint("mask ", mask), body: hello.Append(nil), hello: &hello}
		e, err := NewEngine(RoleServer, config)
		if err != nil {
			t.Fatal(err)
		}
		got := parseFlight4(t, f, helloGive(t, e, helloDatagram(0, 0, f.body))).hello.Types
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("mask %05b: extensions %v, want %v", mask, got, want)
		}
	}
}

package dtlstransport

import (
	"bytes"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// lastRecordSeq is the largest sequence number of a record.
const lastRecordSeq = 1<<48 - 1

// helloVerify is a HelloVerifyRequest as it came.
type helloVerify struct {
	recordSeq uint64
	seq       uint16
	cookie    []byte
}

// parseVerify reads an answer that has to be a HelloVerifyRequest, and nothing else.
func parseVerify(t testing.TB, name string, answer [][]byte) helloVerify {
	t.Helper()
	if len(answer) != 1 {
		t.Fatalf("%s: %d datagrams, want a HelloVerifyRequest", name, len(answer))
	}
	b := answer[0]
	// 13 (record) + 12 (handshake) + 3 (version, size of the cookie) + 20.
	if len(b) != 48 {
		t.Errorf("%s: HelloVerifyRequest of %d bytes, want 48", name, len(b))
	}
	r, rest, ok := record.Next(b)
	if !ok || len(rest) > 0 || r.Type != record.TypeHandshake || r.Number.Epoch != 0 {
		t.Fatalf("%s: record %+v, %d bytes more", name, r, len(rest))
	}
	h, body, more, err := wire.ParseFragment(r.Body())
	if err != nil || len(more) > 0 || h.Type != wire.TypeHelloVerifyRequest || int(h.Length) != len(body) {
		t.Fatalf("%s: %+v, %v", name, h, err)
	}
	m, err := wire.ParseHelloVerifyRequest(body)
	if err != nil {
		t.Fatal(err)
	}
	if m.Version != record.Version10 { // COOK-07
		t.Errorf("%s: server_version %#04x", name, m.Version)
	}
	return helloVerify{r.Number.Seq, h.Seq, bytes.Clone(m.Cookie)}
}

// helloDatagram makes a datagram of a whole ClientHello.
func helloDatagram(recordSeq uint64, seq uint16, body []byte) []byte {
	h := wire.Header{Type: wire.TypeClientHello, Seq: seq, Length: uint32(len(body)), FragmentLength: uint32(len(body))}
	return record.AppendAs(nil, recordSeq, record.TypeHandshake, record.Version10, append(wire.AppendHeader(nil, h), body...))
}

// The places in the body of a ClientHello.
const (
	helloRandomAt    = 2
	helloSessionIDAt = 2 + 32
)

// withCookie returns a hello's body with another cookie, and nothing else
// changed: "the client MUST use the same parameter values [...] as it did in the
// original ClientHello" (RFC 6347, Section 4.2.1).
func withCookie(body, cookie []byte) []byte {
	at := helloSessionIDAt + 1 + int(body[helloSessionIDAt])
	after := at + 1 + int(body[at])
	return slices.Concat(body[:at], []byte{byte(len(cookie))}, cookie, body[after:])
}

func TestServerAsksEveryStackForACookieFirst(t *testing.T) { // COOK-01, COOK-06, COOK-07, COOK-11, COOK-12
	for _, first := range readHellos(t, "*client-hello-[1-9]*.hex", 14) {
		cookies := NewCookies()
		e := helloServer(t, fingerprint.ECDSAP256, cookies)
		verify := parseVerify(t, first.name, helloGive(t, e, first.datagrams[0]))
		// "at most half of what was sent": nobody gains by a forged address.
		if n := len(first.datagrams[0]); 2*48 > n {
			t.Errorf("%s: a hello of %d bytes is answered with 48", first.name, n)
		}
		for _, b := range first.datagrams[1:] {
			if answer := helloGive(t, e, b); len(answer) > 0 {
				t.Errorf("%s: the rest of the hello is answered with %x", first.name, answer)
			}
		}
		r, _, _ := record.Next(first.datagrams[0]) // werift begins with record 1
		if verify.recordSeq != r.Number.Seq || verify.seq != first.seq {
			t.Errorf("%s: HelloVerifyRequest %d in record %d, for record %d", first.name, verify.seq, verify.recordSeq, r.Number.Seq)
		}
		if e.hs.inbox[0].Held() != 0 || e.hs.inbox[0].Holds(0) { // COOK-02
			t.Errorf("%s: %d bytes are kept of a client without a cookie", first.name, e.hs.inbox[0].Held())
		}

		// The same engine takes the second hello, and so does any other that has
		// the same Cookies: nothing was kept.
		second := &helloFixture{name: first.name, seq: 1, body: withCookie(first.body, verify.cookie)}
		var err error
		if second.hello, err = wire.ParseClientHello(second.body); err != nil {
			t.Fatal(err)
		}
		for _, e := range []*Engine{e, helloServer(t, fingerprint.ECDSAP256, cookies)} {
			x := parseFlight4(t, second, helloGive(t, e, helloDatagram(9, 1, second.body)))
			x.check(t, second, fingerprint.ECDSAP256)
			if x.firstRecord != 9 {
				t.Errorf("%s: ServerHello in record %d, the hello was in record 9", first.name, x.firstRecord)
			}
		}
	}
}

func TestServerAnswersACookieThatIsNotItsOwnWithANewOne(t *testing.T) { // COOK-04, COOK-06
	for _, f := range readHellos(t, "*client-hello-cookie.hex", 5) {
		e := helloServer(t, fingerprint.ECDSAP256, NewCookies())
		r, _, _ := record.Next(f.datagrams[0])
		if len(f.hello.Cookie) == 0 {
			t.Fatalf("%s: no cookie", f.name)
		}
		verify := parseVerify(t, f.name, helloGive(t, e, f.datagrams[0]))
		if verify.recordSeq != r.Number.Seq || verify.seq != f.seq {
			t.Errorf("%s: HelloVerifyRequest %d in record %d, for hello %d in record %d", f.name, verify.seq, verify.recordSeq, f.seq, r.Number.Seq)
		}
		for _, b := range f.datagrams[1:] {
			if answer := helloGive(t, e, b); len(answer) > 0 {
				t.Errorf("%s: the rest of the hello is answered with %x", f.name, answer)
			}
		}
		// With the new cookie it is the hello that we want.
		f.body = withCookie(f.body, verify.cookie)
		f.seq++
		parseFlight4(t, f, helloGive(t, e, helloDatagram(r.Number.Seq+1, f.seq, f.body))).check(t, f, fingerprint.ECDSAP256)
	}
}

// cookieTest is a first hello, and the cookie that it got at epochZero.
type cookieTest struct {
	t       *testing.T
	cookies *Cookies
	body    []byte // without a cookie, with a session id of 4 bytes
	cookie  []byte
}

func newCookieTest(t *testing.T) *cookieTest {
	t.Helper()
	x := &cookieTest{t: t, cookies: NewCookies()}
	f := readHello(t, "internal/wire/testdata/chromium156-client-hello-1.hex")
	x.body = slices.Concat(f.body[:helloSessionIDAt], []byte{4, 1, 2, 3, 4}, f.body[helloSessionIDAt+1:])
	e := helloServer(t, fingerprint.ECDSAP256, x.cookies)
	x.cookie = parseVerify(t, "first hello", helloGive(t, e, helloDatagram(0, 0, x.body))).cookie
	return x
}

// accepted gives a hello to a new server and reports whether it is answered
// with flight 4, not with a HelloVerifyRequest that has another cookie.
func (x *cookieTest) accepted(name string, now time.Time, addr string, cookies *Cookies, body []byte) bool {
	x.t.Helper()
	e := helloServer(x.t, fingerprint.ECDSAP256, cookies)
	e.SetRemoteAddr(addr)
	if err := e.HandleDatagram(now, helloDatagram(5, 1, body)); err != nil {
		x.t.Fatalf("%s: %v", name, err)
	}
	answer := helloDrain(e)
	if len(answer) == 0 {
		x.t.Fatalf("%s: no answer", name)
	}
	if r, _, _ := record.Next(answer[0]); wire.HandshakeType(r.Body()[0]) == wire.TypeServerHello {
		return true
	}
	verify := parseVerify(x.t, name, answer)
	if h, err := wire.ParseClientHello(body); err == nil && bytes.Equal(verify.cookie, h.Cookie) {
		x.t.Errorf("%s: asked for the cookie that was refused", name)
	}
	return false
}

const cookieAddr = "192.0.2.1:5000" // that of helloServer

func TestCookieIsGoodForItsClientAndParametersOnly(t *testing.T) { // COOK-03, COOK-04, COOK-13
	x := newCookieTest(t)
	good := withCookie(x.body, x.cookie)
	altered := func(at int) []byte {
		b := bytes.Clone(good)
		b[at] ^= 1
		return b
	}
	for _, c := range []struct {
		name    string
		addr    string
		cookies *Cookies
		body    []byte
		want    bool
	}{
		{"as it was given", cookieAddr, x.cookies, good, true},
		{"from another port", "192.0.2.1:5001", x.cookies, good, false},
		{"from another address", "192.0.2.2:5000", x.cookies, good, false},
		{"from no address", "", x.cookies, good, false},
		{"of another server", cookieAddr, NewCookies(), good, false},
		{"with another version", cookieAddr, x.cookies, altered(1), false},
		{"with another first byte of random", cookieAddr, x.cookies, altered(helloRandomAt), false},
		{"with another last byte of random", cookieAddr, x.cookies, altered(helloSessionIDAt - 1), false},
		{"with another session id", cookieAddr, x.cookies, altered(helloSessionIDAt + 1), false},
		{"without a session id", cookieAddr, x.cookies, slices.Concat(good[:helloSessionIDAt], []byte{0}, good[helloSessionIDAt+5:]), false},
		{"empty", cookieAddr, x.cookies, x.body, false},
		{"a byte short", cookieAddr, x.cookies, withCookie(x.body, x.cookie[:19]), false},
		{"a byte long", cookieAddr, x.cookies, withCookie(x.body, append(bytes.Clone(x.cookie), 0)), false},
		{"of zeros", cookieAddr, x.cookies, withCookie(x.body, make([]byte, 20)), false},
		{"of 255 bytes", cookieAddr, x.cookies, withCookie(x.body, make([]byte, 255)), false},
	} {
		if got := x.accepted(c.name, epochZero, c.addr, c.cookies, c.body); got != c.want {
			t.Errorf("cookie %s: accepted %v, want %v", c.name, got, c.want)
		}
	}
	for bit := range 8 * len(x.cookie) {
		cookie := bytes.Clone(x.cookie)
		cookie[bit/8] ^= 1 << (bit % 8)
		if x.accepted("flipped bit", epochZero, cookieAddr, x.cookies, withCookie(x.body, cookie)) {
			t.Errorf("cookie with bit %d flipped: accepted", bit)
		}
	}
}

func TestAddressAndParametersOfACookieDoNotRunTogether(t *testing.T) { // COOK-03
	// What moves from one part to its neighbour makes another cookie.
	c := NewCookies()
	hello := &initialHello{version: 0xfefd}
	a := c.cookie(1, []byte("ab"), hello, 1)
	for name, b := range map[string][cookieLen]byte{
		"shorter address":            c.cookie(1, []byte("a"), hello, 1),
		"byte moved into session id": c.cookie(1, []byte("ab"), &initialHello{version: 0xfefd, sessionID: []byte{0}}, 1),
		"next period":                c.cookie(2, []byte("ab"), hello, 1),
		"next number":                c.cookie(1, []byte("ab"), hello, 2),
	} {
		if a == b {
			t.Errorf("%s: the same cookie", name)
		}
	}
}

func TestCookieIsAcceptedUntilTheEndOfTheNextPeriod(t *testing.T) { // COOK-05
	x := newCookieTest(t) // at epochZero, where a period begins
	good := withCookie(x.body, x.cookie)
	for after, want := range map[time.Duration]bool{
		0: true, time.Second: true, cookiePeriod: true, 2*cookiePeriod - 1: true,
		2 * cookiePeriod: false, 3 * cookiePeriod: false, 24 * time.Hour: false, -1: false,
	} {
		if got := x.accepted("old cookie", epochZero.Add(after), cookieAddr, x.cookies, good); got != want {
			t.Errorf("after %v: accepted %v, want %v", after, got, want)
		}
	}
}

func TestHelloVerifyRequestMirrorsTheRecordNumber(t *testing.T) { // COOK-06
	x := newCookieTest(t)
	for _, recordSeq := range []uint64{0, 1, 5, 1 << 31, 1 << 40, lastRecordSeq} {
		for _, seq := range []uint16{0, 1, 3, 65535} {
			e := helloServer(t, fingerprint.ECDSAP256, x.cookies)
			verify := parseVerify(t, "hello", helloGive(t, e, helloDatagram(recordSeq, seq, x.body)))
			if verify.recordSeq != recordSeq || verify.seq != seq {
				t.Errorf("hello %d in record %d: HelloVerifyRequest %d in record %d", seq, recordSeq, verify.seq, verify.recordSeq)
			}
		}
	}
}

func TestHelloUnderTheLastRecordNumberIsAnswered(t *testing.T) { // COOK-06, REC-10, REC-41
	// Who copies a hello with its cookie can choose the number of its record, and
	// must not use up ours by that.
	x := newCookieTest(t)
	for _, recordSeq := range []uint64{lastRecordSeq, lastRecordSeq - 1, 1 << 47} {
		f := &helloFixture{name: "last number", seq: 1, body: withCookie(x.body, x.cookie)}
		f.hello, _ = wire.ParseClientHello(f.body)
		e := helloServer(t, fingerprint.ECDSAP256, x.cookies)
		parseFlight4(t, f, helloGive(t, e, helloDatagram(recordSeq, 1, f.body))).check(t, f, fingerprint.ECDSAP256)
	}
}

func TestHelloVerifyRequestIsNotRepeatedByATimer(t *testing.T) { // COOK-10
	x := newCookieTest(t)
	e := helloServer(t, fingerprint.ECDSAP256, x.cookies)
	parseVerify(t, "hello", helloGive(t, e, helloDatagram(0, 0, x.body)))
	for now := epochZero; now.Before(epochZero.Add(DefaultHandshakeTimeout)); now = now.Add(time.Second) {
		if err := e.HandleTimeout(now); err != nil {
			t.Fatal(err)
		}
		if answer := helloDrain(e); len(answer) > 0 {
			t.Fatalf("after %v: %x", now.Sub(epochZero), answer)
		}
	}
	if want := epochZero.Add(DefaultHandshakeTimeout); !e.Deadline().Equal(want) {
		t.Errorf("deadline %v, want only that of the handshake, %v", e.Deadline(), want)
	}
}

func TestNothingButAHelloOfSomeSizeIsAnsweredBeforeTheCookie(t *testing.T) { // COOK-02, COOK-11
	x := newCookieTest(t)
	small := slices.Concat([]byte{0xfe, 0xfd}, make([]byte, 32), []byte{0, 0, 0, 2, 0xc0, 0x2b, 1, 0})
	head := record.AppendAs(nil, 0, record.TypeHandshake, record.Version10,
		append(wire.AppendHeader(nil, wire.Header{Type: wire.TypeClientHello, Length: 500, FragmentLength: 20}), x.body[:20]...))
	finished := helloDatagram(0, 0, x.body)
	finished[record.HeaderLen] = byte(wire.TypeFinished)
	tail := record.AppendAs(nil, 1, record.TypeHandshake, record.Version10,
		append(wire.AppendHeader(nil, wire.Header{Type: wire.TypeClientHello, Length: 500, FragmentOffset: 200, FragmentLength: 300}), x.body[200:500]...))
	for name, b := range map[string][]byte{
		"a hello that is too small":   helloDatagram(0, 0, small),
		"a head without its random":   head,
		"another message":             finished,
		"a tail":                      tail,
		"a ChangeCipherSpec":          record.AppendAs(nil, 0, record.TypeChangeCipherSpec, record.Version12, []byte{1}),
		"application data":            record.AppendAs(nil, 0, record.TypeApplicationData, record.Version12, make([]byte, 300)),
		"a record of another version": record.AppendAs(nil, 0, record.TypeHandshake, 0x0303, helloDatagram(0, 0, x.body)[13:]),
	} {
		e := helloServer(t, fingerprint.ECDSAP256, x.cookies)
		if answer := helloGive(t, e, b); len(answer) > 0 {
			t.Errorf("%s is answered with %x", name, answer)
		}
		if e.hs.inbox[0].Held() > 0 {
			t.Errorf("%s is kept", name)
		}
	}
	// Many hellos in one datagram are answered once.
	e := helloServer(t, fingerprint.ECDSAP256, x.cookies)
	var many []byte
	for i := range uint64(20) {
		many = append(many, helloDatagram(i, 0, x.body)...)
	}
	parseVerify(t, "many hellos", helloGive(t, e, many))
}

func TestHellosWithoutACookieLeaveNothingBehind(t *testing.T) { // COOK-02
	x := newCookieTest(t)
	e := helloServer(t, fingerprint.ECDSAP256, x.cookies)
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	body, datagram := bytes.Clone(x.body), []byte(nil)
	for i := range 10_000 {
		body[helloRandomAt], body[helloRandomAt+1] = byte(i), byte(i>>8)
		if err := e.HandleDatagram(epochZero, helloDatagram(uint64(i), uint16(i), body)); err != nil {
			t.Fatal(err)
		}
		var ok bool
		if datagram, ok = e.AppendDatagram(datagram[:0]); !ok || len(datagram) != 48 {
			t.Fatalf("hello %d: %d bytes", i, len(datagram))
		}
	}
	// 10,000 hellos of 1.4 kB; what a test run leaves by itself is far less.
	if after := heap(); after > before+64<<10 {
		t.Errorf("%d bytes are left of 10,000 hellos", after-before)
	}
	runtime.KeepAlive(e)
}

// "[...] the server MUST use the record sequence number in the ClientHello as the
// record sequence number in the initial ServerHello." RFC 6347, Section 4.2.1. Under
// the number of the HelloVerifyRequest, a peer that looks for replays drops it.
func TestServerHelloHasTheRecordNumberOfTheHelloWithTheCookie(t *testing.T) { // COOK-06
	testResumption(t, func(t *testing.T, r *resumption) {
		r.server.Cookies = NewCookies()
		for _, resumed := range []bool{false, true} {
			p := newPair(t, r.client, r.server, netsim.Config{Delay: time.Millisecond})
			numbers := make(map[wire.HandshakeType]uint64) // of the last record with such a message
			p.tap = func(b []byte) {
				for rec, rest, ok := record.Next(b); ok; rec, rest, ok = record.Next(rest) {
					if rec.Number.Epoch == 0 && rec.Type == record.TypeHandshake {
						numbers[wire.HandshakeType(rec.Body()[0])] = rec.Number.Seq
					}
				}
			}
			p.connect()
			verify, asked := numbers[wire.TypeHelloVerifyRequest]
			hello, answer := numbers[wire.TypeClientHello], numbers[wire.TypeServerHello]
			if p.server.ConnectionState().Resumed != resumed || !asked || answer != hello || answer == verify {
				t.Errorf("resumed %v: HelloVerifyRequest %v in record %d, ClientHello in %d, ServerHello in %d", resumed, asked, verify, hello, answer)
			}
		}
	})
}

// So does the alert of a server that refuses that hello.
func TestRefusalHasTheRecordNumberOfTheHelloWithTheCookie(t *testing.T) { // COOK-06
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	client.Groups, server.Groups = []Group{X25519}, []Group{Secp256r1}
	server.Cookies = NewCookies()
	p := newPair(t, client, server, netsim.Config{Delay: time.Millisecond})
	var hello, verify, refusal uint64 // the last record of each
	p.tap = func(b []byte) {
		for rec, rest, ok := record.Next(b); ok; rec, rest, ok = record.Next(rest) {
			switch {
			case rec.Type == record.TypeAlert:
				refusal = rec.Number.Seq
			case rec.Body()[0] == byte(wire.TypeClientHello):
				hello = rec.Number.Seq
			case rec.Body()[0] == byte(wire.TypeHelloVerifyRequest):
				verify = rec.Number.Seq
			}
		}
	}
	p.start()
	p.run(time.Minute, func() bool { return p.client.err != nil && p.server.err != nil })
	wantHandshakeError(t, "client", p.client.err, AlertHandshakeFailure, true)
	if refusal <= verify || hello <= verify {
		t.Errorf("HelloVerifyRequest in record %d, ClientHello in %d, alert in %d", verify, hello, refusal)
	}
}

// A client that knows the round-trip time does not act on a HelloVerifyRequest that comes
// sooner than any server's can: the ServerHello behind it counts.
func TestAHelloVerifyRequestThatComesTooSoonWaits(t *testing.T) {
	for _, cookies := range []*Cookies{nil, NewCookies()} {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		server.Cookies = cookies
		p := newPair(t, client, server, netsim.Config{Delay: 25 * time.Millisecond})
		p.client.SetRTT(50 * time.Millisecond)
		p.start()
		p.step(p.now.Add(time.Second)) // the hello arrives, and its answer is on its way
		p.client.note(p.client.HandleDatagram(p.now, forgedVerifyRequest(0, "a forged cookie")))
		p.flush(p.client)
		if p.client.datagrams != 1 {
			t.Errorf("cookies %v: it was acted on", cookies != nil)
		}
		if !p.run(3*time.Second, p.bothConnected) {
			t.Fatalf("cookies %v: client %v, server %v", cookies != nil, p.client.err, p.server.err)
		}
		want := map[bool]time.Duration{false: 100 * time.Millisecond, true: 150 * time.Millisecond}[cookies != nil]
		if elapsed := p.now.Sub(epochZero); elapsed > want {
			t.Errorf("cookies %v: connected after %v, want %v", cookies != nil, elapsed, want)
		}
	}
	// With nothing else, it counts when it could be genuine.
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	p := newPair(t, client, server, netsim.Config{Delay: time.Hour})
	p.client.SetRTT(50 * time.Millisecond)
	p.start()
	p.client.note(p.client.HandleDatagram(p.now, forgedVerifyRequest(0, "a cookie")))
	p.run(50*time.Millisecond, func() bool { return false })
	if p.client.datagrams != 2 {
		t.Errorf("%d datagrams after the round-trip time, want two hellos", p.client.datagrams)
	}
}

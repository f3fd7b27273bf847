package dtlstransport

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/keying"
)

// messagesIn returns the handshake messages in the clear of a datagram that holds
// whole ones.
func messagesIn(t testing.TB, datagram []byte) (messages []received) {
	t.Helper()
	for b := datagram; len(b) > 0; {
		r, rest, ok := record.Next(b)
		if !ok {
			t.Fatalf("no record at %x", b)
		}
		if r.Type == record.TypeHandshake && r.Number.Epoch == 0 {
			h, body, more, err := wire.ParseFragment(r.Body())
			if err != nil || len(more) > 0 || h.Length != h.FragmentLength {
				t.Fatalf("not a whole message: %+v, %v", h, err)
			}
			messages = append(messages, received{true, h.Type, h.Seq, body})
		}
		b = rest
	}
	return messages
}

// withMessage returns a copy of a datagram in which the body of one message in
// the clear is another.
func withMessage(t testing.TB, datagram []byte, typ wire.HandshakeType, change func(body []byte) []byte) []byte {
	t.Helper()
	var out []byte
	for b := datagram; len(b) > 0; {
		r, rest, _ := record.Next(b)
		if r.Type == record.TypeHandshake && r.Number.Epoch == 0 && wire.HandshakeType(r.Body()[0]) == typ {
			m := messagesIn(t, b[:len(b)-len(rest)])[0]
			body := change(bytes.Clone(m.body))
			n := uint32(len(body))
			out = record.AppendAs(out, r.Number.Seq, r.Type, r.Version,
				append(wire.AppendHeader(nil, wire.Header{Type: typ, Length: n, Seq: m.seq, FragmentLength: n}), body...))
		} else {
			out = append(out, b[:len(b)-len(rest)]...)
		}
		b = rest
	}
	return out
}

// A badPoint is a public key of the peer with which no secret must be made.
type badPoint struct {
	group Group
	name  string
	point []byte
}

func badPoints(t testing.TB) []badPoint {
	t.Helper()
	x25519 := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil || len(b) != 32 {
			t.Fatal(s, err)
		}
		return b
	}
	points := []badPoint{
		{X25519, "zero", make([]byte, 32)},
		{X25519, "one", x25519("0100000000000000000000000000000000000000000000000000000000000000")},
		// The points of order 8 of RFC 7748's curve, and p-1, p, p+1.
		{X25519, "order 8", x25519("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")},
		{X25519, "other of order 8", x25519("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157")},
		{X25519, "p-1", x25519("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")},
		{X25519, "p", x25519("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")},
		{X25519, "p+1", x25519("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")},
		{X25519, "31 bytes", make([]byte, 31)},
		{X25519, "33 bytes", make([]byte, 33)},
	}
	for _, g := range []Group{Secp256r1, Secp384r1} {
		key, err := g.curve().GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		good := key.PublicKey().Bytes()
		off := bytes.Clone(good)
		off[len(off)-1] ^= 1
		compressed := bytes.Clone(good[:1+len(good)/2])
		compressed[0] = 2 + good[len(good)-1]&1
		points = append(points,
			badPoint{g, "off the curve", off},
			badPoint{g, "zero", append([]byte{4}, make([]byte, len(good)-1)...)},
			badPoint{g, "infinity", []byte{0}},
			badPoint{g, "compressed", compressed},
			badPoint{g, "cut short", good[:len(good)-1]},
			badPoint{g, "hybrid form", append([]byte{6 + good[len(good)-1]&1}, good[1:]...)},
			badPoint{g, "coordinates beyond the field", append([]byte{4}, bytes.Repeat([]byte{0xff}, len(good)-1)...)},
		)
	}
	return points
}

// exchangeScene is a scene in which one side's public key is another, for which
// all else is right. role is the side that is to be deceived.
func exchangeScene(t *testing.T, role Role, group Group, point []byte) (*scene, *end) {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	client.Groups = []Group{group}
	client.FailureGrace, server.FailureGrace = -1, -1
	// Without a certificate nothing of the client's is signed.
	server.ClientAuth, server.RemoteFingerprints = InsecureClientAuthNone, nil
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	s.instead = func(to *end, n int, b []byte) [][]byte {
		switch {
		case to == s.client && role == RoleClient && n == 0:
			b = withMessage(t, b, wire.TypeServerKeyExchange, func(body []byte) []byte {
				m, err := wire.ParseServerKeyExchange(body)
				if err != nil {
					t.Fatal(err)
				}
				h, scheme := s.server.hs, SignatureScheme(m.Scheme).info()
				signed := slices.Concat(h.clientRandom[:], h.serverRandom[:], wire.AppendServerECDHParams(nil, m.Group, point))
				m.PublicKey = point
				if m.Signature, err = scheme.sign(server.Certificates[0].Signer(), signed); err != nil {
					t.Fatal(err)
				}
				return m.Append(nil)
			})
		case to == s.server && role == RoleServer && n == 1:
			b = withMessage(t, b, wire.TypeClientKeyExchange, func([]byte) []byte {
				return (&wire.ClientKeyExchange{PublicKey: point}).Append(nil)
			})
		}
		return [][]byte{b}
	}
	s.start()
	if role == RoleClient {
		return s, s.client
	}
	return s, s.server
}

func TestAnInvalidPointIsRefused(t *testing.T) { // HS-42, HS-43
	for _, role := range []Role{RoleClient, RoleServer} {
		for _, p := range badPoints(t) {
			s, e := exchangeScene(t, role, p.group, p.point)
			s.run(time.Second, func() bool { return e.err != nil })
			wantHandshakeError(t, fmt.Sprintf("%v, %v, %s", role, p.group, p.name), e.err, AlertIllegalParameter, false)
			if e.schedule != nil || e.read != nil || e.write[1] != nil {
				t.Errorf("%v, %v, %s: keys were made of it", role, p.group, p.name)
			}
			wantNothing(t, e)
		}
		// A valid point of somebody else is what the crafted messages are right for:
		// it gives keys, and it is the Finished that tells.
		for _, g := range DefaultGroups() {
			key, err := g.curve().GenerateKey(rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			s, e := exchangeScene(t, role, g, key.PublicKey().Bytes())
			s.run(time.Second, func() bool { return e.read != nil || e.err != nil })
			if e.err != nil || e.read == nil {
				t.Errorf("%v, %v: the crafted message is refused with a valid point: %v", role, g, e.err)
			}
			s.rest(time.Second)
			wantNothing(t, e)
		}
	}
}

func TestEphemeralKeysOfBothSidesAreFresh(t *testing.T) { // HS-44
	const handshakes = 40
	for _, g := range []Group{X25519, Secp256r1} {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		client.Groups = []Group{g}
		keys := map[string]bool{}
		for range handshakes {
			p := newPair(t, client, server, netsim.Config{})
			p.tap = func(b []byte) {
				for _, m := range messagesIn(t, b) {
					var point []byte
					switch m.typ {
					case wire.TypeServerKeyExchange:
						x, err := wire.ParseServerKeyExchange(m.body)
						if err != nil {
							t.Fatal(err)
						}
						point = x.PublicKey
					case wire.TypeClientKeyExchange:
						x, err := wire.ParseClientKeyExchange(m.body)
						if err != nil {
							t.Fatal(err)
						}
						point = x.PublicKey
					default:
						continue
					}
					if _, err := g.curve().NewPublicKey(point); err != nil {
						t.Errorf("%v: %v", g, err)
					}
					keys[string(point)] = true
				}
			}
			p.connect()
		}
		if len(keys) != 2*handshakes {
			t.Errorf("%v: %d ephemeral keys in %d handshakes", g, len(keys), handshakes)
		}
	}
}

func TestRandomsOfManyHellosAreUnique(t *testing.T) { // HS-32, HS-34
	config, _ := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	seen := map[wire.Random]bool{{}: true}
	first := map[byte]int{}
	for range 5000 {
		e, err := NewEngine(RoleClient, config)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Start(epochZero); err != nil {
			t.Fatal(err)
		}
		b, _ := e.AppendDatagram(nil)
		hello, _, ok := findHello(b)
		if !ok || seen[hello.random] {
			t.Fatalf("%v: random %x twice, or zero", ok, hello.random)
		}
		seen[hello.random] = true
		first[hello.random[0]]++
	}
	// gmt_unix_time in the first four bytes would tell the client's clock.
	if len(first) != 256 {
		t.Errorf("the first byte of a random takes %d values", len(first))
	}
}

func TestTheSecondHelloDiffersInItsCookieOnly(t *testing.T) { // COOK-08, HS-32
	for name, config := range map[string]func(c *Config){
		"default":  func(*Config) {},
		"ALPN":     func(c *Config) { c.ALPN = []string{"webrtc", "c-webrtc"} },
		"no SRTP":  func(c *Config) { c.SRTPProfiles = []keying.SRTPProfile{} },
		"sessions": func(c *Config) { c.Sessions = sessionMap{} },
	} {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		config(client)
		server.Cookies = NewCookies()
		s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
		var hellos []received
		var versions []uint16
		s.before = func(to *end, n int, b []byte) [][]byte {
			if to == s.server && n < 2 {
				hellos = append(hellos, messagesIn(t, b)...)
				r, _, _ := record.Next(b)
				versions = append(versions, r.Version)
			}
			return nil
		}
		s.connect()
		if len(hellos) != 2 || hellos[0].seq != 0 || hellos[1].seq != 1 {
			t.Fatalf("%s: hellos %+v", name, hellos)
		}
		second, err := wire.ParseClientHello(hellos[1].body)
		if err != nil || len(second.Cookie) != cookieLen {
			t.Fatalf("%s: %v, cookie %x", name, err, second.Cookie)
		}
		if want := withCookie(hellos[0].body, second.Cookie); !bytes.Equal(hellos[1].body, want) {
			t.Errorf("%s: second hello\n%x, want\n%x", name, hellos[1].body, want)
		}
		if versions[0] != versions[1] {
			t.Errorf("%s: record versions %x", name, versions)
		}
	}
}

func TestTheClientReturnsCookiesOfAnySize(t *testing.T) { // COOK-09, COOK-07
	config, _ := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	for size := range 256 {
		e, err := NewEngine(RoleClient, config)
		if err != nil {
			t.Fatal(err)
		}
		e.Start(epochZero)
		e.AppendDatagram(nil)
		// A second one, with another cookie, comes from a server whose secret has
		// changed meanwhile.
		for i := range uint16(2) {
			cookie := bytes.Repeat([]byte{'a' + byte(i)}, size)
			version := []uint16{record.Version10, record.Version12}[i]
			body := (&wire.HelloVerifyRequest{Version: version, Cookie: cookie}).Append(nil)
			n := uint32(len(body))
			if err := e.HandleDatagram(epochZero, plainFragment(wire.Header{Type: wire.TypeHelloVerifyRequest, Length: n, Seq: i, FragmentLength: n}, body)); err != nil {
				t.Fatal(err)
			}
			b, ok := e.AppendDatagram(nil)
			if size == 0 && i == 1 && !ok {
				continue // the same empty cookie again says nothing new
			}
			m := messagesIn(t, b)
			hello, err := wire.ParseClientHello(m[0].body)
			if err != nil || !bytes.Equal(hello.Cookie, cookie) || hello.Version != record.Version12 || m[0].seq != i+1 {
				t.Fatalf("cookie of %d bytes: hello %d with %x, %v", size, m[0].seq, hello.Cookie, err)
			}
		}
	}
}

func TestTheKeyLogHasTheSecretThatTheKeysFollowFrom(t *testing.T) {
	var logs [2]bytes.Buffer
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	client.KeyLogWriter, server.KeyLogWriter = &logs[0], &logs[1]
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	var clientRandom, serverRandom wire.Random
	s.before = func(_ *end, n int, b []byte) [][]byte {
		for _, m := range messagesIn(t, b) {
			switch m.typ {
			case wire.TypeClientHello:
				x, _ := wire.ParseClientHello(m.body)
				clientRandom = x.Random
			case wire.TypeServerHello:
				x, _ := wire.ParseServerHello(m.body)
				serverRandom = x.Random
			}
		}
		if n == 0 && logs[0].Len()+logs[1].Len() > 0 {
			t.Error("a secret is logged before the Finished")
		}
		return nil
	}
	s.connect()
	for i := range logs {
		var random, master []byte
		if n, err := fmt.Sscanf(logs[i].String(), "CLIENT_RANDOM %x %x\n", &random, &master); n != 2 || err != nil || len(master) != 48 {
			t.Fatalf("line %q: %v", logs[i].String(), err)
		}
		if want := fmt.Sprintf("CLIENT_RANDOM %x %x\n", clientRandom, master); logs[i].String() != want {
			t.Errorf("line %q, want %q", logs[i].String(), want)
		}
		// What it is good for: reading what was sent.
		suite := s.client.parameters.suite
		k, v := suite.cipher.KeyLen(), suite.cipher.IVLen()
		block := make([]byte, 2*k+2*v)
		keying.KeyBlock(block, suite.hash, master, clientRandom[:], serverRandom[:])
		opener, err := record.NewOpener(1, suite.cipher, block[:k], block[2*k:2*k+v])
		if err != nil {
			t.Fatal(err)
		}
		r, _, _ := record.Next(s.client.seal(t, record.TypeApplicationData, []byte("secret")))
		if content, err := opener.Open(&r); err != nil || string(content) != "secret" {
			t.Errorf("log %d does not decrypt the client's data: %q, %v", i, content, err)
		}
		exported, want := make([]byte, 32), []byte(nil)
		if err := keying.Export(exported, suite.hash, master, clientRandom[:], serverRandom[:], "EXPORTER-test", nil); err != nil {
			t.Fatal(err)
		}
		if want, err = s.server.ExportKeyingMaterial("EXPORTER-test", nil, 32); err != nil || !bytes.Equal(exported, want) {
			t.Errorf("log %d exports %x, want %x (%v)", i, exported, want, err)
		}
	}
}

func TestRenegotiationInfoIsSignalledAndAnswered(t *testing.T) { // RENEG-01, RENEG-02, EMS-01
	config, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	m := config.clientHello(newRandom(), nil, sessionOffer{})
	if !m.HasRenegotiationInfo || len(m.RenegotiationInfo) > 0 || !m.ExtendedMasterSecret {
		t.Errorf("hello with renegotiation_info %v %x, extended_master_secret %v", m.HasRenegotiationInfo, m.RenegotiationInfo, m.ExtendedMasterSecret)
	}
	for _, test := range []struct{ extension, scsv bool }{{false, false}, {true, false}, {false, true}, {true, true}} {
		m := config.clientHello(newRandom(), nil, sessionOffer{})
		m.HasRenegotiationInfo = test.extension
		m.CipherSuites = slices.DeleteFunc(slices.Clone(m.CipherSuites), func(s uint16) bool { return s == wire.EmptyRenegotiationInfoSCSV })
		if test.scsv {
			m.CipherSuites = append(m.CipherSuites, wire.EmptyRenegotiationInfoSCSV)
		}
		hello, _ := wire.ParseClientHello(m.Append(nil))
		p, _, a := server.negotiate(hello)
		if a != nil {
			t.Fatal(a)
		}
		made := serverHello(hello, &p, newRandom())
		answer, err := wire.ParseServerHello(made.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		if want := test.extension || test.scsv; answer.HasRenegotiationInfo != want || len(answer.RenegotiationInfo) > 0 {
			t.Errorf("%+v: answered %v with %x", test, answer.HasRenegotiationInfo, answer.RenegotiationInfo)
		}
	}
}

// RFC 8827, Section 6.5: "MUST NOT use the MKI". Whoever offers one gets none.
func TestAnMKIIsNotAnswered(t *testing.T) { // SRTP-05
	config, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	m := config.clientHello(newRandom(), nil, sessionOffer{})
	if len(m.UseSRTP.MKI) > 0 {
		t.Errorf("MKI %x is offered", m.UseSRTP.MKI)
	}
	m.UseSRTP.MKI = []byte("mki")
	hello, _ := wire.ParseClientHello(m.Append(nil))
	p, _, a := server.negotiate(hello)
	if a != nil {
		t.Fatal(a)
	}
	if answer := serverHello(hello, &p, newRandom()); answer.UseSRTP == nil || len(answer.UseSRTP.MKI) > 0 {
		t.Errorf("answered with %+v", answer.UseSRTP)
	}
}

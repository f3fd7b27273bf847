package dtlstransport

import (
	"bytes"
	"crypto/rand"
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

// appendMessage appends a whole message, with its header.
func appendMessage(b []byte, m received) []byte {
	n := uint32(len(m.body))
	return append(wire.AppendHeader(b, wire.Header{Type: m.typ, Length: n, Seq: m.seq, FragmentLength: n}), m.body...)
}

// "The first message each side transmits in each handshake always has message_seq =
// 0. Whenever each new message is generated, the message_seq value is incremented by
// one." RFC 6347, Section 4.2.2.
func TestMessagesAreNumberedFromZero(t *testing.T) { // HS-02
	for _, cookies := range []*Cookies{nil, NewCookies()} {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		server.Cookies = cookies
		s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
		next := map[*end]uint16{}
		s.before = func(to *end, _ int, b []byte) [][]byte {
			for _, m := range messagesIn(t, b) {
				if m.seq != next[to] {
					t.Errorf("%v to %s has message_seq %d, want %d", m.typ, to.name, m.seq, next[to])
				}
				next[to]++
			}
			return nil
		}
		s.connect()
		hellos := uint16(1)
		if cookies != nil {
			hellos = 2
		}
		if next[s.server] != hellos+3 || next[s.client] != hellos-1+5 {
			t.Errorf("%d messages to the server, %d to the client", next[s.server], next[s.client])
		}
		if s.server.finalSeq != next[s.server] || s.client.finalSeq != next[s.client] {
			t.Errorf("the Finished have message_seq %d and %d", s.server.finalSeq, s.client.finalSeq)
		}
	}
}

// "Note that [...] multiple DTLS messages may be placed in the same [...] record
// [...] or in several" (after RFC 6347, Section 4.2.3): however a flight is packed, it
// is the same.
func TestAnyPackingOfTheFlightsIsRead(t *testing.T) { // HS-11
	packings := map[string]func(messages []received) [][]byte{
		"all in one record": func(messages []received) [][]byte {
			var content []byte
			for _, m := range messages {
				content = appendMessage(content, m)
			}
			return [][]byte{plainRecord(record.TypeHandshake, 0, 100, content)}
		},
		"each in a datagram": func(messages []received) (datagrams [][]byte) {
			for i, m := range messages {
				datagrams = append(datagrams, plainRecord(record.TypeHandshake, 0, uint64(100+i), appendMessage(nil, m)))
			}
			return datagrams
		},
		"the last first": func(messages []received) (datagrams [][]byte) {
			for i, m := range slices.Backward(messages) {
				datagrams = append(datagrams, plainRecord(record.TypeHandshake, 0, uint64(100+i), appendMessage(nil, m)))
			}
			return datagrams
		},
		"byte by byte, eighty in a record": func(messages []received) (datagrams [][]byte) {
			var whole []byte
			for _, m := range messages {
				for at := range len(m.body) + 1 {
					if at < len(m.body) || len(m.body) == 0 {
						part := m.body[at:min(at+1, len(m.body))]
						whole = append(wire.AppendHeader(whole, wire.Header{Type: m.typ, Length: uint32(len(m.body)), Seq: m.seq,
							FragmentOffset: uint32(at), FragmentLength: uint32(len(part))}), part...)
					}
				}
			}
			for i, content := range slices.Collect(slices.Chunk(whole, 13*80)) {
				datagrams = append(datagrams, plainRecord(record.TypeHandshake, 0, uint64(100+i), content))
			}
			return datagrams
		},
	}
	for name, pack := range packings {
		s := newQuickScene(t)
		s.instead = func(_ *end, n int, b []byte) [][]byte {
			messages := messagesIn(t, b)
			if len(messages) < 2 {
				return [][]byte{b}
			}
			// What is not a message in the clear goes behind.
			rest := withRecords(b, func(r *record.Record) []byte {
				if r.Type == record.TypeHandshake && r.Number.Epoch == 0 {
					return nil
				}
				return r.Raw
			})
			return append(pack(messages), rest)
		}
		s.start()
		if !s.run(4*sceneDelay, s.bothConnected) {
			t.Errorf("%s: client %v, server %v", name, s.client.err, s.server.err)
		}
	}
}

// A flight with one message twice, each under a number of its own.
func TestAMessageThatComesTwiceIsRefused(t *testing.T) { // HS-18, HS-23
	twice := map[Role][]wire.HandshakeType{
		RoleClient: {wire.TypeServerHello, wire.TypeCertificate, wire.TypeServerKeyExchange, wire.TypeCertificateRequest},
		RoleServer: {wire.TypeCertificate, wire.TypeClientKeyExchange, wire.TypeCertificateVerify},
	}
	eachRole(t, func(t *testing.T, role Role) {
		for _, typ := range twice[role] {
			client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
			client.FailureGrace, server.FailureGrace = -1, -1
			s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
			e := s.client
			if role == RoleServer {
				e = s.server
			}
			s.instead = func(to *end, _ int, b []byte) [][]byte {
				messages := messagesIn(t, b)
				i := slices.IndexFunc(messages, func(m received) bool { return m.typ == typ })
				if to != e || i < 0 {
					return [][]byte{b}
				}
				var content []byte
				for j, m := range slices.Insert(messages, i, messages[i]) {
					if j > i {
						m.seq++
					}
					content = appendMessage(content, m)
				}
				return [][]byte{append(plainRecord(record.TypeHandshake, 0, 100, content), plainRecord(record.TypeChangeCipherSpec, 0, 101, []byte{1})...)}
			}
			s.start()
			s.run(time.Second, func() bool { return e.err != nil || e.read != nil })
			if role == RoleServer && typ == wire.TypeCertificateVerify {
				// The second comes behind all that is awaited, in the place of Finished.
				s.rest(time.Second)
				wantNothing(t, e)
				continue
			}
			wantHandshakeError(t, fmt.Sprintf("%v twice", typ), e.err, AlertUnexpectedMessage, false)
			wantNothing(t, e)
		}
	})
}

func TestAHelloVerifyRequestAfterTheServersFlightIsIgnored(t *testing.T) { // HS-25
	s := newQuickScene(t)
	s.start()
	if !s.run(time.Second, func() bool { return s.client.side.flight() == client12Flight6.String() }) {
		t.Fatal("no flight 4")
	}
	for seq := range uint16(6) {
		s.inject(s.client, forgedVerifyRequest(seq, "cookie"))
	}
	if c := s.client.side.(*client12); c.verified > 0 || len(c.hellos) > 1 || s.client.err != nil {
		t.Errorf("%d hellos, error %v", len(c.hellos), s.client.err)
	}
	s.rest(2 * sceneDelay)
	if !s.bothConnected() {
		t.Errorf("client %v, server %v", s.client.err, s.server.err)
	}
}

// What was kept of messages goes with the handshake, also of those that nobody
// asked for.
func TestTheHandshakeIsForgottenWhenItIsOver(t *testing.T) { // HS-10
	s := newQuickScene(t)
	s.start()
	for s.client.hs != nil || s.server.hs != nil {
		for _, e := range []*end{s.client, s.server} {
			if e.hs == nil {
				continue
			}
			for ahead := range uint16(6) {
				h := wire.Header{Type: wire.TypeCertificate, Length: 5000, Seq: e.nextSeq() + 5 + ahead, FragmentLength: 500}
				s.inject(e, plainFragment(h, make([]byte, 500)))
			}
			if e.hs.inbox[0].Held() == 0 {
				t.Fatalf("%s holds nothing that it could forget", e.name)
			}
		}
		if !s.step(s.now.Add(time.Second)) {
			t.Fatalf("client %v, server %v", s.client.err, s.server.err)
		}
	}
	for _, e := range []*end{s.client, s.server} {
		if e.hs != nil || e.side != nil || !e.connected {
			t.Errorf("%s: the handshake is kept", e.name)
		}
	}
	s.checkTraffic(t)
}

// Ephemeral keys go when the secret is made, the secret when the association ends.
func TestKeysAreForgotten(t *testing.T) { // HS-41
	s := newQuickScene(t)
	s.start()
	kept := s.server.side.(*server12)
	s.connect()
	if kept.private != nil {
		t.Error("the server keeps its ephemeral key")
	}
	testEnds(t, func(t *testing.T, s *scene, e, other *end) {
		e.note(e.Close(s.now))
		s.flush(e)
		s.rest(time.Second)
		for _, x := range []*end{e, other} {
			if x.read != nil || x.schedule.master != nil || x.save != nil {
				t.Errorf("%s keeps secrets", x.name)
			}
			if b, err := x.ExportKeyingMaterial("EXPORTER-test", nil, 16); err != ErrClosed || b != nil {
				t.Errorf("%s: exporting after the end: %v", x.name, err)
			}
		}
	})
	testEnds(t, func(t *testing.T, s *scene, e, other *end) {
		e.note(e.SendAlert(s.now, AlertInternalError))
		s.flush(e)
		s.rest(time.Second)
		for _, x := range []*end{e, other} {
			if x.read != nil || x.schedule.master != nil || x.err == nil {
				t.Errorf("%s keeps secrets: %v", x.name, x.err)
			}
		}
	})
}

// RFC 8827, Section 6.5: "All implementations MUST support
// TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 [...] and the P-256 curve"; suites with
// forward secrecy and AEAD alone, unless the application says otherwise.
func TestTheHelloHasWhatWebRTCDemands(t *testing.T) { // HS-51, HS-52, REC-29, API-10, CID-01
	config, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	m := config.clientHello(newRandom(), nil, sessionOffer{})
	if !slices.Contains(m.CipherSuites, 0xc02b) || !slices.Contains(m.SupportedGroups, 23) || !slices.Contains(m.SignatureAlgorithms, 0x0403) {
		t.Errorf("suites %x, groups %d, schemes %x", m.CipherSuites, m.SupportedGroups, m.SignatureAlgorithms)
	}
	good := []uint16{0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9, wire.EmptyRenegotiationInfoSCSV}
	for _, suite := range m.CipherSuites {
		if !slices.Contains(good, suite) {
			t.Errorf("suite %#04x is offered", suite)
		}
	}
	if len(m.SessionID) > 0 || m.HasSessionTicket || m.HasConnectionID || m.EncryptThenMAC || !bytes.Equal(m.CompressionMethods, []byte{0}) {
		t.Errorf("session_id %x, ticket %v, compression %x", m.SessionID, m.HasSessionTicket, m.CompressionMethods)
	}
	// A peer that has no more than this gets in.
	client := *config
	client.CipherSuites, client.Groups = []CipherSuite{TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}, []Group{Secp256r1}
	newPair(t, &client, server, netsim.Config{}).connect()
	other := *server
	other.CipherSuites, other.Groups = client.CipherSuites, client.Groups
	newPair(t, config, &other, netsim.Config{}).connect()
}

// "[...] leading zeros found in this octet string MUST NOT be truncated." RFC 8422,
// Section 5.10.
func TestThePreMasterSecretKeepsItsZeros(t *testing.T) { // HS-59
	suite := TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256.info()
	client, server, hash := newRandom(), newRandom(), bytes.Repeat([]byte{7}, 32)
	for zeros := range 4 {
		secret := append(make([]byte, zeros), bytes.Repeat([]byte{5}, 32-zeros)...)
		for _, sessionHash := range [][]byte{nil, hash} {
			want := keying.MasterSecret(suite.hash, secret, client[:], server[:])
			if sessionHash != nil {
				want = keying.ExtendedMasterSecret(suite.hash, secret, sessionHash)
			}
			if got := newSchedule12(&parameters{suite: suite}, client, server, secret, sessionHash); !bytes.Equal(got.master, want) {
				t.Errorf("%d zeros: another master secret", zeros)
			}
		}
	}
	// Nor does a group cut them off: one secret in 256 begins with one.
	for _, g := range []Group{X25519, Secp256r1} {
		for range 600 {
			a, errA := g.curve().GenerateKey(rand.Reader)
			b, errB := g.curve().GenerateKey(rand.Reader)
			if errA != nil || errB != nil {
				t.Fatal(errA, errB)
			}
			if secret, err := sharedSecret(a, b.PublicKey().Bytes()); err != nil || len(secret) != 32 {
				t.Fatalf("%v: %d bytes, %v", g, len(secret), err)
			}
		}
	}
}

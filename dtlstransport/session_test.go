package dtlstransport

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/keying"
)

// sessionMap is a SessionStore for tests.
type sessionMap map[string][]byte

func (m sessionMap) Get(key string) []byte                 { return m[key] }
func (m sessionMap) Put(key string, s []byte, _ time.Time) { m[key] = s }
func (m sessionMap) Delete(key string)                     { delete(m, key) }
func (m sessionMap) keys() []string                        { return slices.Sorted(maps.Keys(m)) }

// resumption is a client and a server that keep sessions, by either means.
type resumption struct {
	clientStore, serverStore sessionMap
	client, server           *Config
}

// testResumption runs a test with session identifiers and with tickets.
func testResumption(t *testing.T, test func(t *testing.T, r *resumption)) {
	for _, tickets := range []bool{false, true} {
		t.Run(map[bool]string{false: "session_id", true: "ticket"}[tickets], func(t *testing.T) {
			r := &resumption{clientStore: sessionMap{}, serverStore: sessionMap{}}
			r.client, r.server = configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
			r.client.Sessions, r.server.Sessions = r.clientStore, r.serverStore
			if tickets {
				r.server.Tickets = NewTicketKeys([32]byte{1})
			}
			test(t, r)
		})
	}
}

// connectResumed runs a handshake and checks on both sides whether it resumed.
func (r *resumption) connect(t *testing.T, at time.Time, resumed bool) *pair {
	t.Helper()
	p := newPair(t, r.client, r.server, netsim.Config{Delay: 25 * time.Millisecond})
	p.now = at
	p.connect()
	for _, e := range []*end{p.client, p.server} {
		if got := e.ConnectionState().Resumed; got != resumed {
			t.Fatalf("%s: resumed %v, want %v", e.name, got, resumed)
		}
	}
	return p
}

func (p *pair) checkTraffic(t *testing.T) {
	t.Helper()
	p.client.received, p.server.received = nil, nil
	p.send(p.client, []byte("ping"))
	p.send(p.server, []byte("pong"))
	p.run(time.Second, func() bool { return len(p.client.received)+len(p.server.received) == 2 })
	if len(p.server.received) != 1 || string(p.server.received[0]) != "ping" || len(p.client.received) != 1 || string(p.client.received[0]) != "pong" {
		t.Errorf("received %q and %q", p.server.received, p.client.received)
	}
}

func TestASessionIsResumedInOneRoundTripLess(t *testing.T) { // RES-09
	testResumption(t, func(t *testing.T, r *resumption) {
		first := r.connect(t, epochZero, false)
		for range 3 { // a session serves again and again
			p := r.connect(t, epochZero.Add(time.Hour), true)
			// The client is done after one round trip, the server half a trip later.
			if elapsed := p.now.Sub(epochZero.Add(time.Hour)); elapsed != 75*time.Millisecond {
				t.Errorf("both connected after %v, want 75 ms", elapsed)
			}
			if n := p.client.datagrams + p.server.datagrams; n != 3 {
				t.Errorf("%d datagrams, want 3", n)
			}
			p.checkTraffic(t)
			a, errA := p.client.ExportKeyingMaterial("EXPERIMENTAL test", nil, 32)
			b, errB := p.server.ExportKeyingMaterial("EXPERIMENTAL test", nil, 32)
			old, _ := first.client.ExportKeyingMaterial("EXPERIMENTAL test", nil, 32)
			if errA != nil || errB != nil || !bytes.Equal(a, b) || bytes.Equal(a, old) {
				t.Error("exported keys differ between the sides, or not from those of the first handshake")
			}
			state := p.client.ConnectionState()
			if state.SRTPProfile != keying.SRTPAEADAES128GCM || !state.ExtendedMasterSecret || len(state.PeerCertificates) != 1 {
				t.Errorf("state %+v", state)
			}
		}
	})
}

func TestAResumedHandshakeSurvivesEveryLossAndEveryPair(t *testing.T) { // RTX-08
	testResumption(t, func(t *testing.T, r *resumption) {
		r.connect(t, epochZero, false)
		const n = 5 // datagrams of each direction that may be lost
		for mask := range 1 << (2 * n) {
			var p *pair
			p = newPair(t, r.client, r.server, netsim.Config{Delay: 25 * time.Millisecond, Decide: func(d netsim.Direction, i int) netsim.Fate {
				return netsim.Fate{Drop: !p.bothConnected() && i < n && mask>>(int(d)*n+i)&1 == 1}
			}})
			p.connect()
			if !p.client.ConnectionState().Resumed {
				t.Fatalf("mask %b: not resumed", mask)
			}
			p.checkTraffic(t)
		}
	})
}

func TestASessionDoesNotGetAroundTheFingerprint(t *testing.T) { // FP-10, RES-04
	other := testCertificate(t, fingerprint.ECDSAP384)
	testResumption(t, func(t *testing.T, r *resumption) {
		r.connect(t, epochZero, false)
		// The server is told of another client, which then comes with the session of
		// the first: a full handshake, and a refusal.
		r.server.RemoteFingerprints = fingerprint.Set{other.Fingerprint()}
		p := newPair(t, r.client, r.server, netsim.Config{Delay: time.Millisecond})
		p.start()
		p.run(time.Minute, func() bool { return p.server.err != nil })
		if p.server.connected || !errors.Is(p.server.err, fingerprint.ErrMismatch) {
			t.Errorf("server: connected %v, %v", p.server.connected, p.server.err)
		}
	})
}

func TestAClientOffersNoSessionOfAnotherPeer(t *testing.T) {
	testResumption(t, func(t *testing.T, r *resumption) {
		r.connect(t, epochZero, false)
		key := r.clientStore.keys()[0]
		// A store that mixes peers up.
		other := testCertificate(t, fingerprint.ECDSAP384)
		r.client.RemoteFingerprints = fingerprint.Set{other.Fingerprint()}
		r.clientStore["client "+other.Fingerprint().String()] = r.clientStore[key]
		e, err := NewEngine(RoleClient, r.client)
		if err != nil {
			t.Fatal(err)
		}
		e.Start(epochZero)
		b, _ := e.AppendDatagram(nil)
		if m := parseFirstHello(t, b); len(m.SessionID) > 0 || len(m.SessionTicket) > 0 {
			t.Error("a session with another certificate is offered")
		}
	})
}

// parseFirstHello reads a ClientHello that is alone in a datagram.
func parseFirstHello(t *testing.T, datagram []byte) *wire.ClientHello {
	t.Helper()
	r, _, ok := record.Next(datagram)
	if !ok {
		t.Fatal("no record")
	}
	m, err := wire.ParseClientHello(r.Body()[wire.HeaderLen:])
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAnExpiredSessionIsNotResumed(t *testing.T) {
	testResumption(t, func(t *testing.T, r *resumption) {
		r.connect(t, epochZero, false)
		r.connect(t, epochZero.Add(DefaultSessionLifetime-time.Minute), true)
		r.connect(t, epochZero.Add(2*DefaultSessionLifetime), false)
	})
}

func TestATicketUnderTheOldKeyIsReplaced(t *testing.T) { // RES-05, RES-06
	keys := NewTicketKeys([32]byte{})
	session := []byte("what an engine stores")
	ticket, until := keys.SealTicket(epochZero, session)
	for _, c := range []struct {
		after     time.Duration
		ok, renew bool
	}{{0, true, false}, {ticketPeriod, true, true}, {2 * ticketPeriod, false, false}, {-ticketPeriod, false, false}} {
		at := epochZero.Add(c.after)
		got, renew := keys.OpenTicket(at, ticket)
		if bytes.Equal(got, session) != c.ok || renew != c.renew || at.Before(until) != (c.after < 2*ticketPeriod) {
			t.Errorf("after %v: %q, renew %v, until %v", c.after, got, renew, until)
		}
	}
	for i := range ticket {
		forged := bytes.Clone(ticket)
		forged[i] ^= 1
		if got, _ := keys.OpenTicket(epochZero, forged); got != nil {
			t.Errorf("ticket opens with byte %d changed", i)
		}
		if got, _ := keys.OpenTicket(epochZero, ticket[:i]); got != nil {
			t.Errorf("ticket opens when cut to %d bytes", i)
		}
	}
	if got, _ := NewTicketKeys([32]byte{}).OpenTicket(epochZero, ticket); got != nil {
		t.Error("ticket opens under another secret")
	}
	if other, _ := keys.SealTicket(epochZero, session); bytes.Equal(other, ticket) {
		t.Error("two tickets are the same")
	}

	// In a handshake: the client gets a new one, which lasts longer.
	r := &resumption{clientStore: sessionMap{}}
	r.client, r.server = configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	r.client.Sessions, r.server.Tickets = r.clientStore, keys
	r.client.SessionLifetime, r.server.SessionLifetime = 100*time.Hour, 100*time.Hour
	start := time.Unix(0, 0).Add(ticketPeriod * 50000)
	r.connect(t, start, false)
	r.connect(t, start.Add(ticketPeriod+time.Hour), true)
	p := r.connect(t, start.Add(2*ticketPeriod-time.Hour), true)
	p.checkTraffic(t)
}

func TestASessionIsForgottenWithItsAssociation(t *testing.T) { // RFC 5246, Section 7.2.2, RES-01
	testResumption(t, func(t *testing.T, r *resumption) {
		r.connect(t, epochZero, false)
		p := r.connect(t, epochZero, true)
		p.server.SendAlert(p.now, AlertInternalError)
		p.flush(p.server)
		p.run(time.Second, func() bool { return p.client.err != nil })
		if p.client.err == nil || len(r.clientStore) > 0 || len(r.serverStore) > 0 {
			t.Errorf("after a fatal alert (%v) the stores hold %v and %v", p.client.err, r.clientStore.keys(), r.serverStore.keys())
		}
	})
}

func TestAPeerThatIsNotVerifiedLeavesNoSession(t *testing.T) {
	testResumption(t, func(t *testing.T, r *resumption) {
		r.client.RemoteFingerprints = nil // late
		p := newPair(t, r.client, r.server, netsim.Config{Delay: time.Millisecond})
		p.start()
		p.run(time.Second, func() bool { return p.client.ConnectionState().HandshakeComplete })
		if len(r.clientStore) > 0 {
			t.Errorf("the client has stored %v", r.clientStore.keys())
		}
	})
}

func TestForgedResumptionDoesNotDisturbTheHandshake(t *testing.T) {
	// An observer sees the session_id and answers first.
	testResumption(t, func(t *testing.T, r *resumption) {
		r.connect(t, epochZero, false)
		p := newPair(t, r.client, r.server, netsim.Config{Delay: 25 * time.Millisecond})
		p.start()
		var hello []byte
		for hello == nil {
			if d, b, ok := p.link.Receive(p.now.Add(25*time.Millisecond), nil); ok && d == netsim.AtoB {
				hello = b
			}
		}
		m := parseFirstHello(t, hello)
		answer := wire.ServerHello{Version: record.Version12, Random: newRandom(), SessionID: m.SessionID, CipherSuite: m.CipherSuites[0]}
		answer.ExtendedMasterSecret = true
		body := answer.Append(nil)
		message := wire.AppendHeader(nil, wire.Header{Type: wire.TypeServerHello, Length: uint32(len(body)), FragmentLength: uint32(len(body))})
		forged := record.AppendAs(nil, 0, record.TypeHandshake, record.Version12, append(message, body...))
		forged = record.AppendAs(forged, 1, record.TypeChangeCipherSpec, record.Version12, []byte{1})
		junk := record.AppendAs(nil, 0, record.TypeHandshake, record.Version12, make([]byte, 48))
		junk[4] = 1 // epoch
		p.client.note(p.client.HandleDatagram(p.now, append(forged, junk...)))
		p.server.note(p.server.HandleDatagram(p.now.Add(25*time.Millisecond), hello))
		p.flush(p.server)
		if !p.run(time.Minute, p.bothConnected) || !p.client.ConnectionState().Resumed {
			t.Fatalf("client %v (%v), server %v (%v)", p.client.connected, p.client.err, p.server.connected, p.server.err)
		}
	})
}

func TestASessionWithoutEMSIsNeitherKeptNorResumed(t *testing.T) { // EMS-05
	testResumption(t, func(t *testing.T, r *resumption) {
		r.connect(t, epochZero, false)
		p := newPair(t, r.client, r.server, netsim.Config{Delay: time.Millisecond})
		r.server.ExtendedMasterSecret = EMSRequest
		p.client.Start(p.now)
		b, _ := p.client.AppendDatagram(nil)
		m := parseFirstHello(t, b)
		m.ExtendedMasterSecret = false
		body := m.Append(nil)
		message := wire.AppendHeader(nil, wire.Header{Type: wire.TypeClientHello, Length: uint32(len(body)), FragmentLength: uint32(len(body))})
		r.server.FailureGrace = -1
		err := p.server.HandleDatagram(p.now, record.AppendAs(nil, 0, record.TypeHandshake, record.Version12, append(message, body...)))
		var alert *AlertError
		if !errors.As(err, &alert) || alert.Alert != AlertHandshakeFailure {
			t.Errorf("a hello with the session but without EMS: %v, want handshake_failure", err)
		}
	})
}

func TestSessionsSurviveStorage(t *testing.T) {
	s := &session{suite: TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256.info(), expires: epochZero, master: bytes.Repeat([]byte{7}, 48),
		id: []byte("id"), ticket: []byte("ticket"), serverName: "sfu.example", status: []byte("good"), chain: [][]byte{[]byte("leaf"), []byte("issuer")}}
	b := s.append(nil)
	got, err := parseSession(b)
	if err != nil || !got.expires.Equal(s.expires) {
		t.Fatal(got, err)
	}
	got.expires = s.expires
	if fmt.Sprint(got) != fmt.Sprint(s) {
		t.Errorf("stored %v, read %v", s, got)
	}
	for i := range b {
		if _, err := parseSession(b[:i]); err == nil {
			t.Errorf("a session cut to %d bytes parses", i)
		}
	}
	if _, err := parseSession(append(b, 0)); err == nil {
		t.Error("a session with a byte behind it parses")
	}
}

func TestASessionIsResumedWhereVerifyPeerDecides(t *testing.T) {
	testResumption(t, func(t *testing.T, r *resumption) {
		var refuse error
		r.client.RemoteFingerprints, r.client.VerifyPeer = nil, func([][]byte) error { return refuse }
		r.connect(t, epochZero, false)
		if keys := r.clientStore.keys(); !slices.Equal(keys, []string{"client"}) {
			t.Errorf("stored under %q", keys)
		}
		r.connect(t, epochZero.Add(time.Hour), true)

		// Whom it no longer lets through is not offered the session, and not let
		// through by it.
		refuse = errors.New("no more")
		p := newPair(t, r.client, r.server, netsim.Config{})
		p.start()
		p.run(time.Minute, func() bool { return p.client.err != nil })
		if p.client.err == nil || p.client.ConnectionState().Resumed {
			t.Errorf("error %v", p.client.err)
		}
	})
}

func TestAClientWithoutTicketsResumesBySessionID(t *testing.T) {
	testResumption(t, func(t *testing.T, r *resumption) {
		r.client.NoTickets = true
		r.connect(t, epochZero, false)
		if keys := r.serverStore.keys(); len(keys) != 1 {
			t.Fatalf("the server has stored %q", keys)
		}
		r.connect(t, epochZero.Add(time.Hour), true)
	})
}

func TestATicketIsNotOfferedByAClientWithoutTickets(t *testing.T) {
	testResumption(t, func(t *testing.T, r *resumption) {
		r.connect(t, epochZero, false)
		r.client.NoTickets = true
		r.connect(t, epochZero.Add(time.Hour), r.server.Tickets == nil)
	})
}

func TestAHelloAloneDoesNotCostTheSession(t *testing.T) {
	testResumption(t, func(t *testing.T, r *resumption) {
		r.connect(t, epochZero, false)
		stored := len(r.serverStore)
		var hello []byte
		p := newPair(t, r.client, r.server, netsim.Config{Loss: 1})
		p.client.Start(p.now)
		hello, _ = p.client.AppendDatagram(nil)
		// Whoever has seen the hello sends it again, and is not heard of any more.
		p.server.note(p.server.HandleDatagram(p.now, hello))
		p.run(2*DefaultHandshakeTimeout, func() bool { return p.server.err != nil })
		if !errors.Is(p.server.err, ErrTimeout) || len(r.serverStore) != stored {
			t.Errorf("%v; %d sessions are stored, want %d", p.server.err, len(r.serverStore), stored)
		}
		r.connect(t, epochZero, true)
	})
}

// unlike is a TicketSealer whose sessions come back with another master secret.
type unlike struct{ TicketSealer }

func (u unlike) OpenTicket(now time.Time, ticket []byte) ([]byte, bool) {
	session, renew := u.TicketSealer.OpenTicket(now, ticket)
	return otherMaster(session), renew
}

// otherMaster changes the master secret of a stored session.
func otherMaster(session []byte) []byte {
	s, err := parseSession(bytes.Clone(session))
	if err != nil {
		return nil
	}
	s.master[0] ^= 1
	return s.append(nil)
}

// Two ends that disagree about a session shake hands in vain once, and not until it
// expires. Servers forget nothing: a hello alone can bring them there.
func TestAClientForgetsASessionThatDidNotServe(t *testing.T) { // RFC 5246, Section 7.2.2, RES-01
	testResumption(t, func(t *testing.T, r *resumption) {
		r.connect(t, epochZero, false)
		if r.server.Tickets != nil {
			r.server.Tickets = unlike{r.server.Tickets}
		}
		for key, session := range r.serverStore {
			r.serverStore[key] = otherMaster(session)
		}
		p := newPair(t, r.client, r.server, netsim.Config{Delay: time.Millisecond})
		p.start()
		p.run(2*DefaultHandshakeTimeout, func() bool { return p.client.err != nil })
		if !errors.Is(p.client.err, ErrTimeout) || len(r.clientStore) > 0 {
			t.Errorf("%v, and the client still has %v", p.client.err, r.clientStore.keys())
		}
		r.connect(t, epochZero, false)
	})
}

func TestASessionIsKeptWhileNobodyAnswers(t *testing.T) {
	testResumption(t, func(t *testing.T, r *resumption) {
		r.connect(t, epochZero, false)
		p := newPair(t, r.client, r.server, netsim.Config{Loss: 1})
		p.start()
		p.run(2*DefaultHandshakeTimeout, func() bool { return p.client.err != nil })
		if !errors.Is(p.client.err, ErrTimeout) {
			t.Errorf("%v", p.client.err)
		}
		r.connect(t, epochZero, true)
	})
}

// "[...] failure to properly close a connection no longer requires that a session not be
// resumed" (RFC 5246, Section 7.2.1), and a proper end does not either.
func TestASessionOutlivesTheEndOfItsAssociation(t *testing.T) { // RES-01
	testResumption(t, func(t *testing.T, r *resumption) {
		for resumed := range 2 {
			p := r.connect(t, epochZero, resumed > 0)
			p.client.Close(p.now)
			p.flush(p.client)
			if !p.run(time.Second, func() bool { return p.server.ConnectionState().State == StateClosed }) {
				t.Fatal("the server is not told of the end")
			}
		}
		r.connect(t, epochZero, true)
	})
}

func TestAServerDoesNotResumeASessionOfAnotherName(t *testing.T) {
	testResumption(t, func(t *testing.T, r *resumption) {
		if r.server.Tickets != nil {
			return
		}
		r.connect(t, epochZero, false)
		first := r.serverStore.keys()[0]
		clear(r.clientStore)
		r.connect(t, epochZero, false)
		for key := range r.serverStore { // mixed up
			r.serverStore[key] = r.serverStore[first]
		}
		r.connect(t, epochZero, false)
	})
}

func TestNothingIsRememberedUnlessAskedFor(t *testing.T) {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	p := newPair(t, client, server, netsim.Config{})
	p.client.Start(p.now)
	b, _ := p.client.AppendDatagram(nil)
	if m := parseFirstHello(t, b); len(m.SessionID) > 0 || m.HasSessionTicket {
		t.Errorf("a client without a store offers session_id %x, tickets %v", m.SessionID, m.HasSessionTicket)
	}
	store := sessionMap{}
	client.Sessions = store
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	s.before = func(_ *end, _ int, b []byte) [][]byte {
		for _, m := range messagesIn(t, b) {
			if m.typ != wire.TypeServerHello {
				continue
			}
			if hello, err := wire.ParseServerHello(m.body); err != nil || len(hello.SessionID) > 0 || hello.HasSessionTicket {
				t.Errorf("a server without a store gives session_id %x, ticket %v", hello.SessionID, hello.HasSessionTicket)
			}
		}
		return nil
	}
	s.connect()
	if len(store) > 0 {
		t.Errorf("the client keeps %v", store.keys())
	}
}

func TestASessionBelongsToOurCertificateToo(t *testing.T) {
	testResumption(t, func(t *testing.T, r *resumption) {
		r.connect(t, epochZero, false)
		other := testCertificate(t, fingerprint.ECDSAP384)
		r.client.Certificates = []*fingerprint.Certificate{other}
		r.server.RemoteFingerprints = fingerprint.Set{other.Fingerprint()}
		r.connect(t, epochZero, false) // as somebody else
	})
}

func TestARenewedTicketDoesNotProlongTheSecret(t *testing.T) { // RES-11
	r := &resumption{clientStore: sessionMap{}}
	r.client, r.server = configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	r.client.Sessions, r.server.Tickets = r.clientStore, NewTicketKeys([32]byte{1})
	start := time.Unix(0, 0).Add(ticketPeriod * 50000)
	r.connect(t, start, false)
	r.connect(t, start.Add(ticketPeriod+time.Hour), true) // renewed
	r.connect(t, start.Add(2*ticketPeriod-time.Minute), true)
	r.connect(t, start.Add(2*ticketPeriod), false)
}

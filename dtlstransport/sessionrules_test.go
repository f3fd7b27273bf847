package dtlstransport

import (
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// A server that takes up a session takes it up as it was.
func TestAClientRefusesAResumptionOfAnotherKind(t *testing.T) { // EMS-05, RES-02
	for name, test := range map[string]struct {
		change func(m *wire.ServerHello)
		want   AlertDescription
	}{
		// "If resuming a session [it has the] cipher_suite [...] from the state of the
		// session being resumed" (after RFC 5246, Section 7.4.1.3).
		"another suite": {func(m *wire.ServerHello) {
			m.CipherSuite = uint16(TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256)
		}, AlertIllegalParameter},
		"no extended master secret": {func(m *wire.ServerHello) { m.ExtendedMasterSecret = false }, AlertHandshakeFailure},
	} {
		testResumption(t, func(t *testing.T, r *resumption) {
			r.connect(t, epochZero, false)
			r.client.ExtendedMasterSecret, r.client.FailureGrace = EMSRequest, -1
			s := newScene(t, r.client, r.server, netsim.Config{Delay: sceneDelay})
			s.instead = func(to *end, n int, b []byte) [][]byte {
				if to == s.client && n == 0 {
					b = withMessage(t, b, wire.TypeServerHello, func(body []byte) []byte { return inServerHelloMessage(test.change)(t, body) })
				}
				return [][]byte{b}
			}
			s.start()
			s.run(time.Second, func() bool { return s.client.err != nil || s.client.connected })
			wantHandshakeError(t, name, s.client.err, test.want, false)
			wantNothing(t, s.client)
		})
	}
}

// "[...] this vector MUST include at least the cipher_suite from that session." RFC
// 5246, Section 7.4.1.2. Where it does not, the server does not mind, and starts anew.
func TestAServerResumesWithASuiteThatIsOfferedOnly(t *testing.T) { // RES-03
	testResumption(t, func(t *testing.T, r *resumption) {
		r.connect(t, epochZero, false)
		const other = TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
		s := newScene(t, r.client, r.server, netsim.Config{Delay: sceneDelay})
		s.startWith(func(m *wire.ClientHello) { m.CipherSuites = []uint16{uint16(other)} }, nil)
		if !s.run(time.Second, s.bothConnected) {
			t.Fatalf("client %v, server %v", s.client.err, s.server.err)
		}
		for _, e := range []*end{s.client, s.server} {
			if state := e.ConnectionState(); state.Resumed || state.CipherSuite != other {
				t.Errorf("%s: resumed %v, %v", e.name, state.Resumed, state.CipherSuite)
			}
		}
	})
}

func TestATicketThatIsNotOursMeansAFullHandshake(t *testing.T) { // RES-05
	testResumption(t, func(t *testing.T, r *resumption) {
		r.connect(t, epochZero, false)
		if r.server.Tickets == nil {
			return
		}
		r.server.Tickets = NewTicketKeys([32]byte{2})
		r.connect(t, epochZero, false)
		r.connect(t, epochZero, true)
	})
}

// "If [the session_id is] the same as [the client's] [...] the server [...] resumes",
// and any other means a new session (after RFC 5246, Section 7.4.1.3).
func TestAServerThatHasForgottenGivesANewSessionID(t *testing.T) { // RES-07
	testResumption(t, func(t *testing.T, r *resumption) {
		r.connect(t, epochZero, false)
		clear(r.serverStore)
		if r.server.Tickets != nil {
			r.server.Tickets = NewTicketKeys([32]byte{2})
		}
		p := r.connect(t, epochZero, false)
		p.checkTraffic(t)
	})
}

// "The session_id [...] becomes valid when the handshake negotiating it completes
// with the exchange of Finished messages" (after RFC 5246, Section 7.4.1.2).
func TestASessionIsStoredAfterBothFinishedOnly(t *testing.T) { // RES-08
	testResumption(t, func(t *testing.T, r *resumption) {
		for _, role := range []Role{RoleClient, RoleServer} {
			s := newScene(t, r.client, r.server, netsim.Config{Delay: sceneDelay})
			deprived := s.client
			if role == RoleServer {
				deprived = s.server
			}
			s.instead = func(to *end, _ int, b []byte) [][]byte {
				if to != deprived {
					return [][]byte{b}
				}
				return [][]byte{withRecords(b, func(r *record.Record) []byte {
					if r.Number.Epoch > 0 {
						return nil
					}
					return r.Raw
				})}
			}
			s.start()
			s.rest(2 * time.Second)
			if deprived.read == nil || deprived.connected {
				t.Fatalf("%v: keys %v, connected %v", role, deprived.read != nil, deprived.connected)
			}
			store := map[Role]sessionMap{RoleClient: r.clientStore, RoleServer: r.serverStore}[role]
			if len(store) > 0 {
				t.Errorf("the %v stores %v before the peer's Finished", role, store.keys())
			}
			clear(r.clientStore)
			clear(r.serverStore)
		}
		r.connect(t, epochZero, false)
		r.connect(t, epochZero, true)
	})
}

// "This message MUST NOT be sent if the server did not include a SessionTicket
// extension in the ServerHello." RFC 5077, Section 3.3.
func TestATicketThatWasNotAnnouncedIsNotTaken(t *testing.T) { // RES-10
	s := newQuickScene(t)
	s.start()
	c := s.client.side.(*client12)
	body := (&wire.NewSessionTicket{Lifetime: 10, Ticket: []byte("ticket")}).Append(nil)
	s.inject(s.client, plainMessage(wire.TypeNewSessionTicket, 5, body))
	for _, due := range []bool{false, true} {
		c.ticketDue = due
		ticket, m, a := c.readTicket(5)
		if a != nil || m.present != due || (ticket != nil) != due {
			t.Errorf("announced %v: taken %v, %v", due, m.present, a)
		}
	}
}

// "[...] peers that do not support the extended master secret [...] SHOULD NOT resume"
// (after RFC 7627, Section 5.3): there is nothing to resume from.
func TestAHandshakeWithoutEMSLeavesNoSession(t *testing.T) { // EMS-07
	testResumption(t, func(t *testing.T, r *resumption) {
		r.client.ExtendedMasterSecret, r.server.ExtendedMasterSecret = EMSRequest, EMSRequest
		s := newScene(t, r.client, r.server, netsim.Config{Delay: sceneDelay})
		s.before = func(to *end, _ int, b []byte) [][]byte {
			for _, m := range messagesIn(t, b) {
				if m.typ != wire.TypeServerHello {
					continue
				}
				if hello, err := wire.ParseServerHello(m.body); err != nil || len(hello.SessionID) > 0 || hello.HasSessionTicket {
					t.Errorf("the server offers session_id %x, ticket %v", hello.SessionID, hello.HasSessionTicket)
				}
			}
			return nil
		}
		s.startWith(func(m *wire.ClientHello) { m.ExtendedMasterSecret = false }, nil)
		if !s.run(time.Second, s.bothConnected) {
			t.Fatalf("client %v, server %v", s.client.err, s.server.err)
		}
		if len(r.clientStore)+len(r.serverStore) > 0 {
			t.Errorf("sessions %v and %v are kept", r.clientStore.keys(), r.serverStore.keys())
		}
	})
}

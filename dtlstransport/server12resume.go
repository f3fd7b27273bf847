package dtlstransport

import (
	"bytes"
	"crypto/rand"
	"slices"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/flight"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// resumable returns the session that a hello asks for, if we have it and may
// take it up. renew says that the ticket should be replaced.
func (s *server12) resumable(now time.Time, hello *wire.ClientHello) (found *session, renew bool, a *AlertError) {
	switch config := s.e.config; {
	case config.Tickets != nil && len(hello.SessionTicket) > 0:
		var sealed []byte
		var err error
		sealed, renew = config.Tickets.OpenTicket(now, hello.SessionTicket)
		if found, err = parseSession(sealed); err != nil {
			return nil, false, nil // "the server [...] falls back to a full handshake" (after RFC 5077, Section 3.4)
		}
	case len(hello.SessionID) > 0:
		found = s.e.storedSession(now, serverSessionKey(hello.SessionID))
		if found == nil || !bytes.Equal(found.id, hello.SessionID) { // a store may mix them up
			return nil, false, nil
		}
	default:
		return nil, false, nil
	}
	if !s.e.mayResume(now, found) || !found.isFor(hello.ServerName) || !slices.Contains(hello.CipherSuites, uint16(found.suite.id)) {
		return nil, false, nil
	}
	if found.suite.cipher.CBC() && !hello.EncryptThenMAC {
		return nil, false, nil
	}
	// "If the original session used the [...] extension but the new ClientHello
	// does not contain it, the server MUST abort the abbreviated handshake." RFC
	// 7627, Section 5.3.
	if !hello.ExtendedMasterSecret {
		return nil, false, alertf(AlertHandshakeFailure, "session resumed without extended_master_secret")
	}
	return found, renew, nil
}

// resume sends the flight that takes up a session; see client12.judgeResumed for
// the figure.
func (s *server12) resume(now time.Time, m received, hello *wire.ClientHello, p parameters, old *session, renew bool) *AlertError {
	h := s.h
	p.suite, p.group, p.serverScheme = old.suite, 0, nil
	random := newRandom()
	schedule := &schedule12{suite: old.suite, clientRandom: hello.Random, serverRandom: random, master: old.master}
	sealer, opener, err := s.e.protection(schedule, &p)
	if err != nil {
		return alertf(AlertInternalError, "%w", err)
	}
	h.clientRandom, h.serverRandom = hello.Random, random
	h.transcript.addReceived(m)
	h.sendSeq = m.seq
	s.e.parameters, s.e.schedule, s.e.resumed = p, schedule, old
	s.e.setPeerCertificates(old.chain)
	s.e.identity = old.identity
	s.e.write[1], s.e.read = sealer, opener
	answer := serverHello(hello, &p, random)
	s.e.answerConnectionID(hello, &answer)
	s.e.config.answerHeartbeat(hello, &answer)
	// "When resuming a session, the server MUST NOT include a server_name extension in
	// the server hello." RFC 6066, Section 3.
	answer.HasServerName = false
	answer.SessionID, answer.HasSessionTicket = hello.SessionID, renew
	flight4 := []flight.Message{h.message(wire.TypeServerHello, answer.Append)}
	if renew {
		flight4 = append(flight4, s.newTicket(now))
	}
	for _, m := range flight4 {
		h.transcript.add(m.Bytes)
	}
	finished := h.finished()
	h.transcript.add(finished.Bytes)
	s.e.epoch = 1
	h.accept(now, 0, m.seq)
	h.inbox[0].Restart(m.seq) // see answerRival
	h.send(now, append(flight4, h.changeCipherSpec(), finished)...)
	s.state = server12ResumedFinished
	h.changed = true
	return nil
}

// newTicket makes the message with a ticket of the session. A ticket that no
// hello would have room for is left out: "If the server determines that it does
// not want to include a ticket after it has included the SessionTicket extension in
// the ServerHello, then it sends a zero-length ticket" (RFC 5077, Section 3.3).
func (s *server12) newTicket(now time.Time) flight.Message {
	issued := s.e.newSession(now, nil, nil)
	ticket, until := s.e.config.Tickets.SealTicket(now, issued.append(nil))
	m := wire.NewSessionTicket{Lifetime: lifetimeHint(now, issued.lastUntil(until).expires), Ticket: ticket}
	if len(m.Ticket) > maxTicket || len(m.Ticket) == 0 {
		m = wire.NewSessionTicket{}
	}
	return s.h.message(wire.TypeNewSessionTicket, m.Append)
}

// lifetimeHint is how long a ticket lasts, in seconds; of one that lasts no longer
// zero would say that nothing is known.
func lifetimeHint(now, until time.Time) uint32 {
	return uint32(max(until.Sub(now)/time.Second, 1))
}

// newSessionID gives a new session an identifier.
func newSessionID() []byte {
	id := make([]byte, 32)
	rand.Read(id)
	return id
}

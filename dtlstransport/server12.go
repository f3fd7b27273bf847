package dtlstransport

import (
	"crypto/ecdh"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/flight"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// server12State is what the server waits for.
type server12State int

const (
	server12Flight1         server12State = iota // or flight 3, a ClientHello with a cookie
	server12Flight5                              // as far as it is in the clear
	server12Finished                             // the rest of it
	server12ResumedFinished                      // the client's last flight, when a session is resumed
)

var server12StateNames = []string{"server12Flight1", "server12Flight5", "server12Finished", "server12ResumedFinished"}

func (s server12State) String() string {
	return stateName("server12", server12StateNames, int(s))
}

// server12Grammar is what each state awaits. Flight 5 is that of a client that
// shows a certificate and answers for it: see matchFlight5 for others.
var server12Grammar = []grammar{
	server12Flight1:  {{typ: wire.TypeClientHello}},
	server12Flight5:  {{typ: wire.TypeCertificate}, {typ: wire.TypeClientKeyExchange}, {typ: wire.TypeCertificateVerify}},
	server12Finished: {{typ: wire.TypeFinished}},

	server12ResumedFinished: {{typ: wire.TypeFinished}},
}

// The places of the messages in flight 5.
const (
	inClientCertificate = iota
	inClientKeyExchange
	inCertificateVerify
)

// server12 is the server of a full DTLS 1.2 handshake. Its figure is above
// client12.
type server12 struct {
	e     *Engine
	h     *handshake
	state server12State

	private *ecdh.PrivateKey // ours, from flight 4 to 5
	tickets bool             // flight 6 has a ticket
	id      []byte           // what we call the new session; empty: it is not stored

	cookies *Cookies // who has no cookie is asked for one; nil: nobody is

	// cookieSeq is the message_seq of the hello whose cookie was valid, and with
	// which reassembly began; -1: none yet. Without cookies it is not used.
	cookieSeq int

	asked bool // the client has sent a hello again since our answer timed out: see answerRival
}

func newServer12(e *Engine) *server12 {
	return &server12{e: e, h: e.hs, cookies: e.config.Cookies, cookieSeq: -1}
}

func (s *server12) flight() string { return s.state.String() }

// start has nothing to send: the client speaks first.
func (s *server12) start(time.Time) error { return nil }

func (s *server12) judge(now time.Time) *AlertError {
	if s.asked && s.answerRival(now) {
		return nil
	}
	switch s.state {
	case server12Flight1:
		return s.judgeFlight1(now)
	case server12Flight5:
		if s.e.parameters.suite.exchange.preShared() {
			return s.judgePSKFlight5(now)
		}
		return s.judgeFlight5(now)
	}
	return s.judgeFinished(now)
}

// judgeFinished takes the client's Finished, sends flight 6 and ends the
// handshake.
func (s *server12) judgeFinished(now time.Time) *AlertError {
	h := s.h
	messages, complete, a := server12Grammar[s.state].match(&h.inbox[1], h.inbox[1].Next(), s.flight())
	if a != nil || !complete || !h.ccsSeen {
		return a
	}
	if a := h.readFinished(RoleClient, messages[0], &h.transcript); a != nil {
		return a
	}
	h.transcript.addReceived(messages[0])
	h.accept(now, 1, messages[0].seq)
	s.e.epoch = 1
	if s.state == server12ResumedFinished {
		s.e.out.Drop() // the client was the last to speak
		if old := s.e.resumed; len(old.id) > 0 {
			s.e.sessionKey = serverSessionKey(old.id) // not before the client has shown that it knows the secret
		}
		s.e.finish()
		return nil
	}
	if len(s.id) > 0 {
		s.e.keepSession(serverSessionKey(s.id), s.e.newSession(now, s.id, nil))
	}
	var flight6 []flight.Message
	if s.tickets {
		flight6 = append(flight6, s.newTicket(now))
		h.transcript.add(flight6[0].Bytes)
	}
	// "[...] the node that transmits the final flight" waits for nothing (RFC
	// 6347, Section 4.2.4), but keeps it for a client that asks again.
	s.e.flights++
	s.e.begins(append(flight6, h.changeCipherSpec(), h.finished())...)
	s.e.finish()
	return nil
}

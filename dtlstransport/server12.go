package dtlstransport

import (
	"crypto/ecdh"
	"crypto/rand"
	"errors"
	"slices"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/flight"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
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

// admit decides whether a fragment may take up memory.
//
// With cookies, the first fragment of a ClientHello must carry a valid one, else
// it is answered with a HelloVerifyRequest and forgotten, and the other fragments
// of a hello may follow only behind it.
//
// Without cookies, the first hello is taken as it is. But anybody could have sent
// it: another one, with another random, is asked for a cookie, and who returns
// that takes the place of a client that has not proved itself yet.
func (s *server12) admit(now time.Time, header wire.Header, recordSeq uint64, fragment []byte) bool {
	first := s.state == server12Flight1
	switch {
	case header.Type != wire.TypeClientHello:
		return !first || s.cookies == nil
	case first && s.cookies == nil, !first && s.e.config.Conformance:
		return true
	case header.FragmentOffset > 0:
		return !first || s.cookieSeq == int(header.Seq)
	}
	hello, ok := peekHello(header, fragment)
	switch {
	case !ok:
		return false
	case !first && hello.random == s.h.clientRandom:
		s.heard(header)
		return true
	case s.state == server12Finished:
		return false // the client has proved itself, but for its Finished
	case !first && s.cookies == nil:
		s.cookies = NewCookies()
	}
	if s.cookies.proves(now, s.e.remoteAddr, &hello) {
		if !first {
			s = s.startOver()
		}
		s.cookieSeq = int(header.Seq)
		s.e.write[0].StartAt(recordSeq) // also if the answer is an alert
		return true
	}
	// However many of them are forged: the question is at most half as large as the
	// hello and leaves nothing behind.
	s.e.verify = s.cookies.appendVerifyRequest(nil, now, s.e.remoteAddr, &hello, recordSeq)
	return false
}

// startOver forgets a client that has proved nothing, for one that has proved
// its address. The new handshake has another server random, and our record
// numbers go on.
func (s *server12) startOver() *server12 {
	e, h := s.e, newHandshake(s.e)
	// The bounds on our work go on as well: the timer runs and brings new tokens.
	h.timer, h.timeouts, h.tokens = s.h.timer, s.h.timeouts, s.h.tokens
	e.out.Drop()
	e.hs = h
	e.write[1], e.read, e.epoch = nil, nil, 0
	e.early = nil // data of whoever was going to resume a session
	e.parameters, e.schedule, e.chain, e.certificate, e.identity, e.resumed = parameters{}, nil, nil, nil, nil, nil
	e.flights = 0
	next := newServer12(e)
	next.cookies = s.cookies
	e.side = next
	return next
}

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

// judgeFlight1 takes the ClientHello, if it is acceptable, and sends flight 4.
func (s *server12) judgeFlight1(now time.Time) *AlertError {
	in := &s.h.inbox[0]
	// A client that was asked for a cookie, by whomever, begins with a message_seq
	// above 0.
	for seq := in.Next(); seq <= in.Next()+maxHelloVerifyRequests; seq++ {
		messages, complete, a := server12Grammar[server12Flight1].match(in, seq, s.flight())
		if a != nil {
			return a
		}
		if complete {
			return s.answerHello(now, messages[0], false)
		}
	}
	return nil
}

// answerHello takes a ClientHello and sends flight 4. One that is a rival of another
// is answered in full.
func (s *server12) answerHello(now time.Time, m received, rival bool) *AlertError {
	h, config := s.h, s.e.config
	hello, p, certificate, a := config.readClientHello(m.body)
	if a != nil {
		return a
	}
	p.agreeConnectionIDs(s.e.localCID, &hello.Extensions)
	p.agreeHeartbeat(config.Heartbeat, &hello.Extensions)
	if old, renew, a := s.resumable(now, hello); rival {
		// The client may have taken a full flight already: see answerRival.
	} else if a != nil {
		return a
	} else if old != nil {
		return s.resume(now, m, hello, p, old, renew)
	}
	status, a := config.statusFor(hello, certificate)
	if a != nil {
		return a
	}
	h.tokens--
	var private *ecdh.PrivateKey
	var public []byte
	var err error
	if p.suite.exchange.ephemeral() {
		if private, err = p.group.curve().GenerateKey(rand.Reader); err != nil {
			return alertf(AlertInternalError, "%w", err)
		}
		public = private.PublicKey().Bytes()
	}
	random := newRandom()
	exchange := wire.ServerKeyExchange{Group: uint16(p.group), PublicKey: public}
	if certificate != nil {
		exchange.Scheme = uint16(p.serverScheme.id)
		params := wire.AppendServerECDHParams(nil, exchange.Group, public)
		exchange.Signature, err = p.serverScheme.sign(certificate.Signer(), slices.Concat(hello.Random[:], random[:], params))
		if err != nil {
			return alertf(AlertInternalError, "signing: %w", err)
		}
	}

	h.clientRandom, h.serverRandom = hello.Random, random
	s.private = private
	s.e.parameters, s.e.certificate = p, certificate
	h.transcript.addReceived(m)
	// "The first message each side transmits in each handshake always has
	// message_seq = 0", but for the HelloVerifyRequest that may have come before,
	// which mirrored the client's number (RFC 6347, Section 4.2.2).
	h.sendSeq = m.seq
	request := wire.CertificateRequest{Types: []uint8{certTypeECDSASign, certTypeRSASign}, SignatureAlgorithms: config.offeredSchemes()}
	answer := serverHello(hello, &p, random)
	s.e.answerConnectionID(hello, answer)
	s.e.config.answerHeartbeat(hello, answer)
	answer.HasStatusRequest = len(status) > 0
	s.tickets, s.id = false, nil // of a rival
	if p.extendedMasterSecret {
		s.tickets = config.Tickets != nil && hello.HasSessionTicket
		answer.HasSessionTicket = s.tickets
		if config.Sessions != nil && !s.tickets {
			s.id = newSessionID()
			answer.SessionID = s.id
		}
	}
	flight4 := []flight.Message{h.message(wire.TypeServerHello, answer.Append)}
	if certificate == nil {
		flight4 = s.appendPSKExchange(flight4, &p, public)
	} else {
		chain := wire.Certificate{Chain: certificate.Chain()}
		flight4 = append(flight4, h.message(wire.TypeCertificate, chain.Append))
		if len(status) > 0 {
			flight4 = append(flight4, h.message(wire.TypeCertificateStatus, (&wire.CertificateStatus{Response: status}).Append))
		}
		flight4 = append(flight4, h.message(wire.TypeServerKeyExchange, exchange.Append))
		if config.ClientAuth != InsecureClientAuthNone {
			flight4 = append(flight4, h.message(wire.TypeCertificateRequest, request.Append))
		}
	}
	flight4 = append(flight4, h.message(wire.TypeServerHelloDone, func(b []byte) []byte { return b }))
	for _, m := range flight4 {
		h.transcript.add(m.Bytes)
	}
	h.accept(now, 0, m.seq)
	h.inbox[0].Restart(m.seq) // see answerRival
	h.send(now, flight4...)
	s.state = server12Flight5
	h.changed = true
	return nil
}

// matchFlight5 reads the client's flight as far as it is in the clear, and
// returns the number of its last message. "This message is only sent following a
// client certificate that has signing capability": CertificateVerify, RFC 5246,
// Section 7.4.8; and who is not asked for a certificate sends neither.
func (s *server12) matchFlight5() (messages []received, last uint16, complete bool, a *AlertError) {
	in, whole := &s.h.inbox[0], server12Grammar[server12Flight5]
	first := in.Next() + 1 // behind the hello, see answerRival
	from, to := 0, len(whole)
	if s.e.config.ClientAuth == InsecureClientAuthNone {
		from, to = inClientKeyExchange, inCertificateVerify
	} else if typ, body, ok := in.Message(first); ok && typ == wire.TypeCertificate && len(body) == 3 {
		to = inCertificateVerify // the length of a chain, and nothing in it
	}
	part, complete, a := whole[from:to].match(in, first, s.flight())
	if a != nil || !complete {
		return nil, 0, false, a
	}
	messages = make([]received, len(whole))
	copy(messages[from:], part)
	return messages, part[len(part)-1].seq, true, nil
}

// flight5 is what the client's flight says, as far as it is in the clear, all
// of it checked.
type flight5 struct {
	chain     [][]byte // empty: the client is anybody
	peerPoint []byte
	scheme    *schemeInfo // nil with chain
}

// readFlight5 checks the client's flight. covered is the transcript up to and
// including ClientKeyExchange, which the CertificateVerify signs. Nothing is
// computed with the client's ephemeral key before that.
func (s *server12) readFlight5(messages []received, covered *transcript) (*flight5, *AlertError) {
	f := new(flight5)
	if m := messages[inClientCertificate]; m.present {
		certificate, err := wire.ParseCertificate(m.body)
		if err != nil {
			return nil, parseAlert(wire.TypeCertificate, err)
		}
		f.chain = certificate.Chain
	}
	if len(f.chain) == 0 && s.e.config.ClientAuth == ClientAuthRequire {
		// "If the client does not send any certificates, the server MAY at its
		// discretion either continue the handshake without client authentication, or
		// respond with a fatal handshake_failure alert." RFC 5246, Section 7.4.6.
		return nil, alertf(AlertHandshakeFailure, "client without a certificate")
	}
	if _, a := s.e.judgePeer(f.chain); a != nil {
		return nil, a
	}
	exchange, err := wire.ParseClientKeyExchange(messages[inClientKeyExchange].body)
	if err != nil {
		return nil, parseAlert(wire.TypeClientKeyExchange, err)
	}
	f.peerPoint = exchange.PublicKey
	if len(f.chain) == 0 {
		return f, nil
	}
	m, err := wire.ParseCertificateVerify(messages[inCertificateVerify].body)
	if err != nil {
		return nil, parseAlert(wire.TypeCertificateVerify, err)
	}
	key, keyType, err := peerKey(f.chain[0])
	if err != nil {
		return nil, alertf(AlertUnsupportedCert, "certificate of the client: %w", err)
	}
	f.scheme = s.e.config.scheme(m.Scheme)
	if f.scheme == nil || f.scheme.key != keyType {
		return nil, alertf(AlertIllegalParameter, "CertificateVerify with %v", SignatureScheme(m.Scheme))
	}
	s.h.tokens--
	if err := f.scheme.verify(key, covered.messages, m.Signature); err != nil {
		return nil, alertf(AlertDecryptError, "CertificateVerify: %w", err)
	}
	return f, nil
}

// judgeFlight5 takes the client's flight as far as it is in the clear, which
// gives the keys for the rest.
func (s *server12) judgeFlight5(now time.Time) *AlertError {
	h := s.h
	messages, last, complete, a := s.matchFlight5()
	if a != nil || !complete {
		return a
	}
	// A copy: nothing is changed yet.
	t := h.transcript
	t.addReceived(messages[inClientCertificate])
	t.addReceived(messages[inClientKeyExchange])
	f, a := s.readFlight5(messages, &t)
	switch {
	case a == nil:
	case errors.Is(a, errSignature) && s.answerRival(now):
		return nil
	default:
		return a
	}
	preMaster, err := sharedSecret(s.private, f.peerPoint)
	if err != nil {
		return alertf(AlertIllegalParameter, "ClientKeyExchange: %w", err)
	}
	var sessionHash []byte
	if s.e.parameters.extendedMasterSecret {
		sessionHash = t.sum(s.e.parameters.suite.hash)
	}
	schedule := newSchedule12(&s.e.parameters, h.clientRandom, h.serverRandom, preMaster, sessionHash)
	clear(preMaster)
	sealer, opener, err := s.e.protection(schedule, &s.e.parameters)
	if err != nil {
		return alertf(AlertInternalError, "%w", err)
	}

	t.addReceived(messages[inCertificateVerify])
	s.takeFlight5(f, t, schedule, sealer, opener, last)
	return nil
}

// takeFlight5 goes on to the client's Finished. t is the transcript before it,
// last the number of the last message in the clear.
func (s *server12) takeFlight5(f *flight5, t transcript, schedule *schedule12, sealer *record.Sealer, opener *record.Opener, last uint16) {
	h := s.h
	h.transcript = t
	s.private = nil
	s.e.parameters.clientScheme = f.scheme
	s.e.schedule = schedule
	s.e.setPeerCertificates(f.chain)
	s.e.write[1], s.e.read = sealer, opener
	// The flight is not over: our own goes on being repeated until its Finished
	// has come, but what spoke against it is disproved.
	h.clearHints()
	for i := range h.inbox {
		h.inbox[i].Consume(last + 1)
	}
	s.state = server12Finished
	h.changed = true
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
		s.e.finish(now)
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
	s.e.finish(now)
	return nil
}

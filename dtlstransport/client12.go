package dtlstransport

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"slices"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
)

// client12State is what the client waits for.
type client12State int

const (
	client12Flight4 client12State = iota // or a HelloVerifyRequest, flight 2
	client12Flight6
)

var client12StateNames = []string{"client12Flight4", "client12Flight6"}

func (s client12State) String() string {
	return stateName("client12", client12StateNames, int(s))
}

// client12Grammar is what each state awaits. ChangeCipherSpec is no handshake
// message; the Finished behind it is in epoch 1.
var client12Grammar = []grammar{
	client12Flight4: {{typ: wire.TypeServerHello}, {typ: wire.TypeCertificate}, {typ: wire.TypeCertificateStatus, optional: true},
		{typ: wire.TypeServerKeyExchange}, {typ: wire.TypeCertificateRequest, optional: true}, {typ: wire.TypeServerHelloDone}},
	client12Flight6: {{typ: wire.TypeFinished}},
}

// The places of the messages in flight 4.
const (
	inServerHello = iota
	inServerCertificate
	inCertificateStatus
	inServerKeyExchange
	inCertificateRequest
	inServerHelloDone
)

// client12 is the client of a full DTLS 1.2 handshake.
//
//	Client                                          Server
//	------                                          ------
//	ClientHello             -------->                           Flight 1
//
//	                        <--------   HelloVerifyRequest*     Flight 2
//
//	ClientHello*            -------->                           Flight 3
//
//	                                           ServerHello  \
//	                                           Certificate   \
//	                                    CertificateStatus*    Flight 4
//	                                     ServerKeyExchange    |
//	                                   CertificateRequest*   /
//	                        <--------      ServerHelloDone  /
//
//	Certificate*                                            \
//	ClientKeyExchange                                        \
//	CertificateVerify*                                        Flight 5
//	[ChangeCipherSpec]                                       /
//	Finished                -------->                       /
//
//	                                    [ChangeCipherSpec]  \ Flight 6
//	                        <--------             Finished  /
//
// RFC 6347, Section 4.2.4, Figure 1; RFC 6066, Section 8.
type client12 struct {
	e     *Engine
	h     *handshake
	state client12State

	// hellos are the ClientHello messages sent so far, by message_seq. A
	// ServerHello answers the one that has its own message_seq: a stateless server
	// mirrors it, and one that counts comes to the same numbers. So an answer to the
	// first hello still counts after a HelloVerifyRequest that somebody forged.
	hellos     [][]byte
	asked      time.Time // when the last of them was first sent
	lastCookie []byte
	verified   int      // HelloVerifyRequests acted on
	order      []uint16 // of the extensions in all of them; nil: our own

	offer     sessionOffer // the same in all hellos
	sessionID []byte       // what the server calls the new session; empty: nothing
	ticketDue bool         // the server has announced a NewSessionTicket

	helloSeq uint16    // message_seq of the hello that flight 4 answered
	choices  []*choice // the flights 4 that were taken, the oldest first
	current  *choice   // the one whose answer was sent last

	counted map[[sha256.Size]byte]uint64 // how far the numbers of forgotten choices have come: see forget
}

func newClient12(e *Engine) *client12 { return &client12{e: e, h: e.hs} }

func (c *client12) flight() string { return c.state.String() }

// start sends flight 1.
func (c *client12) start(now time.Time) error {
	c.h.clientRandom = newRandom()
	c.offer = c.e.offerSession(now)
	c.sendHello(now, nil)
	return nil
}

// sendHello sends flight 1 or 3: "When responding to a HelloVerifyRequest, the
// client MUST use the same parameter values (version, random, session_id,
// cipher_suites, compression_method) as it did in the original ClientHello."
// RFC 6347, Section 4.2.1.
func (c *client12) sendHello(now time.Time, cookie []byte) {
	if len(c.hellos) > maxHelloVerifyRequests {
		// A server looks no further ahead: the last hello gives its number to the new one.
		c.hellos = c.hellos[:maxHelloVerifyRequests]
		c.h.sendSeq = maxHelloVerifyRequests
	}
	hello := c.e.config.clientHello(c.h.clientRandom, cookie, c.offer)
	if len(c.hellos) == 0 {
		c.order = c.e.config.extensionOrder()
	}
	hello.Order = c.order
	m := c.h.message(wire.TypeClientHello, hello.Append)
	m.Version = c.e.config.helloVersion()
	c.hellos, c.asked = append(c.hellos, m.Bytes), now
	c.h.send(now, m)
}

func (c *client12) judge(now time.Time) *AlertError {
	if c.state == client12Flight6 {
		if a := c.judgeFlight6(now); a != nil || c.e.finished {
			return a
		}
		if c.h.timer.Expiries() > 0 {
			c.judgeRival(now)
		}
		return nil
	}
	// The latest hello first: it carries the cookie. What one of them got for an
	// answer says nothing about the others.
	var refusal *AlertError
	for seq := len(c.hellos) - 1; seq >= 0; seq-- {
		sent := len(c.hellos)
		if a := c.judgeAnswer(now, uint16(seq)); a != nil && refusal == nil {
			refusal = a
		}
		if c.e.finished || c.state != client12Flight4 || len(c.hellos) > sent {
			return nil // the answer was taken
		}
	}
	return refusal
}

// judgeAnswer takes the answer to the hello with the given message_seq.
func (c *client12) judgeAnswer(now time.Time, seq uint16) *AlertError {
	typ, body, ok := c.h.inbox[0].Message(seq)
	switch {
	case !ok:
		return nil
	case typ == wire.TypeHelloVerifyRequest:
		return c.judgeHelloVerifyRequest(now, seq, body)
	case typ == wire.TypeServerHello && c.offer.accepted(body):
		return c.judgeResumed(now, seq, body)
	}
	messages, complete, a := c.matchFlight4(seq)
	if a != nil || !complete {
		return a
	}
	return c.judgeFlight4(now, seq, messages)
}

// judgeHelloVerifyRequest takes flight 2. The message uses up no message_seq: its
// place stays free for a ServerHello.
func (c *client12) judgeHelloVerifyRequest(now time.Time, seq uint16, body []byte) *AlertError {
	m, err := wire.ParseHelloVerifyRequest(body)
	if err != nil {
		return parseAlert(wire.TypeHelloVerifyRequest, err)
	}
	// "[...] clients MUST NOT use [server_version] as part of version
	// negotiation" (after RFC 6347, Section 4.2.1). A cookie that we sent back
	// already means that the two crossed.
	repeated := len(c.hellos) > 1 && bytes.Equal(m.Cookie, c.lastCookie)
	if repeated || c.verified >= maxHelloVerifyRequests+c.h.timeouts {
		return nil
	}
	// One that comes sooner than the path allows is not the server's answer. Until
	// then a ServerHello, which has the same number, takes its place: a server that never
	// asked for a cookie may die of the hello that this would make us send.
	if until := c.asked.Add(c.e.rtt); now.Before(until) && !c.e.config.Conformance {
		c.h.wake = until
		return nil
	}
	c.verified++
	c.lastCookie = slices.Clone(m.Cookie)
	c.h.inbox[0].Forget(seq)
	c.h.timer.Sample(now)
	c.e.flights++
	c.sendHello(now, c.lastCookie)
	return nil
}

// flight4 is what the server's flight says, all of it checked.
type flight4 struct {
	hello      *wire.ServerHello
	parameters parameters
	chain      [][]byte
	peerPoint  []byte
	request    *wire.CertificateRequest // nil: no certificate is asked for

	certificate *fingerprint.Certificate // ours; nil: none fits the request

	identity, key []byte // pre-shared, ours; nil: the suite has none
}

// readFlight4 checks the server's flight in the order of its messages. It is a
// pure function of what came and what was sent.
func (c *client12) readFlight4(messages []received) (*flight4, *AlertError) {
	f := new(flight4)
	var a *AlertError
	if f.hello, f.parameters, a = c.e.config.readServerHello(messages[inServerHello].body); a != nil {
		return nil, a
	}
	if f.parameters.suite.exchange.preShared() {
		if a = c.readPSKFlight4(f, messages); a != nil {
			return nil, a
		}
		return f, nil
	}
	certificate, err := wire.ParseCertificate(messages[inServerCertificate].body)
	if err != nil {
		return nil, parseAlert(wire.TypeCertificate, err)
	}
	if len(certificate.Chain) == 0 {
		return nil, alertf(AlertDecodeError, "server without a certificate")
	}
	f.chain = certificate.Chain
	if _, a = c.e.judgePeer(f.chain); a != nil {
		return nil, a
	}
	if a = c.readStatus(f, messages[inCertificateStatus]); a != nil {
		return nil, a
	}
	if a = c.readServerKeyExchange(f, messages[inServerKeyExchange].body); a != nil {
		return nil, a
	}
	if m := messages[inCertificateRequest]; m.present {
		if f.request, err = wire.ParseCertificateRequest(m.body); err != nil {
			return nil, parseAlert(m.typ, err)
		}
		f.certificate, f.parameters.clientScheme = c.e.config.chooseClient(f.request)
		// A server that can use none of our certificates would refuse us in the end;
		// so would one whose request was tampered with, and then another may come.
		if f.certificate == nil && c.e.config.ClientAuth == ClientAuthRequire {
			return nil, alertf(AlertHandshakeFailure, "CertificateRequest without a scheme for our certificates")
		}
	}
	if err := wire.ParseServerHelloDone(messages[inServerHelloDone].body); err != nil {
		return nil, parseAlert(wire.TypeServerHelloDone, err)
	}
	return f, nil
}

// readServerKeyExchange checks the server's ephemeral key and its signature:
//
//	SHA(ClientHello.random + ServerHello.random + ServerKeyExchange.params)
//
// RFC 8422, Section 5.4.
func (c *client12) readServerKeyExchange(f *flight4, body []byte) *AlertError {
	m, err := wire.ParseServerKeyExchange(body)
	if err != nil {
		return parseAlert(wire.TypeServerKeyExchange, err)
	}
	group := Group(m.Group)
	if !slices.Contains(c.e.config.groups(), group) {
		return alertf(AlertIllegalParameter, "ServerKeyExchange with %v, which was not offered", group)
	}
	key, keyType, err := peerKey(f.chain[0])
	if err != nil {
		return alertf(AlertUnsupportedCert, "certificate of the server: %w", err)
	}
	if !f.parameters.suite.serves(keyType) {
		return alertf(AlertIllegalParameter, "certificate of the server does not fit %v", f.parameters.suite.id)
	}
	scheme := c.e.config.scheme(m.Scheme)
	if scheme == nil || scheme.key != keyType {
		return alertf(AlertIllegalParameter, "ServerKeyExchange signed with %v", SignatureScheme(m.Scheme))
	}
	c.h.tokens--
	signed := slices.Concat(c.h.clientRandom[:], f.hello.Random[:], m.Params)
	if err := scheme.verify(key, signed, m.Signature); err != nil {
		return alertf(AlertDecryptError, "ServerKeyExchange: %w", err)
	}
	f.parameters.group, f.parameters.serverScheme = group, scheme
	f.peerPoint = m.PublicKey
	return nil
}

// judgeFlight4 takes the server's flight, if it is acceptable, and sends flight
// 5.
func (c *client12) judgeFlight4(now time.Time, seq uint16, messages []received) *AlertError {
	f, a := c.readFlight4(messages)
	if a != nil {
		return a
	}
	next, a := c.newChoice(f, seq, messages)
	if a != nil {
		return a
	}
	// From here on the flight counts.
	c.helloSeq = seq
	if len(c.choices) == maxChoices {
		c.forget(c.choices[0])
		c.choices = slices.Delete(c.choices, 0, 1)
	}
	c.choices = append(c.choices, next)
	c.use(next)
	c.h.accept(now, 0, next.last)
	c.h.inbox[0].Restart(seq) // see judgeRival
	c.h.send(now, next.flight5...)
	c.state = client12Flight6
	c.h.changed = true
	return nil
}

// judgeFlight6 takes the server's Finished, which ends the handshake, and the
// ticket before it if there is one.
func (c *client12) judgeFlight6(now time.Time) *AlertError {
	h := c.h
	t := h.transcript
	finishedSeq := h.inbox[1].Next()
	ticket, present, a := c.readTicket(finishedSeq)
	if a != nil || c.ticketDue && !present.present {
		return a
	}
	if c.ticketDue {
		t.addReceived(present)
		finishedSeq++
	}
	messages, complete, a := client12Grammar[client12Flight6].match(&h.inbox[1], finishedSeq, c.flight())
	if a != nil || !complete || !h.ccsSeen {
		return a
	}
	if a := h.readFinished(RoleServer, messages[0], &t); a != nil {
		return a
	}
	h.accept(now, 1, messages[0].seq)
	c.e.out.Drop()
	if len(c.sessionID) > 0 {
		c.e.keepSession(c.e.clientSessionKey(), c.e.newSession(now, c.sessionID, nil))
	}
	c.keepTicket(now, ticket)
	c.e.finish(now)
	return nil
}

// readTicket reads the NewSessionTicket with the given message_seq if one is
// due and there. The ticket may be empty, and is then none.
func (c *client12) readTicket(seq uint16) (ticket *wire.NewSessionTicket, m received, a *AlertError) {
	if !c.ticketDue {
		return nil, received{}, nil
	}
	messages, complete, a := grammar{{typ: wire.TypeNewSessionTicket}}.match(&c.h.inbox[0], seq, c.flight())
	if a != nil || !complete {
		return nil, received{}, a
	}
	t, err := wire.ParseNewSessionTicket(messages[0].body)
	if err != nil {
		return nil, received{}, parseAlert(wire.TypeNewSessionTicket, err)
	}
	return t, messages[0], nil
}

// keepTicket keeps a new ticket in place of what there was. A ticket that is
// empty is none (RFC 5077, Section 3.3); a very large one would have our hello
// dropped.
func (c *client12) keepTicket(now time.Time, t *wire.NewSessionTicket) {
	if t == nil || len(t.Ticket) == 0 || len(t.Ticket) > maxTicket {
		return
	}
	s := c.e.newSession(now, nil, t.Ticket)
	if t.Lifetime > 0 {
		s.lastUntil(now.Add(time.Duration(t.Lifetime) * time.Second))
	}
	c.e.keepSession(c.e.clientSessionKey(), s)
}

// readFinished checks the verify_data of the peer, which covers the messages of
// t, in constant time.
func (h *handshake) readFinished(sender Role, m received, t *transcript) *AlertError {
	f, err := wire.ParseFinished(m.body)
	want := h.e.schedule.verifyData(sender, t)
	if err != nil || subtle.ConstantTimeCompare(f.VerifyData[:], want[:]) != 1 {
		return alertf(AlertDecryptError, "Finished does not verify")
	}
	if h.e.config.Conformance && h.inbox[1].Holds(m.seq+1) {
		return alertf(AlertUnexpectedMessage, "another message behind Finished")
	}
	return nil
}

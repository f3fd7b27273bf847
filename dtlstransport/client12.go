package dtlstransport

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
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
	return c.judgeFlight4(now, seq, &messages)
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

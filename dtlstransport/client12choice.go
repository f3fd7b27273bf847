package dtlstransport

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/flight"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
)

// A choice is a flight 4 that the client has taken, and its answer: one whole
// transcript, of which nothing is mixed with another.
//
//	flight 4 --> choice 1 --> flight 5 --.
//	rival    --> choice 2 --> flight 5' --+--> in turn, at each timeout, until a record
//	rival    --> choice 3 --> flight 5'' -'    opens under the keys of one of them
//
// The signature in flight 4 does not cover all of it. Who sees our hello can
// overtake the genuine flight with a copy of it in which, say, the
// CertificateRequest is another; and who sees nothing can have a forged message come
// in the place of a lost one. The server cannot accept what we answer to such a flight, and
// goes on to send its own. Which of them it has sent is known when it proves to have the keys.
type choice struct {
	parameters   parameters
	serverRandom wire.Random
	chain        [][]byte                 // the server's
	certificate  *fingerprint.Certificate // ours; nil: none
	unproved     bool                     // the server asks for a certificate and gets none
	identity     []byte                   // ours, of a pre-shared key
	keyHash      [32]byte                 // of that key
	sessionID    []byte                   // what the server calls the new session; empty: nothing
	ticketDue    bool                     // the server has announced a NewSessionTicket

	transcript transcript // through our Finished
	through4   int        // its size through flight 4
	last       uint16     // message_seq of the last message of flight 4
	flight5    []flight.Message

	schedule *schedule12
	sealer   *record.Sealer // goes on to count, however often the choice is changed
	opener   *record.Opener
}

// newChoice answers a flight 4 that was read and found good. Nothing is changed by it.
func (c *client12) newChoice(f *flight4, seq uint16, messages *receivedFlight) (*choice, *AlertError) {
	h := c.h
	if len(c.choices) > 0 && !f.parameters.suite.exchange.ephemeral() && !f.parameters.extendedMasterSecret {
		// With a pre-shared key alone, and no extended master secret, a rival with the
		// same randoms has the same keys. Record numbers must not begin again under them.
		return nil, alertf(AlertIllegalParameter, "another flight whose keys may be those of the first")
	}
	sendSeq := h.sendSeq
	defer func() { h.sendSeq = sendSeq }()
	h.sendSeq = seq + 1 // the hello that was answered had seq

	appendExchange, preMaster, a := c.exchangeKeys(f)
	if a != nil {
		return nil, a
	}
	n := &choice{
		parameters:   f.parameters,
		serverRandom: f.hello.Random,
		certificate:  f.certificate,
		identity:     bytes.Clone(f.identity),
		keyHash:      f.keyHash(),
		sessionID:    bytes.Clone(f.hello.SessionID),
		ticketDue:    f.hello.HasSessionTicket,
		last:         messages[inServerHelloDone].seq,
		chain:        append([][]byte{}, f.chain...), // not nil: the server has shown what it has
	}
	n.transcript = c.throughFlight4(seq, messages)
	n.through4 = len(n.transcript.messages)
	say := func(m flight.Message) {
		n.flight5 = append(n.flight5, m)
		n.transcript.add(m.Bytes)
	}
	if f.request != nil {
		// "If no suitable certificate is available, the client MUST send a
		// certificate message containing no certificates." RFC 5246, Section 7.4.6.
		var m wire.Certificate
		n.unproved = f.certificate == nil
		if f.certificate != nil {
			m.Chain = f.certificate.Chain()
		}
		say(h.message(wire.TypeCertificate, m.Append))
	}
	say(h.message(wire.TypeClientKeyExchange, appendExchange))
	var sessionHash []byte
	if f.parameters.extendedMasterSecret {
		sessionHash = n.transcript.sum(f.parameters.suite.hash)
	}
	n.schedule = newSchedule12(&f.parameters, h.clientRandom, f.hello.Random, preMaster, sessionHash)
	clear(preMaster)
	if f.certificate != nil {
		scheme := f.parameters.clientScheme
		signature, err := scheme.sign(f.certificate.Signer(), n.transcript.messages)
		if err != nil {
			return nil, alertf(AlertInternalError, "signing: %w", err)
		}
		m := wire.CertificateVerify{Scheme: uint16(scheme.id), Signature: signature}
		say(h.message(wire.TypeCertificateVerify, m.Append))
	}
	var err error
	if n.sealer, n.opener, err = c.e.protection(n.schedule, &f.parameters); err != nil {
		return nil, alertf(AlertInternalError, "%w", err)
	}
	if a := c.resumeNumbers(n); a != nil {
		return nil, a
	}
	n.flight5 = append(n.flight5, h.changeCipherSpec())
	finished := h.finishedOver(n.schedule, &n.transcript)
	finished.Sealer = n.sealer
	say(finished)
	return n, nil
}

// forget notes how far the record numbers of a choice have come that is being given up.
// Without ephemeral keys its keys follow from the flight alone, which anybody can send
// once more, and no number may be used twice under them.
func (c *client12) forget(n *choice) {
	if n.parameters.suite.exchange.ephemeral() {
		return
	}
	if c.counted == nil {
		c.counted = make(map[[sha256.Size]byte]uint64)
	}
	c.counted[n.keys()] = n.sealer.Next()
}

// resumeNumbers has a choice that was given up once go on with its record numbers.
func (c *client12) resumeNumbers(n *choice) *AlertError {
	if n.parameters.suite.exchange.ephemeral() {
		return nil
	}
	next, again := c.counted[n.keys()]
	if !again && len(c.counted) >= maxForgotten {
		return alertf(AlertIllegalParameter, "another flight, after %d that were forgotten", maxForgotten)
	}
	n.sealer.StartAt(next)
	return nil
}

// keys names the keys of a choice without ephemeral ones, which follow from flight 4
// and the hello.
func (n *choice) keys() [sha256.Size]byte { return sha256.Sum256(n.transcript.messages[:n.through4]) }

// exchangeKeys makes our half of the key exchange: the body of ClientKeyExchange,
// and the premaster secret.
func (c *client12) exchangeKeys(f *flight4) (appendBody func([]byte) []byte, preMaster []byte, a *AlertError) {
	var public, shared []byte
	exchange := f.parameters.suite.exchange
	if exchange.ephemeral() {
		private, err := f.parameters.group.curve().GenerateKey(rand.Reader)
		if err != nil {
			return nil, nil, alertf(AlertInternalError, "%w", err)
		}
		if shared, err = sharedSecret(private, f.peerPoint); err != nil {
			return nil, nil, alertf(AlertIllegalParameter, "ServerKeyExchange: %w", err)
		}
		public = private.PublicKey().Bytes()
	}
	if exchange.preShared() {
		m := wire.PSKClientKeyExchange{Identity: f.identity, PublicKey: public}
		return m.Append, pskPreMaster(shared, f.key), nil
	}
	m := wire.ClientKeyExchange{PublicKey: public}
	return m.Append, shared, nil
}

// throughFlight4 returns the transcript from the hello that was answered to the
// end of flight 4.
func (c *client12) throughFlight4(seq uint16, messages *receivedFlight) (t transcript) {
	t.add(c.hellos[seq])
	for _, m := range messages {
		t.addReceived(m)
	}
	return t
}

// use makes a choice the current one. What came under the keys of another is
// forgotten.
func (c *client12) use(n *choice) {
	if n != c.current {
		c.e.early = nil // data of whoever has the keys of the other
	}
	c.current = n
	c.h.serverRandom, c.h.transcript = n.serverRandom, n.transcript
	c.sessionID, c.ticketDue = n.sessionID, n.ticketDue
	c.e.parameters, c.e.schedule, c.e.certificate, c.e.identity, c.e.chain = n.parameters, n.schedule, n.certificate, n.identity, n.chain
	c.e.keyHash = n.keyHash
	c.e.write[1], c.e.read, c.e.epoch = n.sealer, n.opener, 1
	c.h.inbox[1].Restart(n.last + 1) // flights differ in length
}

// judgeRival takes a flight 4 that differs from those that were taken, if it is
// acceptable too: of messages that all came after the last one was taken, and not
// before our answer to that has stayed unanswered for its timeout.
func (c *client12) judgeRival(now time.Time) {
	messages, complete, a := c.matchFlight4(c.helloSeq)
	if a != nil || !complete || c.e.config.Conformance {
		return
	}
	t := c.throughFlight4(c.helloSeq, &messages)
	if slices.ContainsFunc(c.choices, func(old *choice) bool { return bytes.Equal(t.messages, old.transcript.messages[:old.through4]) }) {
		return
	}
	if a := c.judgeFlight4(now, c.helloSeq, &messages); a == nil {
		c.e.flights -= 2 // they have taken the place of the two before
	}
}

// nextChoice goes on to the next choice, whose flight 5 is then sent: the current
// one has not been answered for a timeout.
func (c *client12) nextChoice() {
	if len(c.choices) < 2 {
		return
	}
	at := slices.Index(c.choices, c.current)
	c.use(c.choices[(at+1)%len(c.choices)])
	c.e.out.Exchange(c.current.flight5...)
}

// open opens a record of epoch 1 under the keys of any choice. Only a server that
// has the keys can have made it, so that the others are then forgotten.
func (c *client12) open(r *record.Record) ([]byte, error) {
	if len(c.choices) < 2 {
		return c.e.read.Open(r)
	}
	for _, n := range c.choices {
		copied := *r
		copied.Raw = bytes.Clone(r.Raw) // for a failure leaves nothing of it
		content, err := n.opener.Open(&copied)
		if err != nil {
			continue
		}
		if n != c.current {
			c.use(n)
			c.e.out.Exchange(n.flight5...)
		}
		c.choices = []*choice{n}
		*r = copied
		return content, nil
	}
	return nil, record.ErrForged
}

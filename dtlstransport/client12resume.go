package dtlstransport

import (
	"bytes"
	"crypto/rand"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/flight"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// A sessionOffer is the session that a client would resume. The zero value is
// none.
type sessionOffer struct {
	session *session
	id      []byte // the session_id of the hellos
	ticket  []byte // of the session, if it is one with a ticket
}

// offerSession looks for a session with the expected peer.
func (e *Engine) offerSession(now time.Time) sessionOffer {
	if e.config.Sessions == nil {
		return sessionOffer{}
	}
	s := e.storedSession(now, e.clientSessionKey())
	if s == nil || len(s.ticket) > 0 && !e.config.wantsTickets() || !s.isFor(e.config.ServerName) {
		return sessionOffer{}
	}
	o := sessionOffer{session: s, id: s.id, ticket: s.ticket}
	if len(s.ticket) > 0 {
		// "[...] the client MAY generate a Session ID and include it [...] If a
		// server accepts the ticket [...] it MUST [echo it]", which tells that it
		// did (after RFC 5077, Section 3.4).
		o.id = make([]byte, 32)
		rand.Read(o.id)
	}
	return o
}

// accepted reports whether a ServerHello takes up the offer.
func (o *sessionOffer) accepted(serverHello []byte) bool {
	m, err := wire.ParseServerHello(serverHello)
	return err == nil && len(o.id) > 0 && bytes.Equal(m.SessionID, o.id)
}

// judgeResumed takes the flight of a server that resumes the session:
//
//	Client                                          Server
//	------                                          ------
//	ClientHello             -------->
//	                                           ServerHello
//	                                     NewSessionTicket*
//	                                    [ChangeCipherSpec]
//	                        <--------             Finished
//	[ChangeCipherSpec]
//	Finished                -------->
//
// RFC 5246, Section 7.3, Figure 2; RFC 5077, Section 3.1.
//
// Anybody who has seen our session_id can make such a ServerHello. So nothing
// counts before the Finished behind it, which is looked for among the records
// that wait for their keys.
func (c *client12) judgeResumed(now time.Time, seq uint16, body []byte) *AlertError {
	h, s := c.h, c.offer.session
	m, p, a := c.e.config.readServerHello(body)
	if a != nil {
		return a
	}
	if p.suite != s.suite {
		return alertf(AlertIllegalParameter, "ServerHello resumes a session with %v as %v", s.suite.id, p.suite.id)
	}
	// "If the original session used the [...] extension but the new ServerHello
	// does not contain the extension, the client MUST abort the handshake." RFC
	// 7627, Section 5.3.
	if !p.extendedMasterSecret {
		return alertf(AlertHandshakeFailure, "session resumed without extended_master_secret")
	}
	var t transcript
	t.add(c.hellos[seq])
	t.addReceived(received{true, wire.TypeServerHello, seq, body})
	last := seq + 1
	c.ticketDue = m.HasSessionTicket
	ticket, message, a := c.readTicket(last)
	if a != nil || c.ticketDue && !message.present {
		return a
	}
	if message.present {
		t.addReceived(message)
		last++
	}
	if !h.ccsSeen {
		return nil
	}
	schedule := &schedule12{suite: s.suite, clientRandom: h.clientRandom, serverRandom: m.Random, master: s.master}
	finished, _, err := c.e.findFinished(schedule, &p, h.early, last, c.flight())
	if err != nil || finished == nil {
		return err
	}
	old := c.e.schedule
	c.e.schedule = schedule
	if a := h.readFinished(RoleServer, *finished, &t); a != nil {
		c.e.schedule = old
		return a
	}
	sealer, opener, problem := c.e.protection(schedule, &p)
	if problem != nil {
		return alertf(AlertInternalError, "%w", problem)
	}

	// From here on the flight counts.
	t.addReceived(*finished)
	h.serverRandom, h.transcript = m.Random, t
	h.sendSeq = seq + 1
	c.e.parameters, c.e.resumed = p, s
	c.e.setPeerCertificates(s.chain)
	c.e.identity = s.identity
	c.e.parameters.status = s.status
	c.e.write[1], c.e.read, c.e.epoch = sealer, opener, 1
	h.accept(now, 1, last)
	c.e.flights++
	c.e.begins(h.changeCipherSpec(), h.finished())
	key := c.e.clientSessionKey()
	c.e.sessionKey = key
	c.keepTicket(now, ticket)
	c.e.finish()
	return nil
}

// findFinished looks for the Finished with the given message_seq among records
// of epoch 1, whose keys follow from schedule and p. It returns nil if it is not there;
// opened then says whether anything was under the keys. The records stay as they are.
func (e *Engine) findFinished(schedule *schedule12, p *parameters, records [][]byte, seq uint16, state string) (finished *received, opened bool, a *AlertError) {
	_, opener, err := e.protection(schedule, p)
	if err != nil {
		return nil, false, alertf(AlertInternalError, "%w", err)
	}
	var in flight.Reassembler
	in.Consume(seq)
	for _, b := range records {
		r, _, _ := e.nextRecord(bytes.Clone(b))
		content, err := opener.Open(&r)
		opened = opened || err == nil
		if err != nil || r.Type != record.TypeHandshake {
			continue
		}
		for len(content) > 0 {
			h, fragment, rest, err := wire.ParseFragment(content)
			if err != nil {
				break
			}
			in.Add(h, fragment)
			content = rest
		}
	}
	messages, complete, a := client12Grammar[client12Flight6].match(&in, seq, state)
	if a != nil || !complete {
		return nil, opened, a
	}
	m := messages[0]
	return &m, true, nil
}

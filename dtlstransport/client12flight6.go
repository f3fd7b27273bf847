package dtlstransport

import (
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

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
	c.e.finish()
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

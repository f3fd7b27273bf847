package sctpdc

import "encoding/binary"

// The shields of the gate for RE-CONFIG chunks. RFC 6525.

// inboundReconfig learns which of our resets are answered, and makes repeated or refused requests harmless. It reports
// whether it changed the chunk.
func (g *gate) inboundReconfig(c chunk) (changed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for rest := c.value; len(rest) > 0; {
		typ, value, r, ok := nextParameter(rest)
		if !ok {
			return changed
		}
		rest = r
		switch typ {
		case parameterOutgoingReset:
			// Without it: pion/sctp performs a request again when it is repeated because our answer was lost, and resets
			// the stream that uses the same id by then. Of a retransmission, "the
			// same RE-CONFIG chunk MUST to be sent back in response, as it was earlier" (RFC 6525, Section 5.2.1); with ids
			// that no stream has, that is what pion/sctp does.
			if req, ok := parseResetRequest(value); ok {
				g.passTSN(req.lastTSN)
				if _, performed := g.requests[req.number]; performed {
					for i := range req.streams {
						req.streams[i] = 0xff
					}
					changed = true
				}
			}
		case parameterResetResponse:
			if len(value) < 8 {
				continue
			}
			switch binary.BigEndian.Uint32(value[4:]) {
			case resultAlreadyInProgress, resultBadSequenceNumber:
				// Without it: pion/sctp has several requests under way at once, and drops one for good if the peer
				// refuses it because it overtook another. As "in progress" it is sent again.
				binary.BigEndian.PutUint32(value[4:], resultInProgress)
				changed = true
			case resultInProgress:
			default:
				number := binary.BigEndian.Uint32(value)
				g.answered = append(g.answered, g.resets[number]...)
				delete(g.resets, number)
			}
		}
	}
	return changed
}

// A heldReset is a packet with a reset request of ours, to be sent when the peer has acknowledged all data before it.
//
// Without it: pion/sctp sends the request right behind the data. A peer that misses some of the data answers "in progress",
// and usrsctp (0.9.5) then performs the request only when still later data arrives, and answers "in progress" for ever
// if there is none: the channel never closes.
type heldReset struct {
	number, lastTSN uint32
	packet          []byte
}

// maxHeldResets is far more than RFC 6525 lets be under way; those beyond are sent at once.
const maxHeldResets = 64

// outboundReconfig remembers our requests, and which requests of the peer we performed. It reports whether the packet, of
// which c is the only chunk, is to be sent later.
func (g *gate) outboundReconfig(packet []byte, c chunk) (held bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for rest := c.value; len(rest) > 0; {
		typ, value, r, ok := nextParameter(rest)
		if !ok {
			return held
		}
		rest = r
		switch typ {
		case parameterOutgoingReset:
			if req, ok := parseResetRequest(value); ok {
				g.resets[req.number] = req.ids()
				held = g.hold(req, packet)
			}
		case parameterResetResponse:
			if len(value) >= 8 && binary.BigEndian.Uint32(value[4:]) == resultPerformed {
				g.remember(binary.BigEndian.Uint32(value))
			}
		}
	}
	return held
}

// hold keeps a request unless the peer has all data before it. The caller holds mu.
func (g *gate) hold(r resetRequest, packet []byte) bool {
	if !g.hasLastTSN || g.hasAcked && int32(g.ackedTSN-r.lastTSN) >= 0 {
		return false
	}
	for _, h := range g.held {
		if h.number == r.number {
			return true // repeated by the clock
		}
	}
	if len(g.held) == maxHeldResets {
		return false
	}
	g.held = append(g.held, heldReset{r.number, r.lastTSN, packet})
	return true
}

// releaseResets is told of a SACK, and sends the requests that waited for it.
func (g *gate) releaseResets(sack chunk) {
	if len(sack.value) < 4 {
		return
	}
	tsn := binary.BigEndian.Uint32(sack.value)
	g.mu.Lock()
	if !g.hasAcked || int32(tsn-g.ackedTSN) > 0 {
		g.ackedTSN, g.hasAcked = tsn, true
	}
	var due [][]byte
	wait := g.held[:0]
	for _, h := range g.held {
		if int32(g.ackedTSN-h.lastTSN) >= 0 {
			due = append(due, h.packet)
		} else {
			wait = append(wait, h)
		}
	}
	clear(g.held[len(wait):])
	g.held = wait
	g.mu.Unlock()
	for _, p := range due {
		_, _ = g.write(p) // an error is the end of the connection, which Read will see
	}
}

// remember keeps the numbers of the last 1024 performed requests. The caller holds mu.
func (g *gate) remember(number uint32) {
	if _, ok := g.requests[number]; ok {
		return
	}
	if len(g.order) == 1024 {
		delete(g.requests, g.order[0])
		g.order = g.order[1:]
	}
	g.requests[number] = struct{}{}
	g.order = append(g.order, number)
}

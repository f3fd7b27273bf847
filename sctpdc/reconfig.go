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

// outboundReconfig remembers our requests, and which requests of the peer we performed. The caller holds mu.
func (g *gate) outboundReconfig(c chunk) {
	for rest := c.value; len(rest) > 0; {
		typ, value, r, ok := nextParameter(rest)
		if !ok {
			return
		}
		rest = r
		switch typ {
		case parameterOutgoingReset:
			if req, ok := parseResetRequest(value); ok {
				g.resets[req.number] = req.ids()
			}
		case parameterResetResponse:
			if len(value) >= 8 && binary.BigEndian.Uint32(value[4:]) == resultPerformed {
				g.remember(binary.BigEndian.Uint32(value))
			}
		}
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

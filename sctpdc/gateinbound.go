package sctpdc

import "encoding/binary"

// inbound decides what pion/sctp may see of a packet, and may change it in place. It returns the length; 0: nothing.
func (g *gate) inbound(p []byte) int {
	fits, mayBeZero := g.inboundPacket(p)
	if !fits {
		return 0
	}
	changed := false
	if !g.ports.usual() {
		if !g.ports.inbound(p) {
			g.stats.badPort.Add(1)
			return 0
		}
		changed = true
	}
	kept, changedChunks := g.inboundChunks(p)
	if kept == 0 {
		return 0
	}
	switch {
	case mayBeZero:
		binary.LittleEndian.PutUint32(p[8:], 0) // pion/sctp need not compute it again
	case changed || changedChunks:
		setChecksum(p[:kept])
	}
	g.stats.packetsReceived.Add(1)
	return kept
}

// inboundPacket looks at a packet as a whole, of which nothing counts if it does not fit: it is well-formed, undamaged,
// and of this association. mayBeZero says that it needs no checksum.
func (g *gate) inboundPacket(p []byte) (fits, mayBeZero bool) {
	if len(p) < commonHeaderLen+chunkHeaderLen {
		g.stats.malformed.Add(1)
		return false, false
	}
	// A checksum of zero is taken if we announced so, but never with an INIT or a COOKIE ECHO. RFC 9653, Section 5.3.
	first := chunkType(p[commonHeaderLen])
	mayBeZero = g.takesZero && first != chunkInit && first != chunkCookieEcho
	sum := binary.LittleEndian.Uint32(p[8:])
	if (sum != 0 || !mayBeZero) && sum != checksum(p) {
		g.stats.badChecksum.Add(1)
		return false, false
	}
	// A packet whose chunks are malformed is dropped before anything of it counts. An INIT or INIT ACK goes alone (RFC
	// 9260, Section 6.10).
	for rest := p[commonHeaderLen:]; len(rest) > 0; {
		c, r, ok := nextChunk(rest)
		if !ok || !c.wellFormed() || (c.typ == chunkInit || c.typ == chunkInitAck) && (len(rest) != len(p)-commonHeaderLen || len(r) > 0) {
			g.stats.malformed.Add(1)
			return false, false
		}
		rest = r
	}
	if !g.tagFits(first, p) {
		g.stats.badTag.Add(1)
		return false, false
	}
	return true, mayBeZero
}

// inboundChunks learns from the chunks of a packet, and takes those out that pion/sctp should not see. It returns how long the
// packet is then, 0 if it is to be dropped, and whether it has changed.
func (g *gate) inboundChunks(p []byte) (kept int, changed bool) {
	kept = commonHeaderLen
	reported := false
	for rest := p[commonHeaderLen:]; len(rest) > 0; {
		c, r, _ := nextChunk(rest)
		whole := rest[:len(rest)-len(r)]
		rest = r
		// Without it: pion/sctp drops the whole packet for one chunk that it does not know. By the high bit
		// of the type, either "Stop processing this SCTP packet and discard the unrecognized chunk and all further chunks", or
		// "Skip this chunk and continue processing." By the next bit, it is reported: the first one of a packet, which is
		// enough to understand what is wrong. RFC 9260, Section 3.2.
		if h := c.typ.handling(); h != take {
			changed = true
			if c.typ.reported() && !reported {
				reported = true
				g.report(causeUnrecognizedChunk, whole[:chunkHeaderLen+len(c.value)])
			}
			if h == stop {
				break
			}
			continue
		}
		// Without it: pion/sctp takes the chunks behind an ERROR, and the padding between causes, for further causes, and
		// drops the packet because they are none. It does nothing with an ERROR anyway, and we keep the text of an ABORT.
		if c.typ == chunkError {
			changed = true
			g.inboundControl(c)
			continue
		}
		if c.typ == chunkAbort {
			changed = true
			g.inboundControl(c)
			kept += copy(p[kept:], []byte{byte(chunkAbort), c.flags, 0, chunkHeaderLen})
			break
		}
		kept += copy(p[kept:], whole) // moves bytes only behind a chunk that was skipped
		c, _, _ = nextChunk(p[kept-len(whole) : kept])
		switch c.typ {
		case chunkData, chunkIData:
			tagged, ok := g.inboundData(c)
			if !ok {
				return 0, false
			}
			changed = changed || tagged
		case chunkReconfig:
			changed = g.inboundReconfig(c) || changed
		case chunkSack:
			if g.tooMuch(c) {
				g.stats.malformed.Add(1)
				return 0, false
			}
			changed = g.burst.limit(c) || changed
			g.releaseResets(c)
			g.heardSACK(binary.BigEndian.Uint32(c.value))
		default:
			g.inboundControl(c)
		}
	}
	if kept == commonHeaderLen {
		kept = 0
	}
	return kept, changed
}

// tooMuch is whether a SACK acknowledges what was never sent.
func (g *gate) tooMuch(sack chunk) bool {
	sent := g.sentTSN.Load()
	return sent != 0 && int32(binary.BigEndian.Uint32(sack.value)-uint32(sent)) > 0
}

// tagFits checks the verification tag. RFC 9260, Section 8.5.
//
// Without it: pion/sctp handles packets with any tag, and an ABORT with a wrong one ends the association.
func (g *gate) tagFits(first chunkType, p []byte) bool {
	tag, flags := binary.BigEndian.Uint32(p[4:]), p[commonHeaderLen+1]
	g.mu.Lock()
	defer g.mu.Unlock()
	switch first {
	case chunkInit:
		// A peer that begins anew must not disturb the association (RFC 9260, Section 5.2.2). We refuse it altogether, as
		// pion/sctp does: who lost the state of SCTP has lost that of DTLS as well.
		if g.settled && binary.BigEndian.Uint32(p[commonHeaderLen+chunkHeaderLen:]) != g.peerTag {
			g.stats.restarts.Add(1)
			g.owner.event(Event{Kind: EventRestartRefused})
			return false
		}
		return tag == 0 // "A packet containing an INIT chunk MUST have a zero Verification Tag." Section 3.1
	case chunkAbort, chunkShutdownComplete:
		// "The receiver of an ABORT chunk MUST accept the packet if the Verification Tag field of the packet matches its
		// own tag and the T bit is not set OR if it is set to its Peer's Tag and the T bit is set". Section 8.5.1
		if flags&flagTagOfPeer != 0 {
			return g.peerTag != 0 && tag == g.peerTag
		}
	}
	return g.localTag != 0 && tag == g.localTag
}

// passTSN moves oldTSN forward. The caller holds mu.
func (g *gate) passTSN(tsn uint32) {
	if !g.hasOldTSN || int32(tsn-g.oldTSN) > 0 {
		g.oldTSN, g.hasOldTSN = tsn, true
	}
}

// inboundControl learns from all chunks that are neither data nor RE-CONFIG.
func (g *gate) inboundControl(c chunk) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch c.typ {
	case chunkInit, chunkInitAck:
		if !g.settled {
			g.peerTag = binary.BigEndian.Uint32(c.value)
			g.streams = int(binary.BigEndian.Uint16(c.value[10:])) // Number of Inbound Streams
		}
		if c.typ == chunkInitAck {
			g.stats.initAcked.Store(true)
		}
	case chunkCookieEcho, chunkCookieAck:
		g.stats.cookieAnswered.Store(true)
		g.settled = true
	case chunkAbort:
		g.end.abortReceived, g.end.abortText = true, abortText(c.value)
	case chunkShutdownComplete:
		g.end.complete = true
	case chunkShutdown:
		if !g.end.shutdownReceived {
			g.end.shutdownReceived = true
			g.owner.event(Event{Kind: EventShutdown})
		}
	case chunkError:
		cause, text := errorCause(c.value)
		g.owner.event(Event{Kind: EventRemoteError, Cause: cause, Text: text})
	}
}

package sctpdc

import (
	"encoding/binary"
	"time"
)

// Write passes a packet of pion/sctp on, which makes each packet anew, so that it may be changed in place.
func (g *gate) Write(p []byte) (int, error) {
	if c, rest, ok := nextChunk(p[min(commonHeaderLen, len(p)):]); ok {
		// Without it: pion/sctp leaves the checksum out if the peer says that it may, whatever is below us.
		if !g.sendsZero && binary.LittleEndian.Uint32(p[8:]) == 0 {
			setChecksum(p)
		}
		switch c.typ {
		case chunkData, chunkIData:
			g.outboundData(p, c, rest)
			return g.putData(p)
		case chunkSack:
			return g.writeSack(p, c)
		case chunkReconfig:
			if err := g.empty(); err != nil {
				return 0, err
			}
			if g.outboundReconfig(p, c) {
				return len(p), nil
			}
		default:
			if err := g.empty(); err != nil {
				return 0, err
			}
			g.outbound(c)
		}
		if c.typ == chunkShutdownComplete || c.typ == chunkAbort {
			return g.writeTwice(p)
		}
	}
	return g.write(p)
}

// writeTwice is write for what nobody sends again when it is lost: who waits for it waits until its timers have run
// out. A second copy is discarded silently (RFC 9260, Section 8.4).
func (g *gate) writeTwice(p []byte) (int, error) {
	n, err := g.write(p)
	if err == nil {
		_, _ = g.conn.Write(p) // has its ports already
	}
	return n, err
}

// write writes a packet to the connection.
func (g *gate) write(p []byte) (int, error) {
	if !g.ports.usual() {
		g.ports.outbound(p)
	}
	n, err := g.conn.Write(p)
	if err != nil {
		g.writeFailed(err)
		return n, err
	}
	g.stats.packetsSent.Add(1)
	return n, nil
}

// writeFailed keeps why nothing can be written. Pion/sctp closes the connection, and that is what Read will see. Why it
// ended before, a Conn of DTLS tells: io.EOF if the peer sent a close_notify, behind which nothing may be written.
func (g *gate) writeFailed(err error) {
	if c, ok := g.conn.(interface{ Err() error }); ok && c.Err() != nil {
		err = c.Err()
	}
	g.connFailed(err)
}

// outboundData counts what is sent again, and takes note of what is new.
func (g *gate) outboundData(packet []byte, c chunk, rest []byte) {
	var first uint32
	isNew, isOld := false, false
	for ok := true; ok; c, rest, ok = nextChunk(rest) {
		if c.typ != chunkData && c.typ != chunkIData || len(c.value) < 4 {
			continue
		}
		tsn := binary.BigEndian.Uint32(c.value)
		if g.hasLastTSN && int32(tsn-g.lastTSN) <= 0 {
			g.stats.retransmissions.Add(1)
			g.burst.repeated()
			if !isOld && !isNew {
				first, isOld = tsn, true
			}
			continue
		}
		g.lastTSN, g.hasLastTSN = tsn, true
		g.sentTSN.Store(1<<32 | uint64(tsn))
		g.burst.packetSent(tsn)
		if !isNew {
			first, isNew = tsn, true
		}
	}
	switch {
	case isNew:
		g.sentNew(packet, first, g.lastTSN)
	case isOld:
		g.sentAgain(packet, first)
	}
}

// outbound learns from the first chunk of a packet that is neither data nor SACK; pion/sctp sends control chunks alone.
func (g *gate) outbound(c chunk) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch c.typ {
	case chunkInit, chunkInitAck:
		if len(c.value) >= 4 {
			g.localTag = binary.BigEndian.Uint32(c.value)
		}
	case chunkAbort:
		g.end.abortSent = true
		if g.end.abortText == "" {
			g.end.abortText = abortText(c.value)
		}
	case chunkShutdownAck:
		// It is sent when nothing is outstanding on either side, so no data can be missing any more.
		g.end.complete = true
		// Without it: pion/sctp repeats a SHUTDOWN ACK for ever when the SHUTDOWN COMPLETE is lost.
		if g.linger == nil {
			g.linger = time.AfterFunc(shutdownLinger, func() { _ = g.Close() })
		}
	case chunkShutdownComplete:
		g.end.complete = true
	}
}

package sctpdc

import (
	"encoding/binary"
	"errors"
	"math"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A gate stands between pion/sctp and the connection below, as the net.Conn that pion/sctp sees:
//
//	pion/sctp  <- Read  -  gate  <- Read  -  connection
//	           - Write ->        - Write ->
//
// It passes packets on, learns from them what pion/sctp has no way to tell us (tags, resets, who ended the association),
// and keeps from it what it cannot cope with. Each such shield says what would happen without it.
type gate struct {
	conn    net.Conn
	backlog backlogged // the same, nil if it does not tell
	owner   gateOwner
	limit   int // bytes of a message in the making before the association is given up
	ports   ports

	// The peer may leave the checksum out, and we may if the peer agrees. Both are RFC 9653, and only for DTLS.
	takesZero, sendsZero bool

	closeOnce sync.Once
	closeErr  error
	stats     gateStats

	sack   sackUpdate
	burst  burst
	probe  tailProbe
	outbox outbox

	// Used by Write only, which pion/sctp calls from one goroutine.
	lastTSN    uint32 // the highest one sent
	hasLastTSN bool

	// The highest one that the peer may acknowledge, and 1<<32; zero: none was sent.
	sentTSN atomic.Uint64

	// Used by Read only, which pion/sctp calls from one goroutine.
	answered []uint16            // streams whose reset the peer answered in the packet that pion/sctp handles now
	debt     int                 // see chargeFragment
	partial  map[partialKey]int  // bytes of messages in the making
	requests map[uint32]struct{} // reset requests of the peer that were performed, by number; guarded by mu
	order    []uint32            // the same, oldest first; guarded by mu

	mu        sync.Mutex
	localTag  uint32 // what the peer must put into its packets; zero: no INIT or INIT ACK was sent yet
	peerTag   uint32 // what we put into ours; zero: not known yet
	settled   bool   // the association is established, the tags stay
	streams   int    // how many streams the peer takes; zero: not known yet
	oldTSN    uint32 // chunks up to here may be repetitions for a stream that is closed by now
	hasOldTSN bool
	ackedTSN  uint32 // up to here the peer has our data
	hasAcked  bool
	resets    map[uint32][]uint16 // our reset requests without an answer: number to streams
	held      []heldReset         // those that wait for acknowledgements
	end       ending
	linger    *time.Timer
}

type partialKey struct {
	stream    uint16
	unordered bool
}

// A gateOwner is told what the gate sees. The calls come from inside Read and Write, and must not wait for either.
type gateOwner interface {
	firstMessage(stream uint16)  // the first message of a stream came in, pion/sctp has not seen it yet
	resetsAnswered(ids []uint16) // the peer has performed our resets of these streams, and pion/sctp knows
	violated(reason error)       // the association must be aborted
	windowExcess() uint32        // bytes by which the window must be narrower than pion/sctp thinks
	reliable(stream uint16) bool // what is sent on the stream may be sent again as often as it takes; asked outside of Read and Write
	event(Event)
}

// An ending is what the packets say about how the association ended.
type ending struct {
	abortSent, abortReceived bool
	shutdownReceived         bool // the peer has begun to shut down
	abortText                string
	complete                 bool // SHUTDOWN ACK was sent, or SHUTDOWN COMPLETE sent or received
	connErr                  error
}

// gateStats are counters; see Stats.
type gateStats struct {
	badChecksum, badTag, malformed, restarts      atomic.Uint64
	badPort                                       atomic.Uint64
	packetsSent, packetsReceived, retransmissions atomic.Uint64
	initAcked, cookieAnswered                     atomic.Bool
}

// errConnEnded is what pion/sctp gets when the connection fails. It must not be io.EOF, by which streams say that the
// peer reset them. The true cause is in ending.connErr.
var errConnEnded = errors.New("sctpdc: connection ended")

func newGate(conn net.Conn, owner gateOwner, maxMessageSize int) *gate {
	backlog, _ := conn.(backlogged)
	batcher, _ := conn.(batcher)
	return &gate{
		backlog:  backlog,
		outbox:   outbox{batcher: batcher, full: math.MaxInt},
		conn:     conn,
		ports:    ports{pionPort, pionPort},
		owner:    owner,
		limit:    2*maxMessageSize + 65536,
		partial:  map[partialKey]int{},
		requests: map[uint32]struct{}{},
		resets:   map[uint32][]uint16{},
	}
}

// Read returns the next packet that pion/sctp may see. That it is called again means that the packet before has been
// handled completely.
func (g *gate) Read(p []byte) (int, error) {
	if len(g.answered) > 0 {
		g.owner.resetsAnswered(g.answered)
		g.answered = g.answered[:0]
	}
	for {
		g.sendPostponed()
		n, err := g.conn.Read(p)
		if err != nil {
			g.connFailed(err)
			return 0, errConnEnded
		}
		if n = g.inbound(p[:n]); n > 0 {
			return n, nil
		}
	}
}

// connFailed keeps the first error of the connection.
func (g *gate) connFailed(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.end.connErr == nil {
		g.end.connErr = err
	}
}

// inbound decides what pion/sctp may see of a packet, and may change it in place. It returns the length; 0: nothing.
func (g *gate) inbound(p []byte) int {
	if len(p) < commonHeaderLen+chunkHeaderLen {
		g.stats.malformed.Add(1)
		return 0
	}
	// A checksum of zero is taken if we announced so, but never with an INIT or a COOKIE ECHO. RFC 9653, Section 5.3.
	first := chunkType(p[commonHeaderLen])
	mayBeZero := g.takesZero && first != chunkInit && first != chunkCookieEcho
	sum := binary.LittleEndian.Uint32(p[8:])
	if (sum != 0 || !mayBeZero) && sum != checksum(p) {
		g.stats.badChecksum.Add(1)
		return 0
	}
	// A packet whose chunks are malformed is dropped before anything of it counts. An INIT or INIT ACK goes alone (RFC
	// 9260, Section 6.10).
	for rest := p[commonHeaderLen:]; len(rest) > 0; {
		c, r, ok := nextChunk(rest)
		if !ok || !c.wellFormed() || (c.typ == chunkInit || c.typ == chunkInitAck) && (len(rest) != len(p)-commonHeaderLen || len(r) > 0) {
			g.stats.malformed.Add(1)
			return 0
		}
		rest = r
	}
	if !g.tagFits(first, p) {
		g.stats.badTag.Add(1)
		return 0
	}
	changed, reported, kept := false, false, commonHeaderLen
	if !g.ports.usual() {
		if !g.ports.inbound(p) {
			g.stats.badPort.Add(1)
			return 0
		}
		changed = true
	}
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
				return 0
			}
			changed = changed || tagged
		case chunkReconfig:
			changed = g.inboundReconfig(c) || changed
		case chunkSack:
			if g.tooMuch(c) {
				g.stats.malformed.Add(1)
				return 0
			}
			changed = g.burst.limit(c) || changed
			g.releaseResets(c)
			if len(c.value) >= 4 {
				g.heardSACK(binary.BigEndian.Uint32(c.value))
			}
		default:
			g.inboundControl(c)
		}
	}
	if kept == commonHeaderLen {
		return 0
	}
	switch {
	case mayBeZero:
		binary.LittleEndian.PutUint32(p[8:], 0) // pion/sctp need not compute it again
	case changed:
		setChecksum(p[:kept])
	}
	g.stats.packetsReceived.Add(1)
	return kept
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

// Close closes the connection; pion/sctp may do so more than once.
func (g *gate) Close() error {
	g.closeOnce.Do(func() {
		g.closeErr = g.conn.Close()
		g.stopProbe()
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.linger != nil {
			g.linger.Stop()
		}
	})
	return g.closeErr
}

// peerStreams returns how many streams we may use: 65535 until the peer's INIT says less.
func (g *gate) peerStreams() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.streams == 0 {
		return maxStreamID + 1
	}
	return g.streams
}

// ended returns what the packets said so far.
func (g *gate) ended() ending {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.end
}

func (g *gate) LocalAddr() net.Addr  { return g.conn.LocalAddr() }
func (g *gate) RemoteAddr() net.Addr { return g.conn.RemoteAddr() }

// SetReadDeadline is called by pion/sctp in one case only, with the present: to end its reading. Deadlines of the
// connection need not work for that (those of pion/ice v2 do not), so it is closed.
func (g *gate) SetReadDeadline(t time.Time) error {
	if t.IsZero() || t.After(time.Now()) {
		return nil
	}
	return g.Close()
}

// SetWriteDeadline bounds the sending of an ABORT.
func (g *gate) SetWriteDeadline(t time.Time) error { return g.conn.SetWriteDeadline(t) }

func (g *gate) SetDeadline(t time.Time) error {
	return errors.Join(g.SetWriteDeadline(t), g.SetReadDeadline(t))
}

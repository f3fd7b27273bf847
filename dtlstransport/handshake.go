package dtlstransport

import (
	"slices"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/flight"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// A handshaker is one side of one version's handshake. It waits for whole
// flights.
type handshaker interface {
	// start begins the handshake at now. A client sends its first flight.
	start(now time.Time) error
	// judge looks whether the awaited flight is complete and acceptable. If it
	// is incomplete, judge returns nil and has done nothing. If it is not
	// acceptable, judge returns why and has changed nothing. Else it takes the
	// flight and queues ours.
	judge(now time.Time) *AlertError
	// flight names what is awaited.
	flight() string
}

// handshake is what both sides of a handshake share. It is dropped when the
// peer's Finished is accepted.
type handshake struct {
	e *Engine

	inbox    [2]flight.Reassembler // by epoch: a Finished in the clear never takes the place of the real one
	changed  bool                  // something is there that has not been judged
	ccsSeen  bool                  // a ChangeCipherSpec has come
	early    [][]byte              // records of epoch 1 from before the keys, with their headers
	latest   lastMessage           // what brought something new; not known after a ChangeCipherSpec
	peerLast lastMessage           // what the peer's previous flight ended with
	repeated bool                  // the peer sent that flight again
	answers  int                   // how often that may still be answered
	tokens   int                   // how many flights may still be judged before our next timeout

	timer    flight.Timer
	wake     time.Time // when something that came too soon is judged; zero: nothing did
	timeouts int       // of all flights
	largest  int       // datagram of the peer's in this flight, in bytes
	sendSeq  uint16    // message_seq of our next message
	room     []byte    // memory for our next messages, of no length: see makeRoom

	alerts  []AlertDescription // that came without authentication
	hints   []error            // what the wire said against the handshake, unauthenticated
	refusal *AlertError        // the latest of them; what the handshake fails with
	grace   time.Time          // when it does; zero: nothing was said
	meant   bool               // the peer has said more since, or an alert

	clientRandom wire.Random
	serverRandom wire.Random
	transcript   transcript
}

// lastMessage names a message of the peer.
type lastMessage struct {
	known bool
	epoch int
	seq   uint16
}

// earlyRecord stands for a message that nobody can read yet.
var earlyRecord = lastMessage{epoch: 1}

func newHandshake(e *Engine) *handshake {
	first := e.config.InitialTimeout
	if first <= 0 {
		first = flight.DefaultTimeout
	}
	h := &handshake{e: e, answers: maxFlightAnswers, tokens: verifyTokens, timer: flight.NewTimer(first, e.config.Conformance)}
	h.timer.Longest, h.timer.Off = e.config.LongestTimeout, e.config.ReliableTransport
	for i := range h.inbox {
		h.inbox[i].FirstWins = e.config.Conformance
		h.inbox[i].Limit = e.config.MaxMessageSize
	}
	return h
}

func (h *handshake) started() bool { return !h.e.began.IsZero() }

// handleFragments takes the content of a handshake record: one or more
// fragments of one or more messages.
func (h *handshake) handleFragments(now time.Time, epoch int, recordSeq uint64, content []byte) error {
	e := h.e
	if len(content) == 0 {
		// "Implementations MUST NOT send zero-length fragments of Handshake, Alert,
		// or ChangeCipherSpec content types." RFC 5246, Section 6.2.1.
		e.drop(DropFragment)
	}
	for len(content) > 0 {
		header, fragment, rest, err := wire.ParseFragment(content)
		if err != nil {
			e.drop(DropFragment)
			if e.config.Conformance {
				return parseAlert(header.Type, err)
			}
			return nil
		}
		content = rest
		e.trace.message(header)
		if header.Type == wire.TypeHelloRequest {
			// "This message will be ignored by the client if the client is
			// currently negotiating a session." RFC 5246, Section 7.4.1.1.
			e.drop(DropRepeatedMessage)
			continue
		}
		if header.Type == wire.TypeClientHello && header.Length > maxClientHello {
			e.drop(DropOversize)
			continue
		}
		if s, ok := e.side.(*server12); ok && epoch == 0 && !s.admit(now, header, recordSeq, fragment) {
			e.drop(DropCookie)
			continue
		}
		h = e.hs // a hello may have started the handshake over
		if last := h.peerLast; last.known && last.epoch == epoch && last.seq == header.Seq && header.FragmentOffset+header.FragmentLength == header.Length && !now.Before(e.tail) {
			h.repeated = true
			e.trace.repeats()
		}
		h.meant = h.meant || header.Seq >= h.inbox[epoch].Next()
		switch h.inbox[epoch].Add(header, fragment) {
		case flight.Kept:
			h.changed = true
			h.latest = lastMessage{true, epoch, header.Seq}
		case flight.Contradicting:
			e.stats.Contradictions++
			if e.config.Conformance {
				return alertf(AlertIllegalParameter, "fragments of %v contradict each other", header.Type)
			}
			h.changed = true
		case flight.Old, flight.Repeated:
			e.drop(DropRepeatedMessage)
		case flight.Ahead:
			e.drop(DropAheadMessage)
		case flight.Oversize:
			if err := e.nonsense(DropOversize, AlertIllegalParameter, "message that is too large"); err != nil {
				return err
			}
		}
	}
	return nil
}

// settle judges what has come, as often as that brings the handshake on, and
// answers a peer that repeats itself.
func (e *Engine) settle(now time.Time) error {
	for e.hs != nil && e.hs.changed && e.hs.tokens > 0 {
		h := e.hs
		h.changed = false
		if refusal := e.side.judge(now); refusal != nil {
			if err := h.refuse(now, refusal); err != nil {
				return e.fail(now, err)
			}
			break
		}
		if err := h.replayEarly(now); err != nil {
			return e.fail(now, err)
		}
		e.trace.changed(e)
	}
	if h := e.hs; h != nil && h.repeated {
		h.repeated = false
		// Our flight was lost, or crossed with the peer's; a peer that asks gets it
		// at once (RFC 6347, Section 4.2.4, "read retransmit"). The suites want to
		// see the timer alone do that.
		if !e.config.Conformance && !e.config.ReliableTransport && h.answers > 0 && e.out.Sends() > 0 && !e.out.Pending() {
			h.answers--
			h.resend(FlightRepeated)
			h.timer.Resent(now)
		}
	}
	if e.trace != nil {
		e.trace.changed(e)
	}
	return nil
}

// accept takes the flight that ended with message last of the given epoch: the
// peer has made progress, so whatever spoke against it was not the truth.
func (h *handshake) accept(now time.Time, epoch int, last uint16) {
	h.clearHints()
	// Who has lost two of ours and came through with small datagrams has found out
	// something about the path; our next flight need not find it out anew.
	if h.timer.Expiries() >= silentTimeouts && h.largest <= fallbackDatagramSize && !h.e.config.Conformance {
		h.e.fellBack = true
	}
	h.largest = 0
	h.timer.Sample(now)
	h.e.flights++
	h.peerLast = lastMessage{true, epoch, last}
	h.e.tail = time.Time{}
	if h.latest != h.peerLast && !h.e.config.Conformance {
		h.e.tail = now.Add(tailTime)
	}
	h.answers = maxFlightAnswers
	h.inbox[1].Consume(last + 1)
	h.inbox[0].Consume(last + 1)
}

// send queues a flight of ours, which waits for an answer.
func (h *handshake) send(now time.Time, messages ...flight.Message) {
	h.e.flights++
	h.e.begins(messages...)
	h.room = nil // what is kept of the next flight would keep this one
	h.timer.Start(now)
}

// resend sends our flight again.
func (h *handshake) resend(why FlightCause) {
	h.e.stats.Retransmissions++
	h.e.resend(why)
}

// expired is what a timeout without an answer does, or the time for a second copy.
func (h *handshake) expired(why FlightCause) {
	h.timeouts++
	h.tokens = min(h.tokens+verifyRefill, verifyTokens)
	if h.timer.Expiries() > silentTimeouts && !h.e.config.Conformance {
		h.e.fellBack = true
	}
	if c, ok := h.e.side.(*client12); ok && why == FlightTimeout {
		c.nextChoice()
	}
	h.resend(why)
	h.changed = true // who waited for the timeout may judge again
}

// makeRoom gets the memory for our next messages: size bytes in all, with their
// headers. Where no more is made, each message gets its own, and so does one that is
// larger than was foreseen.
func (h *handshake) makeRoom(size int) { h.room = make([]byte, 0, size) }

// message makes a handshake message of ours. appendBody appends what follows
// the header.
func (h *handshake) message(typ wire.HandshakeType, appendBody func([]byte) []byte) flight.Message {
	if cap(h.room) < wire.HeaderLen {
		h.makeRoom(192)
	}
	b := appendBody(h.room[:wire.HeaderLen])
	h.room = b[len(b):]
	length := uint32(len(b) - wire.HeaderLen)
	wire.AppendHeader(b[:0], wire.Header{Type: typ, Length: length, Seq: h.sendSeq, FragmentLength: length})
	h.sendSeq++
	return flight.Message{Sealer: h.e.write[0], Version: record.Version12, Type: record.TypeHandshake, Bytes: slices.Clip(b)}
}

// changeCipherSpec makes the message that announces epoch 1. It is not a
// handshake message and has no message_seq.
func (h *handshake) changeCipherSpec() flight.Message {
	return flight.Message{Sealer: h.e.write[0], Version: record.Version12, Type: record.TypeChangeCipherSpec, Bytes: changeCipherSpec}
}

// changeCipherSpec is "a single byte of value 1" (RFC 5246, Section 7.1).
var changeCipherSpec = []byte{1}

// finish ends the handshake: the peer's Finished was accepted.
func (e *Engine) finish() {
	e.finished = true
	e.finalSeq = e.hs.peerLast.seq
	e.firstTimeout = e.hs.timer.First()
	e.schedule.logKey(e.config.KeyLogWriter)
	e.hs, e.side, e.schedule.prf = nil, nil, nil
	e.open()
}

package dtlstransport

import (
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/flight"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/fingerprint"
)

// An Engine is one end of a DTLS association, with no I/O, no clock and no
// goroutine: datagrams and times go in, datagrams, events and a deadline come
// out.
//
//	            HandleDatagram(now, b)   HandleTimeout(now)
//	                     |                      |
//	                     v                      v
//	+----------------------------------------------------+
//	|  Engine                                            |---> Deadline()
//	+----------------------------------------------------+
//	    |                    |                   ^
//	    v                    v                   |
//	AppendDatagram(dst)   NextEvent()   AppendApplicationData(dst, p)
//
// After each call that takes now, the caller drains NextEvent and
// AppendDatagram and arranges for HandleTimeout to be called at Deadline. An
// Engine can be dropped at any moment and leaves nothing behind.
//
// An error of a call that takes now is always fatal; what is left to send,
// usually an alert, is still there to be drained. An Engine is not safe for
// concurrent use.
type Engine struct {
	role   Role
	config *Config

	hs   *handshake // nil once the peer's Finished is accepted
	side handshaker // nil with hs

	write [2]*record.Sealer // by epoch; the second is nil until the keys are there
	epoch int               // the epoch of what we send besides flights
	read  *record.Opener    // of epoch 1, nil until the keys are there

	out        flight.Outgoing // the last flight
	alerts     []alert         // to be sent
	verdict    verdict         // our fatal one, if there was one
	verify     []byte          // a HelloVerifyRequest to be sent, a whole datagram
	finalSeq   uint16          // message_seq of the Finished that a repeated final flight ends with
	finals     int             // how often the final flight may still be sent again
	tail       time.Time       // until then, the end of the peer's last flight belongs to what was answered; see tailTime
	finalCopy  time.Time       // when its second copy is due; zero: none is
	warnings   int             // how many attempts at renegotiation may still be answered
	datagram   int             // MaxDatagramSize in force
	fellBack   bool            // datagrams are smaller, for nothing was answered; stays so, for the path is the same for the next flight
	remoteAddr []byte
	rtt        time.Duration // what the link knows; zero: nothing
	localCID   []byte        // Config.ConnectionID, or what a Listener has chosen
	noCookies  bool          // ListenConfig.InsecureNoCookies

	remote   fingerprint.Set // what the peer must match; empty: not known yet
	chain    [][]byte        // what the peer has shown, DER, its own certificate first
	deadline time.Time       // of the handshake and the verdict; zero: none

	began      time.Time // the handshake; zero: it is not started
	parameters parameters
	schedule   *schedule12
	flights    int // of the handshake, both sides', for ConnectionState

	certificate *fingerprint.Certificate // that we presented; nil: none
	identity    []byte                   // the client's, of a pre-shared key
	keyHash     [32]byte                 // SHA-256 of that key; zero: none

	resumed    *session // that the handshake took up; nil: none
	sessionKey string   // under which a session of this association is stored; empty: none is
	save       *session // to be stored under it once the gate is open

	finished  bool // the peer's Finished was accepted
	connected bool // and its certificate matched: the gate is open
	closed    bool // close_notify came or went
	err       error

	trace        *tracer       // nil: nobody wants to know
	shared       bool          // what is being received may be for another association
	opened       uint64        // records of the peer that were authentic
	forged       int           // that were not, since the handshake is over; see countForged
	replaying    bool          // what is being received came before its keys
	firstTimeout time.Duration // of probes, from the handshake
	probe        probe
	heartbeats   [][]byte // answers to be sent
	proved       uint64   // how often the peer has answered at another address

	early  [][]byte // application data from before the gate opened
	events eventQueue
	stats  Stats
}

// NewEngine returns an engine that has done nothing yet. config is kept and not
// changed.
func NewEngine(role Role, config *Config) (*Engine, error) {
	if err := config.check(role); err != nil {
		return nil, err
	}
	if role == RoleClient {
		var err error
		if config, err = config.asOffered(); err != nil {
			return nil, err
		}
	}
	e := &Engine{
		role:     role,
		config:   config,
		remote:   config.RemoteFingerprints,
		datagram: config.MaxDatagramSize,
		localCID: config.ConnectionID,
		finals:   maxFinalAnswers,
		warnings: maxWarnings,
	}
	if e.datagram == 0 {
		e.datagram = DefaultMaxDatagramSize
	}
	if config.ReliableTransport {
		e.makeReliable()
	}
	e.write[0] = new(record.Sealer)
	if e.trace = newTracer(config, role); e.trace != nil {
		e.out.Sealing = e.trace.seal
	}
	e.hs = newHandshake(e)
	if role == RoleClient {
		e.side = newClient12(e)
	} else {
		e.side = newServer12(e)
	}
	return e, nil
}

// Start begins the handshake. A client then has its first flight to send; a
// server begins by itself with the first datagram, but its HandshakeTimeout
// counts from Start. A second call has no effect.
func (e *Engine) Start(now time.Time) error {
	e.begin(now)
	if e.err != nil || e.hs == nil || e.hs.started() {
		return e.err
	}
	e.began = now
	e.deadline = e.config.handshakeDeadline(now)
	if err := e.side.start(now); err != nil {
		return e.fail(now, err)
	}
	e.trace.changed(e)
	return nil
}

// begin starts a call that takes now: what the last one left is dropped.
func (e *Engine) begin(now time.Time) {
	e.trace.at(now)
	for range e.events.reset() {
		e.drop(DropEvent)
	}
	if e.connected && e.early != nil {
		e.early = nil
	}
}

// HandleTimeout does what was due by now. Early calls have no effect.
func (e *Engine) HandleTimeout(now time.Time) error {
	e.begin(now)
	if e.err != nil {
		return e.err
	}
	if e.hs != nil && e.hs.graceOver(now) {
		return e.fail(now, e.hs.refusal)
	}
	if !e.deadline.IsZero() && !now.Before(e.deadline) {
		if e.hs != nil && e.hs.refusal != nil {
			return e.fail(now, e.hs.refusal)
		}
		return e.fail(now, ErrTimeout)
	}
	e.probeExpired(now)
	if !e.finalCopy.IsZero() && !now.Before(e.finalCopy) {
		e.finalCopy = time.Time{}
		e.resend(FlightCopy)
	}
	if h := e.hs; h != nil {
		if !h.wake.IsZero() && !now.Before(h.wake) {
			h.wake, h.changed = time.Time{}, true
			if err := e.settle(now); err != nil || e.hs != h {
				return err
			}
		}
		before := h.timer.Expiries()
		if !h.timer.Expire(now) {
			return nil
		}
		cause := FlightTimeout
		if h.timer.Expiries() == before {
			cause = FlightCopy
		}
		h.expired(cause)
		return e.settle(now)
	}
	return nil
}

// Deadline returns when HandleTimeout is due; zero means never.
func (e *Engine) Deadline() time.Time {
	d := firstTime(firstTime(e.deadline, e.finalCopy), e.probe.deadline)
	if e.hs != nil {
		d = firstTime(d, e.hs.grace)
		d = firstTime(d, e.hs.wake)
		d = firstTime(d, e.hs.timer.Deadline())
	}
	return d
}

// firstTime returns the earlier of two times, of which zero means never.
func firstTime(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// NextEvent returns the next thing that the last call made happen, or one of
// kind NoEvent when all are drained. Those not drained by the next call that
// takes now are dropped and counted.
func (e *Engine) NextEvent() Event { return e.events.pop() }

// SetMaxDatagramSize changes Config.MaxDatagramSize for this association, live:
// what is sent from now on is cut anew. Values below MinDatagramSize count as that.
func (e *Engine) SetMaxDatagramSize(n int) {
	if !e.config.ReliableTransport {
		e.datagram, e.fellBack = max(n, MinDatagramSize), false
	}
}

// SetInitialTimeout changes the first retransmission timeout, live: a wait that
// has begun is scaled. It has no effect after the handshake.
func (e *Engine) SetInitialTimeout(d time.Duration) {
	if e.hs != nil && d > 0 {
		e.hs.timer.SetFirst(d)
	}
}

// SetRTT tells what the link knows of its round-trip time, from which the first
// timeout follows if Config has no InitialTimeout. No server can have asked a client for
// a cookie sooner than that, so that a HelloVerifyRequest waits until then. Call it
// before Start.
func (e *Engine) SetRTT(rtt time.Duration) {
	e.rtt = rtt
	if e.hs != nil && e.config.InitialTimeout == 0 && rtt > 0 {
		e.hs.timer.SetFirst(flight.TimeoutFor(rtt))
	}
}

// SetRemoteAddr gives the peer's transport address, in any form, to bind
// cookies to. Call it before the first datagram; addr is copied.
func (e *Engine) SetRemoteAddr(addr string) {
	e.remoteAddr = []byte(addr)
	e.trace.from(addr)
}

// started reports whether the peer may know of us.
func (e *Engine) started() bool { return e.hs == nil || e.hs.started() }

// sentFinalFlight reports whether ours was the last flight of the handshake, and not
// the peer's: a server's, or a client's that resumed.
func (e *Engine) sentFinalFlight() bool {
	return e.finished && (e.role == RoleServer) == (e.resumed == nil)
}

// Err returns the error that ended the association, or nil.
func (e *Engine) Err() error { return e.err }

// Stats returns the counts so far.
func (e *Engine) Stats() Stats { return e.stats }

// drop counts something that had no effect.
func (e *Engine) drop(r DropReason) {
	e.stats.Dropped[r]++
	e.trace.drop(r)
}

package sctpdc

import (
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

func (g *gate) LocalAddr() net.Addr { return g.conn.LocalAddr() }

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

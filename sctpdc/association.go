package sctpdc

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/logging"
	"github.com/pion/sctp"

	"github.com/rtctransport/rtctransport/keying"
)

// An Association is an SCTP association with its data channels. All methods may be called concurrently.
type Association struct {
	config Config
	gate   *gate
	began  time.Time

	events    eventQueue
	peerLimit atomic.Int64 // see SetPeerMaxMessageSize
	weights   weights      // for the scheduler

	giveUp      context.CancelFunc // ends the handshake
	established chan struct{}      // closed when the association is up
	stopping    chan struct{}      // closed when Shutdown or Close was called
	stopOnce    sync.Once
	done        chan struct{}  // closed at the end; err is set before
	running     sync.WaitGroup // our goroutines
	acceptable  chan struct{}  // holds a token when backlog may not be empty

	mu        sync.Mutex
	sctp      *sctp.Association // nil until established
	took      time.Duration     // from New to established
	aborting  bool              // abort was called, and has seen sctp as it was then
	err       error             // why it ended
	cause     error             // the first reason to end it that is ours; nil if there is none
	channels  map[uint16]*Channel
	opened    int                 // those of channels that count for MaxChannels
	resetting map[uint16]*Channel // ids whose outgoing reset the peer has not answered
	closing   []*Channel          // channels whose reset waits until resetting is empty
	backlog   []*Channel          // opened by the peer, not accepted yet; oldest first
	pending   int                 // backlog, and those about to enter it
	nextID    uint16              // where the search for a free id begins
	window    window
}

// New starts an association over conn, which it owns from now on. Each Read and Write of conn must be one packet, at most
// 8192 bytes; a packet may be lost. New returns at once; Handshake waits for the result, but need not be called.
//
// Both sides call New, at any time, as browsers do: both send an INIT, and one association comes of it (RFC 9260,
// Section 5.2.1). The association begins when DTLS is connected and the peer's fingerprint verified (RFC 8261, Section
// 6.1): if conn has a method Handshake(context.Context) error, as a Conn of DTLS has, it is called first. Its error ends
// the association with ReasonConn.
func New(conn net.Conn, config *Config) (*Association, error) {
	c, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	if conn == nil {
		return nil, errors.New("sctpdc: no connection")
	}
	ctx, giveUp := context.WithTimeout(context.Background(), c.HandshakeTimeout)
	a := &Association{
		config:      c,
		began:       time.Now(),
		giveUp:      giveUp,
		established: make(chan struct{}),
		stopping:    make(chan struct{}),
		done:        make(chan struct{}),
		acceptable:  make(chan struct{}, 1),
		channels:    map[uint16]*Channel{},
		resetting:   map[uint16]*Channel{},
	}
	if c.Role == keying.RoleServer {
		a.nextID = 1
	}
	a.events.call = c.OnEvent
	a.peerLimit.Store(int64(c.PeerMaxMessageSize))
	a.window.init(a)
	a.gate = newGate(conn, a, c.MaxMessageSize)
	a.gate.ports = ports{c.Port, c.PeerPort}
	_, dtls := conn.(exporter)
	a.gate.sendsZero = dtls && !c.DisableZeroChecksum
	a.gate.takesZero = a.gate.sendsZero
	tokens, err := a.useTokens()
	if err != nil {
		giveUp()
		return nil, err
	}
	a.running.Add(1)
	go a.run(ctx, config.MTU == 0, tokens)
	return a, nil
}

// A handshaker is a connection that carries nothing before a handshake of its own, as DTLS; which does not know either
// how much it puts into a datagram before that.
type handshaker interface {
	Handshake(ctx context.Context) error
}

// An exporter is a connection that is DTLS: others have no keying material (RFC 5705).
type exporter interface {
	ExportKeyingMaterial(label string, context []byte, length int) ([]byte, error)
}

// mtuOf returns the largest packet that conn takes in one datagram, in bytes, or the default if it does not say.
func mtuOf(conn net.Conn) int {
	if c, ok := conn.(interface{ MaxPayload() int }); ok {
		if n := c.MaxPayload(); n >= minMTU {
			return min(n, maxMTU) &^ 3 // chunks are padded to 4 bytes
		}
	}
	return defaultMTU
}

// event tells the application.
func (a *Association) event(e Event) { a.events.add(e) }

// options are the settings of pion/sctp, each given so that its defaults may change.
func (a *Association) options() []sctp.ClientOption {
	// Its own limit applies to sending only. Ours is in Channel.Send, with an error that says more.
	return []sctp.ClientOption{
		sctp.WithNetConn(a.gate),
		sctp.WithName("sctpdc"),
		sctp.WithLoggerFactory(&logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}),
		sctp.WithMTU(uint32(a.config.MTU)),
		sctp.WithMaxReceiveBufferSize(uint32(a.config.ReceiveBuffer)),
		sctp.WithMaxMessageSize(math.MaxUint32 >> 1),
		sctp.WithMaxReassemblyQueueEntries(maxReassemblyEntries),
		// Blocking writes of pion/sctp let one message into its queue at a time, for all streams, and wait until the
		// queue is empty: too little for a fast path, and one channel blocks the others. Send waits for its own
		// channel's buffered amount instead.
		sctp.WithBlockWrite(false),
		sctp.WithRTOMax(float64(a.config.RTOMax) / float64(time.Millisecond)),
		sctp.WithRACKOptions(
			sctp.WithRackReoWndFloor(a.config.RACK.ReorderingWindow),
			sctp.WithRackWCDelAck(a.config.RACK.PeerAckDelay),
			sctp.WithRackMinRTTWnd(a.config.RACK.MinRTTWindow),
		),
		sctp.WithEnableZeroChecksum(a.gate.takesZero),
		sctp.WithEnableInterleaving(!a.config.DisableInterleaving),
		sctp.WithInterleavingOptions(sctp.WithInterleavingStreamSchedulerFactory(func() sctp.InterleavingStreamScheduler {
			return newScheduler(&a.weights)
		})),
	}
}

// run is the goroutine of the association: it sets it up, then takes what pion/sctp accepts, and never waits for anybody
// else, because pion/sctp drops what it cannot hand over.
func (a *Association) run(ctx context.Context, findMTU bool, tokens []sctp.ClientOption) {
	defer a.running.Done()
	if h, ok := a.gate.conn.(handshaker); ok {
		if err := h.Handshake(ctx); err != nil && ctx.Err() == nil {
			a.giveUp()
			a.gate.connFailed(err)
			_ = a.gate.Close()
			a.finish(nil)
			return
		}
	}
	if findMTU {
		a.config.MTU = mtuOf(a.gate.conn)
	}
	a.gate.outbox.full = a.config.MTU - 64 // what is less leaves room for another chunk
	s, err := sctp.ClientContext(ctx, append(a.options(), tokens...)...)
	a.giveUp()
	if err != nil {
		// Without the gate's Close, pion/sctp would leave three goroutines behind when its INIT stays unanswered.
		_ = a.gate.Close()
		a.finish(&AssociationError{Reason: ReasonHandshake, Err: err})
		return
	}
	a.mu.Lock()
	a.sctp = s
	a.gate.probe.association.Store(s)
	a.took = time.Since(a.began)
	aborting := a.aborting
	a.mu.Unlock()
	if aborting { // it found nothing to abort, and came too late to end the handshake
		s.Abort("closed")
	}
	close(a.established)
	a.event(Event{Kind: EventUp})
	for {
		stream, err := s.AcceptStream()
		if err != nil {
			break
		}
		a.incoming(stream)
	}
	_ = a.gate.Close()
	a.finish(nil)
}

// Handshake waits until the association is established. Its error is that of ctx, or an *AssociationError; giving up
// waiting does not end the association.
func (a *Association) Handshake(ctx context.Context) error {
	select {
	case <-a.established:
		return nil
	default:
	}
	select {
	case <-a.established:
		return nil
	case <-a.done:
		return a.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Accept waits for a channel that the peer opened by DCEP. Its error is that of ctx, or an *AssociationError.
func (a *Association) Accept(ctx context.Context) (*Channel, error) {
	for {
		a.mu.Lock()
		if len(a.backlog) > 0 {
			c := a.backlog[0]
			a.backlog = a.backlog[1:]
			a.pending--
			if len(a.backlog) > 0 {
				token(a.acceptable)
			}
			a.mu.Unlock()
			return c, nil
		}
		a.mu.Unlock()
		select {
		case <-a.acceptable:
		case <-a.done:
			return nil, a.Err()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// token puts a token into a channel of size one unless there is one.
func token(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

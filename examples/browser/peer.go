package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"sync"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/keying"
	"github.com/rtctransport/rtctransport/keying/pionsrtp"
	"github.com/rtctransport/rtctransport/mux/pionice"
	"github.com/rtctransport/rtctransport/sctpdc"
)

// States of a peer and of its DTLS association, as GET /stats tells them.
const (
	stateNew        = "new"
	stateConnecting = "connecting"
	stateConnected  = "connected"
	stateClosed     = "closed"
	stateFailed     = "failed"
)

// shutdownPatience is how long Close waits for the peer to acknowledge data before it closes nevertheless.
const shutdownPatience = 500 * time.Millisecond

// A Peer is one connection, from the ICE agent to the echo. Its life:
//
//	NewPeer ── Answer or Offer ── Start ─▶ ICE ─▶ DTLS ─▶ echo ─▶ closed or failed
//
// It keeps its figures after the end, until the server drops it. All methods are safe for concurrent use.
type Peer struct {
	ID string

	agent       *Agent
	certificate *fingerprint.Certificate
	trace       func(dtlstransport.TraceEvent) // nil: nobody wants to know
	timeline    *Timeline
	counters    Counters
	call        string // label of the channel that we open; empty for a peer that offered

	ctx    context.Context // ends with the peer
	cancel context.CancelFunc
	done   chan struct{} // closed when everything is released

	mu          sync.Mutex
	state       string
	dtlsState   string
	err         error
	role        keying.Role  // ours, 0 before Start
	description *Description // the peer's, nil before Start
	link        *pionice.Link
	path        [2]string // local and remote address, as last seen
	mirror      *Mirror
	transport   *dtlstransport.Transport
	association *sctpdc.Association
	channels    *Channels
	ended       time.Time // when it became closed or failed
}

// NewPeer gathers candidates, on the address only if it is not nil, and makes a certificate. The peer ends when it
// is closed, not when ctx, which is for the gathering, is done.
func NewPeer(ctx context.Context, only net.IP) (*Peer, error) {
	timeline := NewTimeline()
	certificate, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		return nil, err
	}
	agent, err := NewAgent(ctx, only)
	if err != nil {
		return nil, err
	}
	var id [16]byte
	rand.Read(id[:])
	p := &Peer{
		ID: hex.EncodeToString(id[:]), agent: agent, certificate: certificate, timeline: timeline,
		done: make(chan struct{}), state: stateNew, dtlsState: stateNew,
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p, nil
}

// local is our side of a description.
func (p *Peer) local(setup string) *Local {
	return &Local{
		Setup: setup, Ufrag: p.agent.Description().Ufrag, Pwd: p.agent.Description().Password,
		Candidates: p.agent.Candidates, Fingerprint: p.certificate.Fingerprint(),
	}
}

// Answer writes the answer to the offer d. setup is active, passive, or empty for what suits the offer, active if both do.
func (p *Peer) Answer(d *Description, setup string) (string, error) {
	switch {
	case setup == "" && d.Setup == setupActive:
		setup = setupPassive
	case setup == "":
		setup = setupActive
	case setup == d.Setup:
		return "", fmt.Errorf("the offer says a=setup:%s, so we cannot be %s as well", d.Setup, setup)
	}
	mirror := NewMirror(d.Sections)
	answer, err := p.local(setup).Answer(d, mirror.SSRCs())
	if err != nil {
		return "", err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.description, p.mirror, p.role = d, mirror, role(setup)
	return answer, nil
}

// Offer writes an offer of data channels; when it is answered we open one with the label.
func (p *Peer) Offer(label string) (string, error) {
	p.mu.Lock()
	p.call = label
	p.mu.Unlock()
	return p.local(setupActpass).Offer()
}

// errAnswered is what Answered returns for a peer that has its answer.
var errAnswered = errors.New("already answered")

// Answered takes the answer to our offer.
func (p *Peer) Answered(d *Description) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.call == "" || p.description != nil || p.state != stateNew:
		return errAnswered
	case d.Setup == setupActpass:
		return errors.New("an answer's a=setup is active or passive") // RFC 5763, Section 5
	case d.Data() == nil:
		return errors.New("the answer rejects the data channels")
	}
	p.description, p.mirror = d, NewMirror(d.Sections)
	p.role = role(d.Setup).Peer()
	return nil
}

// role is the DTLS role of the side that says a=setup like that. RFC 5763, Section 5: the active one sends the ClientHello.
func role(setup string) keying.Role {
	if setup == setupActive {
		return keying.RoleClient
	}
	return keying.RoleServer
}

// Start connects and echoes in the background; the descriptions are exchanged.
func (p *Peer) Start() {
	p.timeline.Note("answer")
	p.set(func() { p.state = stateConnecting })
	go p.run()
}

// run is the connection's one goroutine of control.
func (p *Peer) run() {
	if err := p.connect(); err != nil {
		p.end(stateFailed, err)
		return
	}
	p.set(func() { p.state = stateConnected })
	if p.description.Data() != nil {
		go p.serveData()
	}
	<-p.transport.Done()
	switch err := p.transport.Err(); {
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed): // close_notify of the peer, or of ours
		p.end(stateClosed, nil)
	default:
		p.end(stateFailed, err)
	}
}

// connect brings up ICE and DTLS, and with DTLS the keys of SRTP.
func (p *Peer) connect() error {
	link, err := p.agent.Connect(p.ctx, p.description, p.call != "")
	if err != nil {
		return err
	}
	p.timeline.Note("ice")
	transport, err := dtlstransport.NewTransport(link, p.role, &dtlstransport.Config{
		Certificates:       []*fingerprint.Certificate{p.certificate},
		RemoteFingerprints: p.description.Remote,
		NewProtector:       pionsrtp.New,
		Trace:              p.trace,
	})
	if err != nil {
		return err
	}
	transport.OnRTP(p.echoRTP)
	transport.OnRTCP(p.echoRTCP)
	if !p.set(func() { p.link, p.transport, p.dtlsState = link, transport, stateConnecting }) {
		transport.Close()
		return net.ErrClosed
	}
	p.look()
	if err := transport.Handshake(p.ctx); err != nil {
		return err
	}
	p.timeline.Note("dtls")
	p.set(func() { p.dtlsState = stateConnected })
	return nil
}

// serveData brings up SCTP and serves the channels until the association ends.
func (p *Peer) serveData() {
	association, err := sctpdc.New(p.transport.Conn(), &sctpdc.Config{
		Role:               p.role,
		MaxMessageSize:     maxMessageSize,
		PeerMaxMessageSize: peerMaxMessageSize(p.description.Data().MaxMessageSize),
	})
	if err != nil {
		p.end(stateFailed, err)
		return
	}
	channels := &Channels{association: association, onOpen: func() { p.timeline.Note("channel") }}
	if !p.set(func() { p.association, p.channels = association, channels }) {
		association.Close()
		return
	}
	if p.call != "" {
		if err := channels.Open(p.ctx, p.call, nil); err != nil {
			p.end(stateFailed, err)
			return
		}
	}
	channels.Serve(p.ctx)
}

// peerMaxMessageSize turns SDP's number into that of sctpdc, where negative is no limit.
func peerMaxMessageSize(announced uint64) int {
	if announced == 0 {
		return -1
	}
	return int(min(announced, math.MaxInt32))
}

// echoRTP sends a packet back. It runs on the transport's read loop: b is valid until it returns.
func (p *Peer) echoRTP(b []byte) {
	p.timeline.Note("media")
	p.counters.rtpIn.Add(1)
	p.counters.rtpInBytes.Add(uint64(len(b)))
	back, ok := p.mirror.RTP(make([]byte, 0, len(b)), b)
	if !ok {
		return
	}
	if _, err := p.transport.WriteRTP(back); err == nil {
		p.counters.rtpOut.Add(1)
		p.counters.rtpOutBytes.Add(uint64(len(back)))
	}
}

// echoRTCP sends reports and requests back, on the transport's read loop.
func (p *Peer) echoRTCP(b []byte) {
	p.counters.rtcpIn.Add(1)
	if back := p.mirror.RTCP(b); back != nil {
		if _, err := p.transport.WriteRTCP(back); err == nil {
			p.counters.rtcpOut.Add(1)
		}
	}
}

// Close ends the association in order: channels' data acknowledged, SCTP shut down, close_notify sent, and then the
// sockets. It returns when that is done.
func (p *Peer) Close() {
	p.mu.Lock()
	association := p.association
	p.mu.Unlock()
	if association != nil {
		ctx, cancel := context.WithTimeout(context.Background(), shutdownPatience)
		association.Shutdown(ctx) // an error: it was over already, or not in time, which end settles
		cancel()
	}
	p.end(stateClosed, nil)
	<-p.done
}

// end releases everything, once, and leaves the figures.
func (p *Peer) end(state string, err error) {
	p.mu.Lock()
	if !p.ended.IsZero() {
		p.mu.Unlock()
		return
	}
	p.ended = time.Now()
	p.state, p.dtlsState, p.err = state, state, err
	transport, association := p.transport, p.association
	p.mu.Unlock()

	p.cancel()
	if association != nil {
		association.Close()
	}
	if transport != nil {
		transport.Close() // close_notify, or the alert that the failure calls for
	}
	p.agent.Close()
	close(p.done)
}

// Ended returns when the peer became closed or failed, or the zero time.
func (p *Peer) Ended() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

// Connected reports whether DTLS is up, or was.
func (p *Peer) Connected() bool { return p.timeline.Milliseconds("dtls") > 0 }

// set changes fields under the lock. After the end it changes nothing and returns false: what the fields would have held
// is then the caller's to release.
func (p *Peer) set(change func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended.IsZero() {
		return false
	}
	change()
	return true
}

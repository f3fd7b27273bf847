package main

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
)

// Stats is the answer to GET /stats: what a page or a test wants to know of a peer. Counters only grow.
type Stats struct {
	State     string `json:"state"`     // new, connecting, connected, closed, failed: of the peer as a whole
	DTLSState string `json:"dtlsState"` // new, connecting, connected, closed, failed
	Error     string `json:"error,omitempty"`

	DTLSRole    string `json:"dtlsRole,omitempty"` // ours: client or server
	ICERole     string `json:"iceRole,omitempty"`  // ours: controlling or controlled
	LocalAddr   string `json:"localAddress,omitempty"`
	RemoteAddr  string `json:"remoteAddress,omitempty"`
	Version     string `json:"version,omitempty"`
	CipherSuite string `json:"cipherSuite,omitempty"`
	Group       string `json:"group,omitempty"`
	SRTPProfile string `json:"srtpProfile,omitempty"`
	ExtendedMS  bool   `json:"extendedMasterSecret"`
	// Verdict on the peer's certificate: pending, matches, or the reason why it was refused.
	Fingerprint       string   `json:"fingerprint"`
	LocalFingerprint  string   `json:"localFingerprint"`
	RemoteFingerprint []string `json:"remoteFingerprint,omitempty"` // as the peer's description has them

	// RTT is ICE's round trip of the selected pair, in milliseconds; 0 is not yet measured.
	RTT float64 `json:"rtt"`
	// Timeline is when each step was done, in milliseconds from the request that began the peer; absent is not yet.
	Timeline struct {
		Answer  float64 `json:"answer,omitempty"`  // descriptions exchanged
		ICE     float64 `json:"ice,omitempty"`     // a pair selected
		DTLS    float64 `json:"dtls,omitempty"`    // handshake done and peer verified
		Channel float64 `json:"channel,omitempty"` // first data channel open
		Media   float64 `json:"media,omitempty"`   // first RTP packet
	} `json:"timeline"`

	RTPIn        uint64 `json:"rtpIn"` // packets that passed SRTP authentication
	RTPOut       uint64 `json:"rtpOut"`
	RTPInBytes   uint64 `json:"rtpInBytes"` // plaintext with headers
	RTPOutBytes  uint64 `json:"rtpOutBytes"`
	RTCPIn       uint64 `json:"rtcpIn"`
	RTCPOut      uint64 `json:"rtcpOut"`
	MessagesIn   uint64 `json:"messagesIn"`
	MessagesOut  uint64 `json:"messagesOut"`
	MessageBytes struct {
		In  uint64 `json:"in"`
		Out uint64 `json:"out"`
	} `json:"messageBytes"`
	Channels int64 `json:"channels"` // open now
}

// Stats returns the peer's figures.
func (p *Peer) Stats() Stats {
	rtt := p.look()
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Stats{
		State: p.state, DTLSState: p.dtlsState, LocalAddr: p.path[0], RemoteAddr: p.path[1], RTT: rtt,
		ICERole: "controlled", Fingerprint: "pending", LocalFingerprint: p.certificate.Fingerprint().String(),
		RTPIn: p.counters.rtpIn.Load(), RTPOut: p.counters.rtpOut.Load(),
		RTPInBytes: p.counters.rtpInBytes.Load(), RTPOutBytes: p.counters.rtpOutBytes.Load(),
		RTCPIn: p.counters.rtcpIn.Load(), RTCPOut: p.counters.rtcpOut.Load(),
	}
	if p.err != nil {
		s.Error = p.err.Error()
	}
	if p.call != "" {
		s.ICERole = "controlling"
	}
	if p.role != 0 {
		s.DTLSRole = p.role.String()
	}
	if p.description != nil {
		for _, f := range p.description.Remote {
			s.RemoteFingerprint = append(s.RemoteFingerprint, f.String())
		}
	}
	s.Timeline.Answer = p.timeline.Milliseconds("answer")
	s.Timeline.ICE = p.timeline.Milliseconds("ice")
	s.Timeline.DTLS = p.timeline.Milliseconds("dtls")
	s.Timeline.Channel = p.timeline.Milliseconds("channel")
	s.Timeline.Media = p.timeline.Milliseconds("media")
	p.statsOfTransport(&s)
	if c := p.channels; c != nil {
		s.Channels = c.open.Load()
		s.MessagesIn, s.MessagesOut = c.messagesIn.Load(), c.messagesOut.Load()
		s.MessageBytes.In, s.MessageBytes.Out = c.bytesIn.Load(), c.bytesOut.Load()
	}
	return s
}

// look notes the addresses of the selected pair and returns its round trip in milliseconds. It waits for the agent, so it
// does without the lock; a closed agent knows nothing any more.
func (p *Peer) look() float64 {
	p.mu.Lock()
	link, ended := p.link, !p.ended.IsZero()
	p.mu.Unlock()
	if link == nil || ended {
		return 0
	}
	path := [2]string{fmt.Sprint(link.LocalAddr()), fmt.Sprint(link.RemoteAddr())}
	rtt := float64(link.RTT().Microseconds()) / 1000
	p.set(func() { p.path = path })
	return rtt
}

// statsOfTransport fills in what was negotiated and verified. p.mu is held.
func (p *Peer) statsOfTransport(s *Stats) {
	if p.transport == nil {
		return
	}
	var mismatch *fingerprint.MismatchError
	if errors.As(p.err, &mismatch) {
		s.Fingerprint = "does not match"
	}
	state := p.transport.ConnectionState()
	if state.Connected {
		s.Fingerprint = "matches"
	}
	if !p.Connected() {
		return
	}
	s.Version, s.CipherSuite, s.Group = "DTLS 1.2", state.CipherSuite.String(), state.Group.String()
	s.ExtendedMS = state.ExtendedMasterSecret
	if p.mirrors() {
		s.SRTPProfile = state.SRTPProfile.String()
	}
}

// mirrors reports whether there is a media section. p.mu is held.
func (p *Peer) mirrors() bool {
	for i := range p.description.Sections {
		if p.description.Sections[i].IsMedia() {
			return true
		}
	}
	return false
}

// A Timeline notes when things happened, each the first time only.
type Timeline struct {
	start time.Time

	mu    sync.Mutex
	notes map[string]time.Duration
}

// NewTimeline starts the clock.
func NewTimeline() *Timeline {
	return &Timeline{start: time.Now(), notes: make(map[string]time.Duration)}
}

// Note notes the step if it is the first of its name.
func (t *Timeline) Note(step string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, done := t.notes[step]; !done {
		t.notes[step] = time.Since(t.start)
	}
}

// Milliseconds returns when the step was noted, or 0.
func (t *Timeline) Milliseconds(step string) float64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return float64(t.notes[step].Microseconds()) / 1000
}

// Counters count media packets and their bytes. They are written inline from the transport's read loop.
type Counters struct {
	rtpIn, rtpOut, rtpInBytes, rtpOutBytes atomic.Uint64
	rtcpIn, rtcpOut                        atomic.Uint64
}

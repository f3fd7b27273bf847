package main

import (
	"sync"
	"sync/atomic"
	"time"
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

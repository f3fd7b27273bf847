package dtlstransport

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// A HeartbeatMode says what an end does about heartbeats (RFC 6520), by which the
// other finds out whether it is still there, and how large a datagram may be.
type HeartbeatMode uint8

const (
	// HeartbeatOff does without the extension.
	HeartbeatOff HeartbeatMode = iota
	// HeartbeatAnswer lets the peer send heartbeats, and answers them.
	HeartbeatAnswer
	// HeartbeatRefuse sends heartbeats to a peer that answers them, and wants none.
	HeartbeatRefuse
)

// wireMode returns what goes into the hello.
func (m HeartbeatMode) wireMode() wire.HeartbeatMode { return wire.HeartbeatMode(m) }

// ErrNoHeartbeat is returned for a probe of a peer that does not answer heartbeats,
// or if Config.Heartbeat is HeartbeatOff.
var ErrNoHeartbeat = errors.New("dtls: the peer does not answer heartbeats")

// ErrProbing is returned while another probe is in flight: "There MUST NOT be more than
// one HeartbeatRequest message in flight at a time." RFC 6520, Section 3.
var ErrProbing = errors.New("dtls: another probe is in flight")

// A probe is the HeartbeatRequest in flight. The zero value is none.
type probe struct {
	payload  [16]byte // random, so that nobody answers who has not received it
	size     int      // of the message, in bytes; 0: there is no probe
	due      bool     // it is to be sent
	sends    int
	sentAt   time.Time
	timeout  time.Duration
	deadline time.Time
	address  bool // it asks another address than the peer's, and only once
}

// agreeHeartbeat reads the hello of the peer, after ours.
func (p *parameters) agreeHeartbeat(own HeartbeatMode, x *wire.Extensions) {
	if own != HeartbeatOff && x.Heartbeat != 0 {
		p.heartbeat, p.answersHeartbeats = own == HeartbeatAnswer, x.Heartbeat == wire.HeartbeatAllowed
	}
}

// answerHeartbeat puts our mode into the answer to a hello that has one.
func (c *Config) answerHeartbeat(hello *wire.ClientHello, answer *wire.ServerHello) {
	if hello.Heartbeat != 0 {
		answer.Heartbeat = c.Heartbeat.wireMode()
	}
}

// Probe sends the peer a heartbeat in a datagram of size bytes, all DTLS headers
// included, or of the smallest size if that is larger: zero asks whether the peer is
// there, others whether so large a datagram gets through. It is sent again when it
// stays unanswered, as a handshake's flight is; then comes EventProbeAnswered, or
// EventProbeLost after four of them. It fails with ErrNotConnected, ErrClosed,
// ErrNoHeartbeat, ErrProbing, or ErrTooLarge for more than a record holds, or with the
// error that ended the association.
func (e *Engine) Probe(now time.Time, size int) error {
	switch {
	case e.err != nil:
		return e.err
	case e.closed:
		return ErrClosed
	case !e.connected:
		return ErrNotConnected
	case !e.parameters.answersHeartbeats:
		return ErrNoHeartbeat
	case e.probe.size > 0:
		return ErrProbing
	}
	e.begin(now)
	p := probe{due: true, timeout: e.firstTimeout}
	p.size = max(size-e.write[1].Overhead(), wire.HeartbeatLen(len(p.payload)))
	// "The total length of a HeartbeatMessage MUST NOT exceed 2^14." RFC 6520, Section 4.
	if p.size+e.write[1].Overhead() > record.MaxPlaintext {
		return ErrTooLarge
	}
	if e.config.ReliableTransport {
		p.timeout = reliableProbeTimeout
	}
	rand.Read(p.payload[:])
	p.send(now)
	e.probe = p
	return nil
}

// CancelProbe forgets the probe in flight. Its answer is then dropped.
func (e *Engine) CancelProbe() { e.probe = probe{} }

// send notes that the request goes out now.
func (p *probe) send(now time.Time) {
	p.due = true
	p.sends++
	p.sentAt = now
	p.deadline = now.Add(p.timeout)
	p.timeout *= 2
}

// probeExpired does what follows when the request in flight stays unanswered:
// "HeartbeatRequest messages MUST be retransmitted using the simple timeout and
// retransmission scheme DTLS uses for flights" (RFC 6520, Section 3). That the
// association should end then is left to the application.
func (e *Engine) probeExpired(now time.Time) {
	p := &e.probe
	switch {
	case p.deadline.IsZero() || now.Before(p.deadline):
	case p.address:
		e.probe = probe{}
	case p.sends < maxProbes && !e.config.ReliableTransport:
		e.stats.Retransmissions++
		p.send(now)
	default:
		e.loseProbe()
	}
}

func (e *Engine) loseProbe() {
	e.probe = probe{}
	e.events.add(EventProbeLost)
}

// handleHeartbeat takes an authenticated heartbeat.
func (e *Engine) handleHeartbeat(now time.Time, content []byte) {
	if !e.parameters.heartbeat && !e.parameters.answersHeartbeats {
		e.drop(DropContentType)
		return
	}
	typ, payload, ok := wire.ParseHeartbeat(content)
	switch {
	case !ok || !e.connected:
		e.drop(DropHeartbeat)
	case typ == wire.HeartbeatRequest && e.parameters.heartbeat && len(e.heartbeats) < maxHeartbeats:
		// "[...] the receiver MUST send a corresponding HeartbeatResponse message carrying
		// an exact copy of the payload" (RFC 6520, Section 4): no larger than the request.
		e.heartbeats = append(e.heartbeats, wire.AppendHeartbeat(nil, wire.HeartbeatResponse, payload, 0))
	case typ == wire.HeartbeatResponse && e.probe.size > 0 && subtle.ConstantTimeCompare(payload, e.probe.payload[:]) == 1:
		p := e.probe
		e.probe = probe{}
		if p.address {
			e.proved++
			return
		}
		if event := e.events.add(EventProbeAnswered); event != nil && p.sends == 1 {
			event.RTT = now.Sub(p.sentAt)
		}
	default:
		// "If a received HeartbeatResponse message does not contain the expected payload,
		// the message MUST be discarded silently." RFC 6520, Section 4.
		e.drop(DropHeartbeat)
	}
}

// appendHeartbeat appends a record with a heartbeat to dst, if there is one to be sent.
func (e *Engine) appendHeartbeat(dst []byte) []byte {
	if len(e.heartbeats) > 0 {
		m := e.heartbeats[0]
		if e.heartbeats = e.heartbeats[1:]; len(e.heartbeats) == 0 {
			e.heartbeats = nil
		}
		return e.sealHeartbeat(dst, m)
	}
	if e.probe.due {
		e.probe.due = false
		return e.sealHeartbeat(dst, wire.AppendHeartbeat(nil, wire.HeartbeatRequest, e.probe.payload[:], e.probe.size))
	}
	return dst
}

func (e *Engine) sealHeartbeat(dst, message []byte) []byte {
	e.trace.seal(record.TypeHeartbeat, message)
	b, err := e.write[1].Append(dst, record.TypeHeartbeat, record.Version12, message)
	if err != nil {
		return dst // no sequence number is left
	}
	return b
}

// appendChallenge appends a datagram for an address of which it has to be shown that the
// peer is there: only who receives it can answer. It appends nothing if the peer does
// not answer heartbeats, or another probe is in flight. e.proved counts the answers.
func (e *Engine) appendChallenge(dst []byte, now time.Time) []byte {
	if e.Probe(now, 0) != nil {
		return dst
	}
	e.probe.address, e.probe.due = true, false
	start := len(dst)
	dst = e.sealHeartbeat(dst, wire.AppendHeartbeat(nil, wire.HeartbeatRequest, e.probe.payload[:], e.probe.size))
	e.sent(dst[start:])
	return dst
}

package dtlstransport

import (
	"errors"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// HandleDatagram takes a datagram from the peer, of any content. It decrypts in
// place, so that b belongs to the engine until the next call that takes now, as
// does the data of the events. Whatever does not make sense is dropped and
// counted. An error means that the association has ended.
func (e *Engine) HandleDatagram(now time.Time, b []byte) error {
	e.begin(now)
	if e.trace != nil {
		e.trace.received(len(b))
	}
	e.stats.DatagramsReceived++
	e.stats.BytesReceived += uint64(len(b))
	if e.err != nil || e.closed {
		e.drop(DropClosed)
		e.repeatVerdict(b)
		return e.err
	}
	if e.hs != nil && !e.hs.started() {
		if e.role == RoleClient {
			e.drop(DropClosed)
			return nil
		}
		e.began = now
		e.deadline = e.config.handshakeDeadline(now)
		e.trace.changed(e)
	}
	if e.hs != nil {
		e.hs.largest = max(e.hs.largest, len(b))
	}
	var r record.Record
	for len(b) > 0 {
		rest, ok := r.Next(b, len(e.localCID))
		if !ok {
			e.drop(DropFraming)
			break
		}
		if err := e.handleRecord(now, &r); err != nil {
			return e.fail(now, err)
		}
		if e.closed {
			return nil
		}
		b = rest
	}
	return e.settle(now)
}

func (e *Engine) handleRecord(now time.Time, r *record.Record) error {
	if e.trace != nil {
		e.trace.record(r)
	}
	switch {
	case r.Number.Epoch > 1:
		e.drop(DropEpoch)
		return nil
	case r.Version != record.Version12 && (r.Version != record.Version10 || r.Number.Epoch > 0):
		// 1.0 is what the first hellos of both sides carry (RFC 6347, Section 4.2.1).
		e.drop(DropVersion)
		return nil
	case r.Number.Epoch == 0:
		return e.handlePlaintext(now, r)
	case e.read == nil:
		e.hs.keepEarly(r)
		return nil
	}
	return e.handleProtected(now, r)
}

// handlePlaintext takes a record of epoch 0, which anybody could have made.
func (e *Engine) handlePlaintext(now time.Time, r *record.Record) error {
	// After the handshake nothing in the clear means anything; a repeated final
	// flight is noticed by the Finished in it.
	if e.hs == nil {
		e.drop(DropPlaintext)
		return nil
	}
	if len(r.Body()) > record.MaxPlaintext {
		e.drop(DropOversize)
		return nil
	}
	switch r.Type {
	case record.TypeHandshake:
		return e.hs.handleFragments(now, 0, r.Number.Seq, r.Body())
	case record.TypeChangeCipherSpec:
		// "The change cipher spec message [...] consists of a single byte of
		// value 1." RFC 5246, Section 7.1. It is not authenticated and switches
		// nothing by itself.
		if len(r.Body()) == 1 && r.Body()[0] == 1 {
			if !e.hs.ccsSeen {
				e.hs.changed, e.hs.latest = true, lastMessage{}
			}
			e.hs.ccsSeen = true
			return nil
		}
		return e.nonsense(DropContentType, AlertIllegalParameter, "malformed ChangeCipherSpec")
	case record.TypeAlert:
		level, description, err := wire.ParseAlert(r.Body())
		if err != nil {
			return e.nonsense(DropAlert, AlertDecodeError, "alert of another size than two bytes")
		}
		e.trace.alert(level, description)
		e.drop(DropAlert)
		e.hs.heard(AlertDescription(description))
		// A server that has taken no hello yet has said nothing that a peer could
		// refuse, and may wait for its client longer than any grace.
		if s, ok := e.side.(*server12); ok && s.state == server12Flight1 && !e.config.Conformance {
			return nil
		}
		if level == alertFatal || AlertDescription(description) == AlertCloseNotify {
			return e.hs.hint(now, &AlertError{Alert: AlertDescription(description), FromPeer: true})
		}
	case record.TypeApplicationData:
		return e.nonsense(DropPlaintext, AlertUnexpectedMessage, "application data in the clear")
	default:
		e.drop(DropContentType)
	}
	return nil
}

// nonsense drops and counts what no peer in its right mind sends, but anybody can.
// Where Conformance wants to hear of it, it is the error.
func (e *Engine) nonsense(r DropReason, d AlertDescription, what string) error {
	e.drop(r)
	if e.config.Conformance {
		return alertf(d, "%s", what)
	}
	return nil
}

// openRecord opens a record of epoch 1. A client may not know yet which of several
// keys are the server's.
func (e *Engine) openRecord(r *record.Record) ([]byte, error) {
	if c, ok := e.side.(*client12); ok {
		return c.open(r)
	}
	return e.read.Open(r)
}

// handleProtected takes a record of epoch 1.
func (e *Engine) handleProtected(now time.Time, r *record.Record) error {
	content, err := e.openRecord(r)
	if err != nil {
		switch {
		case errors.Is(err, record.ErrReplayed):
			e.drop(DropReplayed)
		case errors.Is(err, record.ErrConnectionID):
			e.drop(DropConnectionID)
		case errors.Is(err, record.ErrNoContentType):
			return e.nonsense(DropContentType, AlertUnexpectedMessage, "record of nothing but padding")
		case errors.Is(err, record.ErrOversize):
			return e.nonsense(DropOversize, AlertRecordOverflow, "record with over 2^14 bytes")
		case e.shared:
			e.drop(DropForeign)
		default:
			e.drop(DropForged)
			return e.countForged()
		}
		return nil
	}
	e.opened++
	switch r.Type {
	case record.TypeApplicationData:
		e.deliver(content, r.Number)
	case record.TypeHandshake:
		if e.hs != nil {
			return e.hs.handleFragments(now, 1, r.Number.Seq, content)
		}
		return e.handlePostHandshake(now, content)
	case record.TypeAlert:
		return e.handleAlert(content)
	case record.TypeHeartbeat:
		e.handleHeartbeat(now, content)
	default:
		e.drop(DropContentType)
	}
	return nil
}

// countForged counts a record that failed authentication towards Config.MaxForgedRecords.
// None counts that came while the handshake went on: anybody can send them, and the keys that
// they fail under need not be those of the association.
func (e *Engine) countForged() error {
	if e.hs != nil || e.replaying {
		return nil
	}
	e.forged++
	if limit := e.config.MaxForgedRecords; limit > 0 && e.forged >= limit {
		return alertf(AlertBadRecordMAC, "%d records failed authentication", limit)
	}
	return nil
}

// deliver passes application data on, or keeps it until the gate opens: it may
// overtake the Finished in front of it, and the fingerprint may be late.
func (e *Engine) deliver(data []byte, number record.Number) {
	switch {
	case len(data) == 0:
		// "Zero-length fragments of Application data MAY be sent as they are
		// potentially useful as a traffic analysis countermeasure." RFC 5246,
		// Section 6.2.1.
	case e.connected:
		if event := e.events.add(EventData); event != nil {
			event.Data, event.Number = data, number
			e.stats.RecordsDelivered++
		} else {
			e.drop(DropEvent)
		}
	case e.hs != nil && e.config.Conformance:
		e.drop(DropEarly)
	default:
		e.early = e.keepNewest(e.early, data)
	}
}

// handlePostHandshake takes handshake messages after the handshake: the final
// flight of a peer that missed ours, or an attempt at renegotiation.
func (e *Engine) handlePostHandshake(now time.Time, content []byte) error {
	for len(content) > 0 {
		h, _, rest, err := wire.ParseFragment(content)
		if err != nil {
			e.drop(DropFragment)
			return nil
		}
		content = rest
		e.trace.message(h)
		renegotiates := h.Type == wire.TypeHelloRequest && e.role == RoleClient || h.Type == wire.TypeClientHello && e.role == RoleServer
		switch {
		case e.config.Conformance && (renegotiates || h.Seq > e.finalSeq):
			return alertf(AlertUnexpectedMessage, "message %v after the handshake", h.Type)
		case h.Type == wire.TypeFinished && h.Seq == e.finalSeq && h.FragmentOffset+h.FragmentLength == h.Length:
			// "[...] the node that transmits the final flight [...] MUST
			// respond to a retransmit of the peer's last flight with a retransmit of
			// the last flight" (after RFC 6347, Section 4.2.4). A client has none:
			// its flight was dropped with the handshake.
			e.drop(DropRepeatedMessage)
			if e.out.Sends() > 0 && !e.out.Pending() && e.finals > 0 && !now.Before(e.tail) && !e.config.ReliableTransport {
				e.finals--
				e.stats.Retransmissions++
				e.resend(FlightRepeated)
				if !e.config.Conformance {
					e.finalCopy = now.Add(finalCopyDelay)
				}
			}
		case renegotiates:
			// "When TLS renegotiation is attempted [...] the no_renegotiation
			// alert" is the polite answer (RFC 5246, Section 7.2.2); RFC 8827,
			// Section 6.5 forbids to take part.
			if e.warnings > 0 && h.FragmentOffset == 0 {
				e.warnings--
				e.alerts = append(e.alerts, alert{alertWarning, AlertNoRenegotiation})
			}
		default:
			e.drop(DropRepeatedMessage)
		}
	}
	return nil
}

// handleAlert takes an authenticated alert. Its sender holds the keys, which
// nobody gets who has not signed the handshake, so it decides at once.
func (e *Engine) handleAlert(content []byte) error {
	level, d, err := wire.ParseAlert(content)
	description := AlertDescription(d)
	if err == nil {
		e.trace.alert(level, d)
	}
	switch {
	case err != nil:
		return e.nonsense(DropAlert, AlertDecodeError, "alert of another size than two bytes")
	case e.config.Conformance && level != alertWarning && level != alertFatal:
		return alertf(AlertIllegalParameter, "alert of level %d", level)
	case description == AlertCloseNotify:
		if !e.connected {
			return &AlertError{Alert: description, FromPeer: true}
		}
		// "The other party MUST respond with a close_notify alert of its own and
		// close down the connection immediately, discarding any pending writes."
		// RFC 5246, Section 7.2.1.
		e.events.add(EventClosed)
		e.shut()
	case level == alertWarning:
		e.drop(DropAlert)
	default:
		return &AlertError{Alert: description, FromPeer: true}
	}
	return nil
}

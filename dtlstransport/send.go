package dtlstransport

import (
	"github.com/rtctransport/rtctransport/dtlstransport/internal/flight"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
)

// What an engine sends: flights, alerts, heartbeats, application data.

// AppendDatagram appends the next datagram to send to dst. It returns false,
// and dst as it is, when there is none. A datagram has at most MaxDatagramSize
// bytes.
func (e *Engine) AppendDatagram(dst []byte) ([]byte, bool) {
	if e.verify != nil {
		dst = append(dst, e.verify...)
		e.trace.verifyRequest(e.verify)
		e.sent(e.verify)
		e.verify = nil
		return dst, true
	}
	start := len(dst)
	if e.out.Pending() {
		b, err := e.out.AppendDatagram(dst, e.limit())
		if err != nil {
			e.out.Drop() // no sequence number is left; nothing more can be sent
		}
		dst = b
	}
	for len(dst) == start && len(e.alerts) > 0 {
		a := e.alerts[0]
		e.alerts = e.alerts[1:]
		content := []byte{a.level, byte(a.description)}
		e.trace.seal(record.TypeAlert, content)
		if b, err := e.write[e.epoch].Append(dst, record.TypeAlert, record.Version12, content); err == nil {
			dst = b
		}
	}
	if len(e.alerts) == 0 {
		e.alerts = nil
	}
	if len(dst) == start && e.connected && !e.closed {
		dst = e.appendHeartbeat(dst)
	}
	e.sent(dst[start:])
	return dst, len(dst) > start
}

// sent counts a datagram of ours, if it has any bytes.
func (e *Engine) sent(datagram []byte) {
	if len(datagram) > 0 {
		e.stats.DatagramsSent++
		e.stats.BytesSent += uint64(len(datagram))
	}
	if e.trace != nil {
		e.trace.sent(datagram, len(e.parameters.ids.peer))
	}
}

// DatagramRefused says that the link did not take a datagram of size bytes because
// it is too large for it (EMSGSIZE). If it was one of the handshake, smaller ones take
// its place at once: "If the DTLS record layer informs the DTLS handshake layer that a
// message is too big, it SHOULD immediately attempt to fragment it" (RFC 6347,
// Section 4.1.1.1). What the caller sends is the caller's to make smaller.
func (e *Engine) DatagramRefused(size int) {
	if e.config.ReliableTransport {
		return
	}
	if e.probe.size > 0 && size == e.probe.size+e.write[1].Overhead() {
		e.loseProbe()
		return
	}
	if e.hs == nil && e.out.Sends() == 0 {
		return
	}
	switch limit := e.limit(); {
	case size > limit || limit <= MinDatagramSize:
		return // of before, or there is no smaller one
	case limit > fallbackDatagramSize:
		e.fellBack = true
	default:
		e.datagram, e.fellBack = max(limit/2, MinDatagramSize), false
	}
	e.out.Rewind()
}

// limit returns how large a datagram of the handshake may be.
func (e *Engine) limit() int {
	if e.fellBack {
		return min(e.datagram, fallbackDatagramSize)
	}
	return e.datagram
}

// begins begins to send a flight of ours.
func (e *Engine) begins(messages ...flight.Message) {
	e.out.Begin(messages...)
	e.trace.flight(FlightNew, &e.out)
}

// resend begins to send our last flight once more.
func (e *Engine) resend(why FlightCause) {
	e.out.Rewind()
	e.trace.flight(why, &e.out)
}

// AppendApplicationData seals p into one record and appends it to dst, which
// must not overlap p. It allocates nothing if dst has room for
// len(p)+RecordOverhead bytes. It fails with ErrNotConnected, ErrClosed,
// ErrTooLarge or ErrSequenceExhausted, or with the error that ended the association.
func (e *Engine) AppendApplicationData(dst, p []byte) ([]byte, error) {
	switch {
	case e.err != nil:
		return dst, e.err
	case e.closed:
		return dst, ErrClosed
	case !e.connected:
		return dst, ErrNotConnected
	}
	start := len(dst)
	if e.trace != nil {
		e.trace.seal(record.TypeApplicationData, p)
	}
	dst, err := e.write[1].Append(dst, record.TypeApplicationData, record.Version12, p)
	e.sent(dst[start:])
	if err == record.ErrTooLarge {
		err = ErrTooLarge
	}
	return dst, err
}

// RecordOverhead returns by how many bytes a record is larger than the data in
// it, all DTLS headers and the most padding included. It is zero until the keys are
// known.
func (e *Engine) RecordOverhead() int {
	if e.write[1] == nil {
		return 0
	}
	return e.write[1].Overhead() + e.write[1].MaxPadding()
}

// MaxPayload returns how many bytes of application data fit into one record in
// one datagram of MaxDatagramSize: "DTLS implementations [...] SHOULD allow the
// upper layer protocol to discover the [...] maximum [...] size" (after RFC 6347,
// Section 4.1.1.1). It is zero until the keys are known.
func (e *Engine) MaxPayload() int {
	if e.write[1] == nil {
		return 0
	}
	return e.write[1].MaxContent(e.datagram)
}

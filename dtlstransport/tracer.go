package dtlstransport

import (
	"strings"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/flight"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// A tracer tells Config.Trace what an engine does. A nil one is told everything
// and says nothing.
type tracer struct {
	hook      func(TraceEvent)
	about     TraceEvent   // Time, Role, Remote, and what is being received: Datagram, Record
	datagrams [2]uint64    // by Direction
	sealing   []TraceEvent // what the datagram has that is being made
	state     State
	awaits    string
}

func newTracer(c *Config, role Role) *tracer {
	if c.Trace == nil {
		return nil
	}
	return &tracer{hook: c.Trace, about: TraceEvent{Role: role}}
}

// from gives the peer's address.
func (t *tracer) from(addr string) {
	if t != nil {
		t.about.Remote = addr
	}
}

// at begins a call that has come at now.
func (t *tracer) at(now time.Time) {
	if t != nil {
		t.about.Time, t.about.Datagram, t.about.Record = now, 0, RecordTrace{}
	}
}

// incoming returns an event about what is being received, if anything is.
func (t *tracer) incoming(k TraceKind) TraceEvent {
	e := t.about
	e.Kind = k
	return e
}

// outgoing returns an event about what is being sent.
func (t *tracer) outgoing(k TraceKind) TraceEvent {
	return TraceEvent{Kind: k, Time: t.about.Time, Role: t.about.Role, Remote: t.about.Remote, Direction: Sent}
}

// received begins a datagram of the peer.
func (t *tracer) received(size int) {
	if t == nil {
		return
	}
	t.datagrams[Received]++
	t.about.Datagram = t.datagrams[Received]
	e := t.incoming(TraceDatagram)
	e.Size = size
	t.hook(e)
}

// record begins a record of the datagram.
func (t *tracer) record(r *record.Record) {
	if t == nil {
		return
	}
	t.about.Record = recordTrace(r)
	t.hook(t.incoming(TraceRecord))
}

func recordTrace(r *record.Record) RecordTrace {
	return RecordTrace{r.Type, r.Version, r.Number, len(r.Body())}
}

// kept begins a record that came in an earlier datagram.
func (t *tracer) kept(r *record.Record) {
	if t != nil {
		t.about.Datagram, t.about.Record = 0, recordTrace(r)
	}
}

// message is a fragment in the record.
func (t *tracer) message(h wire.Header) {
	if t == nil {
		return
	}
	e := t.incoming(TraceMessage)
	e.Message = messageTrace(h)
	t.hook(e)
}

func messageTrace(h wire.Header) MessageTrace {
	return MessageTrace{h.Type, h.Seq, int(h.Length), int(h.FragmentOffset), int(h.FragmentLength)}
}

// alert is what the record says.
func (t *tracer) alert(level, description uint8) {
	if t == nil {
		return
	}
	e := t.incoming(TraceAlert)
	e.Alert = AlertTrace{level == alertFatal, AlertDescription(description)}
	t.hook(e)
}

// drop is what becomes of the record, or of something in it.
func (t *tracer) drop(r DropReason) {
	if t == nil {
		return
	}
	e := t.incoming(TraceDrop)
	e.Drop = r
	t.hook(e)
}

func (t *tracer) hint(err error, until time.Time) {
	if t == nil {
		return
	}
	e := t.incoming(TraceHint)
	e.Err, e.Deadline = err, until
	t.hook(e)
}

// repeats says that the peer sends its last flight again.
func (t *tracer) repeats() {
	if t == nil {
		return
	}
	e := t.incoming(TraceFlight)
	e.Flight.Cause = FlightRepeated
	t.hook(e)
}

// flight says that ours begins to be sent.
func (t *tracer) flight(c FlightCause, out *flight.Outgoing) {
	if t == nil {
		return
	}
	e := t.outgoing(TraceFlight)
	e.Flight = FlightTrace{c, strings.Join(out.Names(), " "), out.Sends()}
	t.hook(e)
}

// seal takes a record of ours that is about to be made. It is told of with its datagram.
func (t *tracer) seal(typ record.ContentType, content []byte) {
	if t == nil {
		return
	}
	e := t.outgoing(TraceRecord)
	t.sealing = append(t.sealing, e)
	switch typ {
	case record.TypeHandshake:
		for len(content) > 0 {
			h, _, rest, err := wire.ParseFragment(content)
			if err != nil {
				return
			}
			e.Kind, e.Message = TraceMessage, messageTrace(h)
			t.sealing = append(t.sealing, e)
			content = rest
		}
	case record.TypeAlert:
		e.Kind, e.Alert = TraceAlert, AlertTrace{content[0] == alertFatal, AlertDescription(content[1])}
		t.sealing = append(t.sealing, e)
	}
}

// sent ends a datagram of ours; none if it has no bytes. Its records of
// TypeConnectionID have one of cidLen bytes.
func (t *tracer) sent(datagram []byte, cidLen int) {
	if t == nil {
		return
	}
	if len(datagram) > 0 {
		t.datagrams[Sent]++
		e := t.outgoing(TraceDatagram)
		e.Datagram, e.Size = t.datagrams[Sent], len(datagram)
		t.hook(e)
	}
	var r record.Record
	for _, e := range t.sealing {
		if e.Kind == TraceRecord {
			var ok bool
			if datagram, ok = r.Next(datagram, cidLen); !ok {
				break // it could not be made
			}
		}
		e.Datagram, e.Record = t.datagrams[Sent], recordTrace(&r)
		t.hook(e)
	}
	t.sealing = t.sealing[:0]
}

// verifyRequest is what a datagram of ours has that no sealer has made.
func (t *tracer) verifyRequest(b []byte) {
	if r, _, ok := record.Next(b); ok {
		t.seal(r.Type, r.Body())
	}
}

// changed tells if the engine is another than it was.
func (t *tracer) changed(e *Engine) {
	if t == nil {
		return
	}
	state, awaits := e.state(), e.awaits()
	if state == t.state && awaits == t.awaits {
		return
	}
	t.state, t.awaits = state, awaits
	event := t.incoming(TraceState)
	event.State, event.Awaits, event.Err = state, awaits, e.err
	t.hook(event)
}

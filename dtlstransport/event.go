package dtlstransport

import (
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
)

// An EventKind says what happened.
type EventKind uint8

// The kinds of events.
const (
	// NoEvent means that there is none left.
	NoEvent EventKind = iota
	// EventConnected comes once, when the handshake is complete and the peer's
	// fingerprint has matched.
	EventConnected
	// EventData carries one record of application data.
	EventData
	// EventClosed comes once, when the peer's close_notify has arrived.
	EventClosed
	// EventProbeAnswered and EventProbeLost tell what became of Engine.Probe.
	EventProbeAnswered
	EventProbeLost
)

// A RecordNumber is the epoch and sequence number of a record.
type RecordNumber = record.Number

// An Event is something that a call into an Engine made happen.
type Event struct {
	Kind EventKind
	// Data is the content of a record, for EventData. It is valid, and may be
	// written to, until the next call that takes now: it aliases the datagram given to
	// HandleDatagram or, for a record that came early, memory of the engine.
	Data []byte
	// Number is the number of that record; zero if it came before EventConnected.
	Number RecordNumber
	// RTT is, for EventProbeAnswered, how long the answer took; zero if the probe was
	// sent more than once, for nobody knows which of them was answered.
	RTT time.Duration
}

// eventQueue holds the events of one call. Its memory is used again and again.
type eventQueue struct {
	events []Event
	next   int
}

// add appends an event and returns it for the rest to be filled in, or nil if the
// queue is full.
func (q *eventQueue) add(k EventKind) *Event {
	n := len(q.events)
	if n >= maxEvents {
		return nil
	}
	if n < cap(q.events) {
		q.events = q.events[:n+1] // reset has left it empty
	} else {
		q.events = append(q.events, Event{})
	}
	e := &q.events[n]
	e.Kind = k
	return e
}

func (q *eventQueue) pop() Event {
	if q.next == len(q.events) {
		return Event{}
	}
	e := q.events[q.next]
	q.next++
	return e
}

// reset drops what has not been drained and returns how much that was.
func (q *eventQueue) reset() int {
	n := len(q.events) - q.next
	for i := range q.events {
		q.events[i] = Event{} // lets go of the datagram
	}
	q.events, q.next = q.events[:0], 0
	return n
}

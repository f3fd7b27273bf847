package dtlstransport

import (
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// A TraceKind says what a TraceEvent tells, and with it which of its fields are
// set. Kind, Time, Role and Remote always are.
type TraceKind uint8

// The kinds of trace events.
const (
	// TraceDatagram comes before all else about a datagram: Direction, Datagram,
	// Size.
	TraceDatagram TraceKind = iota
	// TraceRecord is one record of a datagram: Direction, Datagram, Record. If it
	// was received, it has not been looked into yet.
	TraceRecord
	// TraceMessage is one fragment of a handshake message, or a whole one:
	// Direction, Record, Message; Datagram too, unless the record had come before its
	// keys and was kept.
	TraceMessage
	// TraceAlert is an alert: Direction, Record, Alert. One in epoch 0 could be
	// from anybody.
	TraceAlert
	// TraceFlight says why a flight of ours goes out now: Flight. Or, if Direction
	// is Received, that the peer sends its last one again.
	TraceFlight
	// TraceHint is what the wire says against the handshake, without proof: Err,
	// and Deadline, until when the genuine peer can disprove it.
	TraceHint
	// TraceDrop is something that has no effect: Drop; Record and Datagram, if it
	// came with one.
	TraceDrop
	// TraceState is a change of what the association is or waits for: State,
	// Awaits. Err is the verdict on one that failed.
	TraceState
	numTraceKinds
)

var traceKindNames = [numTraceKinds]string{"datagram", "record", "message", "alert", "flight", "hint", "drop", "state"}

// String returns a word.
func (k TraceKind) String() string {
	if k < numTraceKinds {
		return traceKindNames[k]
	}
	return "unknown"
}

// A TraceEvent is one thing that an Engine did or saw, for Config.Trace. It has
// no secrets: no keys, no content of messages, no application data. What a Listener
// answers to hellos without a cookie is in none: there is no engine yet.
type TraceEvent struct {
	Kind TraceKind
	// Time is the now of the call that made it happen. What has no now of its own,
	// as the draining of a datagram, has that of the call before; a Conn's data has
	// the time of its Write.
	Time   time.Time
	Role   Role   // ours
	Remote string // the peer's address, of Engine.SetRemoteAddr

	Direction Direction
	Datagram  uint64 // counted from 1 in each direction; 0: none
	Size      int    // of the datagram, in bytes

	Record  RecordTrace
	Message MessageTrace
	Alert   AlertTrace
	Flight  FlightTrace
	Drop    DropReason

	State  State
	Awaits string // a flight, "server12Flight5"; "verdict" on the peer's fingerprint; empty: nothing

	Deadline time.Time
	Err      error
}

// A Direction is the way of a datagram.
type Direction uint8

// The directions.
const (
	Received Direction = iota
	Sent
)

// String returns "received" or "sent".
func (d Direction) String() string {
	if d == Sent {
		return "sent"
	}
	return "received"
}

// A ContentType is the type of a record (RFC 5246, Section 6.2.1).
type ContentType = record.ContentType

// A HandshakeType is the type of a handshake message (RFC 5246, Section 7.4).
type HandshakeType = wire.HandshakeType

// RecordTrace is the header of a record.
type RecordTrace struct {
	Type    ContentType // of one with a connection ID that, and not what is inside (RFC 9146)
	Version uint16      // as on the wire
	Number  RecordNumber
	Length  int // of what follows the header, in bytes
}

// MessageTrace is the header of a fragment of a handshake message. The message is
// whole if Fragment has the same length as it.
type MessageTrace struct {
	Type   HandshakeType
	Seq    uint16
	Length int // of the whole message without its header, in bytes
	Offset int // of the fragment
	Bytes  int // of the fragment
}

// AlertTrace is an alert.
type AlertTrace struct {
	Fatal       bool
	Description AlertDescription
}

// FlightTrace is a flight of ours, about to be sent.
type FlightTrace struct {
	Cause    FlightCause
	Messages string // "ServerHello Certificate ... ServerHelloDone"
	Sends    int    // how often it has been sent, this time included
}

// A FlightCause says why a flight is sent.
type FlightCause uint8

// The causes.
const (
	FlightNew      FlightCause = iota // the handshake has come so far
	FlightTimeout                     // nobody has answered in time
	FlightCopy                        // a second copy, a little after it was sent again
	FlightRepeated                    // the peer has sent its own again
	numFlightCauses
)

var flightCauseNames = [numFlightCauses]string{"new", "timeout", "copy", "repeated"}

// String returns a word.
func (c FlightCause) String() string {
	if c < numFlightCauses {
		return flightCauseNames[c]
	}
	return "unknown"
}

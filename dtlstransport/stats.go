package dtlstransport

// A DropReason says why something that arrived had no effect. None of them is
// an error: "invalid records SHOULD be silently discarded, thus preserving the
// association" (RFC 6347, Section 4.1.2.7).
type DropReason uint8

// The reasons.
const (
	DropFraming         DropReason = iota // no whole record where one should begin
	DropVersion                           // a record of another protocol version
	DropContentType                       // an unknown content type, or one that has no place there
	DropEpoch                             // an epoch that is not ours
	DropReplayed                          // a record number seen before or too old
	DropForged                            // authentication failed
	DropOversize                          // a record or message over its limit
	DropPlaintext                         // an unprotected record after the handshake, or with application data
	DropEarly                             // a record before its keys that had to make room
	DropFragment                          // a malformed handshake fragment
	DropRepeatedMessage                   // a fragment that brought nothing new
	DropAheadMessage                      // a message too far ahead
	DropCookie                            // a ClientHello without a valid cookie
	DropAlert                             // a malformed, ignored or unauthenticated alert
	DropEvent                             // an event that was not drained
	DropQueueFull                         // application data beyond Config.ReceiveBuffer
	DropClosed                            // anything after the end of the association
	DropForeign                           // as DropForged, while another association on the same path may be meant
	DropHeartbeat                         // a malformed heartbeat, one that nobody may send, or an answer to nothing
	DropConnectionID                      // a protected record without our connection ID, or with one that was not negotiated
	numDropReasons
)

var dropNames = [numDropReasons]string{
	"framing", "version", "content type", "epoch", "replayed", "forged", "oversize", "plaintext", "early", "fragment",
	"repeated message", "message ahead", "cookie", "alert", "event", "queue full", "closed", "foreign", "heartbeat", "connection ID",
}

// String returns a word or two.
func (r DropReason) String() string { return dropNames[r] }

// Stats counts what an association saw. All counts are since its beginning.
type Stats struct {
	// DatagramsReceived counts the datagrams given to the engine, BytesReceived
	// what they hold; without the headers of UDP and IP.
	DatagramsReceived, BytesReceived uint64
	// DatagramsSent and BytesSent count what the engine has made to be sent. Each
	// record of application data counts as a datagram.
	DatagramsSent, BytesSent uint64
	// RecordsDelivered counts records of application data that were delivered.
	RecordsDelivered uint64
	// Contradictions counts handshake fragments that disagreed with others.
	Contradictions uint64
	// Retransmissions counts flights sent again, for whatever reason.
	Retransmissions uint64
	// LinkErrors counts datagrams that a Conn's link did not take. They count as
	// lost, nothing more: an ICMP message is no reason to end an association.
	LinkErrors uint64
	// Dropped counts what had no effect, by DropReason.
	Dropped [numDropReasons]uint64
}

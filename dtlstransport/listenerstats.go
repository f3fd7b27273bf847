package dtlstransport

// A Refusal says why a Listener did not take something, or somebody.
type Refusal uint8

// The reasons.
const (
	RefusedStranger Refusal = iota // a datagram of nobody that we know, and not a ClientHello
	RefusedRepeated                // a ClientHello whose handshake is done
	RefusedBacklog                 // a ClientHello while too many connections wait for Accept
	RefusedConfig                  // a client that GetConfig does not want or has no usable Config for
	RefusedCrowded                 // a handshake that had to make room for a later one
	RefusedFailed                  // a handshake that failed or timed out
	RefusedAddress                 // a datagram whose sender has no UDP address
	numRefusals
)

var refusalNames = [numRefusals]string{"stranger", "repeated hello", "backlog", "config", "crowded", "failed", "address"}

// String returns a word or two.
func (r Refusal) String() string { return refusalNames[r] }

// ListenerStats counts what a Listener saw. All counts but the last three are
// since its beginning.
type ListenerStats struct {
	// DatagramsReceived counts all datagrams.
	DatagramsReceived uint64
	// HelloVerifyRequests counts the cookies that were sent.
	HelloVerifyRequests uint64
	// Handshakes counts those that were begun: behind a valid cookie, if there are any.
	Handshakes uint64
	// Connected counts handshakes that ended with a verified peer.
	Connected uint64
	// Replaced counts associations whose peer completed another handshake.
	Replaced uint64
	// Moved counts how often a client was followed to another address, NotFollowed how
	// often it was not, by ListenConfig.MayMove.
	Moved, NotFollowed uint64
	// SocketErrors counts failed reads and writes. None ends anything: an ICMP message
	// can be forged by anybody.
	SocketErrors uint64
	// Refused counts what was not taken, by reason.
	Refused [numRefusals]uint64

	// HalfOpen is how many handshakes go on at the moment.
	HalfOpen int
	// Open is how many connected associations have not ended.
	Open int
	// Waiting is how many connections wait for Accept.
	Waiting int
}

// Stats returns the counts so far.
func (l *Listener) Stats() ListenerStats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.stats
	s.HalfOpen, s.Open, s.Waiting = len(l.halfOpen), len(l.all)-len(l.halfOpen), len(l.backlog)
	return s
}

// count adds one to a counter of l.stats.
func (l *Listener) count(n *uint64) {
	l.mu.Lock()
	*n++
	l.mu.Unlock()
}

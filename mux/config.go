package mux

// Defaults of Config.
const (
	// DefaultMaxReceiveSize is one less than the 8,192 bytes that ice/v2 reads at a time: what ice/v2
	// has cut arrives with exactly 8,192 bytes and is seen to be too large. A DTLS record or an RTP
	// packet on a path of today has 1,500 bytes at most.
	DefaultMaxReceiveSize = 8191

	// DefaultEarlyBytes keeps a first flight (1.5 kB from a browser) sent a dozen times over, or the
	// first 50 packets of a key frame.
	DefaultEarlyBytes = 64 << 10

	// DefaultQueueBytes holds 200 packets of 1,200 bytes: 100 ms of media at 19 Mbit/s.
	DefaultQueueBytes = 256 << 10
)

// Config holds what can be chosen about a Mux. The zero value is good. It is read by New and may be
// shared.
type Config struct {
	// MaxReceiveSize is the size in bytes of the largest datagram that is accepted. Larger ones are
	// dropped and counted as Oversized; they are never delivered cut short. Zero means
	// DefaultMaxReceiveSize; the most is 65,535.
	MaxReceiveSize int

	// EarlyBytes bounds what is kept of DTLS, RTP and RTCP that arrives before somebody attaches to
	// the class, in bytes for each of the three, not counting 64 bytes for each packet's bookkeeping
	// (these are in the bound as well). Zero means DefaultEarlyBytes, negative keeps nothing.
	EarlyBytes int

	// QueueBytes bounds the queue of each Endpoint, in bytes, including four bytes for each packet's
	// length. Zero means DefaultQueueBytes. A queue that is smaller than one datagram holds none of them.
	QueueBytes int
}

// limits are the figures of a Config with the defaults filled in.
type limits struct {
	receive, early, queue int
}

func (c *Config) limits() limits {
	l := limits{DefaultMaxReceiveSize, DefaultEarlyBytes, DefaultQueueBytes}
	if c == nil {
		return l
	}
	if c.MaxReceiveSize > 0 {
		l.receive = min(c.MaxReceiveSize, 1<<16-1)
	}
	if c.EarlyBytes != 0 {
		l.early = max(c.EarlyBytes, 0)
	}
	if c.QueueBytes > 0 {
		l.queue = c.QueueBytes
	}
	return l
}

package netsim

import "time"

// A Direction tells which way a datagram goes.
type Direction uint8

// The two directions of a link.
const (
	AtoB Direction = iota // sent by A, received by B
	BtoA                  // sent by B, received by A
)

// Reverse returns the other direction.
func (d Direction) Reverse() Direction { return d ^ 1 }

// String returns "A->B" or "B->A".
func (d Direction) String() string {
	if d == AtoB {
		return "A->B"
	}
	return "B->A"
}

// A Fate is what happens to one datagram. The zero Fate delivers it once, unchanged, after Config.Delay.
type Fate struct {
	Drop      bool          // It never arrives; the other fields mean nothing then.
	Copies    int           // Further copies besides the first; zero or negative: none.
	CopyDelay time.Duration // Each copy arrives this long after the one before it; not negative.
	Extra     time.Duration // Added to Config.Delay. Negative overtakes; the arrival is never before the sending.
	Corrupt   bool          // One bit is flipped, the same one in every copy. An empty datagram stays as it is.
}

// minHoldBack is the least range of times from which the delay of a reordered or duplicated datagram is drawn, so that
// Reorder means something on a link without delay.
const minHoldBack = time.Millisecond

// Fate returns what the seed and the probabilities of c decide for datagram n, counted from 0, of direction d. It does not
// look at c.Decide, so that a Decide function may change a few fates and leave the rest to the seed.
//
// Each property is drawn separately: another value of Loss changes which datagrams are lost and nothing else, and
// what is lost at 10 % is lost at 20 % too.
func (c Config) Fate(d Direction, n int) Fate {
	s := newStream(c.Seed, d, n)
	loss, duplicate, reorder, corrupt := s.float(), s.float(), s.float(), s.float()
	jitter, held, copied := s.float(), s.float(), s.float()

	holdBack := float64(max(c.Delay, minHoldBack))
	f := Fate{
		Drop:    loss < c.Loss,
		Corrupt: corrupt < c.Corrupt,
		Extra:   time.Duration(jitter * float64(c.Jitter)),
	}
	if reorder < c.Reorder {
		f.Extra += 1 + time.Duration(held*holdBack) // never zero: held back means later than without
	}
	if duplicate < c.Duplicate {
		f.Copies = 1
		f.CopyDelay = time.Duration(copied * holdBack)
	}
	return f
}

// flip flips the bit of b that (seed, d, n) points at.
func flip(b []byte, seed uint64, d Direction, n int) {
	if len(b) == 0 {
		return
	}
	s := newStream(^seed, d, n) // not the stream of Fate, whose numbers are spent
	bit := s.next() % (8 * uint64(len(b)))
	b[bit/8] ^= 1 << (bit % 8)
}

// A stream is a short series of random numbers that belongs to one datagram. It is SplitMix64 (Steele, Lea, Flood: "Fast
// splittable pseudorandom number generators", 2014): tiny, and its meaning cannot change with a release of Go.
type stream uint64

func newStream(seed uint64, d Direction, n int) stream {
	return stream(mix(seed + mix(uint64(n)<<1|uint64(d))))
}

func (s *stream) next() uint64 {
	*s += 0x9e3779b97f4a7c15
	return mix(uint64(*s))
}

// float returns a number in [0, 1).
func (s *stream) float() float64 {
	return float64(s.next()>>11) / (1 << 53)
}

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

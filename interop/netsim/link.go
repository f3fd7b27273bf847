package netsim

import (
	"slices"
	"time"
)

// A Config describes a link. The zero value is a perfect link without delay. It is only read, and may be shared.
type Config struct {
	Seed uint64 // Chooses the fates; each value, zero included, is a network of its own.

	Delay  time.Duration // One way, of every datagram.
	Jitter time.Duration // Up to this much more, evenly spread; a jitter larger than the gap of two datagrams swaps them.

	// Shares of the datagrams, 0 to 1, each drawn on its own.
	Loss      float64 // vanish
	Duplicate float64 // arrive twice, the second time up to Delay (at least 1 ms) later
	Reorder   float64 // are held back for up to Delay (at least 1 ms), so that later ones overtake
	Corrupt   float64 // arrive with one bit flipped

	// MTU is the largest datagram that passes, in bytes of the slice given to Send. A larger one vanishes without a
	// word, like behind a router that sends no ICMP. Zero: no limit.
	MTU int

	// Decide, when not nil, decides instead of the seed and the shares above: the fate of datagram n of direction d,
	// n counting from 0 in each direction. It is called once per datagram, in order. Config.Fate has the seed's answer.
	Decide func(d Direction, n int) Fate
}

// Stats counts the datagrams of one direction.
type Stats struct {
	Sent       int // given to Send, whatever became of them
	Bytes      int // sum of the lengths of Sent
	Dropped    int // lost by their fate; not counting TooBig and Overflowed
	TooBig     int // larger than the MTU
	Duplicated int // copies made besides the first
	Corrupted  int // had a bit flipped
	Overflowed int // arrived at a Pipe's end whose queue was full or that was closed; always zero on a bare Link
	Delivered  int // handed out by Receive or Read, copies included
}

// A Link is a simulated link: datagrams and times go in, datagrams and a deadline come out. It starts nothing, waits for
// nothing and looks at no clock; it must not be used concurrently.
type Link struct {
	config Config
	stats  [2]Stats
	flying []datagram // by arrival, then by sending
	free   [][]byte   // buffers of delivered datagrams, to be used again
}

// A datagram is one copy in flight.
type datagram struct {
	arrival   time.Time
	direction Direction
	b         []byte // owned by the Link
}

// New returns a link with nothing in flight.
func New(c Config) *Link { return &Link{config: c} }

// Send puts a copy of b on the link at now. It returns nothing, since the sender of a datagram learns nothing. The times
// given to one Link must not be the zero Time.
func (l *Link) Send(now time.Time, d Direction, b []byte) {
	stats := &l.stats[d]
	n := stats.Sent
	stats.Sent++
	stats.Bytes += len(b)

	var fate Fate
	if l.config.Decide != nil {
		fate = l.config.Decide(d, n)
	} else {
		fate = l.config.Fate(d, n)
	}
	switch {
	case l.config.MTU > 0 && len(b) > l.config.MTU:
		stats.TooBig++
		return
	case fate.Drop:
		stats.Dropped++
		return
	}
	if fate.Corrupt && len(b) > 0 {
		stats.Corrupted++
	}

	arrival := now.Add(max(l.config.Delay+fate.Extra, 0))
	for i := range 1 + max(fate.Copies, 0) {
		own := append(l.buffer(), b...)
		if fate.Corrupt {
			flip(own, l.config.Seed, d, n)
		}
		if i > 0 {
			stats.Duplicated++
			arrival = arrival.Add(max(fate.CopyDelay, 0))
		}
		l.insert(datagram{arrival: arrival, direction: d, b: own})
	}
}

// insert puts d behind everything that arrives before it or with it.
func (l *Link) insert(d datagram) {
	i := len(l.flying)
	for i > 0 && l.flying[i-1].arrival.After(d.arrival) {
		i--
	}
	l.flying = slices.Insert(l.flying, i, d)
}

// NextArrival returns when the next datagram of either direction arrives; the zero Time when nothing is in flight.
func (l *Link) NextArrival() time.Time {
	if len(l.flying) == 0 {
		return time.Time{}
	}
	return l.flying[0].arrival
}

// Receive takes the next datagram that has arrived at or before now, of either direction, in order of arrival; those that
// arrive together come in the order they were sent. It appends the bytes to dst, which may be nil, and returns the
// extended slice as b; ok is false, and b is dst, when nothing has arrived yet.
func (l *Link) Receive(now time.Time, dst []byte) (d Direction, b []byte, ok bool) {
	g, ok := l.take(now)
	if !ok {
		return 0, dst, false
	}
	l.stats[g.direction].Delivered++
	b = append(dst, g.b...)
	l.recycle(g.b)
	return g.direction, b, true
}

// take removes the next datagram due at now. The caller owns its bytes and may give them back with recycle.
func (l *Link) take(now time.Time) (datagram, bool) {
	if len(l.flying) == 0 || l.flying[0].arrival.After(now) {
		return datagram{}, false
	}
	g := l.flying[0]
	l.flying = slices.Delete(l.flying, 0, 1)
	return g, true
}

// InFlight returns how many datagrams are on their way in direction d, copies included.
func (l *Link) InFlight(d Direction) int {
	n := 0
	for _, g := range l.flying {
		if g.direction == d {
			n++
		}
	}
	return n
}

// Sent returns how many datagrams were given to Send in direction d: the number that the next one gets.
func (l *Link) Sent(d Direction) int { return l.stats[d].Sent }

// Dropped returns how many datagrams of direction d will never arrive: lost, too big, or refused by a full or closed end.
func (l *Link) Dropped(d Direction) int {
	s := &l.stats[d]
	return s.Dropped + s.TooBig + s.Overflowed
}

// Stats returns the counts of direction d.
func (l *Link) Stats(d Direction) Stats { return l.stats[d] }

func (l *Link) buffer() []byte {
	last := len(l.free) - 1
	if last < 0 {
		return nil
	}
	b := l.free[last]
	l.free = l.free[:last]
	return b[:0]
}

func (l *Link) recycle(b []byte) {
	l.free = append(l.free, b)
}

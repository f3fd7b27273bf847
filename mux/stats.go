package mux

import "sync/atomic"

// ClassCounts counts datagrams by class: counts[mux.DTLS].
type ClassCounts [numClasses]uint64

// Total returns the sum over all classes.
func (c ClassCounts) Total() (sum uint64) {
	for _, n := range c {
		sum += n
	}
	return sum
}

// Stats counts datagrams since New. Received counts each that the link delivered, under the class of its
// first bytes; all other fields say why some of them went no further. Each dropped datagram is in exactly
// one of them.
type Stats struct {
	Received ClassCounts // by class; Unknown includes the empty ones, not the oversized

	Empty     uint64      // had no bytes
	Oversized uint64      // had more bytes than Config.MaxReceiveSize, or was cut by the link
	Unknown   uint64      // first byte 4..15
	NotSTUN   uint64      // first byte 0..3, but no STUN header with the magic cookie
	Unrouted  ClassCounts // nobody has attached to the class, and it is not one that is kept; or it was given up
	EarlyFull ClassCounts // nobody has attached to the class yet, and as many bytes as allowed are kept
	QueueFull ClassCounts // the reader of the endpoint was too slow

	// LinkErrors counts reads and writes of the link that failed in a way that only means a lost datagram,
	// such as "connection refused" on a connected UDP socket.
	LinkErrors uint64
}

// Dropped returns the number of received datagrams that nobody got, for all reasons.
func (s *Stats) Dropped() uint64 {
	return s.Empty + s.Oversized + s.Unknown + s.NotSTUN +
		s.Unrouted.Total() + s.EarlyFull.Total() + s.QueueFull.Total()
}

// classCounters is a ClassCounts that is being counted.
type classCounters [numClasses]atomic.Uint64

func (c *classCounters) load() (counts ClassCounts) {
	for i := range c {
		counts[i] = c[i].Load()
	}
	return counts
}

// counters is a Stats that is being counted.
type counters struct {
	received classCounters

	empty, oversized, unknown, notSTUN atomic.Uint64
	unrouted, earlyFull, queueFull     classCounters
	linkErrors                         atomic.Uint64
}

func (c *counters) load() Stats {
	return Stats{
		Received:   c.received.load(),
		Empty:      c.empty.Load(),
		Oversized:  c.oversized.Load(),
		Unknown:    c.unknown.Load(),
		NotSTUN:    c.notSTUN.Load(),
		Unrouted:   c.unrouted.load(),
		EarlyFull:  c.earlyFull.load(),
		QueueFull:  c.queueFull.load(),
		LinkErrors: c.linkErrors.Load(),
	}
}

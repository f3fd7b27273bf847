package main

import (
	"sync"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
)

// A Tally sums what the transports of all sessions have dropped, those of ended ones included. It is safe for concurrent use.
type Tally struct {
	mu    sync.Mutex
	live  map[*Session]struct{}
	ended tallied
	sum   tallied // as it was at
	at    time.Time
}

// tallyEvery is how old a sum may be: it looks at each session.
const tallyEvery = time.Second

// tallied is how much was dropped, by reason: those of DTLS, then the others.
type tallied [len(dtlstransport.Stats{}.Dropped) + len(otherTallies)]uint64

// otherTallies are the reasons besides those of DTLS.
var otherTallies = [...]string{
	"RTP: not authentic", "RTCP: not authentic", "RTP: reader too slow", "mux: no known protocol", "mux: nobody takes it", "mux: too early", "mux: reader too slow",
	"SCTP: checksum", "SCTP: tag", "SCTP: malformed", "SCTP: port", "SCTP: restart",
}

// add adds the counts of a session.
func (t *tallied) add(s *Session) {
	stats := s.transport.Stats()
	for i, n := range stats.DTLS.Dropped {
		t[i] += n
	}
	others := [len(otherTallies)]uint64{
		stats.RTP.Refused, stats.RTCP.Refused, stats.RTP.Dropped + stats.RTCP.Dropped,
		stats.Mux.Empty + stats.Mux.Oversized + stats.Mux.Unknown + stats.Mux.NotSTUN, stats.Mux.Unrouted.Total(), stats.Mux.EarlyFull.Total(), stats.Mux.QueueFull.Total(),
	}
	if a := s.association.Load(); a != nil {
		stats := a.Stats()
		copy(others[7:], []uint64{stats.BadChecksum, stats.BadTag, stats.Malformed, stats.BadPort, stats.Restarts})
	}
	for i, n := range others {
		t[len(stats.DTLS.Dropped)+i] += n
	}
}

// named adds the counts to those by name.
func (t *tallied) named(drops map[string]uint64) {
	for i := range dtlstransport.DropReason(len(t) - len(otherTallies)) {
		drops["DTLS: "+i.String()] = t[i]
	}
	for i, name := range otherTallies {
		drops[name] = t[len(t)-len(otherTallies)+i]
	}
}

// begin has a session counted.
func (t *Tally) begin(s *Session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.live[s] = struct{}{}
}

// end keeps the last counts of a session.
func (t *Tally) end(s *Session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.live, s)
	t.ended.add(s)
}

// take returns the sum.
func (t *Tally) take(now time.Time) tallied {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.at.IsZero() || now.Sub(t.at) >= tallyEvery {
		t.at, t.sum = now, t.ended
		for s := range t.live {
			t.sum.add(s)
		}
	}
	return t.sum
}

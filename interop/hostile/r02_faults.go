package main

import (
	"fmt"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

func init() { register("R2", "every duplicate, swap and delay, and every pair of such faults", faults) }

// A disturbance is something that befalls one datagram.
type disturbance struct {
	name string
	fate netsim.Fate
}

var disturbances = []disturbance{
	{"twice", netsim.Fate{Copies: 1}},
	{"twice, later", netsim.Fate{Copies: 1, CopyDelay: 300 * time.Millisecond}},
	{"overtaken by the next", netsim.Fate{Extra: time.Millisecond}},
	{"overtaken by the next flights", netsim.Fate{Extra: 120 * time.Millisecond}},
	{"behind its retransmission", netsim.Fate{Extra: 700 * time.Millisecond}},
	{"lost", netsim.Fate{Drop: true}},
}

// both returns what two disturbances do to one datagram.
func both(a, b netsim.Fate) netsim.Fate {
	return netsim.Fate{Drop: a.Drop || b.Drop, Copies: a.Copies + b.Copies, CopyDelay: max(a.CopyDelay, b.CopyDelay), Extra: a.Extra + b.Extra}
}

// faults plays every disturbance of every datagram, and every pair: of two datagrams, and of one. The datagrams that are
// sent again because of the first count too: as many again.
func faults(r *report) {
	for _, c := range []scene{{kind: plain}, {kind: cookie}, {kind: small}, {kind: resumed}, {kind: cookie, mtu: smallMTU}} {
		name := c.kind.String()
		if c.mtu > 0 {
			name += ", small MTU"
		}
		var spots []spot
		for d, n := range c.counts() {
			for i := range 2 * n {
				spots = append(spots, spot{netsim.Direction(d), i})
			}
		}
		tried := map[string]int{}
		try := func(row string, fates map[spot]netsim.Fate) {
			c.link.Decide = func(d netsim.Direction, n int) netsim.Fate { return fates[spot{d, n}] }
			s := c.play(r.seed)
			if err := s.finish(); err != nil {
				r.fail(row, fmt.Sprintf("%v: %v", fates, err), s)
			}
			tried[row]++
			r.ran(0)
		}
		single, pairs := name+", one fault", name+", two faults"
		skipped := 0
		pair := func(fates map[spot]netsim.Fate) {
			if skipped++; r.short && skipped%71 != 0 {
				return
			}
			try(pairs, fates)
		}
		for i, first := range spots {
			for j, a := range disturbances {
				try(single, map[spot]netsim.Fate{first: a.fate})
				for _, b := range disturbances[j:] {
					pair(map[spot]netsim.Fate{first: both(a.fate, b.fate)})
				}
				for _, second := range spots[i+1:] {
					for _, b := range disturbances {
						pair(map[spot]netsim.Fate{first: a.fate, second: b.fate})
					}
				}
			}
		}
		r.none(single, tried[single], "all complete")
		r.none(pairs, tried[pairs], "all complete")
	}
}

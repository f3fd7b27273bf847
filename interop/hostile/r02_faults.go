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

func faults(r *report) {
	for kind := range numKinds {
		c := scene{kind: kind}
		n := c.counts()
		// The datagrams sent again because of the first fault count too: as many again.
		var spots []spot
		for d := range n {
			for i := range n[d] + 1 {
				spots = append(spots, spot{netsim.Direction(d), i})
			}
		}
		single, pairs := fmt.Sprintf("%v, one fault", kind), fmt.Sprintf("%v, two faults", kind)
		try := func(row string, fates map[spot]netsim.Fate) {
			c.link.Decide = func(d netsim.Direction, n int) netsim.Fate { return fates[spot{d, n}] }
			s := c.play(r.seed)
			if err := s.finish(); err != nil {
				r.fail(row, fmt.Sprintf("%v: %v", fates, err), s)
			}
			r.ran(0)
		}
		ones, twos := 0, 0
		for i, first := range spots {
			for _, a := range disturbances {
				try(single, map[spot]netsim.Fate{first: a.fate})
				ones++
				for _, second := range spots[i+1:] {
					for _, b := range disturbances {
						if twos++; r.short && twos%29 != 0 {
							continue
						}
						try(pairs, map[spot]netsim.Fate{first: a.fate, second: b.fate})
					}
				}
			}
		}
		if r.short {
			twos /= 29
		}
		r.none(single, ones, "all complete")
		r.none(pairs, twos, "all complete")
	}
}

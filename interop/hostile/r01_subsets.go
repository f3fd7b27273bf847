package main

import (
	"fmt"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

func init() { register("R1", "every subset of the handshake's datagrams lost once", subsets) }

// counts returns how many datagrams each end sends when nothing happens to them.
func (c scene) counts() [2]int {
	s := c.play(0)
	if err := s.finish(); err != nil {
		panic(err)
	}
	return [2]int{s.link.Sent(netsim.AtoB), s.link.Sent(netsim.BtoA)}
}

// A spot is one datagram of one direction.
type spot struct {
	d netsim.Direction
	n int
}

func (c scene) spots() (all []spot) {
	for d, n := range c.counts() {
		for i := range n {
			all = append(all, spot{netsim.Direction(d), i})
		}
	}
	return all
}

// subsets loses every subset of the datagrams that an undisturbed handshake has. Those of a lost flight that is sent
// again have other numbers, and arrive.
func subsets(r *report) {
	for kind := range numKinds {
		c := scene{kind: kind}
		if kind == small {
			if c.mtu = 150; r.short {
				c.mtu = 300
			}
		}
		spots := c.spots()
		row := fmt.Sprintf("%v, %d datagrams", kind, len(spots))
		all := 1 << len(spots)
		for set := range all {
			lost := map[spot]bool{}
			for i, at := range spots {
				if set>>i&1 > 0 {
					lost[at] = true
				}
			}
			c.link.Decide = func(d netsim.Direction, n int) netsim.Fate { return netsim.Fate{Drop: lost[spot{d, n}]} }
			s := c.play(r.seed)
			if err := s.finish(); err != nil {
				r.fail(row, fmt.Sprintf("lost %v: %v", lost, err), s)
			}
			r.ran(0)
		}
		r.none(row, all, "all complete")
	}
}

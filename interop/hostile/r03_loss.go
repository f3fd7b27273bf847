package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

func init() { register("R3", "seeded handshakes over a bad link, round-trip time 50 ms", loss) }

func loss(r *report) {
	n := r.scaled(100_000, 3_000)
	for _, link := range []struct {
		name string
		netsim.Config
		p99 time.Duration // the goal; zero: none
		few bool          // the goal is four datagrams
	}{
		{"nothing lost", netsim.Config{}, 0, true},
		{"20 % lost", netsim.Config{Loss: 0.2}, 550 * time.Millisecond, false},
		{"30 % lost", netsim.Config{Loss: 0.3}, time.Second, false},
		{"30 % lost, 10 % twice, 20 % reordered", netsim.Config{Loss: 0.3, Duplicate: 0.1, Reorder: 0.2}, 0, false},
	} {
		runs := n
		if link.few {
			runs = 1000
		}
		took, datagrams := make([]time.Duration, 0, runs), make([]int, 0, runs)
		for i := range runs {
			c := scene{knowsRTT: true, link: link.Config}
			c.link.Seed = r.seed<<32 + uint64(i)
			s := c.play(c.link.Seed)
			if err := s.finish(); err != nil {
				r.fail(link.name, err.Error(), s)
			} else {
				took = append(took, s.elapsed())
				datagrams = append(datagrams, s.link.Sent(netsim.AtoB)+s.link.Sent(netsim.BtoA))
			}
			r.ran(3*n + 1000)
		}
		r.none(link.name, runs, "all complete within 60 s")
		if len(took) == 0 {
			continue
		}
		slices.Sort(took)
		slices.Sort(datagrams)
		at := func(percent int) int { return len(took) * percent / 100 }
		ms := func(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
		goal := ""
		if link.p99 > 0 {
			goal = fmt.Sprintf("p99 <= %v", link.p99)
		}
		r.row("    p50, p90, p99, worst", fmt.Sprintf("%v, %v, %v, %v", ms(took[at(50)]), ms(took[at(90)]), ms(took[at(99)]), ms(took[len(took)-1])),
			goal, link.p99 == 0 || took[at(99)] <= link.p99)
		goal = ""
		if link.few {
			goal = "4"
		}
		r.row("    datagrams p50, p99", fmt.Sprintf("%d, %d", datagrams[at(50)], datagrams[at(99)]), goal, !link.few || datagrams[len(datagrams)-1] == 4)
	}
}

package main

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

func init() { register("R5", "every bit of every handshake datagram flipped", bits) }

// bits flips each bit of each datagram, once in a copy that comes just before the genuine one, and once in the genuine
// one itself.
func bits(r *report) {
	stride := r.scaled(1, 13)
	// Lengths of datagrams vary with those of signatures; the seed is the same for all runs of a kind.
	for _, kind := range []kind{plain, cookie, resumed} {
		c := scene{kind: kind}
		first := c.play(r.seed)
		if err := first.finish(); err != nil {
			panic(err)
		}
		before, instead := fmt.Sprintf("%v, before the genuine one", kind), fmt.Sprintf("%v, instead of it", kind)
		runs, hello := 0, 0
		dead := map[int]bool{}                                     // bytes of a ClientHello
		for at, line := range first.script[:len(first.script)-2] { // the last two are data, from agreed
			direction := netsim.Direction(1 - line.to)
			number := 0
			for _, earlier := range first.script[:at] {
				if earlier.to == line.to {
					number++
				}
			}
			for bit := 0; bit < 8*len(line.bytes); bit += stride {
				runs++
				flipped := bytes.Clone(line.bytes)
				flipped[bit/8] ^= 1 << (bit % 8)

				c.link.Decide = nil
				s := c.play(r.seed)
				s.arrive(at)
				s.forge(line.to, flipped)
				if err := s.finish(); err != nil {
					r.fail(before, fmt.Sprintf("datagram %d, bit %d: %v", at, bit, err), s)
				}
				r.ran(0)

				c.link.Decide = func(d netsim.Direction, n int) netsim.Fate { return netsim.Fate{Drop: d == direction && n == number} }
				s = c.play(r.seed)
				s.arrive(at)
				s.run(line.at-s.elapsed(), func() bool { return false })
				s.forge(line.to, flipped)
				switch err := s.finish(); {
				case err == nil:
				case errors.Is(err, errIncomplete) && line.to == server && line.bytes[13] == 1:
					// The server has taken a hello that nobody sends again as it was.
					hello++
					dead[bit/8] = true
				default:
					r.fail(instead, fmt.Sprintf("datagram %d, bit %d: %v", at, bit, err), s)
				}
				r.ran(0)
			}
		}
		r.none(before, runs, "all complete")
		r.none(instead, runs, "all but of the ClientHello")
		if hello > 0 {
			r.row("    of these not complete, in a ClientHello", fmt.Sprintf("%d, at bytes %s", hello, ranges(dead)), "listed", true)
		}
	}
}

// ranges writes a set of numbers as 1-3,7.
func ranges(set map[int]bool) (text string) {
	var all []int
	for n := range set {
		all = append(all, n)
	}
	slices.Sort(all)
	for i := 0; i < len(all); {
		j := i
		for j+1 < len(all) && all[j+1] == all[j]+1 {
			j++
		}
		if text != "" {
			text += ","
		}
		if text += fmt.Sprint(all[i]); j > i {
			text += fmt.Sprintf("-%d", all[j])
		}
		i = j + 1
	}
	return text
}

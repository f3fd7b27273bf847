package main

import (
	"fmt"

	"github.com/rtctransport/rtctransport/interop/hostile/forge"
)

func init() {
	register("R9", "datagrams that an established association sends to an attacker's", answers)
}

// answers gives both ends of an established association what an attacker has seen, or makes up.
func answers(r *report) {
	n := r.scaled(20_000, 2000)
	for _, kind := range []kind{plain, cookie, resumed} {
		for to := range 2 {
			s := scene{kind: kind}.play(r.seed)
			if err := s.finish(); err != nil {
				panic(err)
			}
			e := s.ends[to]
			seen := s.sent[1-to]
			datagrams := map[string]func(i int) []byte{
				"all that was sent, again": func(i int) []byte { return seen[i%len(seen)] },
				"the last flight, under other numbers": func(i int) []byte {
					return renumbered(seen[len(seen)-1], uint64(i))
				},
				"the last flight, damaged": func(i int) []byte {
					b := renumbered(seen[len(seen)-1], 0)
					b[i%len(b)] ^= byte(1 + i%255)
					return b
				},
				"forged records": func(i int) []byte {
					typ := []byte{forge.Handshake, forge.ApplicationData, forge.Alert}[i%3]
					return forge.Record{Type: typ, Version: forge.Version12, Epoch: 1, Seq: uint64(100 + i), Body: random(40)}.Append(nil)
				},
				"hellos": func(i int) []byte {
					return forge.One(uint64(i), forge.Message{Type: forge.TypeClientHello, Body: wellFormed(forge.TypeClientHello)})
				},
				"all that is blind": func(i int) []byte { return blind()[i%len(blind())].datagram },
			}
			most, all := 0, 0
			for _, name := range []string{"all that was sent, again", "the last flight, under other numbers", "the last flight, damaged", "forged records", "hellos", "all that is blind"} {
				for i := range n {
					sent := len(s.sent[to])
					s.script = s.script[:0]
					s.forge(to, datagrams[name](i))
					most, all = max(most, len(s.sent[to])-sent), all+len(s.sent[to])-sent
					r.ran(0)
				}
			}
			what := fmt.Sprintf("%v, the %s", kind, []string{"client", "server"}[to])
			r.row(what, fmt.Sprintf("at most %d, %d in all", most, all), "<= 1, and no more than 32 in all", most <= 1 && all <= 32)
			if err := s.agreed(); err != nil || e.err != nil {
				r.fail(what, fmt.Sprint(err, e.err), nil)
			}
			r.none("    and data passes", 1, "")
		}
	}
}

package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"github.com/rtctransport/rtctransport/dtlstransport"
)

func init() { register("R14", "nonces, and replays", records) }

func records(r *report) {
	n := r.scaled(10_000_000, 400_000)
	s := scene{}.play(r.seed)
	if err := s.finish(); err != nil {
		panic(err)
	}
	// The explicit nonce is on the wire: 8 bytes behind the header, of which no two may be the same. They count.
	last, unique := uint64(0), true
	var b []byte
	for range n {
		var err error
		if b, err = s.ends[client].AppendApplicationData(b[:0], []byte("x")); err != nil {
			panic(err)
		}
		nonce := binary.BigEndian.Uint64(b[13:])
		unique = unique && nonce > last
		last = nonce
		r.ran(0)
	}
	r.row(fmt.Sprintf("nonces of %d records", n), map[bool]string{true: "unique", false: "NOT UNIQUE"}[unique], "unique", unique)

	// Orders in which no record falls out of the window of 64; every fourth record comes twice.
	const count = 200
	orders := r.scaled(1_000_000, 10_000)
	random := rand.New(rand.NewPCG(r.seed, 14))
	to := s.ends[server]
	sealed := make([][]byte, count)
	scratch := make([]byte, 0, 100)
	wrong := 0
	for range orders {
		var delivered [count]byte
		for i := range sealed {
			sealed[i], _ = s.ends[client].AppendApplicationData(sealed[i][:0], []byte{byte(i)})
		}
		take := func(i int) {
			scratch = append(scratch[:0], sealed[i]...)
			if err := to.HandleDatagram(s.now, scratch); err != nil {
				panic(err)
			}
			for event := to.NextEvent(); event.Kind != dtlstransport.NoEvent; event = to.NextEvent() {
				delivered[event.Data[0]]++
			}
		}
		order := random.Perm(count)
		for from := 0; from < count; from += 60 { // shuffled within 60 neighbours
			block := order[from:min(from+60, count)]
			for i := range block {
				block[i] = from + i
			}
			random.Shuffle(len(block), func(i, j int) { block[i], block[j] = block[j], block[i] })
		}
		for i, at := range order {
			take(at)
			if i%4 == 0 {
				take(order[random.IntN(i+1)])
			}
		}
		for _, times := range delivered {
			if times != 1 {
				wrong++
			}
		}
		r.ran(0)
	}
	r.row(fmt.Sprintf("%d orders of %d records, with replays", orders, count), fmt.Sprintf("%d not exactly once", wrong), "each exactly once", wrong == 0)
}

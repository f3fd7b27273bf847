package main

import (
	"fmt"
	"math/rand/v2"
	"runtime"

	"github.com/rtctransport/rtctransport/interop/hostile/forge"
)

func init() { register("R8", "heap for each half-open handshake of a server", halfOpen) }

// halfOpen holds many servers at the point where a client has returned its cookie and nothing else, and then fills each
// of a few with whatever a forger can have it keep.
func halfOpen(r *report) {
	n := r.scaled(10_000, 1000)
	open := func(i int) *end {
		s := scene{kind: cookie}.play(r.seed<<32 + uint64(i))
		s.arrive(3) // hello, HelloVerifyRequest, hello
		r.ran(n)
		return s.ends[server]
	}
	held := make([]*end, 0, n)
	open(0)
	before := heap()
	for i := range n {
		held = append(held, open(i))
	}
	each := (heap() - before) / int64(n)
	r.row("after the cookie", fmt.Sprintf("%d bytes", each), "<= 16 KiB", each <= 16<<10)
	runtime.KeepAlive(held)
	held = nil

	// A forger with the client's cookie, too: what nobody without it can do counts as well.
	floods := []struct {
		name string
		make func(random *rand.Rand, i int) []byte
	}{
		{"fragments", func(random *rand.Rand, i int) []byte {
			b := make([]byte, 1+random.IntN(1100))
			return forge.Plain(forge.Handshake, uint64(i), forge.Fragment{Type: forge.Certificate, Length: 32 << 10, Seq: uint16(1 + i%12), Offset: random.IntN(31000), Body: b}.Append(nil))
		}},
		{"single bytes", func(_ *rand.Rand, i int) []byte {
			return forge.Plain(forge.Handshake, uint64(i), forge.Fragment{Type: forge.Certificate, Length: 32 << 10, Seq: uint16(1 + i%12), Offset: i / 12 * 2, Body: []byte{1}}.Append(nil))
		}},
		{"records of epoch 1", func(random *rand.Rand, i int) []byte {
			typ := []byte{forge.Handshake, forge.ApplicationData}[i%2]
			return forge.Record{Type: typ, Version: forge.Version12, Epoch: 1, Seq: uint64(i), Body: make([]byte, 24+random.IntN(3000))}.Append(nil)
		}},
		{"records of future epochs", func(_ *rand.Rand, i int) []byte {
			return forge.Record{Type: forge.Handshake, Version: forge.Version12, Epoch: uint16(2 + i), Seq: uint64(i), Body: make([]byte, 1000)}.Append(nil)
		}},
		{"messages that contradict", func(random *rand.Rand, i int) []byte {
			b := make([]byte, 1+random.IntN(9000))
			b[0] = byte(i)
			return forge.One(uint64(i), forge.Message{Type: byte(11 + i%6), Seq: uint16(random.IntN(12)), Body: b})
		}},
	}
	all := len(floods)
	floods = append(floods, struct {
		name string
		make func(random *rand.Rand, i int) []byte
	}{"all of these", func(random *rand.Rand, i int) []byte { return floods[random.IntN(all)].make(random, i) }})
	engines := r.scaled(100, 20)
	worst, name := int64(0), ""
	for _, f := range floods {
		before := heap()
		var full []*end
		for i := range engines {
			e := open(i)
			random := rand.New(rand.NewPCG(r.seed, uint64(i)))
			for k := range 400 {
				_ = e.HandleDatagram(epochZero, f.make(random, k))
				for _, ok := e.AppendDatagram(nil); ok; _, ok = e.AppendDatagram(nil) {
				}
			}
			full = append(full, e)
		}
		if each := (heap() - before) / int64(engines); each > worst {
			worst, name = each, f.name
		}
		runtime.KeepAlive(full)
	}
	r.row("at the worst, by "+name, fmt.Sprintf("%d bytes", worst), "<= 64 KiB", worst <= 64<<10)
}

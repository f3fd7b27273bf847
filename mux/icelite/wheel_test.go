package icelite

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestAWheelTellsOfEachPeerOnceSoonAfterItsTime(t *testing.T) {
	const n, span, step = 1000, 2 * wheelSlots * wheelTick, wheelTick / 3
	random := rand.New(rand.NewPCG(1, 2))
	var w wheel
	peers := make([]*Peer, n)
	gone := make(map[*Peer]bool) // removed, or told of
	for i := range peers {
		peers[i] = &Peer{due0: time.Duration(random.Int64N(int64(span)))}
		w.add(peers[i], peers[i].due())
	}
	for now := time.Duration(0); now < span+2*wheelTick; now += step {
		for _, p := range w.advance(now) {
			if gone[p] || p.due0 > now || p.due0 <= now-2*wheelTick {
				t.Fatalf("at %v of one due at %v; gone: %v", now, p.due0, gone[p])
			}
			gone[p] = true
		}
		p := peers[random.IntN(n)]
		w.remove(p)
		if !gone[p] && random.IntN(2) == 0 {
			w.add(p, p.due())
		} else {
			gone[p] = true
		}
	}
	if len(gone) != n {
		t.Errorf("%d were never told of", n-len(gone))
	}
}

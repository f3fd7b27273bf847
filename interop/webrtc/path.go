//go:build unix

package webrtc

import (
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

// A path is the network of a job as far as DTLS is concerned; all else passes.
type path struct {
	lose []int   // numbers of handshake datagrams of each side, from 0
	loss float64 // share of handshake datagrams
	mtu  int     // larger ones are lost; 0: none
	data float64 // share of the datagrams of data
}

// hard reports whether handshakes suffer.
func (p *path) hard() bool { return len(p.lose) > 0 || p.loss > 0 || p.mtu > 0 }

// judge returns a relay.Config.Lose.
func (p *path) judge() func(netsim.Direction, []byte) bool {
	if !p.hard() && p.data == 0 {
		return nil
	}
	var mu sync.Mutex
	var seen [2]int
	random := rand.New(rand.NewPCG(1, 2))
	return func(d netsim.Direction, b []byte) bool {
		mu.Lock()
		defer mu.Unlock()
		if len(b) >= 13 && b[0] == 23 { // application_data
			return random.Float64() < p.data
		}
		if len(b) < 13 || b[0] < 20 || b[0] > 22 { // change_cipher_spec, alert, handshake
			return false
		}
		n := seen[d]
		seen[d]++
		return slices.Contains(p.lose, n) || random.Float64() < p.loss || p.mtu > 0 && len(b) > p.mtu
	}
}

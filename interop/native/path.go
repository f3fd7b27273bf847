//go:build unix

package native

import (
	"sync/atomic"

	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/interop/relay"
)

// A path is the network of a scene. What it does to datagrams it does until both sides are connected: the stacks' programs do
// not send application data again.
type path struct {
	scene  *scene
	theirs netsim.Direction // what they send
	calm   atomic.Bool
}

// newPath returns the path of a scene. role is theirs.
func newPath(s *scene, role string) *path {
	p := &path{scene: s, theirs: netsim.BtoA}
	if role == "client" {
		p.theirs = netsim.AtoB
	}
	return p
}

func (p *path) config(target string) relay.Config {
	c := relay.Config{Target: target}
	c.Link.MTU = p.scene.pathMTU
	faults, err := relay.Parse(p.scene.faults)
	if err != nil {
		panic(err) // they are ours
	}
	link := netsim.Config{Seed: p.scene.seed, Loss: p.scene.loss}
	c.Link.Decide = func(d netsim.Direction, n int) netsim.Fate {
		if p.calm.Load() {
			return netsim.Fate{}
		}
		for _, f := range faults {
			if f.Direction == d && f.Number == n {
				return f.Fate
			}
		}
		return link.Fate(d, n)
	}
	if p.scene.mute {
		c.Lose = mutes(p.theirs)
		return c
	}
	lost := false
	c.Lose = func(d netsim.Direction, b []byte) bool {
		if !p.scene.final || lost || d != netsim.BtoA || !changesCipher(b) {
			return false
		}
		lost = true
		return true
	}
	return c
}

// changesCipher reports whether a datagram has a ChangeCipherSpec.
func changesCipher(b []byte) bool {
	for len(b) >= 13 {
		if b[0] == 20 {
			return true
		}
		b = b[min(len(b), 13+int(b[11])<<8+int(b[12])):]
	}
	return false
}

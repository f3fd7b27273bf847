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
	scene *scene
	calm  atomic.Bool
}

func newPath(s *scene) *path { return &path{scene: s} }

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
	return c
}

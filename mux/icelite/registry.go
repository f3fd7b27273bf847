package icelite

import (
	"maps"
	"net/netip"
	"slices"
	"sync"
)

// A registry knows the peers by what their packets can say: the user name of a check, and the source address
// of everything else.
type registry struct {
	mu      sync.RWMutex
	limit   int
	peers   int              // how many are registered
	byUfrag map[string]*Peer // each of them, some twice
	byAddr  map[netip.AddrPort]*Peer
	closed  bool
	empty   chan struct{} // closed when closed and no peer is left
}

func newRegistry(limit int) registry {
	return registry{
		limit: limit, byUfrag: make(map[string]*Peer), byAddr: make(map[netip.AddrPort]*Peer), empty: make(chan struct{}),
	}
}

func (r *registry) len() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.peers
}

// all returns each peer, some twice.
func (r *registry) all() []*Peer {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Collect(maps.Values(r.byUfrag))
}

// check returns who has the ufrag of a check, and whom the address is bound to that it comes from.
func (r *registry) check(ufrag []byte, from netip.AddrPort) (peer, owner *Peer) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byUfrag[string(ufrag)], r.byAddr[from]
}

// addr returns whom that address is bound to.
func (r *registry) addr(addr netip.AddrPort) *Peer {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byAddr[addr]
}

// add registers p under a ufrag; it may have several.
func (r *registry) add(p *Peer, ufrag string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return ErrDraining
	case !p.registered && r.peers >= r.limit:
		return ErrTooManyPeers
	case r.byUfrag[ufrag] != nil:
		return ErrCredentials
	}
	if !p.registered {
		p.registered = true
		r.peers++
	}
	r.byUfrag[ufrag] = p
	return nil
}

func (r *registry) forgetUfrag(ufrag string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byUfrag, ufrag)
}

// bind makes addr that of p, whosever it was, and takes old from it if that is still p's.
func (r *registry) bind(p *Peer, addr, old netip.AddrPort) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byAddr[old] == p {
		delete(r.byAddr, old)
	}
	if p.registered {
		r.byAddr[addr] = p
	}
}

// remove forgets p, whose ufrags and paths these are.
func (r *registry) remove(p *Peer, ufrags [2]string, paths *path) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !p.registered {
		return
	}
	p.registered = false
	r.peers--
	for _, ufrag := range ufrags {
		delete(r.byUfrag, ufrag)
	}
	for ; paths != nil; paths = paths.next {
		if r.byAddr[paths.addr] == p {
			delete(r.byAddr, paths.addr)
		}
	}
	r.settle()
}

// drain refuses new peers from now on.
func (r *registry) drain() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.closed = true
		r.settle()
	}
}

func (r *registry) settle() {
	if r.closed && r.peers == 0 {
		select {
		case <-r.empty:
		default:
			close(r.empty)
		}
	}
}

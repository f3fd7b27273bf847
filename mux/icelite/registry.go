package icelite

import (
	"net/netip"
	"sync"
)

// A registry knows the peers by what their packets can say: the user name of a check, and the source address
// of everything else.
type registry struct {
	mu      sync.RWMutex
	limit   int
	peers   map[*Peer]struct{}
	byUfrag map[string]*Peer
	byAddr  map[netip.AddrPort]*Peer
	closed  bool
	empty   chan struct{} // closed when closed and no peer is left
}

func newRegistry(limit int) registry {
	return registry{
		limit: limit, peers: make(map[*Peer]struct{}), byUfrag: make(map[string]*Peer),
		byAddr: make(map[netip.AddrPort]*Peer), empty: make(chan struct{}),
	}
}

func (r *registry) len() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.peers)
}

func (r *registry) all() []*Peer {
	r.mu.RLock()
	defer r.mu.RUnlock()
	peers := make([]*Peer, 0, len(r.peers))
	for p := range r.peers {
		peers = append(peers, p)
	}
	return peers
}

// ufrag returns who has that one.
func (r *registry) ufrag(ufrag []byte) *Peer {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byUfrag[string(ufrag)]
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
	_, known := r.peers[p]
	switch {
	case r.closed:
		return ErrDraining
	case !known && len(r.peers) >= r.limit:
		return ErrTooManyPeers
	case r.byUfrag[ufrag] != nil:
		return ErrCredentials
	}
	r.peers[p] = struct{}{}
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
	if _, known := r.peers[p]; known {
		r.byAddr[addr] = p
	}
}

// remove forgets p, whose ufrags and addresses these are.
func (r *registry) remove(p *Peer, ufrags []string, addrs []netip.AddrPort) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.peers[p]; !known {
		return
	}
	delete(r.peers, p)
	for _, ufrag := range ufrags {
		delete(r.byUfrag, ufrag)
	}
	for _, addr := range addrs {
		if r.byAddr[addr] == p {
			delete(r.byAddr, addr)
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
	if r.closed && len(r.peers) == 0 {
		select {
		case <-r.empty:
		default:
			close(r.empty)
		}
	}
}

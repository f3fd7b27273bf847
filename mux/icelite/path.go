package icelite

import (
	"net/netip"
	"time"
)

// A path is one address of a peer.
type path struct {
	next      *path // of the same peer, guarded by Peer.mu
	addr      netip.AddrPort
	socket    *socket       // that its checks come by
	lastCheck time.Duration // guarded by Peer.mu
	place     int           // in what waits, if anything does; guarded by the queue of socket
}

const (
	// maxPaths bounds how many addresses of a peer are kept: a host with two interfaces, two families and a relay
	// has fewer.
	maxPaths = 8
	// pathSilence is how long no check must have come by the selected path until one without USE-CANDIDATE on
	// another selects that: a NAT has given the peer a new address, and it does not know.
	pathSilence = 5 * time.Second
)

// holds reports whether the peer has an address for itself: it is sent to there, and has lately been heard. Checks of
// other peers from that address are then dropped: who is registered too, and can send with a forged source, would
// otherwise get all that comes from there, and the peer nothing. One that has gone without a word loses it in pathSilence.
func (p *Peer) holds(addr netip.AddrPort, now time.Duration) bool {
	selected := p.selected.Load()
	return selected != nil && selected.addr == addr && now-time.Duration(p.lastCheck.Load()) < pathSilence
}

// proved takes an authentic check from an address: it is the peer's, and consents for ConsentTimeout.
func (p *Peer) proved(now time.Duration, from *path, local []byte, nominated bool) {
	p.count.checks.Add(1)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return
	}
	if p.former.Ufrag != "" && string(local) == p.credentials.Ufrag {
		p.server.registry.forgetUfrag(p.former.Ufrag)
		p.former = Credentials{}
	}
	p.lastCheck.Store(int64(now))
	path := p.path(from)
	path.lastCheck = now
	if p.server.registry.addr(from.addr) != p {
		p.server.registry.bind(p, from.addr, netip.AddrPort{})
	}
	selected := p.selected.Load()
	if path == selected || selected != nil && !nominated && now-selected.lastCheck < pathSilence {
		return
	}
	p.selected.Store(path)
	if selected != nil && selected.addr != from.addr {
		p.count.pathChanges.Add(1)
	}
	if f := p.onConnected; f != nil {
		p.onConnected = nil
		p.mu.Unlock()
		f()
		p.mu.Lock()
	}
}

// path returns the path that from describes, a new one if need be. mu is held.
func (p *Peer) path(from *path) *path {
	selected, n := p.selected.Load(), 0
	var old **path // of the same address, or else the oldest that is not selected
	for at := &p.paths; *at != nil; at = &(*at).next {
		known := *at
		if known.addr == from.addr {
			if known.socket == from.socket {
				return known
			}
			old = at
			break
		}
		if known != selected && (old == nil || known.lastCheck < (*old).lastCheck) {
			old = at
		}
		n++
	}
	fresh := &path{addr: from.addr, socket: from.socket}
	switch {
	case old != nil && (*old).addr == from.addr: // by another socket now
		if *old == selected {
			p.selected.Store(fresh)
		}
		fresh.next, *old = (*old).next, fresh
	case n < maxPaths:
		fresh.next, p.paths = p.paths, fresh
	default:
		p.server.registry.bind(p, from.addr, (*old).addr)
		fresh.next, *old = (*old).next, fresh
	}
	return fresh
}

package icelite

import (
	"net/netip"
	"time"
)

// A path is one address of a peer.
type path struct {
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

// proved takes an authentic check by socket from an address: it is the peer's, and consents for ConsentTimeout.
func (p *Peer) proved(now time.Duration, by *socket, from netip.AddrPort, local []byte, nominated bool) {
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
	path := p.path(by, from)
	path.lastCheck = now
	if p.server.registry.addr(from) != p {
		p.server.registry.bind(p, from, netip.AddrPort{})
	}
	selected := p.selected.Load()
	if path == selected || selected != nil && !nominated && now-selected.lastCheck < pathSilence {
		return
	}
	p.selected.Store(path)
	if selected != nil && selected.addr != from {
		p.count.pathChanges.Add(1)
	}
	if f := p.onConnected; f != nil {
		p.onConnected = nil
		p.mu.Unlock()
		f()
		p.mu.Lock()
	}
}

// path returns the path of an address, a new one if need be. mu is held.
func (p *Peer) path(by *socket, addr netip.AddrPort) *path {
	oldest := 0
	for i, known := range p.paths {
		if known.addr == addr && known.socket == by {
			return known
		}
		if known.addr == addr {
			oldest = i
			break
		}
		if p.paths[oldest] == p.selected.Load() || known.lastCheck < p.paths[oldest].lastCheck && known != p.selected.Load() {
			oldest = i
		}
	}
	fresh := &path{addr: addr, socket: by}
	switch {
	case len(p.paths) > 0 && p.paths[oldest].addr == addr: // by another socket now
		if p.paths[oldest] == p.selected.Load() {
			p.selected.Store(fresh)
		}
		p.paths[oldest] = fresh
	case len(p.paths) < maxPaths:
		p.paths = append(p.paths, fresh)
	default:
		p.server.registry.bind(p, addr, p.paths[oldest].addr)
		p.paths[oldest] = fresh
	}
	return fresh
}

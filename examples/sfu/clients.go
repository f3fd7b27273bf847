package main

import (
	"net/netip"
	"sync"
)

// defaultPerClient is how many sessions and event streams one address may have: a house of fifty people who are all in a room
// of twenty has as many.
const defaultPerClient = 1000

// Clients count what each address has, so that no one takes all there is. Addresses of this machine are not bounded: they are
// its administrator's, or of a proxy that should bound its own clients. It is safe for concurrent use.
type Clients struct {
	most int // of each; changed before the first one comes

	mu   sync.Mutex
	held map[netip.Prefix]int
}

func newClients() *Clients { return &Clients{most: defaultPerClient, held: make(map[netip.Prefix]int)} }

// prefixOf returns what counts as one client: an address of IPv4, or the 2^64 of IPv6 that one household has.
func prefixOf(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // the zero Addr has the zero Prefix
	return p
}

// take counts one more. It reports whether that is allowed; then it is to be given back.
func (c *Clients) take(a netip.Addr) bool {
	if a.Unmap().IsLoopback() {
		return true
	}
	p := prefixOf(a)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held[p] >= c.most {
		return false
	}
	c.held[p]++
	return true
}

func (c *Clients) giveBack(a netip.Addr) {
	if a.Unmap().IsLoopback() {
		return
	}
	p := prefixOf(a)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held[p]--; c.held[p] == 0 {
		delete(c.held, p)
	}
}

package icelite

import (
	"fmt"
	"net"
	"net/netip"
)

// Candidates returns the values of our a=candidate attributes (RFC 8839, Section 5.1), without "a=candidate:": a host
// candidate for each of Config.Addresses, or else for the address of the port, or for each of the host's own if the
// port is on all of them. Loopback addresses are among those only if there is nothing else.
func (s *Server) Candidates() []string {
	var candidates []string
	for i, addr := range s.addresses() {
		// "a lite agent [...] MUST [...] be unique among the candidates" in its priorities (RFC 8445, Section 5.2); type
		// preference 126, component 1.
		priority := uint32(126)<<24 | uint32(65535-i)<<8 | 255
		candidates = append(candidates, fmt.Sprintf("%d 1 udp %d %s %d typ host", i+1, priority, addr, s.AddrPort().Port()))
	}
	return candidates
}

func (s *Server) addresses() []netip.Addr {
	local := s.AddrPort().Addr()
	switch {
	case len(s.config.Addresses) > 0:
		return s.config.Addresses
	case !local.IsUnspecified():
		return []netip.Addr{local}
	}
	networks, _ := net.InterfaceAddrs() // none: no candidates
	var global, loopback []netip.Addr
	for _, n := range networks {
		ip, ok := n.(*net.IPNet)
		if !ok {
			continue
		}
		addr, _ := netip.AddrFromSlice(ip.IP)
		addr = addr.Unmap()
		switch {
		case local.Is4() && !addr.Is4(), addr.IsLinkLocalUnicast():
		case addr.IsLoopback():
			loopback = append(loopback, addr)
		default:
			global = append(global, addr)
		}
	}
	if len(global) == 0 {
		return loopback
	}
	return global
}

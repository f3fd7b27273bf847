package icelite

import (
	"net/netip"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sockaddr holds an address of either family as the kernel has it.
type sockaddr unix.RawSockaddrInet6

// inet4 is s seen as an address of IPv4.
func (s *sockaddr) inet4() *unix.RawSockaddrInet4 {
	return (*unix.RawSockaddrInet4)(unsafe.Pointer(s))
}

// port has the two bytes of a port, in network order, as Go has them.
func port(raw *uint16) *[2]byte { return (*[2]byte)(unsafe.Pointer(raw)) }

// addrPort reads what the kernel has written.
func (s *sockaddr) addrPort() (netip.AddrPort, bool) {
	switch s.Family {
	case unix.AF_INET:
		s4 := s.inet4()
		p := port(&s4.Port)
		return netip.AddrPortFrom(netip.AddrFrom4(s4.Addr), uint16(p[0])<<8|uint16(p[1])), true
	case unix.AF_INET6:
		p := port(&s.Port)
		addr := netip.AddrFrom16(s.Addr).Unmap()
		if s.Scope_id != 0 && addr.IsLinkLocalUnicast() {
			addr = addr.WithZone(strconv.Itoa(int(s.Scope_id)))
		}
		return netip.AddrPortFrom(addr, uint16(p[0])<<8|uint16(p[1])), true
	}
	return netip.AddrPort{}, false
}

// set writes to for a socket of IPv6, or of IPv4, and returns how long that is.
func (s *sockaddr) set(to netip.AddrPort, v6 bool) uint32 {
	if !v6 {
		s4 := s.inet4()
		s4.Family, s4.Addr = unix.AF_INET, [4]byte{}
		if to.Addr().Is4() {
			s4.Addr = to.Addr().As4()
		}
		p := port(&s4.Port)
		p[0], p[1] = byte(to.Port()>>8), byte(to.Port())
		return unix.SizeofSockaddrInet4
	}
	*s = sockaddr{Family: unix.AF_INET6, Addr: to.Addr().As16()}
	if zone := to.Addr().Zone(); zone != "" {
		id, _ := strconv.Atoi(zone) // addrPort made it
		s.Scope_id = uint32(id)
	}
	p := port(&s.Port)
	p[0], p[1] = byte(to.Port()>>8), byte(to.Port())
	return unix.SizeofSockaddrInet6
}

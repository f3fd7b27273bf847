package dtlstransport

import (
	"net"
	"net/netip"
)

// A socket is what a Listener needs of a UDP socket that is not connected.
// *net.UDPConn is one; its methods with addresses that are values allocate
// nothing.
type socket interface {
	ReadFromUDPAddrPort(b []byte) (n int, from netip.AddrPort, err error)
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (n int, err error)
	LocalAddr() net.Addr
	Close() error
}

// newSocket makes a socket of c. Only the type itself will do for a UDPConn: one
// that is embedded may be so for the sake of another ReadFrom.
func newSocket(c net.PacketConn) socket {
	if c, ok := c.(*net.UDPConn); ok {
		if s := newBurstSocket(c); s != nil {
			return s
		}
		return c
	}
	return packetSocket{c}
}

// packetSocket is any other net.PacketConn with addresses of type *net.UDPAddr.
type packetSocket struct{ net.PacketConn }

// ReadFromUDPAddrPort returns no valid address for one of another type.
func (s packetSocket) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	n, from, err := s.ReadFrom(b)
	addr, ok := from.(*net.UDPAddr)
	if err != nil || !ok {
		return n, netip.AddrPort{}, err
	}
	// One address has one form, however the 4 bytes of IPv4 are kept.
	a := addr.AddrPort()
	return n, netip.AddrPortFrom(a.Addr().Unmap(), a.Port()), nil
}

func (s packetSocket) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	return s.WriteTo(b, net.UDPAddrFromAddrPort(to))
}

package icelite

import (
	"context"
	"net"
	"net/netip"
	"strings"
)

// portableConn is a packetConn by the calls that every system has: one datagram each.
type portableConn struct {
	udp *net.UDPConn
	buf []byte
	one [1]train
}

// listenPortable opens a socket of that kind.
func listenPortable(network, address string, config *Config) (packetConn, error) {
	pc, err := new(net.ListenConfig).ListenPacket(context.Background(), network, address)
	if err != nil {
		return nil, err
	}
	return newPortable(pc.(*net.UDPConn), config), nil
}

// newPortable returns an open socket as one of that kind.
func newPortable(udp *net.UDPConn, config *Config) *portableConn {
	// A smaller buffer than asked for is no failure: Stats tells.
	_ = udp.SetReadBuffer(config.ReceiveBuffer)
	_ = udp.SetWriteBuffer(config.SendBuffer)
	return &portableConn{udp: udp, buf: make([]byte, 1<<16)}
}

func (c *portableConn) receive() ([]train, error) {
	n, from, err := c.udp.ReadFromUDPAddrPort(c.buf)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, nil
	}
	c.one[0] = train{unmap(from), c.buf[:n], n}
	return c.one[:], nil
}

func (c *portableConn) send(trains []train) (calls, failed int) {
	for _, t := range trains {
		n, f := t.singly(c.sendOne)
		calls, failed = calls+n, failed+f
	}
	return calls, failed
}

func (c *portableConn) sendOne(b []byte, to netip.AddrPort) error {
	_, err := c.udp.WriteToUDPAddrPort(b, to)
	return err
}

func (c *portableConn) localAddr() netip.AddrPort { return localAddr(c.udp) }

func (c *portableConn) buffers() (receive, send int) { return bufferSizes(c.udp) }

func (c *portableConn) offloads() (segmentation, coalescing bool) { return false, false }

func (c *portableConn) close() error { return c.udp.Close() }

func localAddr(udp *net.UDPConn) netip.AddrPort {
	return unmap(udp.LocalAddr().(*net.UDPAddr).AddrPort())
}

// unmap makes one address of the two forms that IPv4 has on a socket for both families.
func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// isUDP reports whether network is one that Listen takes.
func isUDP(network string) bool {
	return strings.HasPrefix(network, "udp") && len(network) <= len("udp4")
}

package pionice

import (
	"net"

	"github.com/pion/transport/v2"
)

// ShieldNet wraps network, so that all UDP sockets which an ice.Agent opens through it are shielded as by
// [Shield]. This covers what a shielded mux cannot: an agent gathers relayed candidates on sockets of its own,
// and the TURN client on them parses a Data indication from any address; one with an empty XOR-PEER-ADDRESS,
// 24 bytes in all, ends the process. Streams (TURN over TCP) are not shielded.
//
// network is what AgentConfig.Net would be: stdnet.NewNet() or a vnet.
func ShieldNet(network transport.Net) transport.Net { return shieldedNet{network} }

type shieldedNet struct{ transport.Net }

func (n shieldedNet) ListenPacket(network, address string) (net.PacketConn, error) {
	conn, err := n.Net.ListenPacket(network, address)
	if err != nil {
		return nil, err
	}
	return Shield(conn), nil
}

func (n shieldedNet) ListenUDP(network string, local *net.UDPAddr) (transport.UDPConn, error) {
	conn, err := n.Net.ListenUDP(network, local)
	if err != nil {
		return nil, err
	}
	return shieldedUDPConn{conn}, nil
}

func (n shieldedNet) DialUDP(network string, local, remote *net.UDPAddr) (transport.UDPConn, error) {
	conn, err := n.Net.DialUDP(network, local, remote)
	if err != nil {
		return nil, err
	}
	return shieldedUDPConn{conn}, nil
}

// A shieldedUDPConn is a UDP socket, all of whose ways to read skip harmful datagrams.
type shieldedUDPConn struct{ transport.UDPConn }

func (c shieldedUDPConn) Read(b []byte) (int, error) {
	for {
		n, err := c.UDPConn.Read(b)
		if err != nil || !IsHarmful(b[:n]) {
			return n, err
		}
	}
}

func (c shieldedUDPConn) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, addr, err := c.UDPConn.ReadFrom(b)
		if err != nil || !IsHarmful(b[:n]) {
			return n, addr, err
		}
	}
}

func (c shieldedUDPConn) ReadFromUDP(b []byte) (int, *net.UDPAddr, error) {
	for {
		n, addr, err := c.UDPConn.ReadFromUDP(b)
		if err != nil || !IsHarmful(b[:n]) {
			return n, addr, err
		}
	}
}

func (c shieldedUDPConn) ReadMsgUDP(b, oob []byte) (n, oobn, flags int, addr *net.UDPAddr, err error) {
	for {
		n, oobn, flags, addr, err = c.UDPConn.ReadMsgUDP(b, oob)
		if err != nil || !IsHarmful(b[:n]) {
			return n, oobn, flags, addr, err
		}
	}
}

package main

import (
	"net"
	"time"
)

// A peer is a socket as far as it is about one peer. Closing it does not close the socket.
type peer struct {
	*net.UDPConn
	remote *net.UDPAddr
	first  []byte // a datagram that was read already
}

// awaitClient waits for a datagram that begins with a ClientHello; who has sent it is the peer.
func (p *peer) awaitClient() error {
	b := make([]byte, 1<<16)
	if err := p.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	for {
		n, from, err := p.ReadFromUDP(b)
		if err != nil {
			return err
		}
		if n > 13 && b[0] == 22 && b[3] == 0 && b[4] == 0 && b[13] == 1 {
			p.remote, p.first = from, append([]byte(nil), b[:n]...)
			return nil
		}
	}
}

func (p *peer) ReadFrom(b []byte) (int, net.Addr, error) {
	if p.first != nil {
		n := copy(b, p.first)
		p.first = nil
		return n, p.remote, nil
	}
	for {
		n, from, err := p.ReadFromUDP(b)
		if err != nil {
			return n, from, err
		}
		if from.Port == p.remote.Port {
			return n, from, nil
		}
	}
}

// Close has reads end.
func (p *peer) Close() error { return p.SetReadDeadline(time.Now()) }

package main

import (
	"net"
	"sync"
	"time"
)

// A peer is a socket as far as it is about one peer. Closing it leaves the socket as it was, for the next one.
type peer struct {
	*net.UDPConn
	remote *net.UDPAddr
	first  []byte // a datagram that was read already

	reading sync.Mutex // held by who reads
	mu      sync.Mutex // guards closed, and the deadline of the socket until then
	closed  bool
}

// awaitClient waits for a datagram that begins with a ClientHello; who has sent it is the peer.
func (p *peer) awaitClient() error {
	b := make([]byte, 1<<16)
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
	p.reading.Lock()
	defer p.reading.Unlock()
	if p.isClosed() {
		return 0, nil, net.ErrClosed
	}
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

// SetReadDeadline does nothing once the socket may be another peer's.
func (p *peer) SetReadDeadline(t time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return net.ErrClosed
	}
	return p.UDPConn.SetReadDeadline(t)
}

func (p *peer) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// Close has reads end, and waits until they have.
func (p *peer) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	err := p.UDPConn.SetReadDeadline(time.Unix(1, 0))
	p.mu.Unlock()
	if err != nil {
		return err
	}
	p.reading.Lock()
	defer p.reading.Unlock()
	return p.UDPConn.SetReadDeadline(time.Time{})
}

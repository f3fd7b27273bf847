package main

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A link is a socket and one peer on it, for DTLS. What others send is dropped.
type link struct {
	socket *net.UDPConn
	remote netip.AddrPort
	closed atomic.Bool

	mu    sync.Mutex
	first []byte // a datagram that came before the link was made; nil when it was read
}

// dial returns a link from a new socket. Closing it does not close the socket.
func dial(address string) (*link, error) {
	to, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return nil, err
	}
	network := "udp4"
	remote := netip.AddrPortFrom(to.AddrPort().Addr().Unmap(), uint16(to.Port))
	if !remote.Addr().Is4() {
		network = "udp6"
	}
	socket, err := net.ListenUDP(network, nil)
	if err != nil {
		return nil, err
	}
	enlarge(socket)
	return &link{socket: socket, remote: remote}, nil
}

// enlarge has the socket hold as much as the system allows: a burst that overflows it is a loss.
func enlarge(socket *net.UDPConn) { _ = socket.SetReadBuffer(4 << 20) }

// accept waits for somebody who begins a handshake, and returns a link to them.
func accept(ctx context.Context, socket *net.UDPConn) (*link, error) {
	deadline, _ := ctx.Deadline()
	_ = socket.SetReadDeadline(deadline)
	b := make([]byte, 1<<16)
	for {
		n, from, err := socket.ReadFromUDPAddrPort(b)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, context.DeadlineExceeded
		}
		if err != nil {
			return nil, err
		}
		// A handshake record of epoch 0: what is left of an earlier client is not taken for a new one.
		if n > 13 && b[0] == 22 && b[3] == 0 && b[4] == 0 {
			return &link{socket: socket, remote: unmapped(from), first: b[:n]}, nil
		}
	}
}

func unmapped(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// Read returns the peer's next datagram.
func (l *link) Read(b []byte) (int, error) {
	l.mu.Lock()
	first := l.first
	l.first = nil
	l.mu.Unlock()
	if first != nil {
		return copy(b, first), nil
	}
	for {
		if l.closed.Load() {
			return 0, net.ErrClosed
		}
		n, from, err := l.socket.ReadFromUDPAddrPort(b)
		switch {
		case err == nil && unmapped(from) == l.remote:
			return n, nil
		case errors.Is(err, net.ErrClosed):
			return 0, err
		case err != nil && !l.closed.Load():
			time.Sleep(time.Millisecond) // the echo of an ICMP error, which anybody can send
		}
	}
}

// Write sends a datagram. One that the socket does not take is a lost one.
func (l *link) Write(b []byte) (int, error) {
	if l.closed.Load() {
		return 0, net.ErrClosed
	}
	_, _ = l.socket.WriteToUDPAddrPort(b, l.remote)
	return len(b), nil
}

// Close ends Read.
func (l *link) Close() error {
	l.closed.Store(true)
	return l.socket.SetReadDeadline(time.Now())
}

// LocalAddr returns the address of the socket.
func (l *link) LocalAddr() net.Addr { return l.socket.LocalAddr() }

// RemoteAddr returns the peer's address.
func (l *link) RemoteAddr() net.Addr { return net.UDPAddrFromAddrPort(l.remote) }

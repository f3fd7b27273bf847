package dtlstransport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
)

// A Listener accepts associations on one UDP socket. It is a net.Listener.
//
//	            +-- no cookie: HelloVerifyRequest, and nothing is kept
//	            |
//	socket --> handle --> half-open: handshakes --connected--> backlog --> Accept
//	            |            |  (beside the open one, if the peer has begun anew)
//	            +---------> open: data                       --> Conn.Read
//	            |
//	            +---------> refused: the alert once more, for a peer that has missed it
//
// One goroutine reads the socket and runs all handshakes; there is none for an
// association. All methods may be called concurrently. A Listener has to be closed.
type Listener struct {
	socket    socket
	cookies   *Cookies // nil: InsecureNoCookies
	config    *Config  // of all associations, with our cookies; nil: get knows
	get       func(remote net.Addr) (*Config, error)
	maximum   int // of half-open handshakes
	unclaimed int // connections in backlog from which on no new handshake is begun
	idLen     int // of our connection IDs; 0: none
	mayMove   func(c *Conn, to net.Addr) bool

	backlog chan *Conn
	done    chan struct{} // closed by Close

	mu       sync.Mutex
	closed   bool
	halfOpen map[netip.AddrPort]*association
	open     map[netip.AddrPort]*association
	refused  map[netip.AddrPort]*association // that we have ended with an alert; see refuse
	byID     map[string]*association         // those with a connection ID
	all      map[*association]struct{}       // in no map of addresses if another one has come to theirs
	stats    ListenerStats

	// Only for the loop that reads:
	addr  []byte // an address as text
	reply []byte
	spare []byte // a copy of a datagram
}

// Listen opens a UDP socket and accepts associations on it. network is "udp",
// "udp4" or "udp6", address is as net.ListenPacket has it.
func Listen(network, address string, config *ListenConfig) (*Listener, error) {
	if !strings.HasPrefix(network, "udp") {
		return nil, fmt.Errorf("dtls: listen: network %q is not UDP", network)
	}
	conn, err := net.ListenPacket(network, address)
	if err != nil {
		return nil, err
	}
	l, err := NewListener(conn, config)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return l, nil
}

// NewListener accepts associations on conn, whose addresses are of type
// *net.UDPAddr, and which it owns from now on unless there is an error.
func NewListener(conn net.PacketConn, config *ListenConfig) (*Listener, error) {
	l, err := newListener(newSocket(conn), config)
	if err != nil {
		return nil, err
	}
	go l.read()
	return l, nil
}

func newListener(s socket, config *ListenConfig) (*Listener, error) {
	if config == nil || config.Config == nil && config.GetConfig == nil {
		return nil, errors.New("dtls: listen: no Config")
	}
	l := &Listener{
		socket:    s,
		get:       config.GetConfig,
		maximum:   config.MaxHandshakes,
		unclaimed: config.Backlog,
		idLen:     config.ConnectionIDLength,
		mayMove:   config.MayMove,
		done:      make(chan struct{}),
		halfOpen:  make(map[netip.AddrPort]*association),
		open:      make(map[netip.AddrPort]*association),
		refused:   make(map[netip.AddrPort]*association),
		byID:      make(map[string]*association),
		all:       make(map[*association]struct{}),
	}
	if l.idLen != 0 && (l.idLen < MinListenerConnectionID || l.idLen > record.MaxConnectionID) {
		return nil, fmt.Errorf("dtls: listen: connection IDs of %d bytes", l.idLen)
	}
	if l.maximum <= 0 {
		l.maximum = DefaultMaxHandshakes
	}
	if l.unclaimed <= 0 {
		l.unclaimed = DefaultBacklog
	}
	// When the last place before unclaimed is taken, all handshakes that go on may
	// still be completed.
	l.backlog = make(chan *Conn, l.unclaimed+l.maximum)
	if !config.InsecureNoCookies {
		if config.Config != nil {
			l.cookies = config.Config.Cookies
		}
		if l.cookies == nil {
			l.cookies = NewCookies()
		}
	}
	if l.get == nil {
		var err error
		if l.config, err = l.prepare(config.Config); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// Accept is AcceptContext without a context.
func (l *Listener) Accept() (net.Conn, error) {
	c, err := l.AcceptContext(context.Background())
	if err != nil {
		return nil, err
	}
	return c, nil
}

// AcceptContext returns the next association whose handshake is complete and whose
// peer is verified. What the peer has sent, and even that it has closed, may be
// there already. The error is net.ErrClosed after Close, or ctx's.
func (l *Listener) AcceptContext(ctx context.Context) (*Conn, error) {
	select {
	case <-l.done:
		return nil, l.opError(net.ErrClosed)
	default:
	}
	select {
	case c := <-l.backlog:
		return c, nil
	case <-ctx.Done():
		return nil, l.opError(ctx.Err())
	case <-l.done:
		return nil, l.opError(net.ErrClosed)
	}
}

func (l *Listener) opError(err error) error {
	return &net.OpError{Op: "accept", Net: "dtls", Addr: l.Addr(), Err: err}
}

// Addr returns the address of the socket.
func (l *Listener) Addr() net.Addr { return l.socket.LocalAddr() }

// Close ends everything: associations, accepted or not, with a close_notify, for
// they share the socket, and then the socket. A second Close has no effect.
func (l *Listener) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	close(l.done)
	var all []*association
	for a := range l.all {
		all = append(all, a)
	}
	l.mu.Unlock()
	for _, a := range all {
		a.conn.Close()
	}
	return l.socket.Close()
}

var _ net.Listener = (*Listener)(nil)

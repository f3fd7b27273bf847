package icelite

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/rtctransport/rtctransport/mux"
)

// A Server is an ICE-lite agent for many peers on one UDP port. All methods may be called concurrently. It has to
// be closed.
type Server struct {
	config   Config
	sockets  []*socket
	registry registry
	count    counters
	began    time.Time

	wheelMu sync.Mutex
	wheel   wheel

	closing sync.Once
	closed  chan struct{}
	loops   sync.WaitGroup
}

// Listen opens a UDP port. network is "udp", "udp4" or "udp6", address as for net.ListenPacket; "udp" with no host serves
// IPv4 and IPv6. config may be nil. A host with several addresses should name one: answers leave by the address that
// the system chooses.
func Listen(network, address string, config *Config) (*Server, error) {
	filled := config.filled()
	if !isUDP(network) {
		return nil, fmt.Errorf("icelite: %w", net.UnknownNetworkError(network))
	}
	var conns []packetConn
	for range filled.Sockets {
		conn, err := listen(network, address, &filled)
		if err != nil {
			for _, c := range conns {
				c.close()
			}
			return nil, fmt.Errorf("icelite: %w", err)
		}
		conns = append(conns, conn)
		if host, _, err := net.SplitHostPort(address); err == nil {
			address = net.JoinHostPort(host, fmt.Sprint(conn.localAddr().Port())) // the same for the next, if it was 0
		}
	}
	return serve(conns, filled), nil
}

// serve starts a server on sockets that it owns from now on.
func serve(conns []packetConn, config Config) *Server {
	s := &Server{config: config, registry: newRegistry(config.MaxPeers), closed: make(chan struct{})}
	s.began = time.Now().Add(-1) // so that no time of its clock is zero
	for _, conn := range conns {
		s.sockets = append(s.sockets, &socket{server: s, conn: conn, queue: queue{conn: conn, count: &s.count}})
	}
	for _, socket := range s.sockets {
		s.loops.Go(socket.loop)
	}
	s.loops.Go(s.clock)
	return s
}

// Addr returns the address of the port, a *net.UDPAddr.
func (s *Server) Addr() net.Addr { return net.UDPAddrFromAddrPort(s.AddrPort()) }

// AddrPort is Addr as a value.
func (s *Server) AddrPort() netip.AddrPort { return s.sockets[0].conn.localAddr() }

// AddPeer registers a peer that may come. config may be nil. It fails with ErrTooManyPeers, ErrDraining or
// ErrCredentials, or with net.ErrClosed.
func (s *Server) AddPeer(config *PeerConfig) (*Peer, error) {
	if config == nil {
		config = new(PeerConfig)
	}
	p := &Peer{server: s, credentials: newCredentials(), remoteUfrag: config.RemoteUfrag}
	if given := config.Credentials; given != (Credentials{}) {
		if given.Ufrag == "" {
			given.Ufrag = p.credentials.Ufrag
		}
		if given.Password == "" {
			given.Password = p.credentials.Password
		}
		if err := given.check(); err != nil {
			return nil, err
		}
		p.credentials = given
	}
	p.due0 = math.MaxInt64
	if s.config.ConnectTimeout > 0 {
		p.due0 = s.now() + s.config.ConnectTimeout
	}
	// The wheel first: as soon as the peer is registered it may end.
	s.wheelMu.Lock()
	s.wheel.add(p, p.due())
	s.wheelMu.Unlock()
	err := s.registry.add(p, p.credentials.Ufrag)
	select {
	case <-s.closed:
		err = errors.Join(err, net.ErrClosed)
	default:
	}
	if err != nil {
		p.fail(net.ErrClosed)
		return nil, err
	}
	return p, nil
}

// now returns the time as it is kept here, as what has passed since the server began: a clock may be set.
func (s *Server) now() time.Duration { return time.Since(s.began) }

// forget takes a peer that has ended from all tables.
func (s *Server) forget(p *Peer, ufrags [2]string, paths *path) {
	s.wheelMu.Lock()
	s.wheel.remove(p)
	s.wheelMu.Unlock()
	s.registry.remove(p, ufrags, paths)
}

// Batch has what f writes to any peer wait until f returns, and then leave together: what goes to one peer in one
// send. It is for bursts that do not come from a handler, where that is so anyway. f should be quick: what the
// loops send waits as well.
func (s *Server) Batch(f func()) {
	s.hold(s.now())
	defer s.release()
	f()
}

// hold has what is written to any peer wait: whom a socket's peers send to may be on another socket.
func (s *Server) hold(now time.Duration) {
	for _, socket := range s.sockets {
		socket.queue.hold(now)
	}
}

func (s *Server) release() {
	for _, socket := range s.sockets {
		socket.queue.release()
	}
}

// Shutdown takes no new peers any more (AddPeer fails with ErrDraining), waits until the last has ended, and closes
// the server. Ending them is the application's: it closes their transports, which say close_notify. If ctx ends first,
// what is left is ended as Close does, and the error is ctx's.
func (s *Server) Shutdown(ctx context.Context) error {
	s.registry.drain()
	var err error
	select {
	case <-s.registry.empty:
	case <-s.closed:
	case <-ctx.Done():
		err = fmt.Errorf("icelite: shutdown: %w", ctx.Err())
	}
	return errors.Join(err, s.Close())
}

// Close ends all peers with net.ErrClosed, without a word to them, and closes the port. It does not wait for handlers
// that are being called.
func (s *Server) Close() (err error) {
	s.closing.Do(func() {
		close(s.closed)
		s.registry.drain()
		for _, p := range s.registry.all() {
			p.fail(net.ErrClosed)
		}
		for _, socket := range s.sockets {
			err = errors.Join(err, socket.conn.close())
		}
	})
	return err
}

// clock ends those whose time is over.
func (s *Server) clock() {
	ticker := time.NewTicker(wheelTick)
	defer ticker.Stop()
	for {
		select {
		case <-s.closed:
			return
		case <-ticker.C:
			s.wheelMu.Lock()
			expired := s.wheel.advance(s.now())
			s.wheelMu.Unlock()
			for _, p := range expired {
				s.count.expired.Add(1)
				p.expire()
			}
		}
	}
}

// A socket is one of those that share the port, with the memory of its loop.
type socket struct {
	server *Server
	conn   packetConn
	queue  queue
	check  check
	errors bucket // bounds error responses to strangers
}

const (
	refusalsPerSecond = 100 // of a socket, to strangers
	checksPerSecond   = 100 // of a peer; browsers make 20 while they connect (RFC 8445, Section 14.2)
)

// maxReceiveErrors is how many calls in a row may fail until the socket is given up.
const maxReceiveErrors = 1000

func (s *socket) loop() {
	failures := 0
	for {
		trains, err := s.conn.receive()
		if err != nil {
			select {
			case <-s.server.closed:
				return
			default:
			}
			s.server.count.receiveErrors.Add(1)
			if failures++; failures > maxReceiveErrors || errors.Is(err, net.ErrClosed) {
				s.server.Close()
				return
			}
			continue
		}
		failures = 0
		s.server.count.receives.Add(1)
		now := s.server.now()
		s.server.hold(now)
		for _, t := range trains {
			s.take(now, t)
		}
		s.server.release()
	}
}

// take delivers what came from one address.
func (s *socket) take(now time.Duration, t train) {
	count := &s.server.count
	from := path{addr: t.addr, socket: s}
	count.datagramsReceived.Add(uint64(t.datagrams()))
	count.bytesReceived.Add(uint64(len(t.b)))
	var peer *Peer
	for len(t.b) > 0 {
		b := t.next()
		if mux.Classify(b) == mux.STUN {
			s.stun(now, b, &from)
			continue
		}
		if peer == nil {
			peer = s.server.registry.addr(t.addr)
		}
		switch {
		case peer == nil:
			count.unknownSource.Add(1)
		case !peer.take(b):
			count.unattached.Add(1)
		}
	}
}

// stun answers a connectivity check.
func (s *socket) stun(now time.Duration, b []byte, from *path) {
	count, c := &s.server.count, &s.check
	if !mux.IsSTUN(b) {
		count.notSTUN.Add(1)
		return
	}
	if !c.decode(b) {
		count.otherSTUN.Add(1)
		return
	}
	local, remote, ok := c.ufrags()
	if !ok || !c.integrity || !c.fingerprint {
		count.unauthenticated.Add(1)
		s.refuse(now, stunBadRequest, len(b), from)
		return
	}
	peer, owner := s.server.registry.check(local, from.addr)
	if peer == nil {
		count.unknownUfrag.Add(1)
		s.refuse(now, stunUnauthorized, len(b), from)
		return
	}
	password := peer.password(local, remote)
	if password == "" || !c.authentic(password) {
		count.unauthenticated.Add(1)
		s.refuse(now, stunUnauthorized, len(b), from)
		return
	}
	if peer.replayed(c.message.TransactionID, from.addr) {
		count.replayed.Add(1)
		return
	}
	if owner != nil && owner != peer && owner.holds(from.addr, now) {
		count.contested.Add(1)
		return
	}
	if !peer.mayCheck(now) {
		count.tooMany.Add(1)
		return
	}
	response, ok := c.answer(from.addr)
	_ = s.queue.write(from, response) // counted; the peer asks again
	if !ok {
		count.refused.Add(1)
		return
	}
	count.checks.Add(1)
	peer.proved(now, from, local, c.useCandidate)
}

// refuse answers a stranger, seldom, and with fewer bytes than he has sent.
func (s *socket) refuse(now time.Duration, code int, size int, to *path) {
	if response := s.check.refusal(code); len(response) <= size && s.errors.take(now, refusalsPerSecond) {
		_ = s.queue.write(to, response)
	}
}

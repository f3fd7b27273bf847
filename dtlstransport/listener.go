package dtlstransport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/mux"
)

// The defaults of ListenConfig.
const (
	DefaultMaxHandshakes = 1024
	DefaultBacklog       = 128

	// MinListenerConnectionID is the smallest ListenConfig.ConnectionIDLength but
	// zero: random ones are to be all different.
	MinListenerConnectionID = 4
)

// A ListenConfig says whom a Listener takes, and how many at a time. How many may
// stay is up to who accepts them, and to GetConfig. It must not be changed after use
// and may be shared.
type ListenConfig struct {
	// Config is that of all associations if there is no GetConfig. Unless the
	// client stays anonymous it needs VerifyPeer or RemoteFingerprints: without,
	// nobody could be let in. Its Cookies, if not nil, are used in place of new
	// ones, for several listeners that share a port.
	Config *Config

	// GetConfig, if not nil, returns the Config for a client whose address is
	// proved, by its cookie, and which is otherwise unknown; an error refuses it.
	// The Cookies of that Config are not looked at. GetConfig is called from the loop
	// that reads the socket and must be quick.
	GetConfig func(remote net.Addr) (*Config, error)

	// MaxHandshakes bounds the handshakes that go on at a time, each of which holds
	// some 7 kB for up to Config.HandshakeTimeout. One more takes the place of the
	// oldest. Zero means DefaultMaxHandshakes.
	MaxHandshakes int

	// Backlog is how many connections may wait for Accept before no new handshake
	// is begun; those that go on are still completed. Zero means DefaultBacklog.
	Backlog int

	// ConnectionIDLength, if not zero, has each client that is willing put a random
	// connection ID of as many bytes, MinListenerConnectionID to 255, on its records
	// (RFC 9146), by which it is known again when its address has changed. 8 is right for
	// most. Such a client is not replaced by another one at its address.
	ConnectionIDLength int

	// MayMove decides whether what is sent to a client with a connection ID follows it to
	// another address, when an authentic record that is newer than all before came from
	// there. On its way it may have been given that address by anybody, so MayMove should
	// know that the client receives what is sent there (RFC 9146, Section 6). It is
	// called from the loop that reads the socket, once for each such datagram, and must
	// be quick. Nil means that a heartbeat sent there decides, by its answer, and that
	// nothing follows a client that answers none: see Config.Heartbeat. Records from
	// anywhere are delivered in any case.
	MayMove func(c *Conn, to net.Addr) bool

	// InsecureNoCookies lets anybody make the listener send, and compute and keep
	// state, with forged source addresses: a ClientHello is answered with several
	// times its size, and again when that stays unanswered. Only where all
	// addresses are known to be true.
	InsecureNoCookies bool
}

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

// prepare returns a Config for associations of l.
func (l *Listener) prepare(config *Config) (*Config, error) {
	if err := config.check(RoleServer); err != nil {
		return nil, err
	}
	if len(config.RemoteFingerprints) == 0 && config.VerifyPeer == nil && config.ClientAuth != InsecureClientAuthNone {
		return nil, errors.New("dtls: listen: neither VerifyPeer nor RemoteFingerprints")
	}
	if config.ReliableTransport {
		return nil, errors.New("dtls: listen: UDP is no ReliableTransport")
	}
	own := *config
	own.Cookies = l.cookies
	return &own, nil
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

// Stats returns the counts so far.
func (l *Listener) Stats() ListenerStats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.stats
	s.HalfOpen, s.Open, s.Waiting = len(l.halfOpen), len(l.all)-len(l.halfOpen), len(l.backlog)
	return s
}

// count adds one to a counter of l.stats.
func (l *Listener) count(n *uint64) {
	l.mu.Lock()
	*n++
	l.mu.Unlock()
}

// read is the one goroutine of a Listener.
func (l *Listener) read() {
	buf := make([]byte, maxPacket)
	failures := 0
	for {
		n, from, err := l.socket.ReadFromUDPAddrPort(buf)
		if err == nil {
			failures = 0
			l.handle(time.Now(), from, buf[:n:n])
			continue
		}
		if errors.Is(err, net.ErrClosed) {
			l.Close()
			return
		}
		l.count(&l.stats.SocketErrors)
		if !mux.IsTransient(err) {
			// Not known to pass, and no reason to spin.
			failures++
			if !l.pause(min(time.Millisecond<<min(failures, 10), time.Second)) {
				return
			}
		}
	}
}

// pause reports false if the Listener is closed meanwhile.
func (l *Listener) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.done:
		return false
	}
}

// handle takes one datagram, of anybody, to whom it belongs.
func (l *Listener) handle(now time.Time, from netip.AddrPort, b []byte) {
	l.mu.Lock()
	l.stats.DatagramsReceived++
	open, next, refused := l.open[from], l.halfOpen[from], l.refused[from]
	known := l.findID(b)
	l.mu.Unlock()
	hello, recordSeq, isHello := findHello(b)
	switch {
	case !from.IsValid():
		l.count(&l.stats.Refused[RefusedAddress])
	case known != nil:
		l.receive(known, from, b)
	case isHello && next != nil:
		next.conn.receive(b) // its engine knows what to do about another client's
	case isHello && open != nil && hello.random == open.random:
		l.count(&l.stats.Refused[RefusedRepeated])
	case isHello && l.cookies != nil:
		l.addr = from.AppendTo(l.addr[:0])
		if l.cookies.proves(now, l.addr, &hello) {
			l.admit(from, b)
			return
		}
		l.reply = l.cookies.appendVerifyRequest(l.reply[:0], now, l.addr, &hello, recordSeq)
		l.count(&l.stats.HelloVerifyRequests)
		_, _ = l.write(l.reply, from) // lost like any other
	case isHello:
		l.admit(from, b)
	case open == nil && next == nil:
		l.count(&l.stats.Refused[RefusedStranger])
		if refused != nil {
			refused.conn.receive(b)
		}
	case next == nil:
		open.conn.receive(b)
	case open == nil:
		next.conn.receive(b)
	default:
		// Nothing but the keys tells whose it is. What decrypts in place and fails
		// leaves nothing for the other.
		l.spare = append(l.spare[:0], b...)
		if !open.conn.takes(b, true).authentic {
			next.conn.receive(l.spare)
		}
	}
}

// admit begins a handshake with a datagram that holds the beginning of a
// ClientHello, and a valid cookie in it.
func (l *Listener) admit(from netip.AddrPort, b []byte) {
	if len(l.backlog) >= l.unclaimed {
		l.count(&l.stats.Refused[RefusedBacklog])
		return
	}
	config, err := l.config, error(nil)
	if l.get != nil {
		if config, err = l.get(net.UDPAddrFromAddrPort(from)); err == nil {
			config, err = l.prepare(config)
		}
	}
	var a *association
	if err == nil {
		a, err = newAssociation(l, from, l.newID(), config)
	}
	if err != nil {
		l.count(&l.stats.Refused[RefusedConfig])
		return
	}
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return
	}
	oldest := l.makeRoom()
	l.stats.Handshakes++
	a.number = l.stats.Handshakes
	l.halfOpen[from] = a
	delete(l.refused, from)
	l.remember(a)
	l.mu.Unlock()
	if oldest != nil {
		oldest.conn.abandon(errCrowded)
	}
	a.conn.receive(b)
}

// makeRoom takes the oldest handshake out if there are too many: the genuine one
// among those that somebody floods us with is done in two round trips. mu is held.
func (l *Listener) makeRoom() (oldest *association) {
	if len(l.halfOpen) < l.maximum {
		return nil
	}
	for _, a := range l.halfOpen {
		if oldest == nil || a.number < oldest.number {
			oldest = a
		}
	}
	delete(l.halfOpen, oldest.address())
	l.forget(oldest)
	l.stats.Refused[RefusedCrowded]++
	return oldest
}

// write sends a datagram.
func (l *Listener) write(b []byte, to netip.AddrPort) (int, error) {
	n, err := l.socket.WriteToUDPAddrPort(b, to)
	if err != nil {
		l.count(&l.stats.SocketErrors)
		if mux.IsTransient(err) {
			return len(b), nil // sent and lost
		}
	}
	return n, err
}

var _ net.Listener = (*Listener)(nil)

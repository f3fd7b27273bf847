package icelite

import (
	"fmt"
	"hash/maphash"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rtctransport/rtctransport/mux"
)

// A Peer is one remote ICE agent of a Server, and the link to it: a [mux.Pusher], which delivers from the
// server's loops. All methods may be called concurrently, and from inside a delivery. A Peer has to be closed.
type Peer struct {
	server *Server

	selected  atomic.Pointer[path] // where to send; nil: nowhere yet, or no more
	lastCheck atomic.Int64         // when, by Server.now; 0: none yet
	due0      time.Duration        // by when the first one has to come
	inSlot                         // of the server's wheel; guarded with that

	count struct {
		datagramsReceived, bytesReceived, datagramsSent, bytesSent, checks, pathChanges atomic.Uint64
	}

	delivering sync.Mutex // keeps two sockets from delivering at a time
	deliver    func(b []byte)
	end        func(err error)

	mu          sync.Mutex
	credentials Credentials // ours, that checks are made with
	former      Credentials // of before Restart, while no check has come with the new ones
	remoteUfrag string      // theirs; empty: any
	paths       *path       // that checks have proved, at most maxPaths
	replays     [8]seen     // the last checks
	checks      bucket      // bounds how many are answered
	onConnected func()
	err         error // why it has ended
	nextReplay  uint8

	registered bool // guarded by the server's registry
}

// seen remembers a check: a transaction, and the address that it came from.
type seen struct{ transaction, from uint64 }

// PeerConfig holds what can be chosen about a Peer. The zero value is good.
type PeerConfig struct {
	// Credentials are ours; those that are empty are made.
	Credentials Credentials
	// RemoteUfrag is the peer's; if it is not known yet, any will do, for it proves nothing.
	RemoteUfrag string
}

// Credentials returns what goes into our session description.
func (p *Peer) Credentials() Credentials {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.credentials
}

// SetRemoteUfrag gives the peer's ufrag, when its session description is slower than ours.
func (p *Peer) SetRemoteUfrag(ufrag string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remoteUfrag = ufrag
}

// Restart makes new credentials for an ICE restart (RFC 8445, Section 9) and returns them. The old ones are good until
// the first check with the new ones; the path stays in use meanwhile. remoteUfrag is the peer's new one, or
// empty.
func (p *Peer) Restart(remoteUfrag string) (Credentials, error) {
	fresh := newCredentials()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return Credentials{}, p.err
	}
	if err := p.server.registry.add(p, fresh.Ufrag); err != nil {
		return Credentials{}, err
	}
	if p.former.Ufrag != "" {
		p.server.registry.forgetUfrag(p.credentials.Ufrag) // was never used
	} else {
		p.former = p.credentials
	}
	p.credentials, p.remoteUfrag = fresh, remoteUfrag
	return fresh, nil
}

// OnConnected has f called once, when the peer's address is known for the first time: from then on Write works. If
// that has happened, OnConnected makes the call itself. f must not wait.
func (p *Peer) OnConnected(f func()) {
	p.mu.Lock()
	connected := p.lastCheck.Load() != 0
	if !connected {
		p.onConnected = f
	}
	p.mu.Unlock()
	if connected {
		f()
	}
}

// Push is how a Mux takes what comes; see [mux.Pusher].
func (p *Peer) Push(deliver func(b []byte), end func(err error)) {
	p.delivering.Lock()
	p.deliver = deliver
	p.delivering.Unlock()
	p.mu.Lock()
	p.end = end
	err := p.err
	p.mu.Unlock()
	if err != nil {
		end(err)
	}
}

// Read is there for mux.Link and always fails: a Peer delivers.
func (p *Peer) Read([]byte) (int, error) {
	return 0, fmt.Errorf("icelite: a peer delivers and is not read: %w", net.ErrClosed)
}

// Write sends one datagram, or has it wait for the end of the batch that is being delivered. b is not kept. It
// fails with ErrNoPath before the first check, with ErrConsent or ErrNoCheck when the peer has ended, with
// net.ErrClosed after Close, and as sockets do.
func (p *Peer) Write(b []byte) (int, error) {
	to := p.selected.Load()
	if to == nil {
		if err := p.Err(); err != nil {
			return 0, err
		}
		return 0, ErrNoPath
	}
	switch {
	case len(b) == 0:
		return 0, nil // an empty datagram is nothing in WebRTC
	case len(b) > maxDatagram:
		return 0, &net.OpError{Op: "write", Net: "udp", Addr: net.UDPAddrFromAddrPort(to.addr), Err: syscall.EMSGSIZE}
	}
	if err := to.socket.queue.write(to, b); err != nil {
		return 0, err
	}
	p.count.datagramsSent.Add(1)
	p.count.bytesSent.Add(uint64(len(b)))
	return len(b), nil
}

// maxDatagram is the largest UDP payload over IPv4, in bytes.
const maxDatagram = 65507

// Close takes the peer from the server. Nothing is sent. It returns nil.
func (p *Peer) Close() error {
	p.fail(net.ErrClosed)
	return nil
}

// Err returns why the peer ended: ErrConsent, ErrNoCheck, net.ErrClosed; nil while it has not.
func (p *Peer) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// fail ends the peer with err, if nothing has.
func (p *Peer) fail(err error) {
	p.mu.Lock()
	if p.err != nil {
		p.mu.Unlock()
		return
	}
	p.err = err
	p.selected.Store(nil)
	ufrags, paths, end := [2]string{p.credentials.Ufrag, p.former.Ufrag}, p.paths, p.end
	p.paths, p.onConnected = nil, nil
	p.mu.Unlock()
	p.server.forget(p, ufrags, paths)
	if end != nil {
		end(err)
	}
}

// LocalAddr returns the address of the server's socket.
func (p *Peer) LocalAddr() net.Addr { return p.server.Addr() }

// RemoteAddr returns the address that is sent to: port 0 of 0.0.0.0 while there is none.
func (p *Peer) RemoteAddr() net.Addr {
	if to := p.selected.Load(); to != nil {
		return net.UDPAddrFromAddrPort(to.addr)
	}
	return &net.UDPAddr{IP: net.IPv4zero}
}

// MaxDatagramSize returns Config.MaxDatagramSize, in bytes.
func (p *Peer) MaxDatagramSize() int { return p.server.config.MaxDatagramSize }

// Stats returns the counts so far.
func (p *Peer) Stats() PeerStats {
	c := &p.count
	return PeerStats{
		DatagramsReceived: c.datagramsReceived.Load(), BytesReceived: c.bytesReceived.Load(),
		DatagramsSent: c.datagramsSent.Load(), BytesSent: c.bytesSent.Load(),
		Checks: c.checks.Load(), PathChanges: c.pathChanges.Load(),
	}
}

// take delivers one datagram, and reports whether anybody wanted it.
func (p *Peer) take(b []byte) bool {
	p.count.datagramsReceived.Add(1)
	p.count.bytesReceived.Add(uint64(len(b)))
	p.delivering.Lock()
	defer p.delivering.Unlock()
	if p.deliver == nil {
		return false
	}
	p.deliver(b)
	return true
}

// due returns until when the peer may be sent to.
func (p *Peer) due() time.Duration {
	if last := p.lastCheck.Load(); last != 0 {
		return time.Duration(last) + p.server.config.ConsentTimeout
	}
	return p.due0
}

// expire ends the peer.
func (p *Peer) expire() {
	if p.lastCheck.Load() == 0 {
		p.fail(ErrNoCheck)
	} else {
		p.fail(ErrConsent)
	}
}

// password returns what a check with these ufrags has to be made with, or nothing if it is nobody's.
func (p *Peer) password(local, remote []byte) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.err != nil:
	case string(local) == p.credentials.Ufrag && (p.remoteUfrag == "" || string(remote) == p.remoteUfrag):
		return p.credentials.Password
	case string(local) == p.former.Ufrag && p.former.Ufrag != "":
		return p.former.Password
	}
	return ""
}

// addrSeed makes hashes of addresses that a peer cannot choose.
var addrSeed = maphash.MakeSeed()

// replayed reports whether a check was sent from another address before: an observer who repeats one from his own
// would otherwise draw the peer's media to himself, or to a victim.
func (p *Peer) replayed(transaction [12]byte, from netip.AddrPort) bool {
	now := seen{maphash.Comparable(addrSeed, transaction), maphash.Comparable(addrSeed, from)}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.replays {
		if s.transaction == now.transaction {
			return s.from != now.from
		}
	}
	p.replays[p.nextReplay] = now
	p.nextReplay = (p.nextReplay + 1) % uint8(len(p.replays))
	return false
}

// mayCheck reports whether one more authentic check is answered: who floods with them has most of them dropped. It is
// for authentic ones alone, or else strangers could use the allowance up.
func (p *Peer) mayCheck(now time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.checks.take(now, checksPerSecond)
}

var _ mux.Pusher = (*Peer)(nil)

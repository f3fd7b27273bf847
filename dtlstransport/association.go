package dtlstransport

import (
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// An association is one peer of a Listener, as the carrier of its Conn.
//
// A Conn calls with its lock held, and the Listener's comes inside of it: the
// Listener calls no Conn with its own.
type association struct {
	listener *Listener
	remote   atomic.Pointer[netip.AddrPort] // never nil; see Listener.move
	id       []byte                         // for the peer's records; nil: connection IDs are off
	conn     *Conn

	candidate netip.AddrPort // where it was asked whether the client is there; only for the loop that reads

	// With the Listener's lock:
	number     uint64      // in order of their beginning
	random     wire.Random // the client's, once it is connected
	identified bool        // once it is connected: the client's records have id
}

// newAssociation returns an association that nobody knows of yet. id is nil or a
// connection ID that no other has.
func newAssociation(l *Listener, remote netip.AddrPort, id []byte, config *Config) (*association, error) {
	a := &association{listener: l, id: id}
	a.remote.Store(&remote)
	var err error
	if a.conn, err = newConn(a, RoleServer, config); err != nil {
		return nil, err
	}
	// As it is in the cookie, which the engine looks at once more.
	a.conn.engine.SetRemoteAddr(remote.String())
	a.conn.engine.noCookies = l.cookies == nil
	if id != nil {
		a.conn.engine.localCID = id
	}
	a.conn.onConnected, a.conn.onEnd = a.connected, a.ended
	return a, nil
}

// connected is called with the Conn's lock: the peer has proved itself. Now, and
// not before, it takes the place of the association that it may have had:
// "[...] the server [...] MUST NOT destroy the existing association until the
// client has demonstrated reachability either by completing a cookie exchange or
// by completing a complete handshake including delivering a verifiable Finished
// message" (after RFC 6347, Section 4.2.8); we ask for both.
//
// An older association with a connection ID stays: its client may have moved, and the
// younger one's got the address that it left.
func (a *association) connected() func() {
	l := a.listener
	l.mu.Lock()
	remote := a.address()
	if l.halfOpen[remote] != a {
		l.mu.Unlock()
		return nil // it had to make room a moment ago
	}
	delete(l.halfOpen, remote)
	old := l.open[remote]
	l.open[remote] = a
	a.random = a.conn.engine.schedule.clientRandom
	a.identified = a.id != nil && len(a.conn.engine.parameters.ids.local) > 0
	l.stats.Connected++
	if old != nil && old.identified {
		old = nil
	}
	if old != nil {
		l.stats.Replaced++
	}
	l.backlog <- a.conn // has room: see admit
	l.mu.Unlock()
	if old != nil {
		old.conn.abandon(ErrReplaced) // the younger may lock the older, never the other way
	}
	return nil
}

// ended is called with the Conn's lock. What comes from the address is a
// stranger's again, but for one who has missed why.
func (a *association) ended(error) {
	l := a.listener
	l.mu.Lock()
	defer l.mu.Unlock()
	remote := a.address()
	if l.halfOpen[remote] == a {
		delete(l.halfOpen, remote)
		l.stats.Refused[RefusedFailed]++
	}
	if l.open[remote] == a {
		delete(l.open, remote)
	}
	_, known := l.all[a]
	l.forget(a)
	if known && a.conn.engine.verdict.answers > 0 {
		l.refuse(a, remote)
	}
}

// refuse keeps an association that we have ended with an alert: a peer that goes on
// with its handshake has missed that, and is told again, see Engine.repeatVerdict. Who
// begins anew is not held up. mu is held.
func (l *Listener) refuse(a *association, from netip.AddrPort) {
	if len(l.refused) >= maxRefusedPeers && l.refused[from] == nil {
		oldest := from
		for at, other := range l.refused {
			if oldest == from || other.number < l.refused[oldest].number {
				oldest = at
			}
		}
		delete(l.refused, oldest)
	}
	l.refused[from] = a
}

// address returns where a's client is.
func (a *association) address() netip.AddrPort { return *a.remote.Load() }

// attach has nothing to do: the Listener gives the Conn what is its own.
func (a *association) attach(*Conn) {}

func (a *association) Write(b []byte) (int, error) { return a.listener.write(b, a.address()) }

// CanSegment reports whether WriteSegments costs less than as many Writes.
func (a *association) CanSegment() bool { return a.listener.canSegment() }

// WriteSegments sends b as datagrams of size bytes each; the last one may be shorter.
func (a *association) WriteSegments(b []byte, size int) (int, error) {
	return a.listener.writeSegments(b, size, a.address())
}

// Close leaves the socket to the others. The Conn has ended before, and says nothing more.
func (a *association) Close() error {
	l := a.listener
	l.mu.Lock()
	defer l.mu.Unlock()
	if from := a.address(); l.refused[from] == a {
		delete(l.refused, from)
	}
	return nil
}

func (a *association) LocalAddr() net.Addr  { return a.listener.Addr() }
func (a *association) RemoteAddr() net.Addr { return net.UDPAddrFromAddrPort(a.address()) }
func (a *association) RTT() time.Duration   { return 0 }
func (a *association) MaxDatagramSize() int { return 0 }

// ErrReplaced ends an association of a Listener whose peer has completed the
// handshake of another one from the same address.
var ErrReplaced = errors.New("dtls: the peer has begun another association")

// errCrowded ends a handshake that had to make room for a later one.
var errCrowded = errors.New("dtls: too many handshakes at once")

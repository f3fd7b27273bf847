package dtlstransport

import (
	"crypto/rand"
	"net"
	"net/netip"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
)

// newID returns a connection ID that no association has, or nil if they are off.
func (l *Listener) newID() []byte {
	if l.idLen == 0 {
		return nil
	}
	id := make([]byte, l.idLen)
	for {
		rand.Read(id)
		l.mu.Lock()
		taken := l.byID[string(id)] != nil
		l.mu.Unlock()
		if !taken {
			return id
		}
	}
}

// findID returns whose connection ID the first record of a datagram has, or nil.
// mu is held.
func (l *Listener) findID(b []byte) *association {
	if l.idLen == 0 || len(b) == 0 || record.ContentType(b[0]) != record.TypeConnectionID {
		return nil
	}
	var r record.Record
	r.Next(b, l.idLen)
	return l.byID[string(r.CID())]
}

// remember enters a new association. mu is held.
func (l *Listener) remember(a *association) {
	l.all[a] = struct{}{}
	if a.id != nil {
		l.byID[string(a.id)] = a
	}
}

// forget lets go of an association that has ended. mu is held.
func (l *Listener) forget(a *association) {
	delete(l.all, a)
	if l.byID[string(a.id)] == a {
		delete(l.byID, string(a.id))
	}
}

// receive takes a datagram that has the connection ID of a, wherever it comes
// from.
//
// "[...] the receiver MUST NOT replace the address it uses for sending records to
// its peer [...] unless the following three conditions are met": the datagram is
// authentic; it is "newer [...] than the newest datagram received"; and "there is a
// strategy for ensuring that the new peer address is able to receive and process
// DTLS records." RFC 9146, Section 6. That is MayMove's, or else a heartbeat to the
// new address, which has to be answered from there.
func (l *Listener) receive(a *association, from netip.AddrPort, b []byte) {
	t := a.conn.takes(b, false)
	switch {
	case from == a.address():
	case t.answered && from == a.candidate:
		l.move(a, from)
	case !t.newest:
	case l.mayMove == nil:
		if l.reply = a.conn.appendChallenge(l.reply[:0]); len(l.reply) > 0 {
			a.candidate = from
			_, _ = l.write(l.reply, from) // lost like any other
			return
		}
		l.count(&l.stats.NotFollowed)
	case l.mayMove(a.conn, net.UDPAddrFromAddrPort(from)):
		l.move(a, from)
	default:
		l.count(&l.stats.NotFollowed)
	}
}

// move makes to the address of a. Whoever is known by that address alone stays
// known by it.
func (l *Listener) move(a *association, to netip.AddrPort) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, alive := l.all[a]; !alive {
		return
	}
	if from := a.address(); l.open[from] == a {
		delete(l.open, from)
	}
	if l.open[to] == nil {
		l.open[to] = a
	}
	a.remote.Store(&to)
	l.stats.Moved++
}

package dtlstransport

import (
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/rtctransport/rtctransport/mux"
)

// The one goroutine of a Listener: what becomes of a datagram.

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

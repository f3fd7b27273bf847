package dtlstransport

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// restartQuiet is how long who has sent the final flight goes on sending under the
	// old keys while the peer says nothing under the new ones, for that flight may have
	// been lost.
	restartQuiet = time.Second

	// restartLinger is how long the old association still takes what comes, after our side
	// has changed over: at least as long as the peer may go on sending, and its
	// packets may take.
	restartLinger = 2 * time.Second
)

// ErrRestarting is returned by Transport.Restart while another Restart goes on.
var ErrRestarting = errors.New("dtls: a restart goes on")

// Restart makes a new association over the same link, as session descriptions ask for
// with a new fingerprint, role or a=tls-id (see Agreement.NeedsAssociation), and puts it
// in the place of the old one when it is connected and its peer verified: make
// before break. The peer has to do the same. role and config are those of the new
// association; config is kept and must not be changed.
//
// Media goes on all the while: it is received under both keys, and sent under the new
// ones as soon as the peer is known to have them. If the new association has no SRTP, media ends
// with the old one. Some seconds later the old
// association is closed; what its Conn has received should be read until then. The
// data channel begins anew: "SCTP association [...] MUST" not outlive its DTLS (after
// RFC 8841, Section 9.3), so that a new SCTP association goes over the new Conn.
//
// "In the case of an unordered transport [...] a new 3-tuple MUST be allocated by at
// least one of the endpoints so that DTLS packets can be demultiplexed" (RFC 8842,
// Section 5.1). Here both associations share the 5-tuple, and the keys tell them
// apart; a peer that cannot do so needs an ICE restart and a new Transport.
//
// If Restart fails, also because ctx has ended, the old association lives on, unless
// it has ended meanwhile. Restart fails with ErrNotConnected before the first handshake is
// complete, and with ErrRestarting. A restart that follows another waits until that
// one's old association is gone.
func (t *Transport) Restart(ctx context.Context, role Role, config *Config) error {
	next, err := newLane(t, role, config)
	if err != nil {
		return err
	}
	next.conn.onConnected = func() func() { return t.succeed(next) }
	if err := t.admit(ctx, next); err != nil {
		return err
	}
	if err := t.mux.Err(); err != nil {
		next.conn.linkEnded(err) // it may have ended before we were in the list
	}
	err = next.conn.Handshake(ctx)
	if err != nil && t.giveUp(next) {
		next.conn.Close()
		return fmt.Errorf("dtls: restart: %w", err)
	}
	if !next.conn.isFinal() {
		// An empty record tells the peer that we have its final flight: "Zero-length
		// fragments of Application data MAY be sent" (RFC 5246, Section 6.2.1).
		_, _ = next.conn.Write(nil) // what is lost, the next packet of media tells too
	}
	return nil
}

// admit enters an association that is about to begin, when there is room for it.
func (t *Transport) admit(ctx context.Context, next *lane) error {
	for {
		connected, ended := t.Conn().was()
		t.mu.Lock()
		alone := t.alone
		switch {
		case t.over:
			t.mu.Unlock()
			return ErrClosed
		case !connected || ended != nil:
			t.mu.Unlock()
			return ErrNotConnected
		case t.next != nil:
			t.mu.Unlock()
			return ErrRestarting
		case t.old == nil:
			t.next = next
			t.mu.Unlock()
			return nil
		}
		t.mu.Unlock()
		select {
		case <-alone:
		case <-ctx.Done():
			return fmt.Errorf("dtls: restart: %w", ctx.Err())
		}
	}
}

// giveUp takes back an association that has not come to be. It reports false if it
// has, in spite of all.
func (t *Transport) giveUp(next *lane) bool {
	t.mu.Lock()
	if t.current.Load() == next {
		t.mu.Unlock()
		return false
	}
	if t.next == next {
		t.next = nil
	}
	lost := t.lost
	t.mu.Unlock()
	if lost != nil {
		t.finish(lost)
	}
	return true
}

// succeed puts next in the place of the current association. It is called with the
// lock of next's Conn, when the gate has opened. It returns what is to be done without that, if anything.
func (t *Transport) succeed(next *lane) (then func()) {
	p, err := next.protector()
	t.mu.Lock()
	if t.next != next || t.over {
		t.mu.Unlock()
		return nil
	}
	t.old, t.next, t.lost = t.current.Load(), nil, nil
	t.alone = make(chan struct{})
	t.current.Store(next)
	t.rtp.expect(p)
	t.rtcp.expect(p)
	if p != nil {
		then = t.attach
	}
	t.wait = true
	if e := next.conn.engine; e.sentFinalFlight() {
		finals := e.finals
		t.after(restartQuiet, func() { t.quiet(next, finals) })
	} else {
		t.changeOver() // the peer has our Finished, for we have its answer
	}
	t.mu.Unlock()
	if err != nil && !errors.Is(err, ErrNoSRTP) {
		t.rtp.end(err)
		t.rtcp.end(err)
	}
	return then
}

// renewed is called when the peer has said something under the new keys, which
// shows that it has them.
func (t *Transport) renewed() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.changeOver()
}

// quiet is called when it has not for a while. A peer that repeats its last flight
// has not got ours: we have answered it, and finals has changed.
func (t *Transport) quiet(next *lane, finals int) {
	now := next.conn.finalAnswers()
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.over || !t.wait || t.current.Load() != next:
	case finals == now:
		t.changeOver()
	default:
		t.after(restartQuiet/2, func() { t.quiet(next, now) })
	}
}

// changeOver sends under the new keys from now on. mu is held.
func (t *Transport) changeOver() {
	if !t.wait {
		return
	}
	t.wait = false
	t.rtp.sendNewest()
	t.rtcp.sendNewest()
	old := t.old
	t.after(restartLinger+2*t.mux.RTT(), func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.old == old {
			t.retireLocked()
		}
	})
}

// retireLocked lets go of the old association and its keys. mu is held.
func (t *Transport) retireLocked() {
	if t.old == nil {
		return
	}
	t.rtp.forgetOld()
	t.rtcp.forgetOld()
	go t.old.conn.Close() // its lock comes before ours
	t.old, t.wait = nil, false
	close(t.alone)
}

// after sets the one timer. mu is held.
func (t *Transport) after(d time.Duration, f func()) {
	if t.timer != nil {
		t.timer.Stop()
	}
	t.timer = time.AfterFunc(d, f)
}

// ended is called with the lock of l's Conn, when that has ended.
func (t *Transport) ended(l *lane, err error) {
	t.mu.Lock()
	if t.current.Load() != l {
		t.mu.Unlock()
		return
	}
	// A peer that breaks before it makes: the handshake that goes on may save us.
	if t.next != nil && !t.over {
		t.lost = err
		t.mu.Unlock()
		return
	}
	t.mu.Unlock()
	t.finish(err)
}

// finish ends the Transport with err.
func (t *Transport) finish(err error) {
	t.dissolve()
	t.mu.Lock()
	select {
	case <-t.done:
	default:
		close(t.done)
	}
	t.mu.Unlock()
	t.rtp.end(err)
	t.rtcp.end(err)
	t.tellEnded(err)
}

// dissolve makes sure that nothing follows any more.
func (t *Transport) dissolve() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return
	}
	t.over = true
	if t.timer != nil {
		t.timer.Stop()
	}
	if next := t.next; next != nil {
		t.next = nil
		go next.conn.Close()
	}
	t.retireLocked()
}

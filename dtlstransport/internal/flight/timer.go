package flight

import (
	"crypto/rand"
	"encoding/binary"
	"time"
)

// The bounds of a Timer.
const (
	// MinTimeout and MaxFirstTimeout bound a first timeout that follows from a
	// round-trip time.
	MinTimeout      = 50 * time.Millisecond
	MaxFirstTimeout = time.Second

	// DefaultTimeout is the first timeout when nothing is known of the link.
	// RFC 6347, Section 4.2.4.1 recommends 1 s; libwebrtc starts with 50 ms.
	// 200 ms is twice the round trip of a long path within a continent.
	DefaultTimeout = 200 * time.Millisecond

	// longestTimeout is where doubling ends. RFC 6347 says "no less than the RFC
	// 6298 maximum of 60 seconds"; a handshake is four datagrams, and on a link
	// that loses every other one, waiting a minute helps nobody's congestion.
	longestTimeout = 3 * time.Second

	// longestClassical is where doubling ends in classical behaviour.
	longestClassical = 60 * time.Second
)

// TimeoutFor returns the first timeout for a link with the given round-trip
// time: twice that, for a timeout of one round trip sends everything twice.
func TimeoutFor(rtt time.Duration) time.Duration {
	return min(max(2*rtt, MinTimeout), MaxFirstTimeout)
}

// A Timer says when a flight is sent again.
//
//	send      resend  copy              resend      copy
//	|---rto---|-rto/2-|-----3/2 rto-----|----rto----|----3 rto ...
//
// A flight that is sent again goes out twice, the second copy half a timeout
// after the first: the path has just been seen to lose datagrams. Progress stops
// both. A flight behind one that was lost goes out twice from the beginning, and its
// timeout is what that of the other had become:
//
//	send      copy      resend  copy
//	|---rto---|---rto---|--rto--|-----3 rto ...
//
// In classical behaviour (RFC 6347, Section 4.2.4.1) there is no second
// copy and no jitter, and the timeout doubles up to 60 s.
type Timer struct {
	Classical bool
	Off       bool          // it never runs out: the transport sends again what is lost
	Longest   time.Duration // where doubling ends; not above zero: 3 s, or 60 s if Classical

	first    time.Duration // of the next flight
	current  time.Duration // of the flight being sent, without jitter; then of the next one, see Start
	deadline time.Time     // zero: stopped
	copyAt   time.Time     // zero: no second copy is due
	sentAt   time.Time     // when the flight was first sent
	copied   bool          // a second copy of it has gone out
	resent   bool          // it was sent again because the peer asked
	expiries int           // of the flight being sent
}

// NewTimer returns a stopped timer whose first timeout is first.
func NewTimer(first time.Duration, classical bool) Timer {
	return Timer{Classical: classical, first: first}
}

// Start begins to wait for the answer to a flight sent at now.
func (t *Timer) Start(now time.Time) {
	// "Implementations SHOULD retain the current timer value until a transmission
	// without loss occurs, at which time the value may be reset to the initial value."
	// RFC 6347, Section 4.2.4.1. On a path that has just lost a flight the next one is
	// sent twice, the copy when the initial value would have run out: else the longer wait
	// would add half to the time that one handshake in a hundred takes at 30 % loss.
	// BoringSSL's suite wants no value retained.
	retained := (t.expiries > 0 || t.copied) && !t.Classical && t.current > t.first
	if !retained {
		t.current = t.first
	}
	t.expiries, t.sentAt, t.copied, t.resent = 0, now, false, false
	t.arm(now)
	if retained && !t.Off {
		t.copyAt = now.Add(t.first)
	}
}

// Stop ends the wait.
func (t *Timer) Stop() { t.deadline, t.copyAt = time.Time{}, time.Time{} }

// Resent notes that the flight has just been sent again because the peer asked
// for it, by repeating its own. The wait goes on as it was, and a second copy
// follows: the peer missed the first.
func (t *Timer) Resent(now time.Time) {
	t.resent = true
	if !t.Classical && !t.deadline.IsZero() && t.copyAt.IsZero() {
		t.copyAt = now.Add(t.current / 2)
	}
}

// Deadline returns when Expire is due, or zero.
func (t *Timer) Deadline() time.Time {
	if t.copyAt.IsZero() || t.deadline.Before(t.copyAt) {
		return t.deadline
	}
	return t.copyAt
}

// Expire reports whether the flight is to be sent now. Calls before Deadline
// have no effect; however late the call, it reports true once at the most.
func (t *Timer) Expire(now time.Time) bool {
	if !t.deadline.IsZero() && !now.Before(t.deadline) {
		t.expiries++
		expired := t.current
		t.current = min(2*t.current, t.longest())
		t.arm(now)
		if !t.Classical {
			t.copyAt = now.Add(expired / 2)
		}
		return true
	}
	if !t.copyAt.IsZero() && !now.Before(t.copyAt) {
		t.copyAt = time.Time{}
		t.copied = true
		return true
	}
	return false
}

// First returns the first timeout of the next flight, if nothing is lost before it.
func (t *Timer) First() time.Duration { return t.first }

// Expiries returns how often the timeout ran out since Start.
func (t *Timer) Expiries() int { return t.expiries }

// Sample takes the answer to the flight, which arrived at now. If the flight
// was sent once, the time it took is a measured round trip and replaces the
// guess. If it was sent more often, nobody knows which of them was answered (RFC
// 6298, Section 3, Karn's algorithm), and the guess stays; for the next flight see
// Start. In classical behaviour nothing is measured.
func (t *Timer) Sample(now time.Time) {
	if !t.Classical && !t.resent && !t.copied && t.expiries == 0 && !t.sentAt.IsZero() {
		t.first = TimeoutFor(now.Sub(t.sentAt))
	}
	t.Stop()
}

// SetFirst changes the first timeout. A wait that has begun is scaled as a whole,
// as if it had begun with the new one; it may be over by now. A second copy that
// was due is left to the next timeout.
func (t *Timer) SetFirst(first time.Duration) {
	old := t.first
	t.first = first
	if t.deadline.IsZero() || old <= 0 {
		return
	}
	scale := float64(first) / float64(old)
	began := t.deadline.Add(-t.current)
	t.current = min(time.Duration(float64(t.current)*scale), t.longest())
	t.deadline = began.Add(t.current)
	t.copyAt = time.Time{}
}

// longest returns where doubling ends: not below where it begins.
func (t *Timer) longest() time.Duration {
	switch {
	case t.Longest > 0:
		return max(t.Longest, t.first)
	case t.Classical:
		return max(longestClassical, t.first)
	}
	return max(longestTimeout, t.first)
}

// arm sets the deadline, up to a tenth later than the timeout says, so that
// the two sides of a link do not stay in step.
func (t *Timer) arm(now time.Time) {
	if t.Off {
		t.deadline, t.copyAt = time.Time{}, time.Time{}
		return
	}
	wait := t.current
	if !t.Classical {
		wait += jitter(wait / 10)
	}
	t.deadline, t.copyAt = now.Add(wait), time.Time{}
}

// jitter returns a random time of up to limit. It follows from crypto/rand, so that
// a simulation has one source of randomness to repeat.
func jitter(limit time.Duration) time.Duration {
	var b [8]byte
	rand.Read(b[:])
	return time.Duration(binary.BigEndian.Uint64(b[:]) % uint64(limit+1))
}

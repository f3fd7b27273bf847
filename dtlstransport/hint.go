package dtlstransport

import "time"

// What the wire says against a handshake. Anybody could have said it, so that it is a hint and no verdict until the
// genuine peer has had its time to disprove it.

// refuse notes that the awaited flight is complete and not acceptable. Anybody
// can forge a flight, so the genuine peer gets its time to send another, unless
// the fault is ours.
func (h *handshake) refuse(now time.Time, a *AlertError) error {
	if a.Alert == AlertInternalError {
		return a
	}
	return h.hint(now, a)
}

// heard notes an alert that anybody could have sent.
func (h *handshake) heard(d AlertDescription) {
	if len(h.alerts) < maxHints {
		h.alerts = append(h.alerts, d)
	}
}

// hint notes what the wire says against the handshake, and lets the time run
// that the genuine peer has to prove otherwise. It returns a if there is none.
func (h *handshake) hint(now time.Time, a *AlertError) error {
	grace := h.e.config.failureGrace()
	if h.e.config.Conformance || grace == 0 {
		return a
	}
	if len(h.hints) < maxHints {
		h.hints = append(h.hints, a)
	}
	// A refusal of ours says more than an alert that came by.
	if h.refusal == nil || !a.FromPeer {
		h.refusal = a
	}
	if h.grace.IsZero() {
		h.grace = now.Add(grace)
		h.meant = false
	}
	h.meant = h.meant || a.FromPeer
	h.e.trace.hint(a, h.grace)
	return nil
}

// clearHints forgets the hints: progress has disproved them.
func (h *handshake) clearHints() { h.hints, h.refusal, h.grace = nil, nil, time.Time{} }

// graceOver reports whether nothing has disproved the hints in time. A peer repeats a
// flight that we do not answer, and within DefaultFailureGrace. If we have refused one and heard
// no more in that time, somebody else has sent it, who does not: the peer may be late, and gets
// its time as if nothing had come.
func (h *handshake) graceOver(now time.Time) bool {
	if h.grace.IsZero() || now.Before(h.grace) {
		return false
	}
	if !h.meant && h.e.config.failureGrace() >= DefaultFailureGrace {
		h.grace = time.Time{}
		return false
	}
	return true
}

package dtlstransport

import (
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
)

// Records that come before their keys, and data that comes before the gate has opened.

// keepEarly keeps a record whose keys are not there yet.
func (h *handshake) keepEarly(r *record.Record) {
	if h == nil {
		return
	}
	// Only a handshake can bring the keys on, by the Finished of a server that
	// resumes a session. With a connection ID the type is not to be seen.
	promising := mayBeHandshake(r.Raw)
	if h.e.config.Conformance && !promising {
		h.e.drop(DropEarly)
		return
	}
	h.early, h.latest = h.e.keepNewest(h.early, r.Raw), earlyRecord
	h.changed = h.changed || promising
}

// replayEarly hands over the records that waited for the keys, also when the
// handshake has ended with them.
func (h *handshake) replayEarly(now time.Time) error {
	e := h.e
	if e.read == nil {
		return nil
	}
	early, latest := h.early, h.latest
	h.early = nil
	e.replaying = true
	defer func() { e.replaying = false }()
	for _, b := range early {
		r, _, _ := e.nextRecord(b)
		e.trace.kept(&r)
		if err := e.handleProtected(now, &r); err != nil || e.closed {
			return err
		}
	}
	if latest != earlyRecord {
		h.latest = latest // they came before it
	}
	return nil
}

// keepNewest appends a copy of b to queue, whose bounds are maxEarlyRecords and
// maxEarlyBytes; the oldest make room.
func (e *Engine) keepNewest(queue [][]byte, b []byte) [][]byte {
	if len(b) > maxEarlyBytes {
		e.drop(DropEarly)
		return queue
	}
	held := len(b)
	for _, q := range queue {
		held += len(q)
	}
	for len(queue) >= maxEarlyRecords || held > maxEarlyBytes {
		held -= len(queue[0])
		queue[0] = nil
		queue = queue[1:]
		e.drop(DropEarly)
	}
	return append(queue, append([]byte(nil), b...))
}

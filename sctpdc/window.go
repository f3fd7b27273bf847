package sctpdc

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// A window keeps account of what waits for Receive, and by how much that narrows the window the peer sees. Each channel
// may keep Config.ChannelQueue and all together Config.ReceiveQueue without any effect, so that who does not read one
// channel does not disturb the others. Beyond that the peer is held back; SCTP has one window for all streams, so the
// other channels wait as well, and a channel that is not read meanwhile is closed after Config.StallTimeout.
type window struct {
	a      *Association
	excess atomic.Uint32 // bytes

	mu    sync.Mutex
	total int              // queued in all channels
	over  map[*Channel]int // what channels keep beyond ChannelQueue
	sum   int              // of over
	held  map[*Channel]int // queued, for channels that keep anything
	timer *time.Timer      // runs while excess is not zero
	ended bool
}

func (w *window) init(a *Association) {
	w.a = a
	w.over = map[*Channel]int{}
	w.held = map[*Channel]int{}
}

// change is told that delta bytes were put into, or taken from, the queue of a channel. The caller holds the channel's mu.
func (w *window) change(c *Channel, delta int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.total += delta
	held := w.held[c] + delta
	if held > 0 {
		w.held[c] = held
	} else {
		delete(w.held, c)
	}
	over := max(0, held-w.a.config.ChannelQueue)
	if was := w.over[c]; over != was {
		w.sum += over - was
		if over > 0 {
			w.over[c] = over
		} else {
			delete(w.over, c)
		}
	}
	excess := min(w.sum+max(0, w.total-w.a.config.ReceiveQueue), math.MaxUint32)
	w.excess.Store(uint32(excess))
	switch {
	case excess == 0 && w.timer != nil:
		w.timer.Stop()
		w.timer = nil
	case excess > 0 && w.timer == nil && !w.ended && w.a.config.StallTimeout > 0:
		w.timer = time.AfterFunc(w.a.config.StallTimeout, w.stalled)
	}
}

// stalled closes the channel that keeps most and was not read since the timer began, and begins again.
func (w *window) stalled() {
	w.mu.Lock()
	if w.ended || w.timer == nil {
		w.mu.Unlock()
		return
	}
	candidates := make(map[*Channel]int, len(w.held))
	for c, n := range w.held {
		if len(w.over) == 0 || w.over[c] > 0 {
			candidates[c] = n
		}
	}
	w.timer.Reset(w.a.config.StallTimeout)
	w.mu.Unlock()
	var worst *Channel
	for c, n := range candidates {
		c.mu.Lock()
		idle := !c.taken
		c.taken = false
		c.mu.Unlock()
		if idle && (worst == nil || n > candidates[worst]) {
			worst = c
		}
	}
	if worst != nil {
		worst.fail(ErrReceiveStalled)
	}
}

// stop ends the timer.
func (w *window) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	if w.timer != nil {
		w.timer.Stop()
		w.timer = nil
	}
}

// windowExcess is called by the gate for each SACK.
func (a *Association) windowExcess() uint32 { return a.window.excess.Load() }

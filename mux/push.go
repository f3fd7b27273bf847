package mux

import "sync/atomic"

// deliver takes a datagram from a Pusher.
func (m *Mux) deliver(b []byte) {
	if !m.pushing.enter() {
		return
	}
	m.take(b)
	if m.pushing.leave() {
		close(m.done)
	}
}

// A pushState says whether a Pusher is delivering, and whether the Mux has ended. The last of the
// two to stop closes Mux.done.
type pushState struct{ state atomic.Uint32 }

const (
	pushIdle uint32 = iota
	pushBusy
	pushEnded
)

// enter begins a delivery, or reports that the Mux has ended.
func (p *pushState) enter() bool { return p.state.CompareAndSwap(pushIdle, pushBusy) }

// leave ends it, and reports whether the Mux has ended meanwhile.
func (p *pushState) leave() (last bool) { return !p.state.CompareAndSwap(pushBusy, pushIdle) }

// end ends it for good, and reports whether nothing is being delivered.
func (p *pushState) end() (last bool) { return p.state.Swap(pushEnded) == pushIdle }

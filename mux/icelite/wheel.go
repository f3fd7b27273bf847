package icelite

import "time"

// A wheel tells once in a wheelTick whose consent may have run out. A peer that has renewed it goes on to the slot
// of its new time: nothing is done for a check, and a peer is looked at once in a ConsentTimeout.
type wheel struct {
	slots [wheelSlots]map[*Peer]struct{}
	now   int64 // in ticks; the slot that was looked at last
}

const (
	// wheelTick is how exact a wheel is: a peer ends at most two of them after its time.
	wheelTick = time.Second / 4
	// wheelSlots is how many ticks a wheel looks ahead: 64 s. Who has more time is looked at again.
	wheelSlots = 256
)

func ticks(t time.Duration) int64 { return int64(t / wheelTick) }

// add puts p where it is looked at soon after due.
func (w *wheel) add(p *Peer, due time.Duration) {
	at := min(max(ticks(due)+1, w.now+1), w.now+wheelSlots-1)
	slot := &w.slots[at%wheelSlots]
	if *slot == nil {
		*slot = make(map[*Peer]struct{})
	}
	(*slot)[p] = struct{}{}
	p.slot = at % wheelSlots
}

// remove forgets p.
func (w *wheel) remove(p *Peer) { delete(w.slots[p.slot], p) }

// advance moves on to now and returns the peers that are due.
func (w *wheel) advance(now time.Duration) (expired []*Peer) {
	w.now = max(w.now, ticks(now)-wheelSlots)
	for w.now < ticks(now) {
		w.now++
		slot := &w.slots[w.now%wheelSlots]
		peers := *slot
		*slot = nil
		for p := range peers {
			if due := p.due(); due > now {
				w.add(p, due)
			} else {
				expired = append(expired, p)
			}
		}
	}
	return expired
}

package icelite

import "time"

// A wheel tells once in a wheelTick whose consent may have run out. A peer that has renewed it goes on to the slot
// of its new time: nothing is done for a check, and a peer is looked at once in a ConsentTimeout.
type wheel struct {
	slots [wheelSlots]*Peer // the first of those in a slot
	now   int64             // in ticks; the slot that was looked at last
}

// inSlot is where a Peer is in a wheel.
type inSlot struct {
	next *Peer  // in the same slot
	link **Peer // what points to this one; nil: it is in no slot
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
	first := &w.slots[at%wheelSlots]
	p.inSlot = inSlot{*first, first}
	if p.next != nil {
		p.next.link = &p.next
	}
	*first = p
}

// remove forgets p.
func (w *wheel) remove(p *Peer) {
	if p.link == nil {
		return
	}
	*p.link = p.next
	if p.next != nil {
		p.next.link = p.link
	}
	p.inSlot = inSlot{}
}

// advance moves on to now and returns the peers that are due.
func (w *wheel) advance(now time.Duration) (expired []*Peer) {
	w.now = max(w.now, ticks(now)-wheelSlots)
	for w.now < ticks(now) {
		w.now++
		for first := &w.slots[w.now%wheelSlots]; *first != nil; {
			p := *first
			w.remove(p)
			if due := p.due(); due > now {
				w.add(p, due)
			} else {
				expired = append(expired, p)
			}
		}
	}
	return expired
}

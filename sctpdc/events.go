package sctpdc

import (
	"fmt"
	"sync"
)

// EventKind is what an Event tells.
type EventKind uint8

const (
	EventUp             EventKind = iota + 1 // the association is established
	EventStreamReset                         // the peer has reset its side of Stream; all it sent before was received
	EventStreamRefused                       // what the peer sent on Stream has it closed by us: Err, as its channel's calls return it if there is one
	EventRemoteError                         // the peer sent an ERROR chunk: Cause and Text. RFC 9260, Section 3.3.10
	EventRestartRefused                      // the peer tried to begin anew inside the association; see Stats.Restarts
	EventShutdown                            // the peer has begun to shut down: it takes no new data, and ends when all is acknowledged
	EventEnd                                 // the association has ended: Err. It is the last event
)

func (k EventKind) String() string {
	switch k {
	case EventUp:
		return "up"
	case EventStreamReset:
		return "stream reset"
	case EventStreamRefused:
		return "stream refused"
	case EventRemoteError:
		return "remote error"
	case EventRestartRefused:
		return "restart refused"
	case EventShutdown:
		return "shutdown"
	case EventEnd:
		return "end"
	}
	return fmt.Sprintf("event(%d)", uint8(k))
}

// An Event is something that happened to an association, as the notifications of RFC 6458, Section 6, tell it.
type Event struct {
	Kind   EventKind
	Stream uint16 // of EventStreamReset and EventStreamRefused
	Cause  uint16 // of EventRemoteError: the number of the first error cause
	Text   string // of EventRemoteError: what the cause means or says; may be empty
	Err    error  // of EventEnd: an *AssociationError; of EventStreamRefused: ErrProtocol, *MessageSizeError, ErrTooManyChannels, ErrReceiveStalled
}

// maxEvents is how many events wait for Config.OnEvent, but for EventEnd.
const maxEvents = 64

// eventQueue calls Config.OnEvent.
type eventQueue struct {
	call func(Event)

	mu      sync.Mutex
	waiting []Event
	calling bool // a goroutine sees to waiting
	dropped uint64
}

// add has an event told. It does not wait.
func (q *eventQueue) add(e Event) {
	if q.call == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) >= maxEvents && e.Kind != EventEnd {
		q.dropped++
		return
	}
	q.waiting = append(q.waiting, e)
	if !q.calling {
		q.calling = true
		go q.run()
	}
}

// run calls until nothing waits.
func (q *eventQueue) run() {
	for {
		q.mu.Lock()
		if len(q.waiting) == 0 {
			q.calling = false
			q.mu.Unlock()
			return
		}
		e := q.waiting[0]
		q.waiting = q.waiting[1:]
		q.mu.Unlock()
		q.call(e)
	}
}

package sctpdc

import (
	"container/heap"
	"sync"

	"github.com/pion/sctp"
)

// A scheduler decides which channel's fragment goes next when several have data waiting, by weighted fair queueing (RFC
// 8260, Section 3.6). The weights are the channels' priorities: twice the priority is twice the share while both have
// something to send (RFC 8831, Section 6.4). It works only with interleaving; without it, pion/sctp sends whole messages in
// the order of Send.
//
// Every stream that waits has a finish time in bytes of a virtual line that serves all of weight 1 together, and the
// earliest goes. Pion/sctp calls it with the association locked. Its own weighted scheduler takes the weights only before
// the association is made, looks at every stream for each fragment and keeps a number for each stream for ever.
type scheduler struct {
	weights *weights
	now     float64 // virtual time: when the fragment finished that went last
	flows   map[uint16]*flow
	waiting flowHeap // the same, the earliest first
	idle    []*flow  // to be used again, so that a message that does not wait costs no memory
}

// maxIdle bounds scheduler.idle, and maxIdleChunks what each keeps room for.
const maxIdle, maxIdleChunks = 16, 256

// A flow is a stream with fragments that wait.
type flow struct {
	id     uint16
	weight float64
	finish float64 // virtual time at which its first fragment is through
	chunks []sctp.StreamSchedulerChunk
	head   int // chunks[head:] wait
	index  int // in the heap
}

// newScheduler returns what pion/sctp wants.
func newScheduler(w *weights) *scheduler {
	s := &scheduler{weights: w}
	s.Reset()
	return s
}

// Reset forgets everything.
func (s *scheduler) Reset() { s.flows, s.waiting, s.idle, s.now = map[uint16]*flow{}, nil, nil, 0 }

// Push adds a fragment behind the others of its stream.
func (s *scheduler) Push(c sctp.StreamSchedulerChunk) {
	id := c.StreamIdentifier()
	f := s.flows[id]
	if f == nil {
		if n := len(s.idle); n > 0 {
			f = s.idle[n-1]
			s.idle[n-1] = nil
			s.idle = s.idle[:n-1]
		} else {
			f = new(flow)
		}
		weight := s.weights.of(id)
		*f = flow{id: id, weight: weight, finish: s.now + float64(c.UserDataLen())/weight, chunks: append(f.chunks[:0], c)}
		s.flows[id] = f
		heap.Push(&s.waiting, f)
		return
	}
	if f.head > 64 && f.head > len(f.chunks)/2 { // what went makes room, so the slice does not move through memory
		n := copy(f.chunks, f.chunks[f.head:])
		clear(f.chunks[n:])
		f.chunks, f.head = f.chunks[:n], 0
	}
	f.chunks = append(f.chunks, c)
}

// Peek returns the fragment to go next, or nil.
func (s *scheduler) Peek() sctp.StreamSchedulerChunk {
	if len(s.waiting) == 0 {
		return nil
	}
	f := s.waiting[0]
	return f.chunks[f.head]
}

// Pop takes the fragment out that Peek returned.
func (s *scheduler) Pop(c sctp.StreamSchedulerChunk) error {
	if len(s.waiting) == 0 || s.waiting[0].id != c.StreamIdentifier() {
		return sctp.ErrUnexpectedChunkPoppedStream
	}
	f := s.waiting[0]
	s.now = f.finish
	f.chunks[f.head] = nil
	f.head++
	if f.head == len(f.chunks) {
		heap.Pop(&s.waiting)
		delete(s.flows, f.id) // its finish is now, and forgotten without loss
		if len(s.idle) < maxIdle && cap(f.chunks) <= maxIdleChunks {
			s.idle = append(s.idle, f)
		}
		return nil
	}
	f.finish += float64(f.chunks[f.head].UserDataLen()) / f.weight
	heap.Fix(&s.waiting, 0)
	return nil
}

// A flowHeap is ordered by finish; of two that are equal, the lower id goes first.
type flowHeap []*flow

func (h flowHeap) Len() int { return len(h) }
func (h flowHeap) Less(i, j int) bool {
	return h[i].finish < h[j].finish || h[i].finish == h[j].finish && h[i].id < h[j].id
}
func (h flowHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *flowHeap) Push(x any) { f := x.(*flow); f.index = len(*h); *h = append(*h, f) }
func (h *flowHeap) Pop() any {
	old := *h
	f := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return f
}

// weights are the priorities of channels that have another than PriorityNormal. The zero value is ready for use.
type weights struct {
	mu sync.Mutex
	m  map[uint16]uint16
}

// set notes the priority of a channel, before its first message.
func (w *weights) set(id, priority uint16) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if priority == PriorityNormal {
		delete(w.m, id)
		return
	}
	if w.m == nil {
		w.m = map[uint16]uint16{}
	}
	w.m[id] = priority
}

// of returns the weight of a stream. A peer may announce a priority of 0: it gets the least, not nothing.
func (w *weights) of(id uint16) float64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	p, ok := w.m[id]
	if !ok {
		return PriorityNormal
	}
	return float64(max(1, p))
}

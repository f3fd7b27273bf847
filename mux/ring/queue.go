package ring

import (
	"encoding/binary"
	"io"
)

const (
	lengthPrefix    = 4        // bytes before each packet in a queue
	smallestQueue   = 4 << 10  // bytes, the first size of a queue's memory
	keptWhenDrained = 32 << 10 // bytes of memory that an empty queue keeps in any case
)

// A Queue holds packets in one ring of bytes, each behind its length. It grows by doubling up to its limit, and gives memory
// back as soon as it is drained without having needed most of it: bursts that follow each other find what they need, and a
// queue that had a burst long ago costs nothing.
//
//	   head                 tail
//	    v                    v
//	|   | len | packet | ... |      |
//
// The zero value takes nothing: see [New]. It is not safe for concurrent use.
type Queue struct {
	limit   int    // bytes, the largest size of ring
	ring    []byte // all of it is memory; used bytes begin at head and wrap around
	head    int    // index in ring of the first used byte
	used    int    // bytes, length prefixes included
	most    int    // used, at most, since it was empty
	packets int
}

// New returns an empty queue whose packets, with 4 bytes more for each, have at most limit bytes.
func New(limit int) Queue { return Queue{limit: limit} }

// Size returns what a packet of n bytes uses up of a queue's limit, in bytes.
func Size(n int) int { return lengthPrefix + n }

// Len returns how many packets are in the queue.
func (q *Queue) Len() int { return q.packets }

// Memory returns how many bytes the queue has allocated.
func (q *Queue) Memory() int { return len(q.ring) }

// Fits reports whether Push would take a packet of n bytes.
func (q *Queue) Fits(n int) bool { return Size(n) <= q.limit-q.used }

// Push copies b behind the others. It reports false, and changes nothing, if there is no room.
func (q *Queue) Push(b []byte) bool {
	if !q.Fits(len(b)) {
		return false
	}
	if size := Size(len(b)); size > len(q.ring)-q.used {
		q.grow(q.used + size)
	}
	var prefix [lengthPrefix]byte
	binary.BigEndian.PutUint32(prefix[:], uint32(len(b)))
	q.write(prefix[:])
	q.write(b)
	q.most = max(q.most, q.used)
	q.packets++
	return true
}

// Pop removes the first packet, copies it to b and returns its size. What b has no room for is lost, and the error is
// io.ErrShortBuffer. The queue must not be empty.
func (q *Queue) Pop(b []byte) (int, error) {
	var prefix [lengthPrefix]byte
	q.read(prefix[:])
	size := int(binary.BigEndian.Uint32(prefix[:]))
	n := min(size, len(b))
	q.read(b[:n])
	q.skip(size - n)
	q.packets--
	if q.packets == 0 {
		q.drained()
	}
	if n < size {
		return n, io.ErrShortBuffer
	}
	return n, nil
}

// drained is called when the last packet has gone.
func (q *Queue) drained() {
	q.head = 0 // the memory at the beginning is the warmest
	if len(q.ring) > keptWhenDrained && q.most < len(q.ring)/4 {
		q.ring = nil
	}
	q.most = 0
}

// Clear removes all packets and gives the memory back.
func (q *Queue) Clear() { *q = New(q.limit) }

// write copies b to the tail. The caller has made room.
func (q *Queue) write(b []byte) {
	tail := q.head + q.used
	if tail >= len(q.ring) {
		tail -= len(q.ring)
	}
	n := copy(q.ring[tail:], b)
	copy(q.ring, b[n:])
	q.used += len(b)
}

// read moves bytes from the head to b. The caller knows that there are enough.
func (q *Queue) read(b []byte) {
	n := copy(b, q.ring[q.head:])
	copy(b[n:], q.ring)
	q.skip(len(b))
}

// skip removes n bytes at the head.
func (q *Queue) skip(n int) {
	q.head += n
	if q.head >= len(q.ring) {
		q.head -= len(q.ring)
	}
	q.used -= n
}

// grow gives the ring room for need bytes, which is not above the limit.
func (q *Queue) grow(need int) {
	size := max(len(q.ring), smallestQueue)
	for size < need {
		size *= 2
	}
	ring := make([]byte, min(size, q.limit))
	n := copy(ring[:q.used], q.ring[q.head:])
	copy(ring[n:q.used], q.ring)
	q.ring, q.head = ring, 0
}

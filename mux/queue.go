package mux

import "encoding/binary"

const (
	lengthPrefix    = 4        // bytes before each packet in a queue
	smallestQueue   = 4 << 10  // bytes, the first size of a queue's memory
	keptWhenDrained = 32 << 10 // bytes of memory that an empty queue keeps in any case
)

// A queue is a ring of bytes that holds packets, each behind its length. It grows by doubling up to its
// limit, and gives memory back as soon as it is drained without having needed most of it: bursts that follow each
// other find what they need, and a queue that had a burst long ago costs nothing.
//
//	   head                 tail
//	    v                    v
//	|   | len | packet | ... |      |
type queue struct {
	limit   int    // bytes, the largest size of ring
	ring    []byte // all of it is memory; used bytes begin at head and wrap around
	head    int    // index in ring of the first used byte
	used    int    // bytes, length prefixes included
	most    int    // used, at most, since it was empty
	packets int
}

// push copies b behind the others and reports whether there was room.
func (q *queue) push(b []byte) bool {
	size := lengthPrefix + len(b)
	if size > q.limit-q.used {
		return false
	}
	if size > len(q.ring)-q.used {
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

// pop removes the first packet and copies as much of it into dst as fits. size is the packet's whole
// length; ok is false when there is none.
func (q *queue) pop(dst []byte) (size int, ok bool) {
	if q.packets == 0 {
		return 0, false
	}
	var prefix [lengthPrefix]byte
	q.read(prefix[:])
	size = int(binary.BigEndian.Uint32(prefix[:]))
	n := min(size, len(dst))
	q.read(dst[:n])
	q.skip(size - n)
	q.packets--
	if q.packets == 0 {
		q.head = 0 // the memory at the beginning is the warmest
		if len(q.ring) > keptWhenDrained && q.most < len(q.ring)/4 {
			q.ring = nil
		}
		q.most = 0
	}
	return size, true
}

// clear removes all packets and gives the memory back.
func (q *queue) clear() { *q = queue{limit: q.limit} }

// write copies b to the tail. The caller has made room.
func (q *queue) write(b []byte) {
	tail := q.head + q.used
	if tail >= len(q.ring) {
		tail -= len(q.ring)
	}
	n := copy(q.ring[tail:], b)
	copy(q.ring, b[n:])
	q.used += len(b)
}

// read moves bytes from the head to dst. The caller knows that there are enough.
func (q *queue) read(dst []byte) {
	n := copy(dst, q.ring[q.head:])
	copy(dst[n:], q.ring)
	q.skip(len(dst))
}

// skip removes n bytes at the head.
func (q *queue) skip(n int) {
	q.head += n
	if q.head >= len(q.ring) {
		q.head -= len(q.ring)
	}
	q.used -= n
}

// grow gives the ring room for need bytes, which is not above the limit.
func (q *queue) grow(need int) {
	size := max(len(q.ring), smallestQueue)
	for size < need {
		size *= 2
	}
	ring := make([]byte, min(size, q.limit))
	n := copy(ring[:q.used], q.ring[q.head:])
	copy(ring[n:q.used], q.ring)
	q.ring, q.head = ring, 0
}

package dtlstransport

import "io"

// defaultReceiveBuffer is Config.ReceiveBuffer when it is zero: 800 records of
// a full datagram, 10 ms at 1 Gbit/s.
const defaultReceiveBuffer = 1 << 20

// receiveQueue holds copies of records for Read, in order, in one ring of bytes
// that grows to its limit and is used again and again:
//
//	| length 4 bytes | data | length | data | ...
//
// The zero value with a limit is an empty queue.
type receiveQueue struct {
	limit int // bytes, of the ring
	ring  []byte
	read  int // index of the next record
	used  int // bytes in use from there on
	count int // records
}

const lengthSize = 4

func (q *receiveQueue) len() int { return q.count }

// push appends a copy of b. It reports false, and changes nothing, if that would
// pass the limit.
func (q *receiveQueue) push(b []byte) bool {
	need := lengthSize + len(b)
	if q.used+need > q.limit {
		return false
	}
	if q.used+need > len(q.ring) {
		q.grow(q.used + need)
	}
	n := len(b)
	q.put([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
	q.put(b)
	q.count++
	return true
}

// pop copies the oldest record to b. What does not fit is lost.
func (q *receiveQueue) pop(b []byte) (int, error) {
	var length [lengthSize]byte
	q.get(length[:])
	n := int(length[0])<<24 | int(length[1])<<16 | int(length[2])<<8 | int(length[3])
	m := min(n, len(b))
	q.get(b[:m])
	q.skip(n - m)
	q.count--
	if m < n {
		return m, io.ErrShortBuffer
	}
	return m, nil
}

// grow makes the ring at least n bytes large.
func (q *receiveQueue) grow(n int) {
	ring := make([]byte, min(max(n, 2*len(q.ring), 4<<10), q.limit))
	used := q.used
	q.get(ring[:used])
	q.ring, q.read, q.used = ring, 0, used
}

func (q *receiveQueue) put(b []byte) {
	at := q.read + q.used
	if at >= len(q.ring) {
		at -= len(q.ring)
	}
	n := copy(q.ring[at:], b)
	copy(q.ring, b[n:])
	q.used += len(b)
}

func (q *receiveQueue) get(b []byte) {
	n := copy(b, q.ring[min(q.read, len(q.ring)):])
	copy(b[n:], q.ring)
	q.skip(len(b))
}

func (q *receiveQueue) skip(n int) {
	if q.read += n; q.read >= len(q.ring) && len(q.ring) > 0 {
		q.read -= len(q.ring)
	}
	q.used -= n
}

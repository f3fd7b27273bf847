package icelite

import "net/netip"

// A train is datagrams from or to one address, one behind the other: what the kernel takes and gives in one piece.
type train struct {
	addr netip.AddrPort
	b    []byte
	size int // bytes of each datagram but the last, which may have fewer
}

// datagrams returns how many there are.
func (t train) datagrams() int { return (len(t.b) + t.size - 1) / t.size }

// next cuts off the first datagram, whose memory ends with it.
func (t *train) next() []byte {
	n := min(t.size, len(t.b))
	b := t.b[:n:n]
	t.b = t.b[n:]
	return b
}

// singly sends each datagram by itself, and returns how many that were, and how many failed.
func (t train) singly(send func(b []byte, to netip.AddrPort) error) (calls, failed int) {
	for len(t.b) > 0 {
		calls++
		if send(t.next(), t.addr) != nil {
			failed++
		}
	}
	return calls, failed
}

// maxTrain is how many datagrams the kernel takes in one piece (UDP_MAX_SEGMENTS of older kernels).
const maxTrain = 64

// takes reports whether n bytes more, right behind t.b, can be another datagram of it.
func (t train) takes(n int) bool {
	return n <= t.size && len(t.b)%t.size == 0 && len(t.b) < maxTrain*t.size
}

// A packetConn is a UDP socket that moves trains.
type packetConn interface {
	// receive waits for datagrams. They are valid, and may be written to, until the next call. One goroutine
	// calls it.
	receive() ([]train, error)

	// send sends trains in order, and returns how many calls of the kernel that took, and how many datagrams it
	// did not take. It uses the slice up.
	send([]train) (calls, failed int)

	// sendOne sends one datagram. One goroutine at a time calls this or send.
	sendOne(b []byte, to netip.AddrPort) error

	localAddr() netip.AddrPort
	buffers() (receive, send int) // bytes; 0: not known
	offloads() (segmentation, coalescing bool)
	close() error
}

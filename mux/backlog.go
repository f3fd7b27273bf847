package mux

// packetOverhead is what one kept packet costs beside its bytes: slice header, class, the allocator's
// rounding. It is counted so that a flood of one-byte packets is bounded too.
const packetOverhead = 64

// A packet is a copy of a datagram, with its class.
type packet struct {
	class Class
	data  []byte
}

// A backlog keeps copies of packets in the order of their arrival, a bounded number of bytes for each
// class, so that a flood of one cannot push out another. When a class is full the newest packet is
// refused: of a first flight or a key frame the beginning is worth most. The zero value is empty.
type backlog struct {
	packets []packet
	bytes   [numClasses]int // of each class, packetOverhead included
}

// add keeps a copy of b and reports whether there was room under limit.
func (q *backlog) add(class Class, b []byte, limit int) bool {
	size := len(b) + packetOverhead
	if q.bytes[class]+size > limit {
		return false
	}
	q.bytes[class] += size
	q.packets = append(q.packets, packet{class, append([]byte(nil), b...)})
	return true
}

// pop removes the oldest packet.
func (q *backlog) pop() (packet, bool) {
	if len(q.packets) == 0 {
		return packet{}, false
	}
	p := q.packets[0]
	q.packets[0] = packet{}
	q.packets = q.packets[1:]
	q.bytes[p.class] -= len(p.data) + packetOverhead
	return p, true
}

// take removes all packets of the given classes and returns them in their order.
func (q *backlog) take(classes []Class) (taken backlog) {
	var wanted [numClasses]bool
	for _, class := range classes {
		wanted[class] = true
	}
	var rest backlog
	for _, p := range q.packets {
		to := &rest
		if wanted[p.class] {
			to = &taken
		}
		to.packets = append(to.packets, p)
		to.bytes[p.class] += len(p.data) + packetOverhead
	}
	*q = rest
	return taken
}

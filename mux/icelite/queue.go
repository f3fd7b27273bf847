package icelite

import (
	"net/netip"
	"sync"
	"time"
)

// A queue is what a socket sends. While it is held, by a loop that delivers a batch or by Server.Batch,
// datagrams wait in it, each peer's behind one another, to leave together.
type queue struct {
	conn  packetConn
	count *counters

	sending sync.Mutex // has what is sent leave in the order in which it was written; taken before mu

	mu      sync.Mutex
	holders int
	waiting []*pending // in the order of their first datagrams
	bytes   int        // in all of them
	since   time.Time  // when the first of them was written
}

// pending is what waits for one address.
type pending struct {
	path   *path
	buf    []byte
	trains []train // that make up buf
}

const (
	pendingBytes = 16 << 10 // 13 packets of video; more leave at once
	queueBytes   = 4 << 20  // in all, likewise

	// maxWait is how long datagrams wait for holders that follow one another without a break, as the loops of several
	// sockets do.
	maxWait = time.Millisecond
)

var pendings = sync.Pool{New: func() any {
	return &pending{buf: make([]byte, 0, pendingBytes), trains: make([]train, 0, 4)}
}}

// hold has what is written wait until release has been called as often, or for maxWait.
func (q *queue) hold() {
	q.mu.Lock()
	q.holders++
	q.mu.Unlock()
}

func (q *queue) release() {
	q.mu.Lock()
	q.holders--
	due := len(q.waiting) > 0 && (q.holders == 0 || time.Since(q.since) >= maxWait)
	q.mu.Unlock()
	if due {
		q.flush()
	}
}

// flush sends what waits.
func (q *queue) flush() {
	q.sending.Lock()
	defer q.sending.Unlock()
	q.mu.Lock()
	waiting := q.take()
	q.mu.Unlock()
	q.send(waiting)
}

// write sends b to the address of to, or has it wait. It does not keep b.
func (q *queue) write(to *path, b []byte) error {
	q.mu.Lock()
	for {
		if q.holders == 0 || len(b) > pendingBytes {
			q.mu.Unlock()
			return q.writeNow(b, to.addr)
		}
		if p := to.pending; (p == nil || len(p.buf)+len(b) <= cap(p.buf)) && q.bytes+len(b) <= queueBytes {
			break
		}
		q.mu.Unlock()
		q.flush()
		q.mu.Lock()
	}
	defer q.mu.Unlock()
	p := to.pending
	if p == nil {
		p = pendings.Get().(*pending)
		p.path, to.pending = to, p
		if len(q.waiting) == 0 {
			q.since = time.Now()
		}
		q.waiting = append(q.waiting, p)
	}
	p.add(b, to.addr)
	q.bytes += len(b)
	return nil
}

// add puts b behind what waits.
func (p *pending) add(b []byte, to netip.AddrPort) {
	start := len(p.buf)
	p.buf = append(p.buf, b...)
	if n := len(p.trains); n > 0 && p.trains[n-1].takes(len(b)) {
		last := &p.trains[n-1]
		last.b = last.b[:len(last.b)+len(b)]
		return
	}
	p.trains = append(p.trains, train{to, p.buf[start:len(p.buf)], len(b)})
}

// take empties the queue. mu is held.
func (q *queue) take() []*pending {
	waiting := q.waiting
	for _, p := range waiting {
		p.path.pending = nil
	}
	q.waiting, q.bytes = nil, 0
	return waiting
}

// batches holds slices of trains.
var batches = sync.Pool{New: func() any { b := make([]train, 0, 64); return &b }}

// send sends what take has returned. sending is held.
func (q *queue) send(waiting []*pending) {
	if len(waiting) == 0 {
		return
	}
	batch := batches.Get().(*[]train)
	trains := (*batch)[:0]
	datagrams, bytes := 0, 0
	for _, p := range waiting {
		for _, t := range p.trains {
			datagrams += t.datagrams()
			bytes += len(t.b)
		}
		trains = append(trains, p.trains...)
	}
	*batch = trains
	calls, failed := q.conn.send(trains)
	q.count.sends.Add(uint64(calls))
	q.count.sendErrors.Add(uint64(failed))
	q.count.datagramsSent.Add(uint64(datagrams - failed))
	q.count.bytesSent.Add(uint64(bytes))
	clear(*batch)
	batches.Put(batch)
	for _, p := range waiting {
		p.path, p.buf, p.trains = nil, p.buf[:0], p.trains[:0]
		pendings.Put(p)
	}
}

// writeNow sends one datagram.
func (q *queue) writeNow(b []byte, to netip.AddrPort) error {
	q.sending.Lock()
	defer q.sending.Unlock()
	q.count.sends.Add(1)
	if err := q.conn.sendOne(b, to); err != nil {
		q.count.sendErrors.Add(1)
		return err
	}
	q.count.datagramsSent.Add(1)
	q.count.bytesSent.Add(uint64(len(b)))
	return nil
}

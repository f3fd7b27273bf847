package icelite

import (
	"net/netip"
	"sync"
	"time"
)

// A queue is what a socket sends. While it is held, by a loop that delivers a batch or by Server.Batch,
// datagrams wait in it, each address's behind one another, to leave together.
type queue struct {
	conn  packetConn
	count *counters

	sending sync.Mutex // has what is sent leave in the order in which it was written; taken before mu
	sent    []*pending // memory for the next waiting
	trains  []train    // memory for those of one flush

	mu      sync.Mutex
	holders int
	held    time.Duration // when hold was called last
	waiting []*pending    // in the order of their first datagrams, at most maxWaiting
	since   time.Duration // when the first of them was written
}

// pending is what waits for one address.
type pending struct {
	to     netip.AddrPort
	buf    []byte
	trains []train // that make up buf
}

const (
	pendingBytes = 16 << 10 // 13 packets of video; more leave at once
	maxWaiting   = 256      // addresses, likewise: 4 MiB

	// maxWait is how long datagrams wait for holders that follow one another without a break, as the loops of several
	// sockets do.
	maxWait = time.Millisecond
)

var pendings = sync.Pool{New: func() any {
	return &pending{buf: make([]byte, 0, pendingBytes), trains: make([]train, 0, 4)}
}}

// hold has what is written wait until release has been called as often, or for maxWait.
func (q *queue) hold(now time.Duration) {
	q.mu.Lock()
	q.holders++
	q.held = now
	q.mu.Unlock()
}

func (q *queue) release() {
	q.mu.Lock()
	q.holders--
	due := len(q.waiting) > 0 && (q.holders == 0 || q.held-q.since >= maxWait)
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
	q.waiting, q.sent = q.sent, q.waiting
	q.mu.Unlock()
	if len(q.sent) > 0 {
		q.send()
	}
}

// write sends b to the address of to, or has it wait. It keeps neither.
func (q *queue) write(to *path, b []byte) error {
	q.mu.Lock()
	for q.holders > 0 && len(b) <= pendingBytes {
		if p := q.at(to); p != nil && len(p.buf)+len(b) <= cap(p.buf) {
			p.add(b)
			q.mu.Unlock()
			return nil
		}
		q.mu.Unlock()
		q.flush()
		q.mu.Lock()
	}
	q.mu.Unlock()
	return q.writeNow(b, to.addr)
}

// at returns where what goes to a path waits, or nil if that is one address too many. mu is held.
func (q *queue) at(to *path) *pending {
	if to.place < len(q.waiting) && q.waiting[to.place].to == to.addr {
		return q.waiting[to.place]
	}
	if len(q.waiting) == maxWaiting {
		return nil
	}
	if len(q.waiting) == 0 {
		q.since = q.held
	}
	p := pendings.Get().(*pending)
	p.to, to.place = to.addr, len(q.waiting)
	q.waiting = append(q.waiting, p)
	return p
}

// add puts b behind what waits.
func (p *pending) add(b []byte) {
	start := len(p.buf)
	p.buf = append(p.buf, b...)
	if n := len(p.trains); n > 0 && p.trains[n-1].takes(len(b)) {
		last := &p.trains[n-1]
		last.b = last.b[:len(last.b)+len(b)]
		return
	}
	p.trains = append(p.trains, train{p.to, p.buf[start:len(p.buf)], len(b)})
}

// send sends what flush has taken. sending is held.
func (q *queue) send() {
	datagrams, bytes := 0, 0
	for _, p := range q.sent {
		for _, t := range p.trains {
			datagrams += t.datagrams()
			bytes += len(t.b)
		}
		q.trains = append(q.trains, p.trains...)
	}
	calls, failed := q.conn.send(q.trains)
	q.count.sends.Add(uint64(calls))
	q.count.sendErrors.Add(uint64(failed))
	q.count.datagramsSent.Add(uint64(datagrams - failed))
	q.count.bytesSent.Add(uint64(bytes))
	for i, p := range q.sent {
		p.buf, p.trains = p.buf[:0], p.trains[:0]
		pendings.Put(p)
		q.sent[i] = nil
	}
	clear(q.trains)
	q.sent, q.trains = q.sent[:0], q.trains[:0]
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

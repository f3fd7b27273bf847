package sctpdc

import "sync"

// Queued returns how many bytes were sent that the peer has not acknowledged: what W3C calls bufferedAmount, and what is
// under way besides.
func (c *Channel) Queued() int { return int(c.stream.BufferedAmount()) }

// OnLow has f called when Queued falls to threshold, in bytes, or below, after having been above; once for each time.
// That is the bufferedamountlow event of W3C and its threshold. f runs in a goroutine of its own, one call at a time, and
// may call anything; others may have sent more by then. A second OnLow replaces the first; nil ends it. What is above already counts.
func (c *Channel) OnLow(threshold int, f func()) {
	l := &c.low
	l.mu.Lock()
	l.callback = f
	l.application = mark{threshold: max(0, threshold), armed: f != nil && c.Queued() > threshold}
	l.mu.Unlock()
	c.amountFell()
}

// lowWater tells who waits for less to be queued. Pion/sctp watches one threshold for each stream, we need two: the
// highest of those that somebody waits for is set, and the next one when it is passed.
type lowWater struct {
	mu          sync.Mutex
	room        mark // Send waits
	application mark // OnLow
	callback    func()
	due         bool // callback has to be called
	calling     bool // a goroutine sees to that
}

// A mark is a number of bytes that the queued ones may fall to.
type mark struct {
	threshold int
	armed     bool // somebody waits for it
}

// awaitRoom has a token put into room when half of the send buffer is free.
func (c *Channel) awaitRoom() {
	c.low.mu.Lock()
	c.low.room.armed = true
	c.low.mu.Unlock()
	c.amountFell()
}

// amountRises is told before n bytes are written, so that the acknowledgement cannot be missed.
func (c *Channel) amountRises(n int) (watched bool) {
	l := &c.low
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.callback == nil {
		return false
	}
	if l.application.armed || c.Queued()+n > l.application.threshold {
		l.application.armed = true
		return true
	}
	return false
}

// amountFell looks who waits for what is queued now, and sets the threshold for the others. Pion/sctp calls it from its
// read loop, with the association locked, so nothing is sent from here.
func (c *Channel) amountFell() {
	l := &c.low
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		queued, next := c.Queued(), -1
		for _, m := range []*mark{&l.room, &l.application} {
			switch {
			case !m.armed:
			case queued > m.threshold:
				next = max(next, m.threshold)
			case m == &l.room:
				m.armed = false
				token(c.room)
			default:
				m.armed = false
				c.callLow()
			}
		}
		if next < 0 {
			return
		}
		c.stream.SetBufferedAmountLowThreshold(uint64(next))
		if c.Queued() > next {
			return // what passes the threshold from now on is reported
		}
	}
}

// callLow has the callback called. The caller holds mu.
func (c *Channel) callLow() {
	l := &c.low
	l.due = true
	if l.calling {
		return
	}
	l.calling = true
	go func() {
		for {
			l.mu.Lock()
			f := l.callback
			if !l.due || f == nil {
				l.due, l.calling = false, false
				l.mu.Unlock()
				return
			}
			l.due = false
			l.mu.Unlock()
			f()
		}
	}()
}

package sctpdc

import "sync"

// A batcher is a connection that sends several packets for less than one by one.
type batcher interface {
	CanBatch() bool
	WriteBatch(packets [][]byte) error
}

// maxOutbox is how many packets wait at most; the system takes no more in one call.
const maxOutbox = 48

// An outbox holds full packets of data until pion/sctp has written the others of the same burst, so that they go to the
// system in one call: over loopback each call costs 5 us, more than all else that is done for a packet. A burst ends with a
// packet that is not full, or when pion/sctp waits and lets the goroutine run that empties the outbox.
type outbox struct {
	batcher batcher // nil: nothing is held back
	full    int     // bytes; smaller packets end a burst

	mu      sync.Mutex // held while packets are written, so that they keep their order
	packets [][]byte
	due     bool // a goroutine is about to empty it
}

// putData sends a packet of data, or keeps it for a moment. Pion/sctp makes each packet anew.
func (g *gate) putData(p []byte) (int, error) {
	o := &g.outbox
	if o.batcher == nil || !o.batcher.CanBatch() {
		return g.write(p)
	}
	if !g.ports.usual() {
		g.ports.outbound(p)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.packets = append(o.packets, p)
	if len(p) >= o.full && len(o.packets) < maxOutbox {
		if !o.due {
			o.due = true
			go g.emptyLater()
		}
		return len(p), nil
	}
	return len(p), g.emptyLocked()
}

// emptyLater is the goroutine.
func (g *gate) emptyLater() {
	o := &g.outbox
	o.mu.Lock()
	defer o.mu.Unlock()
	o.due = false
	if g.emptyLocked() != nil {
		_ = g.Close() // which pion/sctp sees
	}
}

// empty sends what is held back, for what must not overtake it.
func (g *gate) empty() error {
	g.outbox.mu.Lock()
	defer g.outbox.mu.Unlock()
	return g.emptyLocked()
}

// emptyLocked sends what is held back. The caller holds mu.
func (g *gate) emptyLocked() error {
	o := &g.outbox
	if len(o.packets) == 0 {
		return nil
	}
	err := o.batcher.WriteBatch(o.packets)
	if err != nil {
		g.writeFailed(err)
	} else {
		g.stats.packetsSent.Add(uint64(len(o.packets)))
	}
	clear(o.packets)
	o.packets = o.packets[:0]
	return err
}

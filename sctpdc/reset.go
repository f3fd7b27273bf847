package sctpdc

// Closing a channel. "[I]f one side decides to close the data channel, it resets the corresponding outgoing stream. When
// the peer sees that an incoming stream was reset, it also resets its corresponding outgoing stream. Once this is
// completed, the data channel is closed." RFC 8831, Section 6.7.
//
//	        Close                      peer's reset (end of file)
//	open ----------> resetting ------------------------------> answered by both: id free
//	  \                  ^ the reset waits for its turn
//	   `-- peer's reset -'   in Association.closing
//
// One request is under way at a time: "At any given time, there MUST NOT be more than one request in flight." RFC 6525,
// Section 5.1.1. Channels that close meanwhile wait, and then go together, maxResets of them.

// maxResets is how many streams go into a request. Pion/sctp packs all into one that are closed between two packets, however
// large that gets; two bytes for each leave room in the smallest datagrams: 12 + 4 + 16 + 2*200 < 548.
const maxResets = 200

// reset asks for the reset of a channel's outgoing stream, behind its data.
func (a *Association) reset(c *Channel) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c.resetAsked || c.stream == nil {
		return
	}
	c.resetAsked = true
	a.closing = append(a.closing, c)
	a.sendResets()
}

// sendResets begins the resets that wait if none is under way. The caller holds mu.
func (a *Association) sendResets() {
	if len(a.resetting) > 0 {
		return
	}
	waiting := a.closing
	a.closing = nil
	for _, c := range waiting {
		if a.resetting[c.id] != nil || len(a.resetting) == maxResets { // two generations of an id, or enough
			a.closing = append(a.closing, c)
			continue
		}
		if c.stream.Close() == nil {
			a.resetting[c.id] = c
		}
	}
}

// resetsAnswered is called by the gate.
func (a *Association) resetsAnswered(ids []uint16) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, id := range ids {
		if c := a.resetting[id]; c != nil {
			delete(a.resetting, id)
			close(c.resetAnswered)
			a.settle(c)
		}
	}
	a.sendResets()
}

// settle frees the id of a channel when both directions are reset. The caller holds mu.
func (a *Association) settle(c *Channel) {
	if !c.peerReset {
		return
	}
	select {
	case <-c.resetAnswered:
		a.remove(c)
		c.doneOnce.Do(func() { close(c.done) })
	default:
	}
}

// previous returns the channel whose reset of the id is still unanswered, or nil.
func (a *Association) previous(id uint16) *Channel {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.resetting[id]
}

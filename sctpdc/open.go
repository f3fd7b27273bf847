package sctpdc

import (
	"context"
	"fmt"
	"time"

	"github.com/pion/sctp"

	"github.com/rtctransport/rtctransport/keying"
)

// Open opens a channel. It waits until the association is established, but not for the peer's answer: the channel may be
// used at once. options may be nil. Its errors are that of ctx, ErrInvalidOptions, ErrIDInUse, ErrTooManyChannels and
// *AssociationError.
//
// If the peer refuses the channel, it closes it: Receive returns io.EOF.
func (a *Association) Open(ctx context.Context, label string, options *ChannelOptions) (*Channel, error) {
	var o ChannelOptions
	if options != nil {
		o = *options
	}
	if o.Priority == 0 {
		o.Priority = PriorityNormal
	}
	if err := o.check(label); err != nil {
		return nil, err
	}
	c, err := a.reserve(label, o)
	if err != nil {
		return nil, err
	}
	if err := a.Handshake(ctx); err != nil {
		a.release(c)
		return nil, err
	}
	// A stream that the peer's INIT does not allow would be refused (RFC 9260, Section 6.5); libdatachannel allows 1024. Only channels that were asked for before it was known can come this far.
	if int(c.id) >= a.gate.peerStreams() {
		a.release(c)
		return nil, fmt.Errorf("%w: the peer takes %d streams, id %d is beyond", ErrTooManyChannels, a.gate.peerStreams(), c.id)
	}
	stream, err := a.stream(ctx, c.id)
	if err != nil {
		a.release(c)
		return nil, err
	}
	a.mu.Lock()
	if a.err != nil {
		a.mu.Unlock()
		a.release(c)
		return nil, a.ending()
	}
	c.attach(stream)
	a.running.Add(1)
	a.mu.Unlock()
	if o.Negotiated {
		c.applyReliability()
	} else {
		// "All DCEP messages MUST be sent using ordered delivery and reliable transmission", and before the answer "all other
		// messages containing user data [...] MUST be sent ordered, no matter whether the data channel is ordered or not" (RFC
		// 8832, Section 6). We send them reliably too if the channel is unordered: one given up would hold up those behind it,
		// because pion/sctp at the other end takes no notice of a FORWARD TSN for ordered messages of an unordered stream.
		if !o.Unordered {
			c.applyReliability()
		}
		m := openMessage(label, &o)
		_, _ = stream.WriteSCTP(m.append(nil), sctp.PayloadTypeWebRTCDCEP) // fails only if the association ended: read sees it
	}
	go c.read()
	return c, nil
}

// stream returns a new stream of pion/sctp.
func (a *Association) stream(ctx context.Context, id uint16) (*sctp.Stream, error) {
	for {
		if a.isStopping() {
			return nil, a.ending()
		}
		a.mu.Lock()
		s := a.sctp
		a.mu.Unlock()
		stream, err := s.OpenStream(id, sctp.PayloadTypeWebRTCBinary)
		if err != nil {
			return nil, a.ending()
		}
		if stream.State() == sctp.StreamStateOpen {
			return stream, nil
		}
		// The id was free, so this is the stream that had it before: pion/sctp tells a stream that the peer reset it, by
		// which we free the id, and only then forgets the stream. It is about to.
		t := time.NewTimer(time.Millisecond)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return nil, ctx.Err()
		}
	}
}

// reserve finds an id for a channel of ours, and enters the channel.
func (a *Association) reserve(label string, o ChannelOptions) (*Channel, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return nil, a.err
	}
	if a.opened >= a.config.MaxChannels {
		return nil, ErrTooManyChannels
	}
	var id uint16
	switch {
	case o.ID != nil:
		id = *o.ID
		if !o.Negotiated && !a.ours(id) {
			return nil, ErrInvalidOptions
		}
		if !a.free(id) {
			return nil, ErrIDInUse
		}
	default:
		first := a.nextID
		for id = first; !a.free(id); {
			if id = a.following(id); id == first {
				return nil, ErrTooManyChannels
			}
		}
		a.nextID = a.following(id)
	}
	c := newChannel(a, id)
	c.label, c.options, c.opened = label, o, true
	a.channels[id] = c
	a.opened++
	a.weights.set(id, o.Priority)
	return c, nil
}

// following returns the id of ours after id, the first one after the last. Ids are used in turn, not the lowest free one,
// so that those of a closed channel rest for a while: a peer on bare pion/sctp resets a stream again when our request is
// repeated late.
func (a *Association) following(id uint16) uint16 {
	if int(id)+2 > min(maxStreamID, a.gate.peerStreams()-1) {
		return id & 1
	}
	return id + 2
}

// ours is whether channels with the id are opened by us. "If the side is acting as the DTLS client, it MUST choose an
// even stream identifier; if the side is acting as the DTLS server, it MUST choose an odd one." RFC 8832, Section 6.
func (a *Association) ours(id uint16) bool { return id&1 == 0 == (a.config.Role == keying.RoleClient) }

// free is whether no channel has the id and both resets of the last one that had it are through: "Streams
// are available for reuse after a reset has been performed." RFC 8831, Section 6.7. The caller holds mu.
func (a *Association) free(id uint16) bool { return a.channels[id] == nil && a.resetting[id] == nil }

// release takes a channel out that never got a stream.
func (a *Association) release(c *Channel) {
	a.mu.Lock()
	a.remove(c)
	a.mu.Unlock()
}

// remove takes a channel out of the table. The caller holds mu.
func (a *Association) remove(c *Channel) {
	if a.channels[c.id] == c {
		delete(a.channels, c.id)
		if c.opened {
			a.opened--
		}
	}
}

// ending is what a call gets when the association does not take it any more.
func (a *Association) ending() error {
	a.mu.Lock()
	err := a.err
	if err == nil {
		err = a.cause // Close, or a violation: it is about to end
	}
	a.mu.Unlock()
	if err != nil {
		return err
	}
	if a.isStopping() {
		return &AssociationError{Reason: ReasonShutdown}
	}
	return &AssociationError{Reason: ReasonShutdown, Peer: true}
}

// firstMessage makes the stream of a message that pion/sctp is about to see. It is called by the gate.
func (a *Association) firstMessage(id uint16) {
	a.mu.Lock()
	s := a.sctp
	a.mu.Unlock()
	if s == nil {
		// The peer has data for us, so pion/sctp is done and run about to say so; unless an answer to our COOKIE ECHO was
		// lost, and then pion/sctp drops the data.
		t := time.NewTimer(5 * time.Millisecond)
		defer t.Stop()
		select {
		case <-a.established:
		case <-a.done:
			return
		case <-t.C:
			return
		}
		a.mu.Lock()
		s = a.sctp
		a.mu.Unlock()
	}
	stream, err := s.OpenStream(id, sctp.PayloadTypeUnknown)
	if err != nil {
		return
	}
	a.incoming(stream)
}

// incoming enters a stream that the peer began to use, unless it is known.
func (a *Association) incoming(stream *sctp.Stream) {
	id := stream.StreamIdentifier()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return
	}
	if old := a.channels[id]; old != nil {
		if old.stream == stream || old.stream == nil {
			return // it is open, or Open is about to take it
		}
		// The peer has reset the stream and uses the id again before we saw its answer to our reset, or before the
		// reader saw its reset. In any case that channel is over.
		a.remove(old)
	}
	if len(a.channels) >= a.config.MaxChannels+a.config.refused {
		a.violatedLocked(ErrTooManyChannels)
		return
	}
	c := newChannel(a, id)
	c.incoming = true
	if id > maxStreamID { // there is no such stream to be reset, see inboundData
		c.discard, c.resetAsked = true, true
		close(c.resetAnswered)
	}
	c.attach(stream)
	a.channels[id] = c
	a.running.Add(1)
	go c.read()
}

// admit decides about a channel that the peer opens; offer or withdraw must follow.
func (a *Association) admit(c *Channel) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.opened >= a.config.MaxChannels || a.pending >= a.config.MaxUnaccepted {
		return ErrTooManyChannels
	}
	c.opened = true
	a.opened++
	a.pending++
	return nil
}

// withdraw takes back what admit did, but that the channel is open.
func (a *Association) withdraw() {
	a.mu.Lock()
	a.pending--
	a.mu.Unlock()
}

// reliable is asked by the gate.
func (a *Association) reliable(id uint16) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := a.channels[id]
	return c != nil && c.options.MaxRetransmits == nil && c.options.MaxLifetime == nil
}

// offer gives a channel to Accept.
func (a *Association) offer(c *Channel) {
	a.mu.Lock()
	a.backlog = append(a.backlog, c)
	a.mu.Unlock()
	token(a.acceptable)
}

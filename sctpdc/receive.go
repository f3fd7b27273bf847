package sctpdc

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/pion/sctp"
)

// Receive waits for the next message. Its Data belongs to the caller.
//
// Its errors are that of ctx; io.EOF when the peer has closed the channel, or shut the association down, and all it sent
// was received; and why the channel is closed otherwise: ErrChannelClosed, ErrReceiveStalled, ErrProtocol,
// *MessageSizeError, or an *AssociationError, before which messages may have been lost.
func (c *Channel) Receive(ctx context.Context) (Message, error) {
	for {
		if m, ok, err := c.take(); ok || err != nil {
			c.a.gate.widen()
			return m, err
		}
		select {
		case <-c.received:
		case <-c.closed:
		case <-ctx.Done():
			return Message{}, ctx.Err()
		}
	}
}

// take returns the first message of the queue if there is one, else why there will be none.
func (c *Channel) take() (m Message, ok bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taken = true
	if c.head == len(c.queue) {
		return Message{}, false, c.recvErr
	}
	m = c.queue[c.head]
	c.queue[c.head] = Message{}
	c.head++
	if c.head == len(c.queue) {
		c.queue, c.head = c.queue[:0], 0
	} else {
		token(c.received) // for others who wait
	}
	c.queued -= messageCost(m)
	c.a.window.change(c, -messageCost(m))
	return m, true, nil
}

// messageCost is what a message in the queue is counted for, in bytes.
func messageCost(m Message) int { return len(m.Data) + 64 }

// read is the goroutine of the channel. It takes whole messages out of pion/sctp as soon as they are there and never
// waits for the application: what waits in pion/sctp would take its window from the other channels.
func (c *Channel) read() {
	defer c.a.running.Done()
	var buffer []byte
	var numbers sequences
	for {
		// A read with too small a buffer takes nothing and tells the size, which need not be that of the next read: an
		// unordered message may go before an ordered one.
		n, p, err := c.stream.ReadSCTP(buffer)
		if errors.Is(err, io.ErrShortBuffer) {
			buffer = make([]byte, n)
			continue
		}
		if err != nil {
			c.readEnded(err)
			return
		}
		message := buffer[:n:n]
		buffer = nil
		var info MessageInfo
		kind, unordered, low := taggedPPID(p).split()
		if taggedPPID(p)&tagBit != 0 {
			info = MessageInfo{c.id, uint32(kind), unordered, numbers.complete(unordered, low)}
		}
		if err := c.handle(kind, message, info); err != nil {
			c.fail(err)
			c.a.event(Event{Kind: EventStreamRefused, Stream: c.id, Err: err})
		}
		c.a.gate.took(n)
	}
}

// readEnded is told why the stream has no more messages.
func (c *Channel) readEnded(err error) {
	if err == io.EOF { //nolint:errorlint // exactly this one: the gate lets no other io.EOF through.
		c.end(ErrChannelClosed, io.EOF, false)
		c.a.event(Event{Kind: EventStreamReset, Stream: c.id})
		c.a.reset(c)
		c.a.mu.Lock()
		c.peerReset = true
		c.a.settle(c)
		c.a.mu.Unlock()
		c.a.running.Add(1)
		go c.finishLater()
		return
	}
	<-c.a.done // pion/sctp tells the streams first
	c.finish()
}

// finishLater waits for the end of a channel that the peer has reset.
func (c *Channel) finishLater() {
	defer c.a.running.Done()
	select {
	case <-c.done:
	case <-c.a.done:
		c.finish()
	}
}

// finish ends a channel with its association.
func (c *Channel) finish() {
	err := c.a.Err()
	recvErr := err
	var e *AssociationError
	if errors.As(err, &e) && e.Reason == ReasonShutdown && e.Peer {
		recvErr = io.EOF
	}
	c.end(err, recvErr, false)
	c.doneOnce.Do(func() { close(c.done) })
}

// handle takes one SCTP user message. An error closes the channel.
func (c *Channel) handle(p ppid, b []byte, info MessageInfo) error {
	c.mu.Lock()
	discard := c.discard
	c.mu.Unlock()
	if discard {
		return nil
	}
	if len(b) > c.a.config.MaxMessageSize {
		return &MessageSizeError{Size: len(b), Limit: c.a.config.MaxMessageSize, Peer: true}
	}
	if p == ppidDCEP {
		return c.handleDCEP(b)
	}
	// "receiving a message containing user data on an unused stream indicates an error. In that case, the corresponding
	// data channel MUST be closed". RFC 8832, Section 6.
	if !c.isOpen() {
		return fmt.Errorf("%w: user message on stream %d, which is not open", ErrProtocol, c.id)
	}
	switch p {
	case ppidString:
		return c.deliver(Message{Text, b, info})
	case ppidBinary:
		return c.deliver(Message{Binary, b, info})
	case ppidStringEmpty:
		return c.deliver(Message{Text, nil, info})
	case ppidBinaryEmpty:
		return c.deliver(Message{Binary, nil, info})
	case ppidStringPartial, ppidBinaryPartial:
		return c.collect(b)
	}
	// "If a message with an unsupported PPID is received [...], the receiver SHOULD close the corresponding data channel."
	// RFC 8831, Section 6.6.
	return fmt.Errorf("%w: message with PPID %d", ErrProtocol, p)
}

func (c *Channel) isOpen() bool {
	c.a.mu.Lock()
	defer c.a.mu.Unlock()
	return c.opened
}

// handleDCEP takes a message of the Data Channel Establishment Protocol.
func (c *Channel) handleDCEP(b []byte) error {
	switch {
	case len(b) > 0 && b[0] == dcepAck && c.isOpen():
		c.peerAnswered() // a second one, or one for a negotiated channel, changes nothing
		return nil
	case c.isOpen():
		// "If the DATA_CHANNEL_OPEN message doesn't satisfy the conditions above, the receiver MUST close the corresponding
		// data channel [...] and MUST NOT send a DATA_CHANNEL_ACK message [...]. This might occur if, for example, a
		// DATA_CHANNEL_OPEN message is received on an already used stream, there are problems with parameters [...], the
		// odd/even rule is violated, or the DATA_CHANNEL_OPEN message itself is not well formed." RFC 8832, Section 6.
		return fmt.Errorf("%w: DCEP message on stream %d, which is in use", ErrProtocol, c.id)
	case c.a.ours(c.id):
		return fmt.Errorf("%w: peer opened stream %d, which is ours to open", ErrProtocol, c.id)
	}
	m, err := parseDCEPOpen(b)
	if err != nil {
		return err
	}
	// The peer uses the id again, so it has performed our reset of the channel before; but pion/sctp does not know
	// before the answer is here, and then begins to count the messages of the stream from zero again.
	if old := c.a.previous(c.id); old != nil {
		select {
		case <-old.resetAnswered:
		case <-c.a.done:
			return nil
		}
	}
	if err := c.a.admit(c); err != nil {
		return err
	}
	c.a.mu.Lock() // for reliable
	c.label, c.options = m.label, m.options()
	c.a.mu.Unlock()
	c.a.weights.set(c.id, c.options.Priority)
	c.answered = true
	close(c.answer)
	c.applyReliability()
	if _, err := c.stream.WriteSCTP([]byte{dcepAck}, sctp.PayloadTypeWebRTCDCEP); err != nil {
		c.a.withdraw()
		return nil // the association or the stream has ended: read sees it
	}
	c.a.offer(c)
	return nil
}

// peerAnswered lets a channel that we opened be unordered: "After the DATA_CHANNEL_ACK or any other message has been
// received on the data channel, messages containing user data [...] MUST be sent unordered on unordered data channels."
// RFC 8832, Section 6.
func (c *Channel) peerAnswered() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.answered {
		c.answered = true
		close(c.answer)
		if c.options.Unordered {
			c.applyReliability()
		}
	}
}

// collect keeps a piece of a message of the deprecated kind. RFC 8831, Section 8.
func (c *Channel) collect(b []byte) error {
	c.peerAnswered()
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.partial) + len(b); n > c.a.config.MaxMessageSize {
		return &MessageSizeError{Size: n, Limit: c.a.config.MaxMessageSize, Peer: true}
	}
	c.partial = append(c.partial, b...)
	return nil
}

// deliver puts a message into the queue.
func (c *Channel) deliver(m Message) error {
	c.peerAnswered()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.discard {
		return nil
	}
	if len(c.partial) > 0 {
		m.Data = append(c.partial, m.Data...)
		c.partial = nil
		if len(m.Data) > c.a.config.MaxMessageSize {
			return &MessageSizeError{Size: len(m.Data), Limit: c.a.config.MaxMessageSize, Peer: true}
		}
	}
	if c.queued > c.a.config.ChannelQueue+2*c.a.config.ReceiveBuffer {
		return ErrReceiveStalled // the peer does not keep to the window
	}
	c.queue = append(c.queue, m)
	c.queued += messageCost(m)
	c.a.window.change(c, messageCost(m))
	token(c.received)
	return nil
}

package sctpdc

import (
	"sync"

	"github.com/pion/sctp"
)

// A Channel is a data channel. All methods may be called concurrently.
type Channel struct {
	a        *Association
	id       uint16
	label    string         // set before the channel is handed out
	options  ChannelOptions // the same
	incoming bool           // the peer uses the stream first

	sendTurn chan struct{} // holds a token while somebody sends
	room     chan struct{} // holds a token after the buffered amount fell
	received chan struct{} // holds a token when queue may not be empty
	closed   chan struct{} // closed when nothing will be sent or queued any more; closedErr is set before
	answer   chan struct{} // closed when the peer has answered
	done     chan struct{} // closed when both directions are reset, or the association has ended
	doneOnce sync.Once

	low        lowWater
	byteStream Stream

	// Guarded by Association.mu.
	stream        *sctp.Stream // nil while Open waits for the association
	opened        bool         // counts for MaxChannels
	resetAsked    bool
	resetAnswered chan struct{} // closed when the peer performed our reset
	peerReset     bool          // the peer's reset was seen, behind all its data

	mu       sync.Mutex
	queue    []Message // received, oldest first; queue[head:] is there
	head     int
	queued   int   // bytes in queue, see messageCost
	sendErr  error // why closed is closed, for Send
	recvErr  error // the same for Receive, once queue is empty
	discard  bool  // closed here: what comes in is dropped
	answered bool  // the peer has answered the DATA_CHANNEL_OPEN, or sent something else; see answer
	partial  []byte
	taken    bool // Receive was called since the window was looked at
}

func newChannel(a *Association, id uint16) *Channel {
	c := &Channel{
		a:             a,
		id:            id,
		sendTurn:      make(chan struct{}, 1),
		room:          make(chan struct{}, 1),
		received:      make(chan struct{}, 1),
		closed:        make(chan struct{}),
		answer:        make(chan struct{}),
		done:          make(chan struct{}),
		resetAnswered: make(chan struct{}),
	}
	c.byteStream.c = c
	return c
}

// attach gives the channel its stream. The caller holds Association.mu.
func (c *Channel) attach(stream *sctp.Stream) {
	c.stream = stream
	stream.SetReliabilityParams(false, sctp.ReliabilityTypeReliable, 0)
	// Send waits while the limit is reached; half of it must have gone before it is woken.
	c.low.room.threshold = c.a.config.SendBuffer / 2
	stream.OnBufferedAmountLow(c.amountFell)
}

// applyReliability makes the stream what the options say. It also tells pion/sctp how to read the peer's FORWARD TSN, for
// "All data sent on a data channel in both directions MUST be sent over the underlying stream using the reliability defined
// when the data channel was opened". RFC 8831, Section 6.6.
func (c *Channel) applyReliability() {
	kind, value := c.options.reliability(c.a.config.RTOMax)
	c.stream.SetReliabilityParams(c.options.Unordered, kind, value)
}

// ID returns the stream id.
func (c *Channel) ID() uint16 { return c.id }

// Label returns the label; for a channel that the peer opened, what it sent, which may be any bytes.
func (c *Channel) Label() string { return c.label }

// Protocol returns the subprotocol.
func (c *Channel) Protocol() string { return c.options.Protocol }

// Options returns how the channel behaves, also if the peer opened it. ID is set.
func (c *Channel) Options() ChannelOptions {
	o := c.options
	o.ID = &c.id
	return o
}

// Opened is closed when the peer is known to have the channel: it has answered our DATA_CHANNEL_OPEN or sent a message, or
// it opened the channel itself. Nothing need wait for it; one that never answers leaves it open for ever, one that refuses
// closes the channel.
func (c *Channel) Opened() <-chan struct{} { return c.answer }

// Close closes the channel for both sides. What Send took is delivered first, as far as the channel is reliable; what was
// received and not taken is dropped. Close does not wait; Done tells when the peer has answered. It always returns nil.
func (c *Channel) Close() error {
	c.fail(ErrChannelClosed)
	return nil
}

// fail closes the channel here, for a reason that its calls return.
func (c *Channel) fail(reason error) {
	c.end(reason, reason, true)
	c.a.reset(c)
	c.a.gate.widen()
}

// end stops the channel's calls, the first time only.
func (c *Channel) end(sendErr, recvErr error, discard bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.recvErr == nil {
		c.sendErr, c.recvErr = sendErr, recvErr
		close(c.closed)
	}
	if discard && !c.discard {
		c.discard = true
		c.a.window.change(c, -c.queued)
		c.queue, c.head, c.queued, c.partial = nil, 0, 0, nil
	}
}

// Err returns why nothing can be sent any more, as Send would, or nil. It is ErrChannelClosed for a channel that either side
// closed, also when the association has ended since.
func (c *Channel) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sendErr
}

// Done is closed when the channel is closed for good: both sides have reset their stream, and the id may be used again;
// or the association has ended. Messages that came before may still wait for Receive.
func (c *Channel) Done() <-chan struct{} { return c.done }

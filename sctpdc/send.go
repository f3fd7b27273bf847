package sctpdc

import (
	"context"
	"unicode/utf8"

	"github.com/pion/sctp"
)

// Send sends one message. It waits while Config.SendBuffer bytes of the channel are unacknowledged, and returns when the
// message is on its way, not when it has arrived. m.Data is copied.
//
// Its errors are that of ctx, *MessageSizeError and ErrInvalidUTF8, after which the channel is as before; and why the
// channel is closed: ErrChannelClosed, ErrReceiveStalled, ErrProtocol, *MessageSizeError with Peer set, or an
// *AssociationError. After an error, nothing of the message was sent.
func (c *Channel) Send(ctx context.Context, m Message) error {
	if err := c.fits(m); err != nil {
		return err
	}
	if err := c.takeTurn(ctx); err != nil {
		return err
	}
	defer func() { <-c.sendTurn }()
	for c.Queued() >= c.a.config.SendBuffer {
		c.awaitRoom()
		if err := c.wait(ctx, c.room); err != nil {
			return err
		}
	}
	if err := c.unusable(ctx); err != nil {
		return err
	}
	return c.write(m)
}

// TrySend sends one message as Send does, but does not wait: if Send would, or waits in another call, it returns
// ErrBufferFull. OnLow tells when to try again.
func (c *Channel) TrySend(m Message) error {
	if err := c.fits(m); err != nil {
		return err
	}
	if err := c.unusable(context.Background()); err != nil {
		return err
	}
	select {
	case c.sendTurn <- struct{}{}:
	default:
		return ErrBufferFull
	}
	defer func() { <-c.sendTurn }()
	if c.Queued() >= c.a.config.SendBuffer {
		return ErrBufferFull
	}
	return c.write(m)
}

// fits is whether the message may be sent at all.
func (c *Channel) fits(m Message) error {
	if limit := c.a.peerMaxMessageSize(); limit > 0 && len(m.Data) > limit {
		return &MessageSizeError{Size: len(m.Data), Limit: limit}
	}
	if m.Kind == Text && !utf8.Valid(m.Data) {
		return ErrInvalidUTF8
	}
	return nil
}

// write gives a message to pion/sctp. The caller has the turn.
func (c *Channel) write(m Message) error {
	b, p := m.encode()
	watched := c.amountRises(len(b))
	_, err := c.stream.WriteSCTP(b, sctp.PayloadProtocolIdentifier(p))
	if watched {
		c.amountFell()
	}
	if err == nil {
		return nil
	}
	if err := c.unusable(context.Background()); err != nil {
		return err
	}
	// pion/sctp knows already what has not got through to us.
	if c.stream.State() != sctp.StreamStateOpen {
		return ErrChannelClosed
	}
	return c.a.ending()
}

// SendText sends a text message; see Send.
func (c *Channel) SendText(ctx context.Context, s string) error {
	return c.Send(ctx, Message{Kind: Text, Data: []byte(s)})
}

// SendBinary sends a binary message; see Send.
func (c *Channel) SendBinary(ctx context.Context, b []byte) error {
	return c.Send(ctx, Message{Kind: Binary, Data: b})
}

// takeTurn waits for the other senders of the channel, so that only one message at a time exceeds the buffer.
func (c *Channel) takeTurn(ctx context.Context) error {
	if err := c.unusable(ctx); err != nil {
		return err
	}
	select {
	case c.sendTurn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.closed:
	case <-c.a.stopping:
	case <-c.a.done:
	}
	return c.unusable(ctx)
}

// wait waits for a token, or for a reason to give up.
func (c *Channel) wait(ctx context.Context, tokens chan struct{}) error {
	select {
	case <-tokens:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.closed:
	case <-c.a.stopping:
	case <-c.a.done:
	}
	return c.unusable(ctx)
}

// unusable returns why nothing can be sent, or nil.
func (c *Channel) unusable(ctx context.Context) error {
	select {
	case <-c.closed:
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.sendErr
	case <-c.a.done:
		return c.a.Err()
	case <-c.a.stopping:
		return c.a.ending()
	default:
		return ctx.Err()
	}
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rtctransport/rtctransport/sctpdc"
)

// lossyWait is how long the echo on a channel that may lose messages is waited for. Five messages on a channel may each take so long,
// and who waits for the channel to be closed has half a minute.
const lossyWait = 2 * time.Second

// open opens all channels of --dc, has everything echoed on each, closes them and waits for the peer's resets.
func (s *session) open(ctx context.Context) error {
	var channels []*sctpdc.Channel
	for _, spec := range s.data.channels {
		c, err := s.association.Open(ctx, spec.label, &spec.options)
		if err != nil {
			return err
		}
		s.opened.Add(1)
		s.opening(c, "self")
		channels = append(channels, c)
	}
	var wg sync.WaitGroup
	errs := make([]error, len(channels))
	for i, c := range channels {
		wg.Go(func() { errs[i] = s.exchange(ctx, c) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// exchange uses one channel and closes it.
func (s *session) exchange(ctx context.Context, c *sctpdc.Channel) error {
	acked := make(chan struct{})
	go func() {
		defer close(acked)
		select {
		case <-c.Opened():
			s.line("dc ack id=%d", c.ID())
		case <-c.Done():
		case <-ctx.Done():
		}
	}()
	o := c.Options()
	lossy := o.MaxRetransmits != nil || o.MaxLifetime != nil
	for i, m := range s.data.messages {
		if err := s.exchangeOne(ctx, c, m, lossy); err != nil {
			return fmt.Errorf("channel %d, payload %d: %w", c.ID(), i, err)
		}
	}
	if s.WaitClose {
		return nil
	}
	select {
	case <-c.Opened():
	case <-time.After(lossyWait):
	case <-ctx.Done():
	}
	_ = c.Close()
	select {
	case <-c.Done():
	case <-ctx.Done():
		return ctx.Err()
	}
	<-acked
	if err := s.association.Err(); err != nil {
		return err
	}
	s.reset(c)
	return nil
}

func sameMessage(x, y sctpdc.Message) bool { return x.Kind == y.Kind && bytes.Equal(x.Data, y.Data) }

// exchangeOne sends a message and awaits its echo.
func (s *session) exchangeOne(ctx context.Context, c *sctpdc.Channel, m sctpdc.Message, lossy bool) error {
	if err := c.Send(ctx, m); err != nil {
		return err
	}
	wait := ctx
	if lossy {
		var cancel context.CancelFunc
		wait, cancel = context.WithTimeout(ctx, lossyWait)
		defer cancel()
	}
	got, err := c.Receive(wait)
	for lossy && err == nil && !sameMessage(got, m) {
		s.out.Note("late echo on channel %d", c.ID())
		got, err = c.Receive(wait)
	}
	if lossy && errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		s.out.Note("no echo on channel %d, which may lose messages", c.ID())
		return nil
	}
	if err != nil {
		return err
	}
	s.received(c, got)
	if !sameMessage(got, m) {
		return fmt.Errorf("echo of %d bytes %v is another message: %d bytes %v", len(m.Data), m.Kind, len(got.Data), got.Kind)
	}
	s.echoed.Add(1)
	return nil
}

package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/interop/peer/contract"
	"github.com/rtctransport/rtctransport/sctpdc"
)

// A session is one association with its channels.
type session struct {
	*program
	conn        *dtlstransport.Conn
	association *sctpdc.Association
	echoes      sync.WaitGroup // channels of the peer that are not closed yet

	opened, echoed, closed atomic.Int32
	leaving                sync.Once
	left                   atomic.Bool // --close-after has come true
}

// run opens channels or echoes, and sees to the end.
func (s *session) run(ctx context.Context) int {
	accepting := make(chan error, 1)
	go func() { accepting <- s.accept(ctx) }()
	if len(s.data.channels) == 0 {
		if s.CloseAfter == 0 {
			s.leave(nil)
		}
		return s.ended(<-accepting)
	}
	err := s.open(ctx)
	if s.WaitClose {
		return s.awaitClose(ctx, err)
	}
	if err == nil {
		s.echoes.Wait()
		err = s.association.Shutdown(ctx)
	}
	if err == nil {
		<-accepting
	}
	s.summary()
	if err != nil {
		return s.failed(contract.StageData, err)
	}
	s.out.Closed(contract.BySelf, false)
	return contract.ExitDone
}

// summary counts what was done.
func (s *session) summary() {
	s.line("dc summary opened=%d echoed=%d closed=%d", s.opened.Load(), s.echoed.Load(), s.closed.Load())
}

// ended is the end of a side that only echoes: it comes from the peer.
func (s *session) ended(err error) int {
	s.echoes.Wait()
	s.summary()
	var e *sctpdc.AssociationError
	switch {
	case s.left.Load():
		s.out.Closed(contract.BySelf, false)
		return contract.ExitDone
	case errors.Is(err, io.EOF): // a shutdown of SCTP
	case errors.As(err, &e) && (e.Peer || errors.Is(err, io.ErrUnexpectedEOF)):
		s.out.Note("%v", err) // an ABORT, or a close_notify alone
	default:
		return s.failed(contract.StageData, err)
	}
	s.out.Closed(contract.ByPeer, false)
	if s.closed.Load() < s.opened.Load() {
		return contract.ExitFailed
	}
	return contract.ExitDone
}

// accept echoes on the channels of the peer until the association ends, and says how.
func (s *session) accept(ctx context.Context) error {
	for {
		c, err := s.association.Accept(ctx)
		if err != nil {
			return err
		}
		s.opened.Add(1)
		s.opening(c, "peer")
		s.echoes.Go(func() { s.echo(ctx, c) })
	}
}

// echo sends back what comes on a channel, until it is closed.
func (s *session) echo(ctx context.Context, c *sctpdc.Channel) {
	for {
		m, err := c.Receive(ctx)
		if err == io.EOF { //nolint:errorlint // The channel was closed; other ends are not this value.
			break
		}
		if err != nil {
			return
		}
		s.received(c, m)
		if err := c.Send(ctx, m); err != nil {
			s.out.Note("echo on %d: %v", c.ID(), err)
			break
		}
		if n := s.echoed.Add(1); s.CloseAfter >= 0 && int(n) >= s.CloseAfter {
			s.leave(c)
		}
	}
	select {
	case <-c.Done():
	case <-ctx.Done():
		return
	}
	if c.Err() == sctpdc.ErrChannelClosed { //nolint:errorlint // Not the end of the association.
		s.reset(c)
	}
}

// reset says that both directions of a channel are reset.
func (s *session) reset(c *sctpdc.Channel) {
	s.closed.Add(1)
	s.line("dc reset id=%d", c.ID())
}

// opening says what a channel is like.
func (s *session) opening(c *sctpdc.Channel, by string) {
	o := c.Options()
	kind, value := 0, int64(0)
	switch {
	case o.MaxRetransmits != nil:
		kind, value = 1, int64(*o.MaxRetransmits)
	case o.MaxLifetime != nil:
		kind, value = 2, o.MaxLifetime.Milliseconds()
	}
	s.line("dc open id=%d label=%s protocol=%s ordered=%d prtype=%d prval=%d by=%s", c.ID(), word(c.Label()), word(c.Protocol()), digit(!o.Unordered), kind, value, by)
}

// received says what a message was.
func (s *session) received(c *sctpdc.Channel, m sctpdc.Message) {
	ppid := map[sctpdc.Kind]int{sctpdc.Text: 51, sctpdc.Binary: 53}[m.Kind]
	if len(m.Data) == 0 {
		ppid = map[sctpdc.Kind]int{sctpdc.Text: 56, sctpdc.Binary: 57}[m.Kind]
	}
	s.line("dc recv id=%d ppid=%d len=%d sha256=%x", c.ID(), ppid, len(m.Data), sha256.Sum256(m.Data))
}

// word returns a string as it is if a line of words can hold it, else quoted.
func word(text string) string {
	if quoted := strconv.Quote(text); quoted != `"`+text+`"` || strings.ContainsAny(text, " =") {
		return fmt.Sprintf("%+q", text)
	}
	return text
}

package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/rtctransport/rtctransport/interop/peer/contract"
	"github.com/rtctransport/rtctransport/sctpdc"
)

// closeWait is how long --wait-close waits.
const closeWait = 3 * time.Second

// leave sends a close_notify, without a word of SCTP, when what was sent on the channel is acknowledged.
func (s *session) leave(c *sctpdc.Channel) {
	s.leaving.Do(func() {
		acknowledged := make(chan struct{}, 1)
		if c != nil {
			c.OnLow(0, func() { acknowledged <- struct{}{} })
		}
		if c != nil && c.Queued() > 0 {
			select {
			case <-acknowledged:
			case <-s.association.Done():
			}
		}
		s.left.Store(true)
		_ = s.conn.Close()
	})
}

// awaitClose waits for the peer's close_notify; err is what became of the echoes.
func (s *session) awaitClose(ctx context.Context, err error) int {
	wait, cancel := context.WithTimeout(ctx, closeWait)
	defer cancel()
	ended := false
	if err == nil {
		select {
		case <-s.association.Done():
			ended = true
		case <-wait.Done():
		}
	}
	s.summary()
	switch {
	case err != nil && errors.Is(err, io.ErrUnexpectedEOF): // close_notify before the last echo
		s.out.Closed(contract.ByPeer, true)
		return contract.ExitFailed
	case err != nil:
		return s.failed(contract.StageData, err)
	case !ended:
		s.out.Closed(contract.ByTimeout, false)
		return contract.ExitFailed
	}
	s.out.Closed(contract.ByPeer, false)
	return contract.ExitDone
}

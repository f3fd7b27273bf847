package sctpdc

import (
	"context"
	"errors"
	"fmt"

	"github.com/pion/sctp"
)

// How an association ends: by Shutdown, by Close, by the peer, or because somebody breaks the rules.

// Shutdown lets the peer have all data that Send took, waits until it is acknowledged, shuts the association down (RFC
// 9260, Section 9.2), and then closes the connection below: in the order of RFC 6083, Section 4.9, if that is DTLS.
// Send and Open fail from now on; messages of the peer arrive until the end. If ctx ends first, the association is
// aborted like by Close and the error is that of ctx. It is nil if the shutdown was complete, also one that the peer
// began.
func (a *Association) Shutdown(ctx context.Context) error {
	a.mu.Lock()
	s := a.sctp
	a.mu.Unlock()
	if s == nil {
		select {
		case <-a.done:
			return a.Err()
		default:
			return a.Close() // nothing was sent yet
		}
	}
	a.stopOnce.Do(func() { close(a.stopping) })
	// An error means that it is over, or that somebody else has begun: the peer, or another call of Shutdown.
	_ = s.Shutdown(ctx)
	select {
	case <-a.done:
	case <-ctx.Done():
		select {
		case <-a.done:
		default:
			_ = a.Close()
			return ctx.Err()
		}
	}
	a.running.Wait()
	var e *AssociationError
	if err := a.Err(); !errors.As(err, &e) || e.Reason != ReasonShutdown {
		return err
	}
	return nil
}

// Close aborts the association at once and closes the connection below. Data that is not acknowledged may be lost. It
// waits, at most about 0.2 s, until the ABORT is written, and until no goroutine of the association is left. The error
// is that of closing the connection.
func (a *Association) Close() error {
	a.abort(&AssociationError{Reason: ReasonClosed}, "closed")
	a.running.Wait()
	return a.gate.Close()
}

// abort ends the association for a reason of ours.
func (a *Association) abort(cause error, text string) {
	a.mu.Lock()
	if a.cause == nil && a.err == nil && !a.gate.ended().complete {
		a.cause = cause
	}
	s := a.sctp
	a.aborting = true
	a.mu.Unlock()
	a.stopOnce.Do(func() { close(a.stopping) })
	select {
	case <-a.done:
		return
	default:
	}
	a.giveUp()
	if s != nil {
		s.Abort(text)
	}
	<-a.done
}

// violated is called by the gate, from inside its Read, for which abort would wait.
func (a *Association) violated(reason error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.violatedLocked(reason)
}

// violatedLocked is violated for a caller that holds mu.
func (a *Association) violatedLocked(reason error) {
	if a.err != nil {
		return
	}
	a.running.Add(1)
	go func() {
		defer a.running.Done()
		err := fmt.Errorf("%w: %w", ErrProtocol, reason)
		a.abort(&AssociationError{Reason: ReasonAbort, Err: err}, reason.Error())
	}()
}

// finish ends the association. fallback is the reason if neither we nor the packets know a better one.
func (a *Association) finish(fallback *AssociationError) {
	end := a.gate.ended()
	a.mu.Lock()
	switch {
	case a.cause != nil:
		a.err = a.cause
	case end.complete:
		a.err = &AssociationError{Reason: ReasonShutdown, Peer: !a.isStopping()}
	case end.abortReceived:
		a.err = &AssociationError{Reason: ReasonAbort, Peer: true, Text: end.abortText}
	case end.abortSent:
		a.err = &AssociationError{Reason: ReasonAbort, Text: end.abortText}
	case fallback != nil && !errors.Is(fallback.Err, sctp.ErrAssociationClosedBeforeConn):
		a.err = fallback
	default:
		a.err = &AssociationError{Reason: ReasonConn, Err: end.connErr}
	}
	a.window.stop()
	err := a.err
	a.mu.Unlock()
	close(a.done)
	a.event(Event{Kind: EventEnd, Err: err})
}

func (a *Association) isStopping() bool {
	select {
	case <-a.stopping:
		return true
	default:
		return false
	}
}

// Done is closed when the association has ended, and Err then says why.
func (a *Association) Done() <-chan struct{} { return a.done }

// Err returns why the association ended, an *AssociationError, or nil while it has not.
func (a *Association) Err() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}

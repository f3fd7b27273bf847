package sctpdc

import (
	"errors"
	"fmt"
	"io"
	"net"
)

// Errors of a channel or of a call; compare with errors.Is.
var (
	// ErrChannelClosed comes from calls on a channel that was closed here, and from Send on one that the peer closed.
	// It is a net.ErrClosed too.
	ErrChannelClosed = fmt.Errorf("sctpdc: channel closed: %w", net.ErrClosed)

	// ErrReceiveStalled comes from calls on a channel that was closed because nobody took its messages. See
	// Config.StallTimeout.
	ErrReceiveStalled = errors.New("sctpdc: channel closed: its messages were not received in time")

	// ErrProtocol comes from calls on a channel that was closed because the peer broke the rules of RFC 8831 or 8832 on
	// it. The text says which.
	ErrProtocol = errors.New("sctpdc: protocol violation")

	// ErrBufferFull comes from TrySend when Send would wait.
	ErrBufferFull = errors.New("sctpdc: send buffer full")

	ErrInvalidUTF8     = errors.New("sctpdc: text message is not valid UTF-8")
	ErrInvalidOptions  = errors.New("sctpdc: invalid channel options")
	ErrIDInUse         = errors.New("sctpdc: stream id in use")
	ErrTooManyChannels = errors.New("sctpdc: too many channels")
)

// A MessageSizeError says that a message is too large. From Send: nothing was sent, and the channel is as before. From
// Receive: the peer sent it, and the channel was closed.
type MessageSizeError struct {
	Size  int  // of the message, in bytes
	Limit int  // what the receiving side announced, in bytes
	Peer  bool // the peer sent it
}

func (e *MessageSizeError) Error() string {
	if e.Peer {
		return fmt.Sprintf("sctpdc: peer sent a message of %d bytes, we announced at most %d", e.Size, e.Limit)
	}
	return fmt.Sprintf("sctpdc: message of %d bytes, peer takes at most %d", e.Size, e.Limit)
}

// Reason is why an association ended.
type Reason uint8

const (
	ReasonClosed    Reason = iota + 1 // Close was called here
	ReasonShutdown                    // all data of both sides was acknowledged, then the association was shut down
	ReasonAbort                       // an ABORT was sent (Peer false) or received (Peer true)
	ReasonHandshake                   // it never was established
	ReasonConn                        // the connection below failed or was closed
)

func (r Reason) String() string {
	switch r {
	case ReasonClosed:
		return "closed"
	case ReasonShutdown:
		return "shut down"
	case ReasonAbort:
		return "aborted"
	case ReasonHandshake:
		return "not established"
	case ReasonConn:
		return "connection lost"
	}
	return fmt.Sprintf("reason(%d)", uint8(r))
}

// An AssociationError says why the association ended, or is about to. All calls that wait get it.
//
// errors.Is finds net.ErrClosed in it if Close or Shutdown was called here, io.EOF if the peer shut down in good order,
// and whatever Err is; except that an Err of io.EOF, such as a close_notify of DTLS with no shutdown of SCTP before it,
// is found as io.ErrUnexpectedEOF, because data may be missing.
type AssociationError struct {
	Reason Reason
	Peer   bool   // the peer began it; only for ReasonShutdown and ReasonAbort
	Text   string // what an ABORT said; may be empty
	Err    error  // the cause, if there is one below us
}

func (e *AssociationError) Error() string {
	s := "sctpdc: association " + e.Reason.String()
	if e.Peer {
		s += " by the peer"
	}
	if e.Text != "" {
		s += ": " + e.Text
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap is for errors.Is and errors.As; see the type.
func (e *AssociationError) Unwrap() error {
	if e.Err == io.EOF { //nolint:errorlint // Only what says nothing else.
		return io.ErrUnexpectedEOF
	}
	return e.Err
}

// Is is for errors.Is; see the type.
func (e *AssociationError) Is(target error) bool {
	switch target {
	case net.ErrClosed:
		return e.Reason == ReasonClosed || e.Reason == ReasonShutdown && !e.Peer
	case io.EOF:
		return e.Reason == ReasonShutdown && e.Peer
	}
	return false
}

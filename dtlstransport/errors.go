package dtlstransport

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// Errors of an Engine, for errors.Is.
var (
	// ErrNotConnected says that the handshake is not complete or the peer's
	// fingerprint has not been matched: nothing is sent, delivered or exported.
	ErrNotConnected = errors.New("dtls: not connected")
	// ErrClosed says that the association was closed in peace, by either side.
	ErrClosed = errors.New("dtls: association closed")
	// ErrTooLarge says that data does not fit one record of 2^14 bytes, or its record
	// not what the link takes: then the link's error is wrapped beside it.
	ErrTooLarge = errors.New("dtls: data too large for a record or for the link")
	// ErrSequenceExhausted says that the association has sent as many records of data
	// as it may, 2^48 less 1,024 that are left for its end: it has to be closed (RFC
	// 6347, Section 4.1). What comes is still received.
	ErrSequenceExhausted = record.ErrSequenceExhausted
	// ErrNoSRTP says that no SRTP protection profile was negotiated, or that a Transport has
	// nothing that protects media: its Config has no NewProtector.
	ErrNoSRTP = errors.New("dtls: no SRTP protection profile negotiated")
	// ErrExportWithoutEMS says that the session has no extended master secret, so
	// its keys must not be exported (RFC 7627, Section 5.4).
	ErrExportWithoutEMS = errors.New("dtls: export without extended master secret")
	// ErrRemoteSet says that the peer's fingerprints are known already: others
	// mean another association (RFC 8842, Section 4).
	ErrRemoteSet = errors.New("dtls: remote fingerprints are set already")
	// ErrTimeout says that the handshake did not come to its end in time.
	ErrTimeout error = timeoutError{}
)

// noProtectorError is the ErrNoSRTP of a Transport without Config.NewProtector.
type noProtectorError struct{}

func (noProtectorError) Error() string        { return "dtls: no SRTP: Config has no NewProtector" }
func (noProtectorError) Is(target error) bool { return target == ErrNoSRTP }

type timeoutError struct{}

func (timeoutError) Error() string   { return "dtls: handshake timed out" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return false }

// An AlertError ends an association. It is always fatal.
type AlertError struct {
	// Alert is what the alert says.
	Alert AlertDescription
	// FromPeer says who raised it.
	FromPeer bool
	// Err is why we raised it; nil if the peer did.
	Err error
}

// Error returns a line without secrets or bytes of the peer.
func (e *AlertError) Error() string {
	if e.FromPeer {
		return fmt.Sprintf("dtls: peer sent alert %v", e.Alert)
	}
	return fmt.Sprintf("dtls: %v: %v", e.Alert, e.Err)
}

// Unwrap returns the cause.
func (e *AlertError) Unwrap() error { return e.Err }

// alertf makes the AlertError of a failure that we found. Its arguments are
// those of fmt.Errorf.
func alertf(d AlertDescription, format string, args ...any) *AlertError {
	return &AlertError{Alert: d, Err: fmt.Errorf(format, args...)}
}

// parseAlert makes the AlertError of a message that wire does not accept.
func parseAlert(typ wire.HandshakeType, err error) *AlertError {
	d := AlertDecodeError
	if errors.Is(err, wire.ErrIllegalParameter) {
		d = AlertIllegalParameter
	}
	return alertf(d, "%v: %w", typ, err)
}

// A HandshakeError says how a handshake failed. It wraps the AlertError that
// was its verdict, or ErrTimeout.
type HandshakeError struct {
	// Flight names what was awaited, for example "client12Flight4"; "verdict" if all
	// messages have been exchanged, and the peer's fingerprint is missing or wrong.
	Flight string
	// Sends is how often our last flight was sent.
	Sends int
	// Elapsed is how long the handshake had run.
	Elapsed time.Duration
	// Alerts are what alerts arrived without authentication, warnings too, in
	// order; at most 8. Those that would have ended the handshake are among the hints.
	Alerts []AlertDescription
	// Hints are what the wire said, in order, before that became the verdict:
	// alerts without authentication and flights that we refused; at most 8. Anybody
	// who can send to us could have caused them. One more may say that a server that
	// fell silent had asked for a certificate, and that we had none.
	Hints []error
	// Err is the verdict.
	Err error
}

// errNoCertificateForServer is the hint that a server's silence is.
var errNoCertificateForServer = errors.New("dtls: the server asked for a certificate and we have shown none")

// Error returns one line that names the verdict and how it came about.
func (e *HandshakeError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v (awaiting %s, sent %d times, after %v", e.Err, e.Flight, e.Sends, e.Elapsed.Round(time.Millisecond))
	for _, h := range e.Hints {
		if h != e.Err {
			fmt.Fprintf(&b, "; hint: %v", h)
		}
	}
	b.WriteByte(')')
	return b.String()
}

// Unwrap returns the verdict.
func (e *HandshakeError) Unwrap() error { return e.Err }

// Timeout reports whether time ran out, as net.Error has it.
func (e *HandshakeError) Timeout() bool { return errors.Is(e.Err, ErrTimeout) }

// Temporary is there for net.Error. No failed handshake is.
func (e *HandshakeError) Temporary() bool { return false }

package dtlstransport

import (
	"errors"
	"slices"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/fingerprint"
)

// The one gate: application data, exported keys and EventConnected exist only behind the handshake's end and the
// verdict on the peer's certificate, whichever comes last.

// SetRemote gives the peer's fingerprints, where Config did not: they may come
// with an answer that is slower than the handshake. If the peer has shown
// another certificate already, the association ends with bad_certificate. Its
// other errors are ErrClosed, ErrRemoteSet, also where Config.VerifyPeer decides,
// and that of set.Check, which end nothing.
func (e *Engine) SetRemote(now time.Time, set fingerprint.Set) error {
	switch {
	case e.err != nil:
		return e.err
	case e.closed:
		return ErrClosed
	case len(e.remote) > 0 || e.config.VerifyPeer != nil:
		return ErrRemoteSet
	}
	if err := set.Check(); err != nil {
		return err
	}
	e.begin(now)
	e.remote = set
	if e.chain == nil {
		return nil // an empty one, of a client that may be anybody, is not nil
	}
	if _, err := e.judgeProof(e.parameters.suite, e.chain); err != nil {
		return e.fail(now, err)
	}
	if e.finished {
		e.open()
	}
	return nil
}

// A peerVerdict is proof that the peer is who it should be. Only judgePeer, and judgeProof
// for pre-shared keys, make one.
type peerVerdict struct{ known bool }

// judgePeer compares the first certificate of chain, whose key signs the
// handshake, with what signalling said (RFC 8122, Section 6.2), unless the
// application judges. While nothing was said, the verdict is open, which is no
// failure. chain is empty only for a client that Config.ClientAuth lets be anybody.
func (e *Engine) judgePeer(chain [][]byte) (peerVerdict, *AlertError) {
	var err error
	switch {
	case len(chain) == 0 && e.role == RoleServer && e.config.ClientAuth != ClientAuthRequire:
	case len(chain) == 0:
		err = fingerprint.ErrNoCertificate
	case e.config.VerifyPeer != nil:
		err = e.config.VerifyPeer(chain)
		if a, ok := errors.AsType[*AlertError](err); ok {
			return peerVerdict{}, alertf(a.Alert, "certificate of the peer: %w", err)
		}
	case len(e.remote) == 0:
		return peerVerdict{}, nil
	default:
		err = e.remote.Verify(chain[0])
	}
	if err != nil {
		return peerVerdict{}, alertf(AlertBadCertificate, "certificate of the peer: %w", err)
	}
	return peerVerdict{known: true}, nil
}

// setPeerCertificates keeps the chain of a session, which is in memory of the store's.
func (e *Engine) setPeerCertificates(chain [][]byte) {
	e.chain = make([][]byte, len(chain))
	for i, c := range chain {
		e.chain[i] = slices.Clone(c)
	}
}

// open opens the gate if the peer's certificate has matched: the only place
// where an association becomes connected.
func (e *Engine) open() {
	verdict, err := e.judgeProof(e.parameters.suite, e.chain)
	if err != nil || !verdict.known || !e.finished {
		return
	}
	e.connected = true
	e.deadline = time.Time{}
	e.saveSession()
	e.trace.changed(e)
	e.events.add(EventConnected)
	for _, b := range e.early {
		e.deliver(b, record.Number{})
	}
}

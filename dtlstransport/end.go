package dtlstransport

import (
	"errors"
	"time"
)

// How an association ends: in peace, by an alert, or because the handshake fails.

// SendAlert ends the association with a fatal alert of the caller's choice, which
// is left to be sent. It returns the error that the association then has. Close
// is the way to end it in peace.
func (e *Engine) SendAlert(now time.Time, d AlertDescription) error {
	if e.err != nil || e.closed {
		return e.err
	}
	e.begin(now)
	return e.fail(now, alertf(d, "sent by the application"))
}

// Close ends the association: a close_notify is left to be sent, whatever the
// peer may still send is dropped. It returns the error that ended the
// association before, if any.
func (e *Engine) Close(now time.Time) error {
	if e.err == nil && !e.closed {
		e.trace.at(now)
		e.shut()
	}
	return e.err
}

// shut queues our close_notify and forgets what only a living association needs.
func (e *Engine) shut() {
	if e.started() {
		e.alerts = append(e.alerts, alert{alertWarning, AlertCloseNotify})
	}
	e.closed = true
	e.early = nil
	e.release()
	e.trace.changed(e)
}

// fail ends the association with err. An AlertError of ours is sent.
func (e *Engine) fail(now time.Time, err error) error {
	if a, ok := err.(*AlertError); ok && !a.FromPeer {
		e.pass(a.Alert)
	}
	if h := e.hs; h != nil {
		hints := h.hints
		// Mbed TLS 2.28 and wolfSSL 5.5 just fall silent then.
		if c, ok := e.side.(*client12); ok && c.current != nil && c.current.unproved && errors.Is(err, ErrTimeout) {
			hints = append(hints, errNoCertificateForServer)
		}
		err = &HandshakeError{Flight: e.side.flight(), Sends: e.out.Sends(), Elapsed: now.Sub(e.began), Alerts: h.alerts, Hints: hints, Err: err}
	} else if !e.connected {
		err = &HandshakeError{Flight: e.awaits(), Sends: e.out.Sends(), Elapsed: now.Sub(e.began), Err: err}
	}
	e.forgetSession()
	e.err = err
	e.connected = false
	e.early = nil
	e.release()
	e.trace.changed(e)
	return err
}

// release forgets the handshake, and all secrets but the key that our last alert
// goes out under.
func (e *Engine) release() {
	e.hs, e.side, e.verify, e.deadline, e.finalCopy = nil, nil, nil, time.Time{}, time.Time{}
	e.probe, e.heartbeats = probe{}, nil
	e.read, e.save = nil, nil
	if e.schedule != nil {
		e.schedule = e.schedule.withoutSecret()
	}
	if e.resumed != nil {
		e.resumed.master = nil
	}
	e.out.Drop()
}

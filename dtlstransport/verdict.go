package dtlstransport

import "github.com/rtctransport/rtctransport/dtlstransport/internal/record"

// A verdict is the fatal alert with which we have ended an association. The zero
// value is none.
type verdict struct {
	alert   alert
	answers int // how often it may still be sent again
}

// pass sends a fatal alert, and remembers it.
func (e *Engine) pass(d AlertDescription) {
	e.verdict = verdict{alert{alertFatal, d}, maxVerdicts}
	e.alerts = append(e.alerts, e.verdict.alert)
}

// repeatVerdict sends the alert once more to a peer that has missed it: "a DTLS
// implementation which would ordinarily issue an alert SHOULD generate a new alert
// message if the offending record is received again (e.g., as a retransmitted
// handshake message)." RFC 6347, Section 4.2.7. So it is not for data, and not without
// end: anybody may send what looks like a handshake.
func (e *Engine) repeatVerdict(b []byte) {
	if e.verdict.answers == 0 || e.config.Conformance || len(e.alerts) > 0 {
		return
	}
	if r, _, ok := e.nextRecord(b); ok && (r.Type == record.TypeHandshake || r.Type == record.TypeConnectionID) {
		e.verdict.answers--
		e.alerts = append(e.alerts, e.verdict.alert)
	}
}

package contract

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/rtctransport/rtctransport/dtlstransport"
)

// The exit codes.
const (
	ExitDone        = 0 // did what was asked
	ExitFailed      = 1 // handshake or data error
	ExitUsage       = 2
	ExitUnsupported = 3
	ExitWatchdog    = 4 // --timeout is over
)

// ErrWatchdog says that --timeout is over.
var ErrWatchdog = errors.New("time is up")

// The stages of Output.Failed.
const (
	StageHandshake = "handshake"
	StageData      = "data"
	StageExport    = "export"
	StageSession   = "session"
	StageSocket    = "socket"
	StageUsage     = "usage"
)

// An Output prints facts, one line for each. It is for one goroutine.
type Output struct {
	W io.Writer
}

func (o *Output) line(format string, args ...any) { fmt.Fprintf(o.W, format+"\n", args...) }

// Listening says that a client can come.
func (o *Output) Listening(addr net.Addr) { o.line("listening addr=%v", addr) }

// Connected says what the handshake came to. Its group is none in a resumed one.
func (o *Output) Connected(s dtlstransport.ConnectionState) {
	group, srtp := "none", "none"
	if s.Group != 0 {
		group = strings.ToLower(s.Group.String())
	}
	if s.SRTPProfile != 0 {
		srtp = s.SRTPProfile.String()
	}
	o.line("connected version=dtls1.2 suite=%v group=%s srtp=%s ems=%d resumed=%d", s.CipherSuite, group, srtp, digit(s.ExtendedMasterSecret), digit(s.Resumed))
	if len(s.LocalConnectionID)+len(s.PeerConnectionID) > 0 {
		o.Note("cid local=%x peer=%x", s.LocalConnectionID, s.PeerConnectionID)
	}
}

func digit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Export gives exported keying material.
func (o *Output) Export(e Export, value []byte) {
	context := "-"
	if e.Context != nil {
		context = "c" + hex.EncodeToString(e.Context)
	}
	o.line("export %s %d %s %x", e.Label, e.Length, context, value)
}

// Received gives the data of a record.
func (o *Output) Received(b []byte) { o.line("recv %x", b) }

// SessionSaved says that the session is in its file.
func (o *Output) SessionSaved() { o.line("session saved=1") }

// The ends of Output.Closed.
const (
	BySelf    = "self"
	ByPeer    = "peer" // a close_notify came
	ByTimeout = "timeout"
)

// Closed says how the association ended. early is for a client whose peer closed before
// the last echo.
func (o *Output) Closed(by string, early bool) {
	if early {
		o.line("closed by=%s early=1", by)
		return
	}
	o.line("closed by=%s", by)
}

// Warnings returns a Config.Trace that says which warnings go under keys, but for close_notify; next gets everything, if it is not nil. It is
// for an engine that is used by the goroutine of the Output.
func (o *Output) Warnings(next func(dtlstransport.TraceEvent)) func(dtlstransport.TraceEvent) {
	return func(e dtlstransport.TraceEvent) {
		if e.Kind == dtlstransport.TraceAlert && e.Record.Number.Epoch > 0 && !e.Alert.Fatal && e.Alert.Description != dtlstransport.AlertCloseNotify {
			dir := "recv"
			if e.Direction == dtlstransport.Sent {
				dir = "sent"
			}
			o.line("alert dir=%s level=warning desc=%d", dir, e.Alert.Description)
		}
		if next != nil {
			next(e)
		}
	}
}

// Note says something that no program reads.
func (o *Output) Note(format string, args ...any) {
	o.line("note %s", oneLine(fmt.Sprintf(format, args...)))
}

// Failed says what failed, the fatal alerts that are its reason first, and returns
// the exit code. For an error of Parse the stage is StageUsage.
func (o *Output) Failed(stage string, err error) int {
	if e, ok := errors.AsType[*UnsupportedError](err); ok {
		o.line("unsupported %s", oneLine(e.What))
		return ExitUnsupported
	}
	for _, a := range alertsOf(err) {
		dir := "sent"
		if a.FromPeer {
			dir = "recv"
		}
		o.line("alert dir=%s level=fatal desc=%d", dir, a.Alert)
	}
	code := ExitFailed
	if _, ok := errors.AsType[*UsageError](err); ok {
		stage, code = StageUsage, ExitUsage
	} else if errors.Is(err, ErrWatchdog) {
		code = ExitWatchdog
	}
	o.line("error stage=%s msg=%s", stage, oneLine(err.Error()))
	return code
}

// alertsOf returns the fatal alerts that a failure is about: the one that was its
// verdict, and before it those of the peer that led to it.
func alertsOf(err error) []*dtlstransport.AlertError {
	var alerts []*dtlstransport.AlertError
	verdict, ok := errors.AsType[*dtlstransport.AlertError](err)
	if h, failed := errors.AsType[*dtlstransport.HandshakeError](err); failed {
		seen := map[dtlstransport.AlertDescription]bool{}
		for _, hint := range h.Hints {
			a, isAlert := errors.AsType[*dtlstransport.AlertError](hint)
			if isAlert && a.FromPeer && a != verdict && !seen[a.Alert] && (!ok || !verdict.FromPeer || verdict.Alert != a.Alert) {
				seen[a.Alert] = true
				alerts = append(alerts, a)
			}
		}
	}
	if ok {
		alerts = append(alerts, verdict)
	}
	return alerts
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

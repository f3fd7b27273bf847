package contract

import (
	"strings"
	"testing"

	"github.com/rtctransport/rtctransport/dtlstransport"
)

func TestWarningsUnderKeysAreLines(t *testing.T) {
	var b strings.Builder
	out, passed := &Output{W: &b}, 0
	trace := out.Warnings(func(dtlstransport.TraceEvent) { passed++ })
	warning := dtlstransport.TraceEvent{Kind: dtlstransport.TraceAlert, Direction: dtlstransport.Sent}
	warning.Record.Number.Epoch, warning.Alert.Description = 1, dtlstransport.AlertNoRenegotiation
	trace(warning)
	warning.Direction = dtlstransport.Received
	trace(warning)
	clear, fatal, last := warning, warning, warning
	clear.Record.Number.Epoch = 0 // anybody's
	fatal.Alert.Fatal = true
	last.Alert.Description = dtlstransport.AlertCloseNotify
	for _, e := range []dtlstransport.TraceEvent{clear, fatal, last, {Kind: dtlstransport.TraceRecord}} {
		trace(e)
	}
	if want := "alert dir=sent level=warning desc=100\nalert dir=recv level=warning desc=100\n"; b.String() != want || passed != 6 {
		t.Errorf("%q, want %q; %d events passed on", b.String(), want, passed)
	}
	out.Warnings(nil)(warning)
}

package table

import (
	"time"

	"github.com/rtctransport/rtctransport/interop/watch"
)

// A Verdict is what came of a cell.
type Verdict string

const (
	Passed     Verdict = "passed"
	Failed     Verdict = "failed"
	Impossible Verdict = "impossible" // the peer cannot do it
	Fault      Verdict = "fault"      // a known fault of the peer, which has shown
	Missing    Verdict = "missing"    // the peer is not installed
)

// A Result is a cell with what came of it.
type Result struct {
	Kind    string  `json:"kind"` // of the peer
	Peer    string  `json:"peer"`
	Version string  `json:"version"`
	Role    string  `json:"role"` // theirs
	Case    string  `json:"case"`
	Verdict Verdict `json:"verdict"`
	Why     string  `json:"why,omitempty"`     // unless it passed
	AtFirst string  `json:"atFirst,omitempty"` // why it failed before this, its second try

	Took       time.Duration     `json:"took"` // nanoseconds
	Log        []string          `json:"log,omitempty"`
	Handshakes []watch.Handshake `json:"handshakes,omitempty"` // as the wire showed them

	byChance bool // a fault that does not always show
}

// A Table is the outcome of a run.
type Table struct {
	Began   time.Time     `json:"began"`
	Took    time.Duration `json:"took"`              // nanoseconds
	Host    string        `json:"host"`              // system, architecture, processors
	Library string        `json:"library,omitempty"` // the commit that is tried, if that is known
	Results []Result      `json:"results"`
}

// Count counts the results with a verdict.
func (t *Table) Count(v Verdict) (n int) {
	for i := range t.Results {
		if t.Results[i].Verdict == v {
			n++
		}
	}
	return n
}

package main

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"
)

// options are what all figures are computed with.
type options struct {
	short    bool
	seed     uint64
	failures string // a directory; empty: failures are not written
}

// A figure is one thing that is shown.
type figure struct {
	name  string
	title string
	run   func(*report)
}

var figures []figure

// register adds a figure; the files r*.go do, in init.
func register(name, title string, run func(*report)) {
	figures = append(figures, figure{name, title, run})
}

func find(name string) (figure, bool) {
	i := slices.IndexFunc(figures, func(f figure) bool { return f.name == name })
	if i < 0 {
		return figure{}, false
	}
	return figures[i], true
}

// A Result is what came of a figure.
type Result struct {
	Figure   string
	Title    string
	Rows     []Row
	Runs     int
	CPU      time.Duration
	Failures []string `json:",omitempty"` // the first of them
}

// A Row is one line of a figure: what was measured, and whether it meets the goal.
type Row struct {
	What string
	Got  string
	Goal string
	OK   bool
}

// A report is a figure being computed.
type report struct {
	options
	Result

	failed map[string]int // by row
	noted  time.Time      // when progress was last told

	test func(*testing.T) // what is left to run as a test; nil: nothing
}

// maxFailures is how many failures are told of and written, for each figure.
const maxFailures = 10

// compute computes one figure and gives its result to done.
func compute(f figure, o options, done func(Result)) {
	r := &report{options: o, failed: map[string]int{}, noted: time.Now()}
	r.Figure, r.Title = f.name, f.title
	f.run(r)
	if r.test == nil {
		done(r.measured())
		return
	}
	// This ends the process.
	testing.Main(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: f.name, F: func(t *testing.T) {
		r.test(t)
		done(r.measured())
	}}}, nil, nil)
}

// inTest has the figure go on as a test, for packages that work in tests only.
func (r *report) inTest(f func(*testing.T)) { r.test = f }

// measured returns the result, with what it has cost.
func (r *report) measured() Result {
	r.CPU = cpuTime()
	return r.Result
}

// row adds a line to the figure.
func (r *report) row(what, got, goal string, ok bool) {
	r.Rows = append(r.Rows, Row{what, got, goal, ok})
}

// scaled returns how many runs to make of what takes n in full.
func (r *report) scaled(n, short int) int {
	if r.short {
		return short
	}
	return n
}

// ran counts a run and tells of the progress now and then; of is how many there will be, or zero.
func (r *report) ran(of int) {
	r.Runs++
	if r.Runs&15 != 0 {
		return
	}
	if now := time.Now(); now.Sub(r.noted) > 5*time.Second {
		r.noted = now
		if of > 0 {
			fmt.Fprintf(os.Stderr, "%s: %d of %d\n", r.Figure, r.Runs, of)
		} else {
			fmt.Fprintf(os.Stderr, "%s: %d\n", r.Figure, r.Runs)
		}
	}
}

// fail notes that a run of a row failed. s may be nil.
func (r *report) fail(row, how string, s *stage) {
	r.failed[row]++
	if len(r.Failures) >= maxFailures {
		return
	}
	text := row + ": " + how
	if s != nil {
		text += fmt.Sprintf(" (seed %d)", s.seed)
		if r.failures != "" {
			if name, err := s.write(r.failures, r.Figure, text); err == nil {
				text += " -> " + name
			}
		}
	}
	r.Failures = append(r.Failures, text)
}

// none adds a line that is met when no run of that row failed.
func (r *report) none(row string, of int, goal string) {
	n := r.failed[row]
	r.row(row, fmt.Sprintf("%d of %d", of-n, of), goal, n == 0)
}

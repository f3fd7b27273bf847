package table

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rtctransport/rtctransport/interop/relay"
	"github.com/rtctransport/rtctransport/interop/watch"
)

// A Trial is a cell being run: what testing.T is to a test. Fatalf and Impossible end the goroutine of Cell.Run and are
// for it alone; the others are for any goroutine.
type Trial struct {
	// Context ends with the time of the cell.
	Context context.Context

	dir string // made with the first TempDir

	mu       sync.Mutex
	result   Result
	cleanups []func()
	watches  []*watch.Watch
	traces   []*watch.Trace
	known    []fault
	dirs     int
}

// Errorf notes a failure and goes on.
func (t *Trial) Errorf(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := place() + fmt.Sprintf(format, args...)
	if t.result.Verdict != Failed {
		t.result.Verdict, t.result.Why = Failed, firstLine(text)
	}
	t.result.Log = append(t.result.Log, text)
}

// Fatalf notes a failure and ends the cell.
func (t *Trial) Fatalf(format string, args ...any) {
	t.Errorf(format, args...)
	runtime.Goexit()
}

// Logf notes something for those who look closer.
func (t *Trial) Logf(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.result.Log = append(t.result.Log, fmt.Sprintf(format, args...))
}

// Impossible ends a cell that the peer, or the program that we drive it by, cannot do.
func (t *Trial) Impossible(why string) {
	t.mu.Lock()
	if t.result.Verdict == Passed {
		t.result.Verdict, t.result.Why = Impossible, why
	}
	t.mu.Unlock()
	runtime.Goexit()
}

// Lacks ends a cell for which something is missing: a *MissingError counts as a peer that is not installed, anything else as a failure.
func (t *Trial) Lacks(err error) {
	if _, ok := errors.AsType[*MissingError](err); !ok {
		t.Fatalf("%v", err)
	}
	t.mu.Lock()
	if t.result.Verdict == Passed {
		t.result.Verdict, t.result.Why = Missing, err.Error()
	}
	t.mu.Unlock()
	runtime.Goexit()
}

// Fault says that a known fault of the peer has shown, as it had to; evidence is where else it does.
func (t *Trial) Fault(why string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.result.Verdict == Passed {
		t.result.Verdict, t.result.Why = Fault, why
	}
}

// A fault of the peer that may show.
type fault struct{ why, evidence string }

// MayFault says that the peer has a fault that shows by chance: a failure is due to it if a line of the log, with what the
// programs have printed, contains evidence. The cell is tried again a few times.
func (t *Trial) MayFault(why, evidence string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known = append(t.known, fault{why, evidence})
}

// judge makes a failure a known fault if it is one. Caller holds mu.
func (t *Trial) judge() {
	for _, f := range t.known {
		shows := func(text string) bool { return strings.Contains(text, f.evidence) }
		if t.result.Verdict == Failed && slices.ContainsFunc(t.result.Log, shows) {
			t.result.Verdict, t.result.Why, t.result.byChance = Fault, f.why, true
		}
	}
}

// Failed reports whether the cell has failed.
func (t *Trial) Failed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.result.Verdict == Failed
}

// Cleanup has f called at the end of the cell, the last one first.
func (t *Trial) Cleanup(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cleanups = append(t.cleanups, f)
}

// TempDir returns a new directory that goes with the cell.
func (t *Trial) TempDir() string {
	t.mu.Lock()
	t.dirs++
	name, first := fmt.Sprintf("%s/%d", t.dir, t.dirs), t.dirs == 1
	t.mu.Unlock()
	if first {
		t.Cleanup(func() { os.RemoveAll(t.dir) })
	}
	if err := os.MkdirAll(name, 0o700); err != nil {
		t.Fatalf("%v", err)
	}
	return name
}

// Watch adds what is seen on a path to the result, once.
func (t *Trial) Watch(w *watch.Watch) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !slices.Contains(t.watches, w) {
		t.watches = append(t.watches, w)
	}
}

// Trace returns the name of a file for the trace of our end, which then explains what was seen on the paths. What
// writes it has to be started later and to end with the cell.
func (t *Trial) Trace() (name string) {
	name = t.TempDir() + "/trace"
	t.Cleanup(func() {
		f, err := os.Open(name)
		if err != nil {
			return // nobody has written it
		}
		defer f.Close()
		t.ReadTrace(f)
	})
	return name
}

// ReadTrace is Trace for what was written already.
func (t *Trial) ReadTrace(r io.Reader) {
	trace, err := watch.ReadTrace(r)
	if err != nil {
		t.Errorf("%v", err)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.traces = append(t.traces, trace)
}

// Relay starts a relay with a watch on it, and returns the port for clients. Both end with the cell.
func (t *Trial) Relay(c relay.Config) (port string, w *watch.Watch) {
	w = &watch.Watch{}
	return t.RelayTo(c, w), w
}

// RelayTo is Relay with a watch that is there already.
func (t *Trial) RelayTo(c relay.Config, w *watch.Watch) (port string) {
	c.Observe = w.See
	r, err := relay.New(c)
	if err != nil {
		t.Fatalf("relay: %v", err)
	}
	t.Cleanup(func() { r.Close() })
	t.Watch(w)
	return fmt.Sprint(r.Addr().Port())
}

// run runs a cell until its end or the end of its time.
func run(ctx context.Context, c *Cell, dir string) Result {
	t := &Trial{Context: ctx, dir: dir, result: Result{Verdict: Passed}}
	began := time.Now()
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Run(t)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		t.Errorf("not done after %v", time.Since(began).Round(time.Millisecond))
	}
	for {
		t.mu.Lock()
		if len(t.cleanups) == 0 {
			t.mu.Unlock()
			break
		}
		f := t.cleanups[len(t.cleanups)-1]
		t.cleanups = t.cleanups[:len(t.cleanups)-1]
		t.mu.Unlock()
		f()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.result.Took = time.Since(began)
	t.judge()
	for _, w := range t.watches {
		t.result.Handshakes = append(t.result.Handshakes, w.Handshakes()...)
	}
	for _, trace := range t.traces {
		trace.Explain(t.result.Handshakes)
	}
	r := t.result
	r.Log = slices.Clone(r.Log)
	return r
}

// place says where a failure was noted.
func place() string {
	for skip := 2; skip < 8; skip++ {
		_, file, line, ok := runtime.Caller(skip)
		if ok && !strings.HasSuffix(file, "interop/table/trial.go") {
			return fmt.Sprintf("%s:%d: ", filepath.Base(file), line)
		}
	}
	return ""
}

func firstLine(s string) string {
	line, _, more := strings.Cut(s, "\n")
	if more {
		line += " ..."
	}
	return line
}

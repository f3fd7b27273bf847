//go:build unix

package webrtc

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/rtctransport/rtctransport/interop/process"
	"github.com/rtctransport/rtctransport/interop/table"
)

// A workshop has what all peers need: the programs that they talk to.
type workshop struct {
	once    sync.Once
	err     error
	dir     string
	root    string // of the module
	example string // the program of examples/browser
	dcpeer  string // that of interop/dcpeer
	clip    clip
}

func (w *workshop) open(ctx context.Context) error {
	w.once.Do(func() { w.err = w.build(ctx) })
	return w.err
}

func (w *workshop) build(ctx context.Context) (err error) {
	if w.dir, err = os.MkdirTemp("", "rtc-webrtc-"); err != nil {
		return err
	}
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/rtctransport/rtctransport").Output()
	if err != nil {
		return fmt.Errorf("go list: %w", err)
	}
	w.root = strings.TrimSpace(string(root))
	w.example = filepath.Join(w.dir, "browser")
	if err := w.goBuild(ctx, w.root, "./examples/browser", w.example); err != nil {
		return err
	}
	w.dcpeer = filepath.Join(w.dir, "dcpeer")
	return w.goBuild(ctx, w.root, "./interop/dcpeer", w.dcpeer)
}

// goBuild builds a program of the module in a folder.
func (w *workshop) goBuild(ctx context.Context, folder, pkg, program string) error {
	return process.Build(ctx, "go", "build", "-C", folder, "-o", program, pkg)
}

func (w *workshop) close() {
	if w.dir != "" {
		os.RemoveAll(w.dir)
	}
}

// js is the folder with the pages and programs in JavaScript.
func (w *workshop) js() string { return filepath.Join(w.root, "interop/webrtc/js") }

// A lane runs the jobs of one peer, one after the other, in one program.
type lane struct {
	workshop *workshop
	starter  *starter
	fixture  *fixture // nil until needed, and after one that does not answer
}

// run runs a job.
func (l *lane) run(t *table.Trial, job, role string, p path) {
	if l.fixture == nil {
		f := &fixture{}
		l.fixture = f
		f.runner = newRunner(f, l.workshop)
		l.starter.open(f, f.runner.url)
		if f.Failed() {
			l.close()
			t.Fatalf("%s", f.text())
		}
	}
	if f := l.fixture; !f.runner.run(t, l.starter, job, role, p) {
		f.Errorf("the peer is started anew")
		l.close()
		t.Logf("%s", f.text()) // what it has printed
	}
}

func (l *lane) close() {
	if l.fixture != nil {
		l.fixture.end()
		l.fixture = nil
	}
}

// A fixture owns what lives longer than a cell; it is a process.Owner.
type fixture struct {
	runner *runner

	mu       sync.Mutex
	cleanups []func()
	failed   bool
	notes    []string
}

func (f *fixture) Cleanup(g func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cleanups = append(f.cleanups, g)
}

func (f *fixture) Logf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.notes = append(f.notes, fmt.Sprintf(format, args...))
}

func (f *fixture) Errorf(format string, args ...any) {
	f.Logf(format, args...)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failed = true
}

// Fatalf notes a failure; who calls it goes on, and what it has started is ended soon.
func (f *fixture) Fatalf(format string, args ...any) { f.Errorf(format, args...) }

func (f *fixture) Failed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed
}

func (f *fixture) text() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.notes, "\n")
}

func (f *fixture) end() {
	for {
		f.mu.Lock()
		n := len(f.cleanups)
		if n == 0 {
			f.mu.Unlock()
			return
		}
		g := f.cleanups[n-1]
		f.cleanups = f.cleanups[:n-1]
		f.mu.Unlock()
		g()
	}
}

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// testTimeout is how long one test may take, on a slow machine too. None of those that
// mutants name takes more than a few seconds.
const testTimeout = time.Minute

// try applies mutants one after the other and writes what becomes of each. The error
// says that some were not caught.
func (p *proof) try(w io.Writer, mutants []*mutant, jobs int, timeout time.Duration) error {
	began := time.Now()
	work, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	t := &trial{proof: p, work: work, timeout: timeout, asleep: map[*mutant]int{}}
	if err := t.build(mutants); err != nil {
		return err
	}
	fmt.Fprintf(w, "built with %d mutants asleep, in %.0f s\n", len(t.asleep), time.Since(began).Seconds())
	if err := t.checkAsleep(mutants); err != nil {
		return err
	}

	var mu sync.Mutex
	var wait sync.WaitGroup
	turn := make(chan struct{}, jobs)
	count, done := map[verdict]int{}, 0
	for _, m := range mutants {
		turn <- struct{}{}
		wait.Go(func() {
			defer func() { <-turn }()
			v, detail := t.run(m)
			mu.Lock()
			defer mu.Unlock()
			count[v]++
			done++
			fmt.Fprintf(w, "[%3d/%d] %s  %s\n", done, len(mutants), v, m.name())
			if v != caught {
				fmt.Fprintf(w, "%s: %s %s\n%s\n", m.at, m.dir, m.test, detail)
			}
		})
	}
	wait.Wait()
	fmt.Fprintf(w, "mutants: %d of %d caught in %.0f s\n", count[caught], len(mutants), time.Since(began).Seconds())
	if n := len(mutants) - count[caught]; n > 0 {
		return fmt.Errorf("%d mutants not caught", n)
	}
	return nil
}

// A verdict says what became of a mutant.
type verdict string

const (
	caught verdict = "caught"
	alive  verdict = "ALIVE "
	hung   verdict = "HUNG  " // the test did not come to its end, which was not expected
	broken verdict = "BROKEN" // the changed code does not compile, or the test did not run
)

// A trial is one run over mutants. Its test binaries are in the directory work.
type trial struct {
	*proof
	work    string
	timeout time.Duration   // of one test
	asleep  map[*mutant]int // the numbers of those that are in the common binaries
}

// A binary is one of the test binaries: of a package, with mutants in it or as it is.
type binary struct {
	dir   string
	plain bool // for those that want to be alone
}

// path returns the name of a binary on disk.
func (t *trial) path(b binary) string {
	name := strings.ReplaceAll(b.dir, "/", "-") + ".test"
	if b.plain {
		name = "plain-" + name
	}
	return filepath.Join(t.work, name)
}

// build builds the common test binaries of all packages whose tests are wanted.
func (t *trial) build(mutants []*mutant) error {
	binaries := map[binary]bool{}
	for _, m := range mutants {
		binaries[binary{m.dir, m.alone}] = true
	}
	o, err := t.putToSleep(mutants)
	if err != nil {
		return err
	}
	plain, err := t.overlay("none")
	if err != nil {
		return err
	}
	for b := range binaries {
		over := o
		if b.plain {
			over = plain
		}
		if output, err := t.compile(over, b.dir, t.path(b)); err != nil {
			return fmt.Errorf("building the tests of %s: %w\n%s", b.dir, err, output)
		}
	}
	return nil
}

// putToSleep returns the overlay with all mutants that can share their binaries.
func (t *trial) putToSleep(mutants []*mutant) (*overlay, error) {
	var asleep []*mutant
	for _, m := range mutants {
		if t.places[m].function != nil && !m.alone {
			asleep = append(asleep, m)
			t.asleep[m] = len(asleep)
		}
	}
	o, err := t.overlay("all")
	if err != nil {
		return nil, err
	}
	return o, o.sleeping(t.root, asleep, t.places, t.sources)
}

func (t *trial) overlay(name string) (*overlay, error) {
	dir := filepath.Join(t.work, name)
	return newOverlay(dir), os.Mkdir(dir, 0o700)
}

// compile builds the test binary of a package over an overlay.
func (t *trial) compile(o *overlay, dir, binary string) (string, error) {
	file, err := o.write()
	if err != nil {
		return "", err
	}
	c := exec.Command("go", "test", "-c", "-vet=off", "-overlay", file, "-o", binary, "./"+dir)
	c.Dir = t.root
	output, err := c.CombinedOutput()
	return string(output), err
}

// checkAsleep sees to it that all tests pass while no mutant is awake.
func (t *trial) checkAsleep(mutants []*mutant) error {
	tests := map[binary][]string{}
	for _, m := range mutants {
		b := binary{m.dir, m.alone}
		name, _, _ := strings.Cut(m.test, "/")
		if !slices.Contains(tests[b], name) {
			tests[b] = append(tests[b], name)
		}
	}
	var faults []error
	for b, names := range tests {
		c := t.command(t.path(b), b.dir, "^("+strings.Join(names, "|")+")$", 0)
		c.Args = append(c.Args, "-test.v")
		output, _ := c.CombinedOutput()
		for _, name := range names {
			if !bytes.Contains(output, []byte("\n--- PASS: "+name+" (")) {
				faults = append(faults, fmt.Errorf("%s: %s does not pass without any mutant", b.dir, name))
			}
		}
		if len(faults) > 0 {
			faults = append(faults, errors.New(failures(output)))
		}
	}
	return errors.Join(faults...)
}

// run tries one mutant. detail is for those that are not caught.
func (t *trial) run(m *mutant) (v verdict, detail string) {
	test, number := t.path(binary{dir: m.dir}), t.asleep[m]
	if number == 0 {
		name := "alone" + strings.Map(func(r rune) rune {
			if r == '/' || r == ':' {
				return '-'
			}
			return r
		}, m.at)
		o, err := t.overlay(name)
		if err != nil {
			return broken, err.Error()
		}
		s := t.sources[m.file]
		if err := o.put(s.path, s.changed(m, t.places[m])); err != nil {
			return broken, err.Error()
		}
		test = filepath.Join(o.dir, "alone.test")
		if output, err := t.compile(o, m.dir, test); err != nil {
			return broken, output
		}
		defer os.RemoveAll(o.dir)
	}
	pattern := "^" + strings.ReplaceAll(m.test, "/", "$/^") + "$"
	output, err := t.command(test, m.dir, pattern, number).CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return alive, ""
	case !errors.As(err, &exit):
		return broken, err.Error()
	case exit.ExitCode() == noReturn:
		return broken, "the changed function lacks a return"
	case bytes.Contains(output, []byte("panic: test timed out")):
		if m.hangs {
			return caught, ""
		}
		return hung, ""
	case bytes.Contains(output, []byte("--- FAIL: ")), bytes.Contains(output, []byte("panic: ")), bytes.Contains(output, []byte("fatal error: ")):
		return caught, ""
	}
	return broken, string(output)
}

// command returns what runs tests of a package with one mutant awake, or none.
func (t *trial) command(test, dir, pattern string, number int) *exec.Cmd {
	c := exec.Command(test, "-test.run", pattern, "-test.timeout", t.timeout.String())
	c.Dir = filepath.Join(t.root, filepath.FromSlash(dir))
	c.Env = append(os.Environ(), fmt.Sprintf("%s=%d", wakeVariable, number))
	return c
}

// failures returns the part of a test's output that says why it failed.
func failures(output []byte) string {
	var b strings.Builder
	for line := range strings.Lines(string(output)) {
		if !strings.HasPrefix(line, "=== ") && !strings.Contains(line, "--- PASS") {
			b.WriteString(line)
		}
	}
	return b.String()
}

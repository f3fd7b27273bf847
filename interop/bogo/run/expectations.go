package main

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

//go:embed expectations.txt
var expectationsText string

// What an expectation says of its tests. Those of which none speaks pass.
const (
	off    = "off"    // not run, not counted: not of this protocol
	absent = "absent" // asks for what we do not have: counts as unimplemented, however it fails
	fails  = "fails"  // fails, and we know why
)

// expectations is what the file says.
type expectations struct {
	pin    string // the commit of BoringSSL
	digest string // of its runner
	tests  int    // how many are run
	rules  []rule // the first that matches counts
}

// A rule speaks of the tests whose names match a pattern, as path.Match does.
type rule struct{ kind, pattern, reason string }

// parseExpectations reads lines of the form
//
//	KIND PATTERN REASON
//
// besides those of "pin", "digest" and "tests", empty ones, and comments behind #.
func parseExpectations(text string) (e expectations, err error) {
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		kind, rest, _ := strings.Cut(line, " ")
		pattern, reason, _ := strings.Cut(strings.TrimSpace(rest), " ")
		r := rule{kind, pattern, strings.TrimSpace(reason)}
		switch kind {
		case "pin":
			e.pin = pattern
			continue
		case "digest":
			e.digest = pattern
			continue
		case "tests":
			if e.tests, err = strconv.Atoi(pattern); err != nil {
				return e, fmt.Errorf("expectations, line %d: %w", number, err)
			}
			continue
		case off, absent, fails:
		default:
			return e, fmt.Errorf("expectations, line %d: what is %q?", number, kind)
		}
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
			return e, fmt.Errorf("expectations, line %d: pattern %q", number, pattern)
		}
		if r.reason == "" {
			return e, fmt.Errorf("expectations, line %d: no reason", number)
		}
		e.rules = append(e.rules, r)
	}
	return e, nil
}

// checkPin compares the runner in directory suite with the one that the expectations
// are for: it changes with every other commit, and a checkout may be an export
// that does not know its own.
func (e *expectations) checkPin(suite string) error {
	got, err := digest(os.DirFS(suite))
	if err != nil {
		return err
	}
	if got != e.digest {
		return fmt.Errorf("%s has digest %s; expectations.txt is for commit %s, with %s", suite, got, e.pin, e.digest)
	}
	return nil
}

// digest returns the SHA-256, in hex, of all Go files in the order of their names:
// the runner is built of them, and exports of a commit differ in the rest.
func digest(files fs.FS) (string, error) {
	h := sha256.New()
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".go" {
			return err
		}
		b, err := fs.ReadFile(files, name)
		fmt.Fprintf(h, "%s %d\n%s\n", name, len(b), b)
		return err
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

// disabled is the map of that name in the runner's configuration.
func (e *expectations) disabled() map[string]string {
	m := make(map[string]string)
	for _, r := range e.rules {
		if r.kind == off {
			m[r.pattern] = r.reason
		}
	}
	return m
}

// of returns which rule speaks of a test, or -1.
func (e *expectations) of(test string) int {
	return slices.IndexFunc(e.rules, func(r rule) bool {
		ok, _ := path.Match(r.pattern, test)
		return r.kind != off && ok
	})
}

// results is what came out, by test: PASS, FAIL or SKIP.
type results map[string]string

func parseResults(b []byte) (results, error) {
	var file struct {
		Tests map[string]struct{ Actual string }
	}
	if err := json.Unmarshal(b, &file); err != nil {
		return nil, err
	}
	got := make(results)
	for name, test := range file.Tests {
		got[name] = test.Actual
	}
	return got, nil
}

// report prints what came out, and fails if it is not what was expected: for the
// worse, or for the better.
func (e *expectations) report(w io.Writer, got results) error {
	var passed, failed, unimplemented, surprises int
	surprise := func(format string, args ...any) {
		surprises++
		fmt.Fprintf(w, format+"\n", args...)
	}
	used := make([]bool, len(e.rules))
	for _, test := range slices.Sorted(maps.Keys(got)) {
		kind, reason := "passes", ""
		if i := e.of(test); i >= 0 {
			kind, reason, used[i] = e.rules[i].kind, e.rules[i].reason, true
		}
		switch actual := got[test]; {
		case actual == "PASS":
			passed++
			if kind != "passes" {
				surprise("%s passes, expected: %s (%s)", test, kind, reason)
			}
		case actual == "SKIP" || kind == absent:
			unimplemented++
			if kind != absent {
				surprise("%s is unimplemented, expected: %s", test, kind)
			}
		default:
			failed++
			if kind != fails {
				surprise("%s fails", test)
			}
		}
	}
	for i, r := range e.rules {
		if !used[i] && r.kind != off {
			surprise("no test matches: %s %s", r.kind, r.pattern)
		}
	}
	if len(got) != e.tests {
		surprise("%d tests were run, expected: %d", len(got), e.tests)
	}
	fmt.Fprintf(w, "bogo: %d passed, %d failed, %d unimplemented of %d\n", passed, failed, unimplemented, len(got))
	if surprises > 0 {
		return errors.New("not as expectations.txt says")
	}
	return nil
}

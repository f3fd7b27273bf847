package main

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestExpectationsOfThisRepositoryAreReadable(t *testing.T) {
	e, err := parseExpectations(expectationsText)
	if err != nil {
		t.Fatal(err)
	}
	if len(e.pin) != 40 || len(e.digest) != 64 || e.tests == 0 {
		t.Errorf("pin %q, digest %q, %d tests", e.pin, e.digest, e.tests)
	}
	seen := make(map[string]bool)
	for _, r := range e.rules {
		if seen[r.pattern] {
			t.Errorf("%s comes twice", r.pattern)
		}
		seen[r.pattern] = true
	}
}

func TestExpectationWithoutReasonIsRefused(t *testing.T) {
	for _, text := range []string{"fails Some-Test", "fails [ why", "passes Some-Test why", "tests many", "off"} {
		if _, err := parseExpectations(text); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

func TestReportFailsOnChangesInEitherDirection(t *testing.T) {
	e, err := parseExpectations("tests 3\noff Z* another protocol\nabsent Raw-* no raw keys\nfails Bad a reason\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		got  results
		want string // of the first line; empty: as expected
	}{
		{"as expected", results{"Good": "PASS", "Bad": "FAIL", "Raw-1": "SKIP"}, ""},
		{"absent and refused", results{"Good": "PASS", "Bad": "FAIL", "Raw-1": "FAIL"}, ""},
		{"now fails", results{"Good": "FAIL", "Bad": "FAIL", "Raw-1": "SKIP"}, "Good fails"},
		{"now passes", results{"Good": "PASS", "Bad": "PASS", "Raw-1": "SKIP"}, "Bad passes, expected: fails (a reason)"},
		{"now implemented", results{"Good": "PASS", "Bad": "FAIL", "Raw-1": "PASS"}, "Raw-1 passes, expected: absent (no raw keys)"},
		{"now unimplemented", results{"Good": "SKIP", "Bad": "FAIL", "Raw-1": "SKIP"}, "Good is unimplemented, expected: passes"},
		{"a stale rule", results{"Good": "PASS", "Bad": "FAIL", "Other": "PASS"}, "no test matches: absent Raw-*"},
		{"a test is gone", results{"Bad": "FAIL", "Raw-1": "SKIP"}, "2 tests were run, expected: 3"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			err := e.report(&out, test.got)
			first, _, _ := strings.Cut(out.String(), "\n")
			switch {
			case test.want == "" && (err != nil || !strings.HasPrefix(first, "bogo: ")):
				t.Errorf("%v\n%s", err, out.String())
			case test.want != "" && (err == nil || first != test.want):
				t.Errorf("%v\n%s", err, out.String())
			}
		})
	}
}

func TestDigestTellsEveryChangeOfTheRunner(t *testing.T) {
	files := func(name, text string) string {
		d, err := digest(fstest.MapFS{"a.go": {Data: []byte("a")}, name: {Data: []byte(text)}})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	base := files("b/c.go", "c")
	if again := files("b/c.go", "c"); again != base {
		t.Error("the same files differ")
	}
	if files("b/c.go", "d") == base || files("b/d.go", "c") == base {
		t.Error("different files have the same digest")
	}
	if files("b/c.json", "c") != files("b/d.json", "d") {
		t.Error("files that are not built change the digest")
	}
}

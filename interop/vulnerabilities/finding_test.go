package main

import (
	"slices"
	"strings"
	"testing"
)

// output is as govulncheck -format json writes it: one vulnerability that is called, twice, and two that are not.
const output = `
{"config": {"protocol_version": "v1.0.0", "scan_level": "symbol"}}
{"osv": {"id": "GO-1-1", "aliases": ["CVE-1-11", "GHSA-1"], "summary": "called"}}
{"osv": {"id": "GO-1-2", "aliases": ["CVE-1-12"], "summary": "in a package"}}
{"osv": {"id": "GO-1-3", "summary": "in a module"}}
{"finding": {"osv": "GO-1-3", "trace": [{"module": "example.com/m", "version": "v1.0.0"}]}}
{"finding": {"osv": "GO-1-2", "trace": [{"module": "example.com/m", "package": "example.com/m/p"}]}}
{"finding": {"osv": "GO-1-1", "trace": [{"module": "example.com/m", "package": "example.com/m/q", "function": "F"}, {"module": "example.com/ours", "function": "main"}]}}
{"finding": {"osv": "GO-1-1", "trace": [{"module": "example.com/m", "package": "example.com/m/q", "function": "G"}]}}
{"finding": {"osv": "GO-1-4", "trace": [{"module": "stdlib", "package": "crypto/x", "function": "H"}]}}
`

func TestWhatIsCalledIsFoundAndNothingElse(t *testing.T) {
	found, err := read(strings.NewReader(output))
	if err != nil || len(found) != 2 {
		t.Fatalf("%v, %v", found, err)
	}
	if !slices.Equal(found[0].numbers, []string{"GO-1-1", "CVE-1-11", "GHSA-1"}) || found[0].summary != "called" {
		t.Errorf("first %+v", found[0])
	}
	if !slices.Equal(found[1].numbers, []string{"GO-1-4"}) {
		t.Errorf("one that nothing is said about: %+v", found[1])
	}
}

func TestAFindingIsExplainedByAnyOfItsNumbers(t *testing.T) {
	found, err := read(strings.NewReader(output))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{"see GO-1-1": true, "see CVE-1-11.": true, "called": false, "GO-1-4": false, "": false} {
		if got := found[0].explainedIn([]byte(text)); got != want {
			t.Errorf("%q explains it: %t", text, got)
		}
	}
}

func TestWhatIsNoJSONIsAnError(t *testing.T) {
	if _, err := read(strings.NewReader(output + "panic: ")); err == nil {
		t.Error("no error")
	}
}

func TestEveryModuleIsLookedAt(t *testing.T) {
	dirs, err := modulesBelow("../..")
	if err != nil || len(dirs) < 5 || !slices.Contains(dirs, "../..") {
		t.Errorf("%v, %v", dirs, err)
	}
}

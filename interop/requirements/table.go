package main

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

//go:embed requirements.tsv
var tableText string

// A row is one requirement.
type row struct {
	id       string // area and number, as in REC-20; the area is what stands before the dash
	level    string // MUST, SHOULD and so on, as in RFC 2119
	priority string // P0: safety, P1: interoperability and conformance, P2: the rest
	source   string // the RFC with its section, or why we want it
	text     string // in our words
	note     string // why nothing proves it; empty: something has to
}

// shownBy is the note of a row that a dependency decides: no mutant of ours can break it, but a test shows that it holds
// for who uses us, and fails when another version no longer keeps to it. The groups are the dependency, the test and its
// directory.
var shownBy = regexp.MustCompile(`^Decided by (\S+), shown by (Test\w+) in (\S+)\.$`)

// rowID is how rows are named, in tests too.
var rowID = regexp.MustCompile(`\b[A-Z][A-Z0-9]*-[0-9]{2}\b`)

const tableHeader = "id\tlevel\tpriority\tsource\trequirement\tnote"

var (
	levels     = []string{"MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY"}
	priorities = []string{"P0", "P1", "P2"}
)

// parseTable reads the rows of the table, whose first line is tableHeader. Tabs
// separate the columns.
func parseTable(text string) ([]row, error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if lines[0] != tableHeader {
		return nil, fmt.Errorf("requirements.tsv: the first line is %q", lines[0])
	}
	var rows []row
	seen := map[string]bool{}
	for i, line := range lines[1:] {
		f := strings.Split(line, "\t")
		bad := func(what string) error { return fmt.Errorf("requirements.tsv:%d: %s in %q", i+2, what, line) }
		if len(f) != 6 {
			return nil, bad(fmt.Sprintf("%d columns, want 6,", len(f)))
		}
		r := row{f[0], f[1], f[2], f[3], f[4], f[5]}
		switch {
		case rowID.FindString(r.id) != r.id:
			return nil, bad("malformed id")
		case seen[r.id]:
			return nil, bad("id that was there before")
		case !slices.Contains(levels, r.level):
			return nil, bad("unknown level")
		case !slices.Contains(priorities, r.priority):
			return nil, bad("unknown priority")
		case r.source == "" || r.text == "":
			return nil, bad("empty column")
		}
		seen[r.id] = true
		rows = append(rows, r)
	}
	return rows, nil
}

// area returns the part of the id that names the area.
func (r *row) area() string {
	area, _, _ := strings.Cut(r.id, "-")
	return area
}

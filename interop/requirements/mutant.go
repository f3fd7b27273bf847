package main

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

//go:embed mutants/*.txt
var mutantFiles embed.FS

// A mutant is a change of one line of the code that breaks the rules in rows, and
// the test that has to notice. It is written so:
//
//	mutant REC-20: the window moves for a record that nobody has authenticated
//	in dtlstransport/internal/record/opener.go Open
//	- if err != nil {
//	+ if o.window.Mark(r.Number.Seq); err != nil {
//	test TestForgedNumbersDoNotMoveTheWindow
//
// The old text is a line or a part of one, without indentation. Where the file has
// it more than once, the function behind the name of the file says which is meant,
// or another declaration. So a mutant survives what happens around it. The test is one of the
// package that is changed, or of the one in front of its name:
//
//	test dtlstransport TestTheServerRefusesIt
//
// "hangs" on a line of its own means that a test which does not come to its end is
// a caught mutant too, "alone" that it must not share its binary, because the test
// reads the source. Empty lines and lines that begin with # are skipped.
type mutant struct {
	at    string // the file and the line where the mutant is written
	rows  []string
	what  string // what is wrong with the changed code
	file  string // in the tree, with slashes
	decl  string // empty: anywhere
	old   string
	new   string
	dir   string // of the test's package, in the tree
	test  string
	hangs bool
	alone bool
}

// name tells a mutant from others of its rows.
func (m *mutant) name() string { return strings.Join(m.rows, " ") + ": " + m.what }

// readMutants reads all files of mutants in a directory.
func readMutants(files fs.FS) ([]*mutant, error) {
	names, err := fs.Glob(files, "mutants/*.txt")
	if err != nil {
		return nil, err
	}
	var all []*mutant
	for _, name := range names {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		list, err := parseMutants(path.Base(name), string(b))
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	seen := map[string]string{}
	for _, m := range all {
		if at, ok := seen[m.name()]; ok {
			return nil, fmt.Errorf("%s: the mutant of %s again", m.at, at)
		}
		seen[m.name()] = m.at
	}
	return all, nil
}

// parseMutants reads one file.
func parseMutants(name, text string) (list []*mutant, err error) {
	var m *mutant
	end := func() error {
		switch {
		case m == nil:
			return nil
		case m.file == "" || m.old == "" || m.test == "":
			return fmt.Errorf("%s: the mutant lacks its file, its old text or its test", m.at)
		case m.old == m.new:
			return fmt.Errorf("%s: the mutant changes nothing", m.at)
		}
		list = append(list, m)
		return nil
	}
	number := 0
	for line := range strings.Lines(text) {
		number++
		at := fmt.Sprintf("mutants/%s:%d", name, number)
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, _ := strings.Cut(line, " ")
		value = strings.TrimSpace(value)
		if key == "mutant" {
			if err := end(); err != nil {
				return nil, err
			}
			ids, what, ok := strings.Cut(value, ":")
			m = &mutant{at: at, rows: strings.Fields(ids), what: strings.TrimSpace(what)}
			if !ok || len(m.rows) == 0 || m.what == "" || slices.ContainsFunc(m.rows, func(id string) bool { return rowID.FindString(id) != id }) {
				return nil, fmt.Errorf("%s: want rows, a colon and what is wrong", at)
			}
			continue
		}
		if m == nil {
			return nil, fmt.Errorf("%s: %q before the first mutant", at, key)
		}
		switch key {
		case "in":
			m.file, m.decl, _ = strings.Cut(value, " ")
			m.dir = path.Dir(m.file)
		case "-":
			if m.old != "" {
				return nil, fmt.Errorf("%s: a second line of old text", at)
			}
			m.old = value
		case "+":
			if m.new != "" {
				return nil, fmt.Errorf("%s: a second line of new text", at)
			}
			m.new = value
		case "test":
			if dir, test, ok := strings.Cut(value, " "); ok {
				m.dir, value = dir, test
			}
			m.test = value
		case "hangs":
			m.hangs = true
		case "alone":
			m.alone = true
		default:
			return nil, fmt.Errorf("%s: what is %q?", at, key)
		}
	}
	return list, end()
}

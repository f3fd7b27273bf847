package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// An overlay is what the go command reads instead of the tree's files: its
// directory and the files so far.
type overlay struct {
	dir     string
	replace map[string]string
}

func newOverlay(dir string) *overlay { return &overlay{dir, map[string]string{}} }

// put has text in the place of the file on disk.
func (o *overlay) put(file, text string) error {
	name := filepath.Join(o.dir, fmt.Sprintf("%d.go", len(o.replace)))
	o.replace[file] = name
	return os.WriteFile(name, []byte(text), 0o600)
}

// write writes the file that go test -overlay takes, and returns its name.
func (o *overlay) write() (string, error) {
	b, err := json.Marshal(map[string]any{"Replace": o.replace})
	if err != nil {
		return "", err
	}
	name := filepath.Join(o.dir, "overlay.json")
	return name, os.WriteFile(name, b, 0o600)
}

// The variable of the environment that wakes a mutant, by its number, and the status
// with which a process ends whose mutant runs into the end of a function without a
// return.
const (
	wakeVariable = "RTC_MUTANT"
	noReturn     = 97
)

// sleeping adds the files that hold all mutants at once. Each is a second body of
// its function:
//
//	func (o *Opener) Open(r *Record) ([]byte, error) {
//		if awakeMutant == 17 {
//			... the body with the change ...
//		}
//		... the body as it is ...
//	}
//
// and a file of its own in each package says which is awake: none or one. Comments
// keep the line numbers right, and have the compiler name the mutant in its errors. What a mutant no longer imports
// does not matter here.
func (o *overlay) sleeping(root string, mutants []*mutant, places map[*mutant]place, sources map[string]*source) error {
	bodies := map[string]map[int]string{} // by file, by offset
	packages := map[string]string{}       // names by directory
	for number, m := range mutants {
		s, f := sources[m.file], places[m].function
		packages[path.Dir(m.file)] = s.file.Name.Name
		open, end := s.offset(f.Body.Lbrace)+1, s.offset(f.Body.Rbrace)
		p := places[m]
		body := s.text[open:p.from] + m.new + s.text[p.to:end]
		last := "return"
		if f.Type.Results != nil {
			last = "mutantWithoutReturn()"
		}
		if bodies[m.file] == nil {
			bodies[m.file] = map[int]string{}
		}
		bodies[m.file][open] += fmt.Sprintf("\nif awakeMutant == %d {\n//line %s:1\n%s\n%s\n}", number+1, strings.Replace(m.at, ":", "@", 1), body, last)
	}
	for file, at := range bodies {
		s := sources[file]
		var text strings.Builder
		done := 0
		for _, offset := range slices.Sorted(maps.Keys(at)) {
			text.WriteString(s.text[done:offset])
			text.WriteString(at[offset])
			fmt.Fprintf(&text, "\n//line %s:%d\n", s.path, s.line(offset))
			done = offset
		}
		text.WriteString(s.text[done:])
		if err := o.put(s.path, text.String()); err != nil {
			return err
		}
	}
	for dir, name := range packages {
		text := fmt.Sprintf(`package %s

import (
	"os"
	"strconv"
)

var awakeMutant, _ = strconv.Atoi(os.Getenv(%q))

func mutantWithoutReturn() { os.Exit(%d) }
`, name, wakeVariable, noReturn)
		if err := o.put(filepath.Join(root, filepath.FromSlash(dir), "awakemutant.go"), text); err != nil {
			return err
		}
	}
	return nil
}

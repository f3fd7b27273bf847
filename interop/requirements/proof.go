package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// proof is the table with its mutants, all of which apply to the code and have a
// test that names their rows. Whether they are caught is for run to say.
type proof struct {
	root    string // of the tree
	rows    []row
	mutants []*mutant
	sources map[string]*source // by mutant.file
	places  map[*mutant]place
	proved  map[string][]*mutant // by row
}

// readProof reads the table and the mutants of this package, and looks whether they
// fit the tree. It returns all faults at once.
func readProof(root string) (*proof, []error) {
	p := &proof{root: root, sources: map[string]*source{}, places: map[*mutant]place{}, proved: map[string][]*mutant{}}
	var err error
	if p.rows, err = parseTable(tableText); err != nil {
		return nil, []error{err}
	}
	if p.mutants, err = readMutants(mutantFiles); err != nil {
		return nil, []error{err}
	}
	return p, p.check()
}

// check finds the place of each mutant, and looks for its rows in the table and in
// its test.
func (p *proof) check() (faults []error) {
	known := map[string]*row{}
	for i := range p.rows {
		known[p.rows[i].id] = &p.rows[i]
	}
	tests := map[string]map[string]string{} // their text, by directory and name
	for _, m := range p.mutants {
		fault := func(format string, args ...any) {
			faults = append(faults, fmt.Errorf(m.at+": "+format, args...))
		}
		if err := p.locate(m); err != nil {
			faults = append(faults, err)
		}
		if tests[m.dir] == nil {
			var err error
			if tests[m.dir], err = readTests(filepath.Join(p.root, filepath.FromSlash(m.dir))); err != nil {
				fault("%w", err)
				continue
			}
		}
		test, _, _ := strings.Cut(m.test, "/")
		text, ok := tests[m.dir][test]
		if !ok {
			fault("%s has no test %s", m.dir, test)
			continue
		}
		for _, id := range m.rows {
			switch r := known[id]; {
			case r == nil:
				fault("there is no row %s", id)
			case r.note != "":
				fault("row %s has a mutant and a note why it has none", id)
			case !strings.Contains(text, id):
				fault("%s does not name %s", test, id)
			}
			p.proved[id] = append(p.proved[id], m)
		}
	}
	for i := range p.rows {
		if err := p.checkShown(&p.rows[i]); err != nil {
			faults = append(faults, err)
		}
	}
	return faults
}

// checkShown looks for the test of a row that a dependency decides, and whether it names the row.
func (p *proof) checkShown(r *row) error {
	note := shownBy.FindStringSubmatch(r.note)
	if note == nil {
		return nil
	}
	tests, err := readTests(filepath.Join(p.root, filepath.FromSlash(note[3])))
	if err != nil {
		return err
	}
	if text, ok := tests[note[2]]; !ok || !strings.Contains(text, r.id) {
		return fmt.Errorf("row %s: %s has no test %s that names it", r.id, note[3], note[2])
	}
	return nil
}

// locate finds the place of a mutant.
func (p *proof) locate(m *mutant) (err error) {
	s := p.sources[m.file]
	if s == nil {
		if s, err = readSource(p.root, m.file); err != nil {
			return fmt.Errorf("%s: %w", m.at, err)
		}
		p.sources[m.file] = s
	}
	p.places[m], err = s.find(m)
	return err
}

// readTests returns the text of each test of a directory, with the comment above it.
func readTests(dir string) (map[string]string, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		return nil, err
	}
	tests := map[string]string{}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, b, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				tests[f.Name.Name] = f.Doc.Text() + string(b[fset.Position(f.Pos()).Offset:fset.Position(f.End()).Offset])
			}
		}
	}
	return tests, nil
}

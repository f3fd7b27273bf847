package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
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
	tests := map[string]map[string]string{} // comments, by directory and name
	for _, m := range p.mutants {
		fault := func(format string, args ...any) {
			faults = append(faults, fmt.Errorf(m.at+": "+format, args...))
		}
		if err := p.locate(m); err != nil {
			faults = append(faults, err)
		}
		if tests[m.dir] == nil {
			var err error
			if tests[m.dir], err = testComments(filepath.Join(p.root, filepath.FromSlash(m.dir))); err != nil {
				fault("%w", err)
				continue
			}
		}
		test, _, _ := strings.Cut(m.test, "/")
		comments, ok := tests[m.dir][test]
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
			case !strings.Contains(comments, id):
				fault("%s does not name %s", test, id)
			}
			p.proved[id] = append(p.proved[id], m)
		}
	}
	return faults
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

// testComments returns the comments above and in each test of a directory.
func testComments(dir string) (map[string]string, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		return nil, err
	}
	comments := map[string]string{}
	for _, name := range names {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv != nil {
				continue
			}
			text := f.Doc.Text()
			for _, c := range file.Comments {
				if f.Pos() <= c.Pos() && c.End() <= f.End() {
					text += c.Text()
				}
			}
			comments[f.Name.Name] = text
		}
	}
	return comments, nil
}

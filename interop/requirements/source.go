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

// A source is a file of the tree that mutants change.
type source struct {
	path string // of the file on disk
	text string
	fset *token.FileSet
	file *ast.File
}

// readSource reads a file given by its name in the tree.
func readSource(root, name string) (*source, error) {
	s := &source{path: filepath.Join(root, filepath.FromSlash(name)), fset: token.NewFileSet()}
	b, err := os.ReadFile(s.path)
	if err != nil {
		return nil, err
	}
	s.text = string(b)
	s.file, err = parser.ParseFile(s.fset, s.path, b, parser.SkipObjectResolution)
	return s, err
}

// A place is where a mutant's old text is.
type place struct {
	from, to int           // offsets of the old text
	function *ast.FuncDecl // whose body has it; nil: it is outside of all of them
}

// find looks for a mutant's old text, which must be there once, or once in the
// mutant's declaration.
func (s *source) find(m *mutant) (place, error) {
	from, to := 0, len(s.text)
	if m.decl != "" && strings.Count(s.text, m.old) > 1 {
		d := s.declaration(m.decl)
		if d == nil {
			return place{}, fmt.Errorf("%s: %s has no %s", m.at, m.file, m.decl)
		}
		from, to = s.offset(d.Pos()), s.offset(d.End())
	}
	if n := strings.Count(s.text[from:to], m.old); n != 1 {
		return place{}, fmt.Errorf("%s: %s has %q %d times, not once", m.at, strings.TrimSpace(m.file+" "+m.decl), m.old, n)
	}
	at := from + strings.Index(s.text[from:to], m.old)
	p := place{from: at, to: at + len(m.old)}
	for _, d := range s.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil && s.offset(f.Body.Lbrace) < p.from && p.to <= s.offset(f.Body.Rbrace) {
			p.function = f
		}
	}
	return p, nil
}

// declaration returns the declaration of a name: a function, a method, also as
// Type.Method, or a group of types, constants or variables.
func (s *source) declaration(name string) ast.Node {
	for _, d := range s.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.Name == name || receiver(d)+"."+d.Name.Name == name {
				return d
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					if spec.Name.Name == name {
						return d
					}
				case *ast.ValueSpec:
					if spec.Names[0].Name == name && d.Lparen.IsValid() {
						return spec
					} else if spec.Names[0].Name == name {
						return d
					}
				}
			}
		}
	}
	return nil
}

// receiver returns the name of the type that a method is of.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return ""
	}
	typ := f.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if id, ok := typ.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

func (s *source) offset(p token.Pos) int { return s.fset.Position(p).Offset }

func (s *source) line(offset int) int { return 1 + strings.Count(s.text[:offset], "\n") }

// changed returns the text of the file with the mutant in it.
func (s *source) changed(m *mutant, p place) string { return s.text[:p.from] + m.new + s.text[p.to:] }

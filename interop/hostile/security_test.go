package main

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const root = "../.."

func securityMD(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// constants evaluates the constants of a package that are made of numbers and of each other.
func constants(t *testing.T, dir string) map[string]constant.Value {
	t.Helper()
	expressions := map[string]ast.Expr{}
	files, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no files, %v", dir, err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			if g, ok := declaration.(*ast.GenDecl); ok && g.Tok == token.CONST {
				for _, spec := range g.Specs {
					s := spec.(*ast.ValueSpec)
					for i, value := range s.Values {
						expressions[s.Names[i].Name] = value
					}
				}
			}
		}
	}
	var evaluate func(ast.Expr) constant.Value
	evaluate = func(x ast.Expr) constant.Value {
		switch x := x.(type) {
		case *ast.BasicLit:
			return constant.MakeFromLiteral(x.Value, x.Kind, 0)
		case *ast.ParenExpr:
			return evaluate(x.X)
		case *ast.Ident:
			if other, ok := expressions[x.Name]; ok {
				return evaluate(other)
			}
		case *ast.BinaryExpr:
			a, b := evaluate(x.X), evaluate(x.Y)
			if a.Kind() != constant.Int || b.Kind() != constant.Int {
				break
			}
			if n, exact := constant.Uint64Val(b); x.Op == token.SHL && exact {
				return constant.Shift(a, token.SHL, uint(n))
			}
			if x.Op == token.ADD || x.Op == token.SUB || x.Op == token.MUL {
				return constant.BinaryOp(a, x.Op, b)
			}
		}
		return constant.MakeUnknown()
	}
	values := map[string]constant.Value{}
	for name, x := range expressions {
		values[name] = evaluate(x)
	}
	return values
}

func TestTheBoundsInSECURITYAreThoseOfTheCode(t *testing.T) {
	rows := regexp.MustCompile("(?m)^\\|[^|]*\\| (\\d+)( KiB| MiB)? \\| `(.+)\\.(\\w+)` \\|$").FindAllStringSubmatch(securityMD(t), -1)
	if len(rows) < 20 {
		t.Fatalf("%d bounds", len(rows))
	}
	for _, row := range rows {
		want, _ := strconv.ParseInt(row[1], 10, 64)
		want <<= map[string]int{"": 0, " KiB": 10, " MiB": 20}[row[2]]
		got, ok := constants(t, row[3])[row[4]]
		if value, exact := int64(0), false; ok {
			value, exact = constant.Int64Val(got)
			ok = exact && value == want
		}
		if !ok {
			t.Errorf("%s.%s is %v, SECURITY.md says %d", row[3], row[4], got, want)
		}
	}
}

func TestWhatSECURITYRefersToIsThere(t *testing.T) {
	text := securityMD(t)
	tests := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(b, -1) {
			tests[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(text, -1)
	if len(names) < 8 {
		t.Errorf("%d tests of shields", len(names))
	}
	for _, name := range names {
		if !tests[name[1]] {
			t.Errorf("there is no %s", name[1])
		}
	}
	for _, name := range regexp.MustCompile(`\bR\d+\b`).FindAllString(text, -1) {
		if _, ok := find(name); !ok {
			t.Errorf("there is no figure %s", name)
		}
	}
}

func TestConstantsAreEvaluated(t *testing.T) {
	if got := fmt.Sprint(constants(t, "dtlstransport")["maxClientHello"]); got != "9216" {
		t.Errorf("maxClientHello = %s", got)
	}
}

package dtlstransport

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// shellFiles are those that connect the engine to goroutines, locks, clocks and
// networks. All others do without.
var shellFiles = []string{
	"association.go",
	"batch.go",
	"burstsocket.go",
	"carrier.go",
	"conn.go",
	"conndeadline.go",
	"connengine.go",
	"connio.go",
	"connstate.go",
	"dial.go",
	"lane.go",
	"listenconfig.go",
	"listener.go",
	"listenerloop.go",
	"listenermove.go",
	"listenerstats.go",
	"media.go",
	"probe.go",
	"restart.go",
	"slogtrace.go",
	"socket.go",
	"start.go",
	"transport.go",
}

// impureImports end with a slash if all below them is meant too.
var impureImports = []string{"sync", "sync/", "net", "net/", "os", "os/", "context", "syscall", "runtime"}

var clockFunctions = []string{"Now", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Since", "Until"}

// impurities returns what a file has that the engine must not have.
func impurities(set *token.FileSet, file *ast.File) (found []string) {
	report := func(n ast.Node, what string) {
		p := set.Position(n.Pos())
		found = append(found, fmt.Sprintf("%s:%d: %s", filepath.Base(p.Filename), p.Line, what))
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			path, _ := strconv.Unquote(n.Path.Value)
			for _, p := range impureImports {
				if path == p || strings.HasSuffix(p, "/") && strings.HasPrefix(path, p) {
					report(n, "import of "+path)
				}
			}
			if path == "time" && n.Name != nil {
				report(n, "time under another name")
			}
		case *ast.GoStmt:
			report(n, "goroutine")
		case *ast.ChanType:
			report(n, "channel")
		case *ast.SendStmt:
			report(n, "send")
		case *ast.SelectStmt:
			report(n, "select")
		case *ast.UnaryExpr:
			if n.Op == token.ARROW {
				report(n, "receive")
			}
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(clockFunctions, n.Sel.Name) {
				report(n, "time."+n.Sel.Name)
			}
		}
		return true
	})
	return found
}

func TestTheEngineHasNoGoroutineNoClockAndNoIO(t *testing.T) { // API-08
	files := 0
	var found []string
	err := fs.WalkDir(source, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") || slices.Contains(shellFiles, path) {
			return err
		}
		text, err := source.ReadFile(path)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, text, 0)
		if err != nil {
			return err
		}
		files++
		found = append(found, impurities(set, file)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) > 0 {
		t.Errorf("outside the shell:\n%s", strings.Join(found, "\n"))
	}
	if files < 40 {
		t.Errorf("%d files were looked at, want 40 or more", files)
	}
	for _, name := range shellFiles {
		if _, err := fs.Stat(source, name); err != nil {
			t.Errorf("the list of exceptions is out of date: %v", err)
		}
	}
}

func TestImpuritiesAreFound(t *testing.T) {
	const source = `package p
import (
	"net/netip"
	"sync"
	clock "time"
	"os"
)
func f() {
	go f()
	c := make(chan int)
	c <- 1
	<-c
	select {}
	time.Sleep(1)
	_ = time.Now
}
`
	want := []string{"3: import of net/netip", "4: import of sync", "5: time under another name", "6: import of os",
		"9: goroutine", "10: channel", "11: send", "12: receive", "13: select", "14: time.Sleep", "15: time.Now"}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	got := impurities(set, file)
	for i := range want {
		want[i] = "p.go:" + want[i]
	}
	if !slices.Equal(got, want) {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A module that mutants are tried on.
var tryModule = map[string]string{
	"go.mod": "module example.org/m\n\ngo 1.26\n",
	"a/a.go": `package a

import "strings"

const limit = 3

type T struct{ n int }

func (t *T) Add(n int) bool {
	if t.n+n > limit {
		return false
	}
	t.n += n
	return true
}

func Up(s string) string {
	return strings.ToUpper(s)
}

func Count(n int) (sum int) {
	for i := 0; i < n; i++ {
		sum++
	}
	return sum
}

func (t *T) Clear() {
	t.n = 0
}
`,
	"a/a_test.go": `package a

import "testing"

func TestT(t *testing.T) {
	var x T
	if !x.Add(3) || x.Add(1) {
		t.Error("limit")
	}
	if x.Clear(); x.n != 0 {
		t.Error("cleared")
	}
}

func TestUp(t *testing.T) {
	t.Run("a", func(t *testing.T) {
		if Up("a") != "A" {
			t.Error("up")
		}
	})
}

func TestCount(t *testing.T) {
	if Count(5) != 5 {
		t.Error("count")
	}
}
`,
}

// tryAll writes the module, tries mutants on it, and returns what is said.
func tryAll(t *testing.T, mutants ...*mutant) (string, error) {
	t.Helper()
	root := t.TempDir()
	for name, text := range tryModule {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := &proof{root: root, mutants: mutants, sources: map[string]*source{}, places: map[*mutant]place{}}
	for _, m := range mutants {
		m.rows, m.at, m.file, m.dir = []string{"AB-01"}, "mutants/a.txt:"+m.what, "a/a.go", "a"
		if err := p.locate(m); err != nil {
			t.Fatal(err)
		}
	}
	var b strings.Builder
	err := p.try(&b, mutants, 2, 5*time.Second)
	return b.String(), err
}

func TestMutantsAreCaughtOrNot(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a module several times")
	}
	text, err := tryAll(t,
		&mutant{what: "1", old: "t.n+n > limit", new: "t.n+n > limit+1", test: "TestT"},
		&mutant{what: "2", old: "t.n+n > limit", new: "t.n+n >= limit", test: "TestT"},
		&mutant{what: "3", old: "limit = 3", new: "limit = 4", test: "TestT"}, // of no function
		&mutant{what: "4", old: "strings.ToUpper(s)", new: "s", test: "TestUp/a"},
		&mutant{what: "5", old: "i < n", new: "i <= n", test: "TestCount"},
		&mutant{what: "6", old: "t.n = 0", new: "", test: "TestT"},
		&mutant{what: "7", old: "i++", new: "i += 0 * n", test: "TestCount", hangs: true},
		&mutant{what: "8", old: "sum++", new: "sum--", test: "TestUp/a"},       // the wrong test
		&mutant{what: "9", old: "i < n", new: "i < n+0*i", test: "TestCount"},  // changes nothing
		&mutant{what: "10", old: "return true", new: "", test: "TestT"},        // no Go
		&mutant{what: "11", old: "limit = 3", new: "limit = x", test: "TestT"}, // likewise
		&mutant{what: "12", old: "i++", new: "i--", test: "TestCount"},         // 2^63 rounds
	)
	want := map[string]string{"8": "ALIVE", "9": "ALIVE", "10": "BROKEN", "11": "BROKEN", "12": "HUNG"}
	for n := range 12 {
		what := strconv.Itoa(n + 1)
		verdict := want[what]
		if verdict == "" {
			verdict = "caught"
		}
		found := false
		for line := range strings.Lines(text) {
			found = found || strings.HasSuffix(line, " AB-01: "+what+"\n") && strings.Contains(line, "] "+verdict)
		}
		if !found {
			t.Errorf("mutant %s is not %s", what, verdict)
		}
	}
	if err == nil || !strings.HasPrefix(err.Error(), "5 mutants") {
		t.Errorf("error %v", err)
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestATestThatFailsByItselfCatchesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a module")
	}
	for test, want := range map[string]string{"TestNone": "TestNone does not pass", "TestUp/a": ""} {
		_, err := tryAll(t, &mutant{what: "1", old: "strings.ToUpper(s)", new: "s", test: test})
		if got := err != nil && strings.Contains(err.Error(), want); got != (want != "") {
			t.Errorf("%s: %v", test, err)
		}
	}
	// A change that does not compile is named by its place.
	_, err := tryAll(t, &mutant{what: "1", old: "strings.ToUpper(s)", new: "nothing", test: "TestUp"})
	if err == nil || !strings.Contains(err.Error(), "a.txt@1") {
		t.Errorf("error %v", err)
	}
}

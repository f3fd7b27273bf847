package main

import (
	"errors"
	"maps"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What make mutants would stumble over is found here, without trying any.
func TestEveryMutantAppliesAndItsTestNamesItsRows(t *testing.T) {
	_, faults := readProof("../..")
	for _, err := range faults {
		t.Error(err)
	}
}

// Code that moves may leave a mutant without an import, or a variable.
func TestEverySleepingMutantCompiles(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles all packages that have mutants")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	p, _ := readProof(root)
	o, err := (&trial{proof: p, work: t.TempDir(), asleep: map[*mutant]int{}}).putToSleep(p.mutants)
	if err != nil {
		t.Fatal(err)
	}
	file, err := o.write()
	if err != nil {
		t.Fatal(err)
	}
	changed := map[string]bool{}
	for _, m := range p.mutants {
		changed["./"+path.Dir(m.file)] = true
	}
	c := exec.Command("go", slices.AppendSeq([]string{"build", "-overlay", file}, maps.Keys(changed))...)
	c.Dir = root
	if output, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

// The report counts each row once, and a row with a note is one that nothing proves.
func TestTheReportCountsAllRows(t *testing.T) {
	p := &proof{rows: []row{
		{"AB-01", "MUST", "P0", "RFC 1", "a thing", ""},
		{"AB-02", "MUST", "P1", "RFC 1", "another", "it cannot be broken"},
		{"C-01", "SHOULD", "P0", "RFC 2", "a third", ""},
		{"C-02", "MUST", "P0", "RFC 2", "a fourth", "Decided by pion/x, shown by TestY in z."},
	}, mutants: []*mutant{{}, {}}, proved: map[string][]*mutant{"AB-01": {nil, nil}}}
	var b strings.Builder
	p.report(&b)
	const want = `area          P0        P1        P2       all
AB           1/1       0/1         -       1/2
C            0/2         -         -       0/2
all          1/3       0/1         -       1/4

not proved:
AB-02     P1  MUST: another (RFC 1)
              it cannot be broken
C-01      P0  SHOULD: a third (RFC 2)
C-02      P0  MUST: a fourth (RFC 2)
              Decided by pion/x, shown by TestY in z.

requirements: 1 of 4 proved, by 2 mutants, which make mutants tries; 1 of the others decided by a dependency and shown by a test
`
	if b.String() != want {
		t.Errorf("report:\n%swant:\n%s", b.String(), want)
	}
}

func TestMalformedTablesAreRefused(t *testing.T) {
	good := "AB-01\tMUST\tP0\tRFC 1\ta thing\t\n"
	if rows, err := parseTable(tableHeader + "\n" + good); err != nil || len(rows) != 1 || rows[0].area() != "AB" {
		t.Fatalf("%v, %v", rows, err)
	}
	for _, bad := range []string{
		"AB-01\tMUST\tP0\tRFC 1\ta thing\n", "AB-1\tMUST\tP0\tRFC 1\ta thing\t\n", "AB-02\tmust\tP0\tRFC 1\ta thing\t\n",
		"AB-02\tMUST\tP3\tRFC 1\ta thing\t\n", "AB-02\tMUST\tP0\t\ta thing\t\n", "AB-02\tMUST\tP0\tRFC 1\t\t\n", good,
	} {
		if _, err := parseTable(tableHeader + "\n" + good + bad); err == nil || !strings.Contains(err.Error(), "requirements.tsv:3") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := parseTable(good); err == nil {
		t.Error("a table without its header is read")
	}
}

func TestMalformedMutantsAreRefused(t *testing.T) {
	const good = "# comment\n\nmutant AB-01 AB-02: wrong\nin a/b.go F\n\t- x := 1\n\t+ x := 2\ntest TestX/part\n"
	list, err := parseMutants("f.txt", good+"mutant AB-03: gone\nin a/b.go\n- f()\n+\ntest c TestY\nhangs\nalone\n")
	if err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	m, n := list[0], list[1]
	if m.at != "mutants/f.txt:3" || len(m.rows) != 2 || m.file != "a/b.go" || m.decl != "F" || m.old != "x := 1" || m.new != "x := 2" ||
		m.dir != "a" || m.test != "TestX/part" || m.hangs || m.alone || m.name() != "AB-01 AB-02: wrong" {
		t.Errorf("%+v", m)
	}
	if n.decl != "" || n.new != "" || n.dir != "c" || n.test != "TestY" || !n.hangs || !n.alone {
		t.Errorf("%+v", n)
	}
	for _, bad := range []string{
		"in a/b.go\n", "mutant AB-01\n", "mutant : wrong\n", "mutant x: wrong\n", "mutant AB-01: wrong\ntest TestX\n",
		good + "what now\n", good + "- y\n", good + "+ y\n", strings.Replace(good, ":= 2", ":= 1", 1),
	} {
		if _, err := parseMutants("f.txt", bad); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

// A row that a dependency decides has a test that names it.
func TestRowsThatADependencyDecidesHaveTheirTest(t *testing.T) {
	p := &proof{root: "../.."}
	for note, right := range map[string]bool{
		"Decided by pion/x, shown by TestRowsThatADependencyDecidesHaveTheirTest in interop/requirements.": true, // AB-07
		"Decided by pion/x, shown by TestMalformedTablesAreRefused in interop/requirements.":               false,
		"Decided by pion/x, shown by TestNone in interop/requirements.":                                    false,
		"Decided by nobody.": true,
	} {
		if err := p.checkShown(&row{id: "AB-07", note: note}); (err == nil) != right {
			t.Errorf("%q: %v", note, err)
		}
	}
}

// All faults of the mutants come at once, each with its place.
func TestFaultsOfMutantsHaveTheirPlaces(t *testing.T) {
	p := &proof{root: "../..", sources: map[string]*source{}, places: map[*mutant]place{}, proved: map[string][]*mutant{},
		rows: []row{{"AB-01", "MUST", "P0", "RFC 1", "a thing", "it cannot be broken"}}}
	const file, test = "interop/requirements/table.go", "TestMalformedTablesAreRefused"
	for at, m := range map[string]*mutant{
		"no file":     {file: "interop/requirements/none.go", old: "x", test: test},
		"no function": {file: file, decl: "none", old: "return", test: test},
		"no text":     {file: file, decl: "parseTable", old: "this is not there", test: test},
		"much text":   {file: file, old: "return", test: test},
		"no test":     {file: file, old: "seen[r.id] = true", test: "TestNone"},
		"no row":      {file: file, old: "seen[r.id] = true", test: test, rows: []string{"AB-09"}},
		"note":        {file: file, old: "seen[r.id] = true", test: test, rows: []string{"AB-01"}},
	} {
		m.at, m.dir = at, "interop/requirements"
		p.mutants = append(p.mutants, m)
	}
	text := errors.Join(p.check()...).Error()
	for _, m := range p.mutants {
		if !strings.Contains(text, m.at+": ") {
			t.Errorf("nothing about %s in\n%s", m.at, text)
		}
	}
}

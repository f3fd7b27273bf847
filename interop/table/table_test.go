package table

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// play runs cells of one peer and returns what came of them by case.
func play(t *testing.T, o Options, cells ...Cell) (*Table, map[string]Result) {
	t.Helper()
	if o.CellTime == 0 {
		o.CellTime = time.Minute
	}
	o.Parallel = max(o.Parallel, 4)
	table, err := Run(context.Background(), []*Peer{{Name: "a peer", Kind: "a kind", Prepare: func(context.Context) (string, error) { return "1.2", nil }, Cells: cells}}, o)
	if err != nil {
		t.Fatal(err)
	}
	results := map[string]Result{}
	for _, r := range table.Results {
		results[r.Case] = r
	}
	return table, results
}

func TestAFailureWithTheEvidenceOfAKnownFaultIsThat(t *testing.T) {
	cell := func(name, says string) Cell {
		return Cell{Role: "client", Case: name, Run: func(t *Trial) {
			t.MayFault("it may do this", "the evidence")
			t.Cleanup(func() { t.Logf("%s", says) })
			if says != "" {
				t.Fatalf("no")
			}
		}}
	}
	tries := 0
	once := Cell{Role: "client", Case: "once", Run: func(t *Trial) {
		t.MayFault("it may do this", "the evidence")
		if tries++; tries == 1 {
			t.Fatalf("the evidence")
		}
	}}
	_, results := play(t, Options{}, cell("well", ""), cell("fault", "here is the evidence"), cell("failure", "here is none"), once)
	for name, want := range map[string]Verdict{"well": Passed, "fault": Fault, "failure": Failed, "once": Passed} {
		if got := results[name].Verdict; got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestSomeOfWhatFailsIsTriedAgain(t *testing.T) {
	var tries [4]atomic.Int32
	cell := func(i int, name string, fails int32) Cell {
		return Cell{Role: "client", Case: name, Lane: "one after the other", Run: func(t *Trial) {
			if tries[i].Add(1) <= fails {
				t.Fatalf("try %d", tries[i].Load())
			}
		}}
	}
	table, results := play(t, Options{Again: 2}, cell(0, "well", 0), cell(1, "by chance", 1), cell(2, "always", 9), cell(3, "one too many", 1))
	for name, want := range map[string]Result{
		"well": {Verdict: Passed}, "by chance": {Verdict: Passed, AtFirst: "try 1"}, "always": {Verdict: Failed, AtFirst: "try 1"}, "one too many": {Verdict: Failed},
	} {
		if got := results[name]; got.Verdict != want.Verdict || !strings.HasSuffix(got.AtFirst, want.AtFirst) || (got.AtFirst == "") != (want.AtFirst == "") {
			t.Errorf("%s: %s, at first %q", name, got.Verdict, got.AtFirst)
		}
	}
	if got := []int32{tries[0].Load(), tries[1].Load(), tries[2].Load(), tries[3].Load()}; !slices.Equal(got, []int32{1, 2, 2, 1}) {
		t.Errorf("tries %v", got)
	}
	if s := table.Summary(); !strings.Contains(s, "2 tried twice") {
		t.Error(s)
	}
}

func TestVerdicts(t *testing.T) {
	var cleaned atomic.Int32
	table, results := play(t, Options{},
		Cell{Role: "client", Case: "well", Run: func(t *Trial) { t.Logf("a note") }},
		Cell{Role: "client", Case: "badly", Run: func(t *Trial) {
			t.Cleanup(func() { cleaned.Add(1) })
			t.Fault("a fault does not excuse what fails beside it")
			t.Errorf("first")
			t.Fatalf("second")
		}},
		Cell{Role: "server", Case: "cannot", Run: func(t *Trial) { t.Impossible("it has no such thing") }},
		Cell{Role: "server", Case: "known", Run: func(t *Trial) { t.Fault("it forgets") }},
		Cell{Role: "server", Case: "lacks", Run: func(t *Trial) { t.Lacks(&MissingError{What: "a tool", Package: "tools"}) }},
		Cell{Role: "server", Case: "broken", Run: func(t *Trial) { t.Lacks(errors.New("a tool breaks")) }},
	)
	for name, want := range map[string]Verdict{"well": Passed, "badly": Failed, "cannot": Impossible, "known": Fault, "lacks": Missing, "broken": Failed} {
		if got := results[name].Verdict; got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if r := results["badly"]; !strings.Contains(r.Why, "first") || len(r.Log) != 2 || cleaned.Load() != 1 {
		t.Errorf("%+v, cleaned %d times", r, cleaned.Load())
	}
	if results["well"].Version != "1.2" {
		t.Errorf("version %q", results["well"].Version)
	}
	var text bytes.Buffer
	if err := table.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a peer  1.2      server      0   1 ", "cannot: it has no such thing", "known: it forgets", "there is no a tool, which comes with tools",
		"1 passed, 2 failed; 1 known faults of peers, 1 not possible, 1 need what is not installed", `go run ./interop -peer "a peer" -role server -case "broken"`} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in\n%s", want, text.String())
		}
	}
}

func TestACellThatDoesNotEndIsEnded(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	_, results := play(t, Options{CellTime: time.Millisecond}, Cell{Case: "endless", Run: func(*Trial) { <-release }})
	if r := results["endless"]; r.Verdict != Failed || !strings.Contains(r.Why, "not done after") {
		t.Errorf("%+v", r)
	}
}

func TestTheCellsOfALaneRunOneAfterTheOther(t *testing.T) {
	var running, order atomic.Int32
	var cells []Cell
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		at := int32(len(cells))
		cells = append(cells, Cell{Case: name, Lane: "only", Run: func(t *Trial) {
			if running.Add(1) != 1 {
				t.Errorf("another runs")
			}
			if n := order.Add(1) - 1; n != at {
				t.Errorf("cell %d at place %d", at, n)
			}
			running.Add(-1)
		}})
	}
	table, _ := play(t, Options{}, cells...)
	if n := table.Count(Passed); n != len(cells) {
		t.Errorf("%d of %d passed", n, len(cells))
	}
}

func TestAPeerThatIsNotInstalledIsNamedWithItsPackage(t *testing.T) {
	p := &Peer{Name: "none", Prepare: func(context.Context) (string, error) {
		return "", &MissingError{What: "nonesuch.h", Package: "libnonesuch-dev"}
	},
		Cells: []Cell{{Role: "client", Case: "x", Run: func(t *Trial) { t.Errorf("it runs") }}}}
	broken := &Peer{Name: "broken", Prepare: func(context.Context) (string, error) { return "", errors.New("does not build\nat all") },
		Cells: []Cell{{Role: "client", Case: "x", Run: func(t *Trial) { t.Errorf("it runs") }}}}
	closed := 0
	p.Close = func() { closed++ }
	table, err := Run(context.Background(), []*Peer{p, broken}, Options{CellTime: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if r := table.Results[0]; r.Verdict != Missing || !strings.Contains(r.Why, "libnonesuch-dev") || closed != 1 {
		t.Errorf("%+v, closed %d times", r, closed)
	}
	if r := table.Results[1]; r.Verdict != Failed || !strings.HasPrefix(r.Why, "does not build") {
		t.Errorf("%+v", r)
	}
	var text bytes.Buffer
	_ = table.WriteText(&text)
	if !strings.Contains(text.String(), "none: there is no nonesuch.h, which comes with libnonesuch-dev") {
		t.Error(text.String())
	}
}

func TestSelection(t *testing.T) {
	p := &Peer{Name: "Mbed TLS"}
	c := &Cell{Role: "client", Case: "group secp256r1"}
	library := &Peer{Name: "Mbed TLS library", Cells: []Cell{{Case: "group secp256r1, and more"}, *c}}
	for _, s := range []struct {
		Selection
		want bool
	}{
		{Selection{}, true}, {Selection{Peer: "mbed"}, true}, {Selection{Peer: "nss, mbed"}, true}, {Selection{Peer: "nss"}, false},
		{Selection{Role: "server"}, false}, {Selection{Case: "SECP"}, true}, {Selection{Case: "suite,cookie"}, false}, {Selection{Case: "suite,"}, false}, {Selection{Quick: true}, false},
	} {
		if got := s.Takes(p, c); got != s.want {
			t.Errorf("%+v: %v", s.Selection, got)
		}
	}
	whole := Selection{Peer: "mbed TLS library", Case: "Group secp256r1, and more"}.among([]*Peer{p, library})
	for i, want := range []bool{true, false} {
		if whole.Takes(p, &library.Cells[i]) || whole.Takes(library, &library.Cells[i]) != want {
			t.Errorf("whole names do not select cell %d alone", i)
		}
	}
}

func TestADirectoryGoesWithItsCell(t *testing.T) {
	var dir string
	play(t, Options{}, Cell{Case: "x", Run: func(t *Trial) {
		dir = t.TempDir()
		if dir == t.TempDir() {
			t.Errorf("twice the same")
		}
	}})
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s: %v", dir, err)
	}
}

func TestJSON(t *testing.T) {
	table, _ := play(t, Options{}, Cell{Role: "client", Case: "x", Run: func(t *Trial) { t.Errorf("why") }})
	var b bytes.Buffer
	if err := table.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var back Table
	if err := json.Unmarshal(b.Bytes(), &back); err != nil || len(back.Results) != 1 || back.Results[0].Verdict != Failed {
		t.Errorf("%v: %s", err, b.String())
	}
}

func TestThePageHasWhatWasSaid(t *testing.T) {
	table, _ := play(t, Options{}, Cell{Role: "client", Case: "x", Run: func(t *Trial) { t.Errorf("</script><b>why") }})
	var b bytes.Buffer
	if err := table.WritePage(&b); err != nil {
		t.Fatal(err)
	}
	if s := b.String(); !strings.Contains(s, "a peer") || strings.Contains(s, "</script><b>") || !strings.Contains(s, "0 passed, 1 failed") {
		t.Error(s)
	}
}

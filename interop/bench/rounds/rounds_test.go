package rounds

import (
	"errors"
	"strings"
	"testing"
)

func TestRatiosAreThoseOfTheSameRound(t *testing.T) {
	r := &Result{Stacks: []Stack{{Name: "a", Rounds: Spread{1, 20, 3}}, {Name: "b", Rounds: Spread{2, 10, 4}}}}
	if got, want := r.Ratio("a", "b").String(), "0.50-0.75-2.00"; got != want {
		t.Errorf("%v, want %s", got, want)
	}
	if got := r.Ratio("a", "c"); got != nil {
		t.Errorf("%v to nobody", got)
	}
}

func TestContendersTakeTurns(t *testing.T) {
	var order strings.Builder
	who := func(name string, slow int) Contender {
		return Contender{Name: name, Slow: slow, Run: func(n int) (float64, error) {
			order.WriteString(name)
			return float64(n * len(name)), nil
		}}
	}
	f := Figure{Name: "f", Unit: "x", Times: 20, Contenders: []Contender{who("a", 0), who("bb", 10)}}
	r, err := f.Measure(3)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := order.String(), "abb"+"abb"+"bba"+"abb"; got != want {
		t.Errorf("the order was %s, want %s", got, want)
	}
	if a, b := r.Stack("a").Rounds, r.Stack("bb").Rounds; a.String() != "1.00-1.00-1.00" || b.String() != "2.00-2.00-2.00" {
		t.Error(a, b)
	}
}

func TestAFailureNamesFigureAndContender(t *testing.T) {
	f := Figure{Name: "handshake", Times: 1, Contenders: []Contender{{Name: "somebody", Run: func(int) (float64, error) { return 0, errors.New("no") }}}}
	if _, err := f.Measure(1); err == nil || err.Error() != "handshake: somebody: no" {
		t.Error(err)
	}
}

func TestBenchmarkOutputIsRead(t *testing.T) {
	const output = `
goos: linux
BenchmarkDataChannelPingPong/64B/rtctransport-2   100   52000 ns/op   41.5 CPU-us/op   12 B/op
BenchmarkDataChannelPingPong/64B/pion-webrtc-2    100   90000 ns/op   83 CPU-us/op
BenchmarkDataChannelPingPong/64B/rtctransport-2   100   52000 ns/op   45.5 CPU-us/op   12 B/op
PASS
`
	results, err := Parse(strings.NewReader(output), "CPU-us/op")
	if err != nil || len(results) != 1 {
		t.Fatal(results, err)
	}
	r := results[0]
	if r.Name != "DataChannelPingPong/64B" || r.Stack("rtctransport").Rounds.String() != "41.5-45.5-45.5" || r.Stack("pion-webrtc").Rounds.Median() != 83 {
		t.Errorf("%+v", r)
	}
}

func TestFiguresAreSummedUpRoundByRound(t *testing.T) {
	one := func(name string, v ...float64) *Result {
		return &Result{Name: name, Unit: "B", Stacks: []Stack{{Name: "a", Rounds: v}}}
	}
	all := Sum([]*Result{one("heap", 1, 2), one("other", 7), one("stack", 10, 20)}, "memory", "heap", "stack")
	if len(all) != 2 || all[0].Name != "other" || all[1].Name != "memory" || all[1].Unit != "B" || all[1].Stack("a").Rounds.String() != "11.0-22.0-22.0" {
		t.Errorf("%+v", all)
	}
}

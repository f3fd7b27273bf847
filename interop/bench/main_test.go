package main

import (
	"testing"

	"github.com/rtctransport/rtctransport/interop/bench/rounds"
)

func TestFiguresAreChosenByHowTheirNamesBegin(t *testing.T) {
	for _, c := range []struct {
		only, name string
		want       bool
	}{
		{"", "DTLS, full handshake", true}, {"DTLS", "DTLS, full handshake", true}, {"DTLS, full", "DTLS", true},
		{"DTLS, full", "DTLS, resumed", false}, {"DTLS", "SRTP", false}, {"server", "server, a peer comes", true},
	} {
		b := &bench{only: []string{c.only}}
		if got := b.wants(c.name); got != c.want {
			t.Errorf("-only %q, %q: %v", c.only, c.name, got)
		}
	}
}

func TestADataChannelsFloorIsThoseOfRecordsAndPackets(t *testing.T) {
	floor := func(v ...float64) []rounds.Stack {
		return []rounds.Stack{{Name: rounds.Ours, Rounds: rounds.Spread{1}}, {Name: rounds.Floor + ": x", Rounds: v}}
	}
	b := &bench{outside: 2, results: []*rounds.Result{
		{Name: "DTLS, record of 1,200 bytes", Stacks: floor(1, 2, 3)}, // us
		{Name: "UDP, packet of 1,200 bytes", Stacks: floor(200, 400, 600)},
	}}
	r := &rounds.Result{Name: oneWay, Stacks: []rounds.Stack{{Name: rounds.Ours, Rounds: rounds.Spread{4, 4}}}}
	b.addFloor(r)
	if got, want := r.Stacks[len(r.Stacks)-1].Rounds.String(), "1.00-2.00-2.00"; got != want {
		t.Errorf("%v ns a byte, want %s", got, want)
	}
	b.results = nil
	r.Stacks = r.Stacks[:1]
	if b.addFloor(r); len(r.Stacks) != 1 {
		t.Error("a floor that was not measured")
	}
}

func TestOtherProgramsFiguresAreNamedAnew(t *testing.T) {
	results := []*rounds.Result{
		{Name: "SFU/heap", Unit: "B", Stacks: []rounds.Stack{{Name: "rtctransport"}, {Name: "somebody"}}},
		{Name: "SFU/heap", Unit: "other"},
	}
	named := rename(results, map[string]string{"SFU/heap B": "a peer's heap;bytes"}, map[string]string{"rtctransport": rounds.Ours})
	if len(named) != 1 || named[0].Name != "a peer's heap" || named[0].Unit != "bytes" || named[0].Stacks[0].Name != rounds.Ours || named[0].Stacks[1].Name != "somebody" {
		t.Errorf("%+v", named)
	}
}

package main

import (
	"errors"
	"flag"
	"reflect"
	"testing"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

var replayFile = flag.String("replay", "", "a file that a failure has written")

// What a failure has written is played again, to the letter:
//
//	go test ./interop/hostile -run TestReplay -v -replay hostile-R4-123.txt
func TestReplayOfAFile(t *testing.T) {
	if *replayFile == "" {
		t.Skip("no file: see -replay")
	}
	r, err := readRecording(*replayFile)
	if err != nil {
		t.Fatal(err)
	}
	s := r.replay()
	for _, l := range s.script {
		t.Logf("%8v to %d, forged %-5t %d bytes", l.at, l.to, l.forged, len(l.bytes))
	}
	t.Logf("client %s, server %s", state(s.ends[client]), state(s.ends[server]))
}

// A handshake with losses and a forgery is written and played again: both engines say the same, byte for byte.
func TestAFailureCanBePlayedAgain(t *testing.T) {
	forged := blind()[8].datagram // made before the scene, which is random from its seed on
	for kind := range numKinds {
		c := scene{kind: kind, knowsRTT: true, link: netsim.Config{Seed: 5, Loss: 0.2}}
		s := c.play(7)
		s.arrive(1)
		s.forge(client, forged)
		s.run(patience, s.over)
		name, err := s.write(t.TempDir(), "R0", "an example")
		if err != nil {
			t.Fatal(err)
		}
		r, err := readRecording(name)
		if err != nil {
			t.Fatal(err)
		}
		again := r.replay()
		if len(again.script) != len(s.script) || !reflect.DeepEqual(again.script, s.script) {
			t.Errorf("%v: %d datagrams, %d when played again", kind, len(s.script), len(again.script))
		}
		for i, e := range again.ends {
			if e.connected != s.ends[i].connected {
				t.Errorf("%v: end %d connected %t, %t when played again", kind, i, s.ends[i].connected, e.connected)
			}
		}
		n := min(len(again.sent[server]), len(s.sent[server]))
		if !reflect.DeepEqual(again.sent[server][:n], s.sent[server][:n]) {
			t.Errorf("%v: the server said something else", kind)
		}
	}
}

// What a figure counts as wrong is found when it happens.
func TestAWrongSuccessIsFound(t *testing.T) {
	s := scene{}.play(1)
	if err := s.finish(); err != nil {
		t.Fatal(err)
	}
	certificates[server], attacker = attacker, certificates[server]
	defer func() { certificates[server], attacker = attacker, certificates[server] }()
	if err := s.agreed(); !errors.Is(err, errWrong) {
		t.Errorf("got %v", err)
	}
}

// The reference of R6 says what the figures of the RFC say.
func TestTheReferenceAcceptsTheLegalTraces(t *testing.T) {
	for _, c := range traces {
		for role := range 2 {
			for _, word := range c.legal[role] {
				if !c.accepts(role, false, word) || !c.accepts(role, true, word) || c.accepts(role, false, word[:len(word)-1]) {
					t.Errorf("%s: %q", c.name, word)
				}
			}
		}
	}
}

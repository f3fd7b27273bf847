package main

import (
	"fmt"
	"io"
	"time"
)

// What our own server is to reach.
const (
	goalGoroutines = 16
	goalHeap       = 12 << 10              // bytes for each peer
	goalRest       = 20 * time.Microsecond // of CPU time for each peer and second
	goalJoin       = 1.5                   // times the public-key work of a join
)

// A BareReport is what came of a run against our own server: what its clients say, and what it cost. Durations are of
// CPU time, in ns in JSON.
type BareReport struct {
	Report

	Before   Memory        `json:"before"` // of the server, without peers
	After    Memory        `json:"after"`  // with all of them
	MediaCPU float64       `json:"media"`  // part of a core that media took before the others came
	PerJoin  time.Duration `json:"perJoin"`
	Floor    time.Duration `json:"floor"`  // the public-key work of a join
	Spaced   bool          `json:"spaced"` // they came one after the other, and not as fast as they could
	Rest     time.Duration `json:"rest"`   // while all rested, in Seconds
}

func (r *BareReport) heap() float64 {
	return float64(r.After.Heap-min(r.Before.Heap, r.After.Heap)) / r.peers()
}
func (r *BareReport) stacks() float64 {
	return float64(r.After.Stacks-min(r.Before.Stacks, r.After.Stacks)) / r.peers()
}
func (r *BareReport) peers() float64 { return float64(max(1, r.Peers)) }

func (r *BareReport) print(w io.Writer) {
	fmt.Fprintf(w, "peers      %d joined in %.1f s, %d failed\n", r.Peers, r.JoinedIn, r.Failed)
	for text, n := range r.Failures {
		fmt.Fprintf(w, "           %d x %s\n", n, text)
	}
	fmt.Fprintf(w, "ICE+DTLS   %v\n", r.SetUp)
	if r.Echoes > 0 {
		fmt.Fprintf(w, "channels   open %v; %d echoes\n", r.Opened, r.Echoes)
	}
	if r.Received > 0 {
		fmt.Fprintf(w, "media      %d packets received, %d missing\n", r.Received, r.Missing)
	}
	goal := goal
	if what := "ICE, DTLS and SRTP"; r.Echoes > 0 {
		goal = func(bool, any) string { return "" } // the goals are for media alone
		fmt.Fprintf(w, "server     for each peer, %s, SCTP and a data channel included\n", what)
	} else {
		fmt.Fprintf(w, "server     for each peer, %s included\n", what)
	}
	if r.Floor > 0 {
		ratio, verdict := float64(r.PerJoin)/float64(r.Floor), ""
		if !r.Spaced {
			verdict = goal(ratio <= goalJoin, goalJoin)
		}
		fmt.Fprintf(w, "  join     %v CPU, %.2f of its public-key work, which takes %v%s\n", us(r.PerJoin), ratio, us(r.Floor), verdict)
	}
	fmt.Fprintf(w, "  heap     %.1f KiB%s\n", r.heap()/1024, goal(r.heap() <= goalHeap, goalHeap>>10))
	fmt.Fprintf(w, "  stacks   %.1f KiB\n", r.stacks()/1024)
	if rest := time.Duration(float64(r.Rest) / r.peers() / r.Seconds); r.Received == 0 && r.Floor > 0 && r.Seconds > 0 {
		fmt.Fprintf(w, "  at rest  %v CPU a second%s\n", us(rest), goal(rest <= goalRest, us(goalRest)))
	}
	fmt.Fprintf(w, "goroutines %d, without peers %d%s\n", r.After.Goroutines, r.Before.Goroutines, goal(r.After.Goroutines <= goalGoroutines, goalGoroutines))
}

func goal(met bool, most any) string {
	if met {
		return fmt.Sprintf(" (goal: at most %v)", most)
	}
	return fmt.Sprintf(" (MISSED: at most %v)", most)
}

func (r *Report) ok() bool { return r.Failed == 0 }

func us(d time.Duration) string { return fmt.Sprintf("%.1f us", float64(d)/1000) }

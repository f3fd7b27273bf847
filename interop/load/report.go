package main

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// A Report is what came of a run. Times are in ns in JSON.
type Report struct {
	Peers    int            `json:"peers"` // that joined
	Failed   int            `json:"failed"`
	Failures map[string]int `json:"failures,omitempty"` // by text
	JoinedIn float64        `json:"joinedIn"`           // seconds, all subscribers

	Answer Percentiles `json:"answer"` // from the offer to the answer
	SetUp  Percentiles `json:"setUp"`  // from the first connectivity check to the keys
	Opened Percentiles `json:"opened"` // from the keys to the first echo on a data channel

	Seconds  float64 `json:"seconds"` // of media after all had joined
	Sent     uint64  `json:"sent"`    // RTP packets by publishers, in all
	Received uint64  `json:"received"`
	Missing  uint64  `json:"missing"` // between the first and the last that a subscriber got, over the whole run
	Echoes   uint64  `json:"echoes"`  // messages that came back on data channels, over the whole run

	Client time.Duration `json:"client"` // CPU time of ours while media ran
	Server struct {
		CPU     time.Duration `json:"cpu"`     // while media ran
		PerJoin time.Duration `json:"perJoin"` // CPU time until all had joined, for each
		Memory  uint64        `json:"memory"`  // resident, in bytes, at the end
	} `json:"server"` // 0: not asked for
}

// Percentiles of times.
type Percentiles struct {
	P50 time.Duration `json:"p50"`
	P99 time.Duration `json:"p99"`
	Max time.Duration `json:"max"`
}

func percentiles(times []time.Duration) (p Percentiles) {
	if len(times) == 0 {
		return p
	}
	slices.Sort(times)
	at := func(part float64) time.Duration { return times[min(len(times)-1, int(part*float64(len(times))))] }
	return Percentiles{at(0.5), at(0.99), times[len(times)-1]}
}

// count sums up what clients have seen.
func (r *Report) count(clients []*client) {
	var asked, setUp, opened []time.Duration
	for _, c := range clients {
		asked, setUp = append(asked, c.asked), append(setUp, c.setUp)
		if c.channel != nil {
			opened = append(opened, c.opening)
		}
		r.Received += c.received.Load()
		r.Missing += c.missing()
		r.Echoes += c.echoes.Load()
	}
	r.Answer, r.SetUp, r.Opened = percentiles(asked), percentiles(setUp), percentiles(opened)
}

func tally(failures []error) map[string]int {
	t := make(map[string]int)
	for _, err := range failures {
		t[err.Error()]++
	}
	return t
}

func (p Percentiles) String() string {
	return fmt.Sprintf("p50 %v  p99 %v  max %v", ms(p.P50), ms(p.P99), ms(p.Max))
}

func (r *Report) print(w io.Writer) {
	fmt.Fprintf(w, "peers      %d joined in %.1f s, %d failed\n", r.Peers, r.JoinedIn, r.Failed)
	for text, n := range r.Failures {
		fmt.Fprintf(w, "           %d x %s\n", n, text)
	}
	fmt.Fprintf(w, "answer     %v\n", r.Answer)
	fmt.Fprintf(w, "ICE+DTLS   %v\n", r.SetUp)
	if r.Echoes > 0 {
		fmt.Fprintf(w, "channels   open %v; %d echoes\n", r.Opened, r.Echoes)
	}
	if r.Received > 0 {
		fmt.Fprintf(w, "media      %d packets/s received, %d missing of %d\n", uint64(float64(r.Received)/r.Seconds), r.Missing, r.Missing+r.Received)
		fmt.Fprintf(w, "client     %d CPU-ns per packet received\n", uint64(r.Client)/r.Received)
	}
	if r.Server.Memory == 0 {
		return
	}
	fmt.Fprintf(w, "server     %v CPU per peer joined, %d MiB resident, %d KiB per peer\n", r.Server.PerJoin.Round(time.Microsecond), r.Server.Memory>>20, r.Server.Memory>>10/uint64(max(1, r.Peers)))
	if r.Received > 0 {
		fmt.Fprintf(w, "           %d CPU-ns per packet forwarded\n", uint64(r.Server.CPU)/r.Received)
	} else if r.Seconds > 0 {
		fmt.Fprintf(w, "           %.1f us CPU per peer and second, idle\n", float64(r.Server.CPU.Microseconds())/float64(r.Peers)/r.Seconds)
	}
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

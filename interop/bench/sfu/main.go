//go:build linux

// Sfu compares conference servers: examples/sfu, and pionsfu beside it, which is pion/webrtc. The same load
// (interop/load) is put on both, in turns, and the CPU time of the server process is what counts.
//
//	go run ./sfu                  forwarding, joining and idling; three rounds
//	go run ./sfu -idle 10000      so many idle peers
//	go run ./sfu -profiles DIR    keeps goroutine and heap profiles of examples/sfu there, as text; profiles has those with 500 idle peers.
//	                              They are true to the byte, which costs time: other figures of such a run do not count
//
// It runs on Linux, for it reads /proc.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rtctransport/rtctransport/interop/load/profile"
	"github.com/rtctransport/rtctransport/interop/process"
)

// A contender is one of the servers.
type contender struct {
	name, binary string
	args         []string
	debug        string // what it prints before the address of /memory
}

// figures are what one round gives, by name.
type figures map[string]float64

// names of the figures, in the order of the table, with their units.
var names = []struct{ name, unit string }{
	{"forwarding", "CPU-ns/packet"},
	{"joining", "CPU-us/peer"},
	{"set-up p50", "ms"},
	{"set-up p99", "ms"},
	{"idle CPU", "CPU-us/peer/s"},
	{"heap", "heap-B/peer"},
	{"stacks", "stack-B/peer"},
	{"goroutines", "goroutines"},
}

func main() {
	log.SetFlags(0)
	rounds := flag.Int("rounds", 3, "how `often` each server is measured")
	receivers := flag.Int("receivers", 50, "`peers` that one publisher's video goes to")
	idle := flag.Int("idle", 500, "idle `peers`")
	seconds := flag.Int("seconds", 5, "how `long` each measurement takes")
	bench := flag.Bool("bench", false, "print results as go test -bench does, for plot")
	profiles := flag.String("profiles", "", "`directory` for goroutine and heap profiles of examples/sfu with all idle peers")
	flag.Parse()
	if err := compare(*rounds, *receivers, *idle, time.Duration(*seconds)*time.Second, *profiles, *bench); err != nil {
		log.Fatal(err)
	}
}

func compare(rounds, receivers, idle int, duration time.Duration, profiles string, bench bool) error {
	dir, err := os.MkdirTemp("", "sfu-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/rtctransport/rtctransport").Output()
	if err != nil {
		return err
	}
	top := string(root[:len(root)-1])
	for binary, from := range map[string]string{
		"load": filepath.Join(top, "interop/load"), "ours": filepath.Join(top, "examples/sfu"), "pion": filepath.Join(top, "interop/bench/sfu/pionsfu"),
	} {
		build := exec.Command("go", "build", "-o", filepath.Join(dir, binary), ".")
		build.Dir, build.Stderr = from, os.Stderr
		if err := build.Run(); err != nil {
			return fmt.Errorf("%s: %w", from, err)
		}
	}
	contenders := []contender{
		{"rtctransport", filepath.Join(dir, "ours"), []string{"-udp", "127.0.0.1:0", "-addr", "127.0.0.1:0", "-debug", "127.0.0.1:0", "-alone"}, "profiles on (http://[0-9.:]+)"},
		{"pion/webrtc", filepath.Join(dir, "pion"), []string{"-addr", "127.0.0.1:0"}, "LISTENING (http://[0-9.:]+)"},
	}
	results := make(map[string]map[string][]float64)
	for round := range rounds {
		for _, c := range contenders {
			fmt.Fprintf(os.Stderr, "round %d of %d: %s\n", round+1, rounds, c.name)
			keep := ""
			if round == rounds-1 && c.name == "rtctransport" {
				keep = profiles
			}
			f, err := measure(c, filepath.Join(dir, "load"), receivers, idle, duration, keep)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			if results[c.name] == nil {
				results[c.name] = make(map[string][]float64)
			}
			for name, v := range f {
				results[c.name][name] = append(results[c.name][name], v)
			}
		}
	}
	if bench {
		printBench(results, contenders)
	} else {
		print(results, contenders)
	}
	return nil
}

// printBench prints each round of each figure.
func printBench(results map[string]map[string][]float64, contenders []contender) {
	for _, n := range names {
		for _, c := range contenders {
			for _, v := range results[c.name][n.name] {
				fmt.Printf("BenchmarkSFU/%s/%s 1 %.1f %s\n", strings.ReplaceAll(n.name, " ", "_"), strings.ReplaceAll(c.name, "/", "-"), v, n.unit)
			}
		}
	}
}

// print prints the medians, and the ratios round by round.
func print(results map[string]map[string][]float64, contenders []contender) {
	ours, theirs := results[contenders[0].name], results[contenders[1].name]
	fmt.Printf("%-12s %-14s %14s %14s   ratio min  median     max\n", "", "", contenders[0].name, contenders[1].name)
	for _, n := range names {
		var ratios []float64
		for i := range ours[n.name] {
			ratios = append(ratios, ours[n.name][i]/theirs[n.name][i])
		}
		slices.Sort(ratios)
		fmt.Printf("%-12s %-14s %14.0f %14.0f   %9.3f %7.3f %7.3f\n", n.name, n.unit, median(ours[n.name]), median(theirs[n.name]),
			ratios[0], ratios[len(ratios)/2], ratios[len(ratios)-1])
	}
}

func median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	return v[len(v)/2]
}

// measure starts a server and puts the load on it.
func measure(c contender, load string, receivers, idle int, duration time.Duration, profiles string) (f figures, err error) {
	o := new(owner)
	defer o.end(&err)
	var env []string
	if profiles != "" {
		env = append(env, "GODEBUG=memprofilerate=1")
	}
	server := process.StartIn(o, "", env, c.binary, c.args...)
	debug := server.Await(c.debug, 1)[1]
	url := server.Await("LISTENING (http://[0-9.:]+)", 1)[1]
	pid := strconv.Itoa(server.PID())
	f = make(figures)

	var r report
	if err := r.run(load, "-url", url, "-pid", pid, "-subscribers", strconv.Itoa(receivers), "-duration", duration.String()); err != nil {
		return nil, err
	}
	f["forwarding"] = float64(r.Server.CPU) / float64(max(1, r.Received))

	before, err := memory(debug)
	if err != nil {
		return nil, err
	}
	idling := make(chan error, 1)
	var idlers report
	go func() {
		idling <- idlers.run(load, "-url", url, "-pid", pid, "-subscribers", strconv.Itoa(idle), "-burst", "0", "-duration", (duration + 5*time.Second).String())
	}()
	var most map[string]float64
	for looking := true; looking; {
		select {
		case err := <-idling:
			if err != nil {
				return nil, err
			}
			looking = false
		case <-time.After(duration + 2*time.Second):
			if m, err := memory(debug); err == nil && (most == nil || m["heap"] > most["heap"]) {
				most = m
				if profiles != "" {
					if err := profile.Keep(profiles, fmt.Sprintf("go run ./sfu -idle %d -profiles %s", idle, profiles), profile.At(debug+"/debug/pprof")); err != nil {
						return nil, err
					}
				}
			}
		}
	}
	f["joining"] = float64(idlers.Server.PerJoin) / 1000
	f["set-up p50"], f["set-up p99"] = float64(idlers.SetUp.P50)/1e6, float64(idlers.SetUp.P99)/1e6
	f["idle CPU"] = float64(idlers.Server.CPU) / 1000 / float64(idlers.Peers) / idlers.Seconds
	f["heap"] = (most["heap"] - before["heap"]) / float64(idlers.Peers)
	f["stacks"] = (most["stack"] - before["stack"]) / float64(idlers.Peers)
	f["goroutines"] = most["goroutines"]
	return f, nil
}

// report is what interop/load prints with -json.
type report struct {
	Peers    int
	Seconds  float64
	Received uint64
	SetUp    struct{ P50, P99 int64 }
	Server   struct{ CPU, PerJoin int64 }
}

func (r *report) run(load string, args ...string) error {
	cmd := exec.Command(load, append(args, "-json")...)
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := err.(*exec.ExitError); ok {
			return fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return err
	}
	return json.Unmarshal(out, r)
}

func memory(debug string) (m map[string]float64, err error) {
	response, err := http.Get(debug + "/memory")
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return m, json.NewDecoder(response.Body).Decode(&m)
}

// An owner ends what was started for one measurement.
type owner struct{ cleanups []func() }

type failure string

func (o *owner) Fatalf(format string, args ...any) { panic(failure(fmt.Sprintf(format, args...))) }
func (o *owner) Errorf(format string, args ...any) { panic(failure(fmt.Sprintf(format, args...))) }
func (o *owner) Logf(string, ...any)               {}
func (o *owner) Cleanup(f func())                  { o.cleanups = append(o.cleanups, f) }
func (o *owner) Failed() bool                      { return false }

func (o *owner) end(err *error) {
	if f, ok := recover().(failure); ok {
		*err = fmt.Errorf("%s", string(f))
	}
	for _, f := range slices.Backward(o.cleanups) {
		f()
	}
}

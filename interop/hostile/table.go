package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A table is what is printed.
type table struct {
	Version string
	Seed    uint64
	Short   bool
	Results []Result
}

// dispatch computes figures, each in a process of its own: its randomness is seeded, its heap is measured, and its
// time is its own.
func dispatch(chosen []figure, o options) []Result {
	self, err := os.Executable()
	if err != nil {
		fatal("%v", err)
	}
	results := make([]Result, len(chosen))
	slots := make(chan struct{}, runtime.NumCPU())
	var all sync.WaitGroup
	for i, f := range chosen {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			results[i] = work(self, f, o)
		})
	}
	all.Wait()
	return results
}

// work has one figure computed.
func work(self string, f figure, o options) (result Result) {
	command := exec.Command(self, "-worker", f.name, "-seed", strconv.FormatUint(o.seed, 10),
		"-short="+strconv.FormatBool(o.short), "-failures", o.failures)
	command.Env = append(os.Environ(), "GOMAXPROCS=1")
	var out bytes.Buffer
	command.Stdout = &out
	progress, err := command.StderrPipe()
	if err == nil {
		err = command.Start()
	}
	if err == nil {
		_, _ = io.Copy(os.Stderr, bufio.NewReader(progress))
		err = command.Wait()
	}
	if err == nil {
		err = json.NewDecoder(&out).Decode(&result) // a test says PASS behind it
	}
	if err != nil {
		result = Result{Figure: f.name, Title: f.title, Rows: []Row{{"computed", err.Error(), "", false}}}
	}
	fmt.Fprintf(os.Stderr, "%s: done, %d runs, %v of CPU\n", f.name, result.Runs, result.CPU.Round(time.Millisecond))
	return result
}

func (t *table) missed() bool {
	for _, r := range t.Results {
		for _, row := range r.Rows {
			if !row.OK {
				return true
			}
		}
	}
	return false
}

func (t *table) print(w io.Writer) {
	fmt.Fprintf(w, "version %s, seed %d, %s %s/%s, %d processors", t.Version, t.Seed, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	if t.Short {
		fmt.Fprint(w, ", short")
	}
	fmt.Fprintln(w)
	for _, r := range t.Results {
		fmt.Fprintf(w, "\n%s  %s (%d runs, %.1f s)\n", r.Figure, r.Title, r.Runs, r.CPU.Seconds())
		for _, row := range r.Rows {
			verdict := "ok    "
			if !row.OK {
				verdict = "MISSED"
			}
			fmt.Fprintf(w, "    %s  %-52s %-34s %s\n", verdict, row.What, row.Got, row.Goal)
		}
		for _, f := range r.Failures {
			fmt.Fprintf(w, "            %s\n", f)
		}
	}
}

// version names the commit that is measured: the one checked out here, if here is this project. What Go stamps on a
// program is not asked: nothing on one that go run makes, and the wrong commit in a linked work tree.
func version() string {
	git := func(arguments ...string) string {
		out, err := exec.Command("git", arguments...).Output()
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(out))
	}
	top := git("rev-parse", "--show-toplevel")
	module, err := os.ReadFile(filepath.Join(top, "go.mod"))
	if top == "" || err != nil || !strings.HasPrefix(string(module), "module github.com/rtctransport/rtctransport\n") {
		return "(devel)"
	}
	return git("describe", "--always", "--dirty")
}

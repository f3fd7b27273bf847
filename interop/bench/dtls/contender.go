//go:build unix

package main

import (
	"cmp"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A contender does tasks.
type contender interface {
	name() string
	// run does a task n times and returns the CPU time of both ends.
	run(k kind, n int) (time.Duration, error)
	// can reports whether it has the task at all.
	can(k kind) bool
	close()
}

// all returns those that take part, ours first.
func all() ([]contender, error) {
	mine, err := newOurs()
	if err != nil {
		return nil, err
	}
	other, err := newPion()
	if err != nil {
		return nil, err
	}
	list := []contender{mine, ourConn{mine}, other, floor{}}
	foreign, err := newOpenSSL()
	if err != nil {
		fmt.Println("without OpenSSL:", err)
		return list, nil
	}
	return append(list, foreign), nil
}

// inProcess returns the CPU time that this process spends on f, all threads of
// it and the kernel's work for them included. What was left by others has been
// collected before.
func inProcess(f func() error) (time.Duration, error) {
	runtime.GC()
	before := cpuTime()
	err := f()
	return cpuTime() - before, err
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// A result is what a task came to.
type result struct {
	task  task
	names []string
	each  map[string]spread // ns for one, by round
}

// A spread is a figure of each round, in their order.
type spread []float64

func (s spread) sorted() spread  { return slices.SortedFunc(slices.Values(s), cmp.Compare) }
func (s spread) median() float64 { return s.sorted()[len(s)/2] }

// String returns minimum, median and maximum.
func (s spread) String() string {
	o := s.sorted()
	return fmt.Sprintf("%.2f-%.2f-%.2f", o[0], s.median(), o[len(o)-1])
}

// measure lets all contenders do a task in turns, each round in another order.
func measure(t task, contenders []contender, rounds int) (*result, error) {
	r := &result{task: t, each: map[string]spread{}}
	var taking []contender
	for _, c := range contenders {
		if !c.can(t.kind) {
			continue
		}
		taking = append(taking, c)
		r.names = append(r.names, c.name())
		if _, err := c.run(t.kind, max(1, t.times/10)); err != nil { // to warm up
			return nil, fmt.Errorf("%s: %s: %w", t.name, c.name(), err)
		}
	}
	for round := range rounds {
		for i := range taking {
			c := taking[(i+round)%len(taking)]
			d, err := c.run(t.kind, t.times)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", t.name, c.name(), err)
			}
			r.each[c.name()] = append(r.each[c.name()], float64(d)/float64(t.times))
		}
	}
	return r, nil
}

// ratio returns a over b, round by round.
func (r *result) ratio(a, b string) (spread, bool) {
	x, y := r.each[a], r.each[b]
	if len(x) == 0 || len(y) == 0 {
		return nil, false
	}
	ratios := make(spread, len(x))
	for i := range x {
		ratios[i] = x[i] / y[i]
	}
	return ratios, true
}

func (r *result) print(w io.Writer) {
	fmt.Fprintf(w, "\n%s\n", r.task.name)
	for _, name := range r.names {
		us := make(spread, len(r.each[name]))
		for i, ns := range r.each[name] {
			us[i] = ns / 1000
		}
		fmt.Fprintf(w, "  %-18s %24s us", name, us)
		if ratio, ok := r.ratio("ours", name); ok && name != "ours" {
			fmt.Fprintf(w, "    ours is %s of it", ratio)
		}
		fmt.Fprintln(w)
	}
}

// printBench prints the figures of each round as go test -bench does.
func (r *result) printBench(w io.Writer) {
	name := strings.NewReplacer(" ", "_", ",", "").Replace(r.task.name)
	for _, who := range r.names {
		for _, ns := range r.each[who] {
			fmt.Fprintf(w, "BenchmarkDTLS/%s/%s 1 %.3f CPU-us/op\n", name, strings.NewReplacer(" ", "_", "/", "-").Replace(who), ns/1000)
		}
	}
}

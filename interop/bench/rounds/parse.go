package rounds

import (
	"bufio"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// line is what go test -bench prints: its name, which ends with the stack, the number of runs, and values with their units.
var line = regexp.MustCompile(`^Benchmark(\S+)/(\S+?)(?:-\d+)?\s+\d+\s+(.*)$`)

// Parse reads what go test -bench has printed, once for each round, of the units that are asked for. A figure is named
// as the benchmark; the last part of its name is the stack.
func Parse(output io.Reader, units ...string) (results []*Result, err error) {
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		m := line.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		fields := strings.Fields(m[3])
		for i := 0; i+1 < len(fields); i += 2 {
			for _, unit := range units {
				if fields[i+1] != unit {
					continue
				}
				v, err := strconv.ParseFloat(fields[i], 64)
				if err != nil {
					return nil, err
				}
				results = Add(results, m[1], unit, m[2], v)
			}
		}
	}
	return results, lines.Err()
}

// Add adds a round of one stack to the figure of a name and unit.
func Add(results []*Result, name, unit, stack string, v float64) []*Result {
	var r *Result
	for _, o := range results {
		if o.Name == name && o.Unit == unit {
			r = o
		}
	}
	if r == nil {
		r = &Result{Name: name, Unit: unit}
		results = append(results, r)
	}
	if r.Stack(stack) == nil {
		r.Stacks = append(r.Stacks, Stack{Name: stack, Allocations: unknown})
	}
	s := r.Stack(stack)
	s.Rounds = append(s.Rounds, v)
	return results
}

// Sum puts the figures of one unit whose names are given together, as one of another name.
func Sum(results []*Result, name string, of ...string) []*Result {
	sum := &Result{Name: name}
	var rest []*Result
	for _, r := range results {
		if !slices.Contains(of, r.Name) {
			rest = append(rest, r)
			continue
		}
		sum.Unit = r.Unit
		for _, s := range r.Stacks {
			t := sum.Stack(s.Name)
			if t == nil {
				s.Rounds = slices.Clone(s.Rounds)
				sum.Stacks = append(sum.Stacks, s)
				continue
			}
			for i := range min(len(t.Rounds), len(s.Rounds)) {
				t.Rounds[i] += s.Rounds[i]
			}
		}
	}
	return append(rest, sum)
}

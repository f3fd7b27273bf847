package rounds

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A Result is what a figure came to. Less is better.
type Result struct {
	Name, Unit string
	Stacks     []Stack
}

// A Stack is one contender's part of it.
type Stack struct {
	Name        string
	Rounds      Spread
	Allocations float64 // for one; negative: not known
}

// IsFloor reports whether the stack is what nobody can do without.
func (s *Stack) IsFloor() bool { return strings.HasPrefix(s.Name, Floor) }

const unknown = -1

// A Spread is a figure of each round, in their order.
type Spread []float64

func (s Spread) sorted() Spread { return slices.SortedFunc(slices.Values(s), cmp.Compare) }

// Least, Median and Most are of the rounds, of which there is one at least.
func (s Spread) Least() float64  { return slices.Min(s) }
func (s Spread) Median() float64 { return s.sorted()[len(s)/2] }
func (s Spread) Most() float64   { return slices.Max(s) }

// String returns minimum, median and maximum.
func (s Spread) String() string {
	return Number(s.Least()) + "-" + Number(s.Median()) + "-" + Number(s.Most())
}

// Number writes three digits, or all that stand before the point.
func Number(v float64) string {
	if math.Abs(v) >= 100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	digits := 2
	if math.Abs(v) >= 10 {
		digits = 1
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

// Stack returns the one of a name; nil: it has not taken part.
func (r *Result) Stack(name string) *Stack {
	for i := range r.Stacks {
		if r.Stacks[i].Name == name {
			return &r.Stacks[i]
		}
	}
	return nil
}

// Ratio returns a over b, round by round; nil if one of them is missing, or costs nothing.
func (r *Result) Ratio(a, b string) Spread {
	x, y := r.Stack(a), r.Stack(b)
	if x == nil || y == nil {
		return nil
	}
	var ratios Spread
	for i := range min(len(x.Rounds), len(y.Rounds)) {
		if y.Rounds[i] <= 0 || x.Rounds[i] <= 0 {
			return nil
		}
		ratios = append(ratios, x.Rounds[i]/y.Rounds[i])
	}
	return ratios
}

// over returns what a costs more than b, round by round.
func (r *Result) over(a, b *Stack) (more Spread) {
	for i := range min(len(a.Rounds), len(b.Rounds)) {
		more = append(more, a.Rounds[i]-b.Rounds[i])
	}
	return more
}

// Print writes the table of a result: what each costs, and what part of that ours does.
func (r *Result) Print(w io.Writer) {
	fmt.Fprintf(w, "\n%-58s %24s  %s\n", r.Name+", "+r.Unit, "least-median-most", "ours is of it")
	ours := r.Stack(Ours)
	for i := range r.Stacks {
		s := &r.Stacks[i]
		var more []string
		if of := r.Ratio(Ours, s.Name); of != nil && s != ours {
			more = append(more, fmt.Sprintf("%-18s", of))
		}
		if s.Allocations >= 0 {
			more = append(more, fmt.Sprintf("%.0f allocations", s.Allocations))
		}
		if s.IsFloor() && ours != nil {
			more = append(more, "ours adds "+Number(r.over(ours, s).Median()))
		}
		fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("  %-56s %24s  %s", s.Name, s.Rounds, strings.Join(more, "  ")), " "))
	}
}

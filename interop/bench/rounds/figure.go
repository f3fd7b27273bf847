package rounds

import (
	"fmt"
	"runtime"
	"time"
)

// A Figure is something that contenders do.
type Figure struct {
	Name       string
	Unit       string // of what one costs, as in go test -bench: "CPU-us", "B"
	Times      int    // in a round
	Contenders []Contender
}

// A Contender does it. One of a figure is called Ours; one whose name begins with Floor is what nobody can do without.
type Contender struct {
	Name string

	// Run does it n times and returns what that cost in all.
	Run func(n int) (cost float64, err error)

	Slow    int  // how many times fewer it is done in a round, for it takes so much longer; 0: not fewer
	Foreign bool // it is not done in this process, so its allocations are not known
}

// Names that tables and plots know.
const (
	Ours  = "ours"
	Floor = "floor"
)

// Measure has all contenders do it in turns. Before the first round each has done it a few times, to warm up.
func (f *Figure) Measure(rounds int) (*Result, error) {
	r := &Result{Name: f.Name, Unit: f.Unit}
	for _, c := range f.Contenders {
		if _, err := c.Run(max(1, c.times(f)/10)); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", f.Name, c.Name, err)
		}
		r.Stacks = append(r.Stacks, Stack{Name: c.Name, Allocations: unknown})
	}
	for round := range rounds {
		for i := range f.Contenders {
			i = (i + round) % len(f.Contenders)
			c, n := f.Contenders[i], f.Contenders[i].times(f)
			runtime.GC() // what others have left
			before := allocations()
			cost, err := c.Run(n)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", f.Name, c.Name, err)
			}
			s := &r.Stacks[i]
			s.Rounds = append(s.Rounds, cost/float64(n))
			if !c.Foreign {
				s.Allocations = float64(allocations()-before) / float64(n)
			}
		}
	}
	return r, nil
}

func (c *Contender) times(f *Figure) int { return max(1, f.Times/max(1, c.Slow)) }

// CPU returns the CPU time in ns that this process spends on f, all its threads and the kernel's work for them included.
func CPU(f func() error) (ns float64, err error) {
	before := CPUTime()
	err = f()
	return float64(CPUTime() - before), err
}

// Repeat does something n times, for a Contender whose cost is CPU time in units of so long.
func Repeat(unit time.Duration, do func() error) func(n int) (float64, error) {
	return func(n int) (float64, error) {
		ns, err := CPU(func() error {
			for range n {
				if err := do(); err != nil {
					return err
				}
			}
			return nil
		})
		return ns / float64(unit), err
	}
}

func allocations() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

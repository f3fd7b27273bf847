package main

import (
	"fmt"
	"io"
)

// tally counts rows by priority, those of all priorities last.
type tally [4]struct{ proved, total int }

func (t *tally) add(r *row, proved bool) {
	for i, priority := range append(priorities, r.priority) {
		if priority == r.priority {
			t[i].total++
			if proved {
				t[i].proved++
			}
		}
	}
}

func (t *tally) String() (s string) {
	for _, n := range t {
		cell := "-"
		if n.total > 0 {
			cell = fmt.Sprintf("%d/%d", n.proved, n.total)
		}
		s += fmt.Sprintf("  %8s", cell)
	}
	return s
}

// report writes how many rows of each area are proved, and which are not.
func (p *proof) report(w io.Writer) {
	areas := map[string]*tally{}
	var order []string
	var all tally
	for i := range p.rows {
		r := &p.rows[i]
		t := areas[r.area()]
		if t == nil {
			t = new(tally)
			areas[r.area()], order = t, append(order, r.area())
		}
		t.add(r, len(p.proved[r.id]) > 0)
		all.add(r, len(p.proved[r.id]) > 0)
	}
	fmt.Fprintf(w, "%-6s  %8s  %8s  %8s  %8s\n", "area", "P0", "P1", "P2", "all")
	for _, area := range order {
		fmt.Fprintf(w, "%-6s%v\n", area, areas[area])
	}
	fmt.Fprintf(w, "%-6s%v\n\nnot proved:\n", "all", &all)
	shown := 0
	for i := range p.rows {
		if r := &p.rows[i]; len(p.proved[r.id]) == 0 {
			fmt.Fprintf(w, "%-9s %s  %s: %s (%s)\n", r.id, r.priority, r.level, r.text, r.source)
			if shownBy.MatchString(r.note) {
				shown++
			}
			if r.note != "" {
				fmt.Fprintf(w, "%14s%s\n", "", r.note)
			}
		}
	}
	n := all[len(all)-1]
	fmt.Fprintf(w, "\nrequirements: %d of %d proved, by %d mutants, which make mutants tries; %d of the others decided by a dependency and shown by a test\n",
		n.proved, n.total, len(p.mutants), shown)
}

package table

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

var marks = map[Verdict]string{Passed: "ok", Failed: "FAILED", Impossible: "-", Fault: "fault", Missing: "missing"}

// maxCommands is for how many cells that failed the command is shown.
const maxCommands = 10

// A column is a peer in a role.
type column struct{ kind, peer, version, role string }

// columns and rows are in order of their first appearance.
func (t *Table) columns() (all []column) {
	seen := map[column]bool{}
	for _, r := range t.Results {
		c := column{r.Kind, r.Peer, r.Version, r.Role}
		if !seen[c] {
			seen[c] = true
			all = append(all, c)
		}
	}
	return all
}

// WriteText writes the table: how each peer fares, and then whatever is not just well.
func (t *Table) WriteText(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "peer\tversion\ttheir role\tok\tfaults of theirs\tnot possible\tFAILED\ttime")
	for _, c := range t.columns() {
		counts := map[Verdict]int{}
		var took time.Duration
		all := 0
		for _, r := range t.Results {
			if r.Peer == c.peer && r.Role == c.role {
				counts[r.Verdict]++
				all++
				took += r.Took
			}
		}
		if counts[Missing] == all {
			fmt.Fprintf(tw, "%s\tmissing\t%s\t\t\t\t\t\n", c.peer, c.role)
			continue
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%d\t%d\t%d\t%d\t%.1fs\n", c.peer, c.version, c.role, counts[Passed], counts[Fault], counts[Impossible], counts[Failed], took.Seconds())
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	t.list(w, "\nNot installed (interop/setup brings all that Debian and npm have):", Missing)
	t.list(w, "\nNot possible:", Impossible)
	t.list(w, "\nKnown faults of peers, seen again:", Fault)
	t.list(w, "\nFAILED:", Failed)
	for i, r := range t.failures() {
		if i == 0 {
			fmt.Fprintln(w, "\nTo see it again:")
		}
		if i == maxCommands {
			fmt.Fprintln(w, "  ...")
			break
		}
		fmt.Fprintf(w, "  %s\n", r.Command())
	}
	if seconds := t.seconds(); len(seconds) > 0 {
		fmt.Fprintln(w, "\nFailed at first, and tried again:")
		for _, r := range seconds {
			fmt.Fprintf(w, "  %s, their %s: %s: %s; then %s\n", r.Peer, r.Role, r.Case, r.AtFirst, r.Verdict)
		}
	}
	_, err := fmt.Fprintf(w, "\n%s\n", t.Summary())
	return err
}

// Summary is one line.
func (t *Table) Summary() string {
	s := fmt.Sprintf("%d passed, %d failed; %d known faults of peers, %d not possible", t.Count(Passed), t.Count(Failed), t.Count(Fault), t.Count(Impossible))
	if n := len(t.seconds()); n > 0 {
		s += fmt.Sprintf(", %d tried twice", n)
	}
	if n := t.Count(Missing); n > 0 {
		s += fmt.Sprintf(", %d need what is not installed", n)
	}
	return s + fmt.Sprintf("; %v", t.Took.Round(time.Second))
}

// failures are the results of cells that failed.
func (t *Table) failures() (all []*Result) {
	for i := range t.Results {
		if t.Results[i].Verdict == Failed {
			all = append(all, &t.Results[i])
		}
	}
	return all
}

// seconds are the results that came of a second try.
func (t *Table) seconds() (all []Result) {
	for _, r := range t.Results {
		if r.AtFirst != "" {
			all = append(all, r)
		}
	}
	return all
}

// list writes the results with a verdict, those with one reason together.
func (t *Table) list(w io.Writer, title string, v Verdict) {
	type key struct{ peer, role, why string }
	var order []key
	cases := map[key][]string{}
	for _, r := range t.Results {
		if r.Verdict != v {
			continue
		}
		k := key{r.Peer, r.Role, r.Why}
		if v == Missing {
			k.role = ""
		}
		if cases[k] == nil {
			order = append(order, k)
		}
		cases[k] = append(cases[k], r.Case)
	}
	if len(order) == 0 {
		return
	}
	fmt.Fprintln(w, title)
	for _, k := range order {
		if v == Missing {
			fmt.Fprintf(w, "  %s: %s\n", k.peer, k.why)
			continue
		}
		fmt.Fprintf(w, "  %s, their %s: %s: %s\n", k.peer, k.role, strings.Join(cases[k], "; "), k.why)
	}
}

// Mark is a verdict in a word.
func (v Verdict) Mark() string { return marks[v] }

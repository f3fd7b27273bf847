// Plot prints benchmark results as a table with ratios, and draws them as an SVG: a group of bars for each figure, a bar
// for each stack, shorter is better. It reads what `go test -bench` prints, and what the other programs here print with
// -bench:
//
//	go run ./plot -o bench.svg < results.txt
package main

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// drawn are the units that get a group, with what they say to a reader.
var drawn = map[string]string{
	"CPU-ns/B":       "CPU ns per byte",
	"CPU-us/op":      "CPU µs each",
	"CPU-ns/packet":  "CPU ns per packet",
	"CPU-us/peer":    "CPU µs per peer",
	"CPU-us/peer/s":  "CPU µs per peer and second",
	"heap-kB/end":    "heap kB per end",
	"heap-B/peer":    "heap bytes per peer",
	"goroutines/end": "goroutines per end",
}

// A group is one figure of several stacks, in the order in which they came.
type group struct {
	name, unit string
	stacks     []string
	values     map[string][]float64 // one or several runs
}

// line is a benchmark's result: its name, the number of runs, and values with their units.
var line = regexp.MustCompile(`^Benchmark(\S+?)/(\S+?)(?:-\d+)?\s+\d+\s+(.*)$`)

// read collects the groups of a benchmark's output.
func read(r io.Reader) (groups []*group, err error) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		m := line.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		name := m[1] + "/" + m[2]
		i := strings.LastIndexByte(name, '/')
		fields := strings.Fields(m[3])
		for j := 0; j+1 < len(fields); j += 2 {
			value, err := strconv.ParseFloat(fields[j], 64)
			if err != nil || drawn[fields[j+1]] == "" {
				continue
			}
			g := find(&groups, name[:i], fields[j+1])
			stack := name[i+1:]
			if g.values[stack] == nil {
				g.stacks = append(g.stacks, stack)
			}
			g.values[stack] = append(g.values[stack], value)
		}
	}
	return groups, lines.Err()
}

func find(groups *[]*group, name, unit string) *group {
	for _, g := range *groups {
		if g.name == name && g.unit == unit {
			return g
		}
	}
	g := &group{name: name, unit: unit, values: make(map[string][]float64)}
	*groups = append(*groups, g)
	return g
}

// median of a stack's runs.
func (g *group) median(stack string) float64 {
	v := slices.Sorted(slices.Values(g.values[stack]))
	return v[len(v)/2]
}

// Sizes, in pixels.
const (
	width   = 860
	left    = 190 // where bars begin
	right   = 90  // room for the numbers
	bar     = 20
	between = 34 // groups
)

// title makes words of a benchmark's name.
func title(name string) string {
	name = strings.NewReplacer("DataChannel", "data channel ", "/", ", ", "_", " ").Replace(name)
	return strings.TrimSpace(name)
}

// ours reports whether a stack is this project's.
func ours(stack string) bool {
	return strings.HasPrefix(stack, "ours") || strings.HasPrefix(stack, "rtctransport")
}

// draw writes the SVG.
func draw(w io.Writer, groups []*group) {
	groups = slices.DeleteFunc(slices.Clone(groups), func(g *group) bool { return len(g.stacks) < 2 })
	height := 10
	for _, g := range groups {
		height += between + bar*len(g.stacks)
	}
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="system-ui, sans-serif" font-size="13">`+"\n", width, height, width, height)
	fmt.Fprintf(w, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	y := 0
	for _, g := range groups {
		y += between
		fmt.Fprintf(w, `<text x="10" y="%d" font-weight="600">%s <tspan fill="#666" font-weight="400">%s, shorter is better</tspan></text>`+"\n", y-10, escape(title(g.name)), escape(drawn[g.unit]))
		most := 0.0
		for _, stack := range g.stacks {
			most = max(most, g.median(stack))
		}
		for _, stack := range g.stacks {
			v := g.median(stack)
			color := "#a0aec0"
			if ours(stack) {
				color = "#2b6cb0"
			}
			length := v / max(most, 1e-9) * (width - left - right)
			fmt.Fprintf(w, `<text x="%d" y="%d" text-anchor="end">%s</text><rect x="%d" y="%d" width="%.1f" height="%d" rx="2" fill="%s"/><text x="%.1f" y="%d">%s</text>`+"\n",
				left-8, y+bar-6, escape(title(stack)), left, y+2, max(length, 1), bar-5, color, left+length+6, y+bar-6, number(v))
			y += bar
		}
	}
	fmt.Fprintln(w, "</svg>")
}

// number prints three digits or all before the point.
func number(v float64) string {
	if v >= 100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

func escape(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}

// print prints the medians, and what part of each other stack's ours is: the least, the median and the most of the
// runs, taken in pairs.
func print(w io.Writer, groups []*group) {
	for _, g := range groups {
		if len(g.stacks) < 2 {
			continue
		}
		fmt.Fprintf(w, "\n%s, %s\n", title(g.name), drawn[g.unit])
		us := slices.IndexFunc(g.stacks, ours)
		for _, stack := range g.stacks {
			fmt.Fprintf(w, "  %-20s %10s", title(stack), number(g.median(stack)))
			if us >= 0 && !ours(stack) {
				fmt.Fprintf(w, "   ours is %s of it", spread(g.values[g.stacks[us]], g.values[stack]))
			}
			fmt.Fprintln(w)
		}
	}
}

// spread returns the ratios of pairs, as minimum-median-maximum.
func spread(a, b []float64) string {
	var ratios []float64
	for i := range min(len(a), len(b)) {
		ratios = append(ratios, a[i]/b[i])
	}
	slices.Sort(ratios)
	return fmt.Sprintf("%.2f-%.2f-%.2f", ratios[0], ratios[len(ratios)/2], ratios[len(ratios)-1])
}

func main() {
	log.SetFlags(0)
	output := flag.String("o", "", "`file` for the SVG; empty: none")
	flag.Parse()
	groups, err := read(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	print(os.Stdout, groups)
	if *output == "" {
		return
	}
	var svg bytes.Buffer
	draw(&svg, groups)
	if err := os.WriteFile(*output, svg.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
}

// Package plot draws results as an SVG: a line for each figure, on it a mark for each stack at what it costs as a multiple
// of ours, on a logarithmic axis.
package plot

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/rtctransport/rtctransport/interop/bench/rounds"
)

// Sizes, in pixels.
const (
	width   = 900
	left    = 372 // where the axis begins
	right   = 18
	line    = 30 // of a figure
	entry   = 20 // of the legend
	columns = 3
)

// A mark is how a stack is drawn.
type mark struct {
	stack string
	color string
	shape shape
}

// Draw writes the picture of those results in which somebody stands beside ours. note is its last line.
func Draw(w io.Writer, results []*rounds.Result, note string) {
	var drawn []*rounds.Result
	for _, r := range results {
		if len(others(r)) > 0 {
			drawn = append(drawn, r)
		}
	}
	marks := marksOf(drawn)
	x := fit(drawn)
	top := 30 + entry*((len(marks)+columns)/columns) + 24
	bottom := top + line*len(drawn)
	height := bottom + 44

	p := &printer{w}
	p.f(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="system-ui, sans-serif" font-size="13">`, width, height, width, height)
	p.f(`<rect width="%d" height="%d" fill="#fff"/>`, width, height)
	p.f(`<text x="10" y="20" font-weight="600">What others cost, as a multiple of ours</text>`)
	p.f(`<text x="%d" y="20" text-anchor="end" fill="#666">logarithmic; right of 1 costs more than ours; median, and least to most of all rounds</text>`, width-right)
	for i, m := range append([]mark{{"ours: 1", ours, bar}}, marks...) {
		cx, cy := 18+float64(i%columns)*(width-20)/columns, float64(40+entry*(i/columns))
		m.draw(p, cx, cy)
		p.f(`<text x="%.0f" y="%.0f" font-size="12">%s</text>`, cx+12, cy+4, escape(m.stack))
	}
	for _, v := range x.ticks() {
		color := "#e5e5e5"
		if v == 1 {
			color = ours
		}
		p.f(`<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="%s"/>`, x.at(v), x.at(v), top, bottom, color)
		for _, y := range []int{top - 6, bottom + 16} {
			p.f(`<text x="%.1f" y="%d" text-anchor="middle" font-size="11" fill="#444">%s</text>`, x.at(v), y, strconv.FormatFloat(v, 'f', -1, 64))
		}
	}
	for i, r := range drawn {
		y := float64(top + line*i)
		if i%2 == 0 {
			p.f(`<rect x="0" y="%.0f" width="%d" height="%d" fill="#000" fill-opacity="0.03"/>`, y, width, line)
		}
		p.f(`<text x="10" y="%.0f" font-size="12">%s</text>`, y+13, escape(r.Name))
		p.f(`<text x="10" y="%.0f" font-size="10.5" fill="#666">ours %s %s</text>`, y+25, rounds.Number(r.Stack(rounds.Ours).Rounds.Median()), escape(r.Unit))
		all := others(r)
		for j, o := range all {
			// Those of one figure stand a little above each other, for the ranges to be seen.
			cy := y + line/2 + (float64(j)-float64(len(all)-1)/2)*min(5, (line-10)/float64(len(all)))
			m := marks[index(marks, o.stack)]
			p.f(`<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="%s" stroke-width="1.5" stroke-opacity="0.6"/>`, x.at(o.ratios.Least()), x.at(o.ratios.Most()), cy, cy, m.color)
			m.draw(p, x.at(o.ratios.Median()), cy)
		}
	}
	p.f(`<text x="10" y="%d" font-size="11" fill="#666">%s</text>`, height-8, escape(note))
	p.f(`</svg>`)
}

// other is a stack beside ours.
type other struct {
	stack  string
	ratios rounds.Spread
}

func others(r *rounds.Result) (all []other) {
	for _, s := range r.Stacks {
		if s.Name == rounds.Ours {
			continue
		}
		if ratios := r.Ratio(s.Name, rounds.Ours); ratios != nil {
			name := s.Name
			if s.IsFloor() {
				name = floor // each figure has its own
			}
			all = append(all, other{name, ratios})
		}
	}
	return all
}

const floor = "floor: what nobody can do without"

// axis is logarithmic.
type axis struct{ least, most float64 }

// fit returns the axis on which all fits.
func fit(results []*rounds.Result) axis {
	x := axis{0.5, 2}
	for _, r := range results {
		for _, o := range others(r) {
			x.least, x.most = min(x.least, o.ratios.Least()), max(x.most, o.ratios.Most())
		}
	}
	x.least, x.most = x.least/1.15, x.most*1.15
	return x
}

func (x axis) at(v float64) float64 {
	return left + (width-left-right)*math.Log(v/x.least)/math.Log(x.most/x.least)
}

// ticks are 1, 2 and 5 times the powers of ten, or those alone if there are many.
func (x axis) ticks() (all []float64) {
	steps := []float64{1, 2, 5}
	if x.most/x.least > 3000 {
		steps = steps[:1]
	}
	for e := -6.0; e <= 6; e++ {
		for _, s := range steps {
			if v := s * math.Pow(10, e); v >= x.least && v <= x.most {
				all = append(all, math.Round(v*1e6)/1e6)
			}
		}
	}
	return all
}

type printer struct{ w io.Writer }

func (p *printer) f(format string, args ...any) { fmt.Fprintf(p.w, format+"\n", args...) }

func escape(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}

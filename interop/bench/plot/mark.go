package plot

import (
	"slices"
	"strings"

	"github.com/rtctransport/rtctransport/interop/bench/rounds"
)

// A shape draws a mark, filled or not.
type shape func(p *printer, x, y float64, fill, stroke string)

func bar(p *printer, x, y float64, _, stroke string) {
	p.f(`<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="%s" stroke-width="3"/>`, x, x, y-6, y+6, stroke)
}

func circle(p *printer, x, y float64, fill, stroke string) {
	p.f(`<circle cx="%.1f" cy="%.1f" r="4.2" fill="%s" stroke="%s" stroke-width="1.6"/>`, x, y, fill, stroke)
}

func square(p *printer, x, y float64, fill, stroke string) {
	p.f(`<rect x="%.1f" y="%.1f" width="7.6" height="7.6" fill="%s" stroke="%s" stroke-width="1.6"/>`, x-3.8, y-3.8, fill, stroke)
}

func triangle(p *printer, x, y float64, fill, stroke string) {
	p.f(`<path d="M%.1f %.1f l5 8.6 h-10 z" fill="%s" stroke="%s" stroke-width="1.4"/>`, x, y-5.2, fill, stroke)
}

func diamond(p *printer, x, y float64, fill, stroke string) {
	p.f(`<path d="M%.1f %.1f l5 5 l-5 5 l-5 -5 z" fill="%s" stroke="%s" stroke-width="1.4"/>`, x, y-5, fill, stroke)
}

// ours is the color of this project.
const ours = "#0072b2"

// families are whose stacks look alike; the colors are those of Okabe and Ito, for all eyes.
var families = []struct {
	prefix string
	color  string
	shape  shape
}{
	{rounds.Floor, "#222", bar},
	{rounds.Ours, ours, circle},
	{"pion/", "#d55e00", circle},
	{"OpenSSL", "#009e73", square},
	{"Mbed TLS", "#aa4499", triangle},
	{"libdatachannel", "#e69f00", diamond},
	{"libwebrtc", "#3a8fb7", triangle},
	{"", "#666", square},
}

// marksOf returns the marks of all stacks, in the order of families. The second of a family is hollow.
func marksOf(results []*rounds.Result) (marks []mark) {
	for i, f := range families {
		n := 0
		for _, r := range results {
			for _, o := range others(r) {
				if family(o.stack) == i && index(marks, o.stack) < 0 {
					marks = append(marks, mark{stack: o.stack, color: f.color, shape: f.shape})
					if n++; n%2 == 0 {
						marks[len(marks)-1].shape = hollow(f.shape)
					}
				}
			}
		}
	}
	return marks
}

func family(stack string) int {
	for i, f := range families {
		if strings.HasPrefix(stack, f.prefix) {
			return i
		}
	}
	return len(families) - 1
}

func hollow(s shape) shape {
	return func(p *printer, x, y float64, _, stroke string) { s(p, x, y, "#fff", stroke) }
}

func (m *mark) draw(p *printer, x, y float64) { m.shape(p, x, y, m.color, m.color) }

func index(marks []mark, stack string) int {
	return slices.IndexFunc(marks, func(m mark) bool { return m.stack == stack })
}

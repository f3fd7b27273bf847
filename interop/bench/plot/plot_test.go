package plot

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/rtctransport/rtctransport/interop/bench/rounds"
)

func picture(t *testing.T, results ...*rounds.Result) string {
	t.Helper()
	var b strings.Builder
	Draw(&b, results, "measured <here> & now")
	for d := xml.NewDecoder(strings.NewReader(b.String())); ; {
		if _, err := d.Token(); err == io.EOF {
			return b.String()
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, b.String())
		}
	}
}

func TestAPictureHasWhoeverStandsBesideOurs(t *testing.T) {
	svg := picture(t,
		&rounds.Result{Name: "handshake", Unit: "CPU us", Stacks: []rounds.Stack{
			{Name: "ours", Rounds: rounds.Spread{100}}, {Name: "pion/dtls v3", Rounds: rounds.Spread{200}}, {Name: "floor: sums", Rounds: rounds.Spread{50}}}},
		&rounds.Result{Name: "memory", Unit: "bytes", Stacks: []rounds.Stack{{Name: "ours", Rounds: rounds.Spread{5}}}},
		&rounds.Result{Name: "records", Unit: "CPU us", Stacks: []rounds.Stack{
			{Name: "ours", Rounds: rounds.Spread{3}}, {Name: "pion/dtls v3", Rounds: rounds.Spread{4}}, {Name: "nobody", Rounds: nil}}},
	)
	for _, want := range []string{"handshake", "records", "ours 100 CPU us", "floor: what nobody can do without", "measured &lt;here&gt; &amp; now"} {
		if !strings.Contains(svg, want) {
			t.Errorf("%q is not in the picture", want)
		}
	}
	for _, no := range []string{"memory", "nobody<", "NaN", "Inf"} {
		if strings.Contains(svg, no) {
			t.Errorf("%q is in the picture", no)
		}
	}
	if n := strings.Count(svg, "pion/dtls v3"); n != 1 {
		t.Errorf("pion/dtls is named %d times, want once, in the legend", n)
	}
}

func TestTheAxisHasAllAndOne(t *testing.T) {
	r := &rounds.Result{Stacks: []rounds.Stack{{Name: "ours", Rounds: rounds.Spread{1, 1}}, {Name: "a", Rounds: rounds.Spread{0.03, 0.05}}, {Name: "b", Rounds: rounds.Spread{7, 9}}}}
	x := fit([]*rounds.Result{r})
	one := false
	for _, v := range x.ticks() {
		one = one || v == 1
	}
	if !one || x.at(0.03) < left || x.at(9) > width-right || x.at(1) <= x.at(0.5) {
		t.Errorf("%+v, ticks %v", x, x.ticks())
	}
}

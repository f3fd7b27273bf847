package netsim

import (
	"bytes"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// drain steps l to each arrival and prints what arrives as "milliseconds:direction:text".
func drain(l *Link) []string {
	var got []string
	for next := l.NextArrival(); !next.IsZero(); next = l.NextArrival() {
		if d, b, ok := l.Receive(next.Add(-1), nil); ok {
			got = append(got, fmt.Sprintf("early:%v:%s", d, b))
		}
		d, b, ok := l.Receive(next, nil)
		if !ok {
			return append(got, "nothing at NextArrival")
		}
		got = append(got, fmt.Sprintf("%d:%v:%s", next.Sub(start).Milliseconds(), d, b))
	}
	return got
}

func TestFateOfADatagramDecidesItsArrivals(t *testing.T) {
	const ms = time.Millisecond
	for _, test := range []struct {
		name   string
		config Config
		fates  []Fate
		want   string
	}{
		{"perfect", Config{}, []Fate{{}, {}}, "0:A->B:0 0:A->B:1"},
		{"delay", Config{Delay: 20 * ms}, []Fate{{}, {}}, "20:A->B:0 20:A->B:1"},
		{"drop", Config{}, []Fate{{Drop: true, Copies: 3}, {}}, "0:A->B:1"},
		{"copies", Config{}, []Fate{{Copies: 2}, {}}, "0:A->B:0 0:A->B:0 0:A->B:0 0:A->B:1"},
		{"late copies", Config{Delay: 1 * ms}, []Fate{{Copies: 2, CopyDelay: 5 * ms}, {}}, "1:A->B:0 1:A->B:1 6:A->B:0 11:A->B:0"},
		{"held back", Config{Delay: 20 * ms}, []Fate{{Extra: 7 * ms}, {}}, "20:A->B:1 27:A->B:0"},
		{"overtaking", Config{Delay: 20 * ms}, []Fate{{}, {Extra: -5 * ms}}, "15:A->B:1 20:A->B:0"},
		{"never before sending", Config{Delay: 20 * ms}, []Fate{{}, {Extra: -time.Hour}}, "0:A->B:1 20:A->B:0"},
		{"no copy before the first", Config{Delay: 20 * ms}, []Fate{{Copies: 1, CopyDelay: -ms}, {}}, "20:A->B:0 20:A->B:0 20:A->B:1"},
		{"negative copies", Config{}, []Fate{{Copies: -4, CopyDelay: -ms}, {}}, "0:A->B:0 0:A->B:1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.config.Decide = func(d Direction, n int) Fate { return test.fates[n] }
			l := New(test.config)
			for n := range test.fates {
				l.Send(start, AtoB, []byte{'0' + byte(n)})
			}
			if got := strings.Join(drain(l), " "); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestDirectionsAreNumberedApartAndMergedByArrival(t *testing.T) {
	var asked []string
	l := New(Config{Delay: 10 * time.Millisecond, Decide: func(d Direction, n int) Fate {
		asked = append(asked, fmt.Sprint(d, n))
		return Fate{}
	}})
	l.Send(start, AtoB, []byte("a0"))
	l.Send(start.Add(2*time.Millisecond), BtoA, []byte("b0"))
	l.Send(start.Add(2*time.Millisecond), AtoB, []byte("a1"))
	l.Send(start.Add(1*time.Millisecond), BtoA, []byte("b1"))
	if l.InFlight(AtoB) != 2 || l.InFlight(BtoA) != 2 {
		t.Errorf("in flight %d and %d, want 2 and 2", l.InFlight(AtoB), l.InFlight(BtoA))
	}
	if got, want := strings.Join(asked, ","), "A->B 0,B->A 0,A->B 1,B->A 1"; got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
	if got, want := strings.Join(drain(l), " "), "10:A->B:a0 11:B->A:b1 12:B->A:b0 12:A->B:a1"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestSendCopiesAndReceiveAppends(t *testing.T) {
	l := New(Config{})
	b := []byte("first")
	l.Send(start, AtoB, b)
	copy(b, "later")
	_, got, ok := l.Receive(start, []byte("> "))
	if !ok || string(got) != "> first" {
		t.Fatalf("Receive = %q, %v", got, ok)
	}
	l.Send(start, AtoB, []byte("again")) // takes the buffer of the first
	if string(got) != "> first" {
		t.Errorf("a later Send changed what was received to %q", got)
	}
	l.Receive(start, nil)
	if _, got, ok := l.Receive(start, b); ok || string(got) != "later" {
		t.Errorf("Receive with nothing in flight = %q, %v, want dst, false", got, ok)
	}
}

func TestMTUDropsOnlyWhatIsLarger(t *testing.T) {
	l := New(Config{MTU: 5})
	l.Send(start, BtoA, []byte("12345"))
	l.Send(start, BtoA, []byte("123456"))
	l.Send(start, BtoA, nil)
	if got, want := strings.Join(drain(l), " "), "0:B->A:12345 0:B->A:"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	want := Stats{Sent: 3, Bytes: 11, TooBig: 1, Delivered: 2}
	if got := l.Stats(BtoA); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
	if l.Dropped(BtoA) != 1 || l.Dropped(AtoB) != 0 || l.Sent(BtoA) != 3 {
		t.Errorf("dropped %d and %d, sent %d", l.Dropped(BtoA), l.Dropped(AtoB), l.Sent(BtoA))
	}
}

func TestCorruptionFlipsOneBitTheSameInEveryCopy(t *testing.T) {
	places := map[int]bool{}
	for n := range 200 {
		l := New(Config{Seed: uint64(n), Decide: func(Direction, int) Fate { return Fate{Corrupt: true, Copies: 1} }})
		clean := bytes.Repeat([]byte{0xa5}, 100)
		l.Send(start, AtoB, clean)
		_, first, _ := l.Receive(start, nil)
		_, second, _ := l.Receive(start, nil)
		if !bytes.Equal(first, second) {
			t.Fatalf("seed %d: copies differ", n)
		}
		flipped := 0
		for i := range clean {
			if x := first[i] ^ clean[i]; x != 0 {
				flipped += bits.OnesCount8(x)
				places[i] = true
			}
		}
		if flipped != 1 {
			t.Fatalf("seed %d: %d bits flipped, want 1", n, flipped)
		}
		l.Send(start, AtoB, nil) // must not panic
		if got := l.Stats(AtoB).Corrupted; got != 1 {
			t.Errorf("seed %d: %d counted as corrupted, want 1", n, got)
		}
	}
	l := New(Config{Decide: func(Direction, int) Fate { return Fate{Corrupt: true} }})
	for n := range 20 {
		l.Send(start, Direction(n&1), make([]byte, 1000))
	}
	differ := map[string]bool{}
	for range 20 {
		_, b, _ := l.Receive(start, nil)
		differ[string(b)] = true
	}
	if len(differ) < 18 {
		t.Errorf("20 datagrams of one seed were damaged in %d ways", len(differ))
	}
	if len(places) < 60 { // 200 throws at 100 bytes hit 87 on average
		t.Errorf("200 seeds flipped only %d different bytes of 100", len(places))
	}
}

func TestArrivalsDependOnSeedDirectionAndNumberOnly(t *testing.T) {
	config := Config{
		Seed: 7, Delay: 20 * time.Millisecond, Jitter: 10 * time.Millisecond,
		Loss: .2, Duplicate: .2, Reorder: .2, Corrupt: .2,
	}
	// arrivals returns when each of 300 datagrams of one direction arrived and which bit was wrong. Their content is fill;
	// traffic of the other direction and another time of day must not matter.
	arrivals := func(c Config, d Direction, fill byte, opposite int, from time.Time) string {
		l := New(c)
		var s strings.Builder
		for n := range 300 {
			now := from.Add(time.Duration(n) * time.Millisecond)
			l.Send(now, d, bytes.Repeat([]byte{fill}, 40))
			for range opposite {
				l.Send(now, d.Reverse(), []byte("other way"))
			}
		}
		for next := l.NextArrival(); !next.IsZero(); next = l.NextArrival() {
			got, b, _ := l.Receive(next, nil)
			if got != d {
				continue
			}
			for i := range b {
				b[i] ^= fill
			}
			fmt.Fprintf(&s, "%v %x\n", next.Sub(from), b)
		}
		return s.String()
	}
	base := arrivals(config, AtoB, 0, 0, start)
	if arrivals(config, AtoB, 0xff, 2, start.Add(time.Hour)) != base {
		t.Error("other bytes, another time or opposite traffic changed the fates")
	}
	if arrivals(config, BtoA, 0, 0, start) == base {
		t.Error("both directions have the same fates")
	}
	config.Seed++
	if arrivals(config, AtoB, 0, 0, start) == base {
		t.Error("another seed has the same fates")
	}
}

// The numbers of this test are part of what a seed means: if they change, every seed written down anywhere loses
// its failure.
func TestASeedKeepsItsMeaning(t *testing.T) {
	config := Config{
		Seed: 42, Delay: 50 * time.Millisecond, Jitter: 10 * time.Millisecond,
		Loss: .25, Duplicate: .25, Reorder: .25, Corrupt: .25,
	}
	var got []string
	for n := range 6 {
		got = append(got, fmt.Sprintf("%v %+v", AtoB, config.Fate(AtoB, n)), fmt.Sprintf("%v %+v", BtoA, config.Fate(BtoA, n)))
	}
	want := goldenFates
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestSharesComeOutAsConfigured(t *testing.T) {
	const total = 20000
	count := func(c Config) (lost, doubled, held, corrupt int) {
		for n := range total {
			f := c.Fate(Direction(n&1), n/2)
			if f.Drop {
				lost++
			}
			if f.Copies > 0 {
				doubled++
			}
			if f.Extra > 0 {
				held++
			}
			if f.Corrupt {
				corrupt++
			}
			if f.Extra < 0 || f.Extra > max(c.Delay, time.Millisecond)+c.Jitter {
				t.Fatalf("Extra = %v of datagram %d", f.Extra, n)
			}
		}
		return
	}
	for _, share := range []float64{0, .01, .2, .3, 1} {
		for seed := range uint64(3) {
			lost, doubled, held, corrupt := count(Config{Seed: seed, Loss: share, Duplicate: share, Reorder: share, Corrupt: share})
			for name, got := range map[string]int{"loss": lost, "duplicate": doubled, "reorder": held, "corrupt": corrupt} {
				want := share * total
				if tolerance := 5 * math.Sqrt(want*(1-share)); math.Abs(float64(got)-want) > tolerance { // 5 standard deviations
					t.Errorf("seed %d: %s %d of %d, want about %.0f", seed, name, got, total, want)
				}
			}
		}
	}
}

func TestMoreLossLosesMoreOfTheSame(t *testing.T) {
	little, much := Config{Seed: 3, Loss: .1}, Config{Seed: 3, Loss: .2, Duplicate: .5, Delay: time.Second}
	lost := 0
	for n := range 2000 {
		if little.Fate(AtoB, n).Drop {
			lost++
			if !much.Fate(AtoB, n).Drop {
				t.Fatalf("datagram %d is lost at 10 %% and arrives at 20 %%", n)
			}
		}
	}
	if lost == 0 {
		t.Error("nothing was lost at 10 %")
	}
}

func TestLinkAllocatesNothingOnceItsBuffersExist(t *testing.T) {
	l := New(Config{Seed: 1, Delay: time.Millisecond, Jitter: time.Millisecond, Duplicate: .1})
	b, dst, now := make([]byte, 1200), make([]byte, 0, 1200), start
	step := func() {
		l.Send(now, AtoB, b)
		now = now.Add(50 * time.Microsecond)
		for {
			if _, _, ok := l.Receive(now, dst); !ok {
				break
			}
		}
	}
	for range 1000 {
		step()
	}
	if n := testing.AllocsPerRun(1000, step); n != 0 {
		t.Errorf("%v allocations per datagram", n)
	}
}

func BenchmarkLink(b *testing.B) {
	b.ReportAllocs()
	l := New(Config{Seed: 1, Delay: 10 * time.Millisecond, Jitter: time.Millisecond, Loss: .1})
	p, dst, now := make([]byte, 1200), make([]byte, 0, 1200), start
	for b.Loop() {
		l.Send(now, AtoB, p)
		now = now.Add(50 * time.Microsecond)
		l.Receive(now, dst)
	}
}

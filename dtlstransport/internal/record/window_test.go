package record

import (
	"math/rand/v2"
	"testing"
)

// naiveWindow says what a Window has to say, by remembering everything.
type naiveWindow struct {
	seen map[uint64]bool
	end  uint64
	size uint64
}

func (w *naiveWindow) fresh(seq uint64) bool {
	return !w.seen[seq] && (seq >= w.end || w.end-seq <= w.size)
}

func (w *naiveWindow) mark(seq uint64) {
	w.seen[seq] = true
	w.end = max(w.end, seq+1)
}

// windowTest gives sequence numbers to both and compares.
type windowTest struct {
	t     testing.TB
	w     Window
	naive naiveWindow
}

func newWindowTest(t testing.TB) *windowTest { return newSizedWindowTest(t, windowSize) }

func newSizedWindowTest(t testing.TB, size int) *windowTest {
	return &windowTest{t: t, w: NewWindow(size), naive: naiveWindow{seen: map[uint64]bool{}, size: uint64(size)}}
}

// windowSizes are those that the tests try: the smallest, one that no word ends
// with, the default and the largest.
var windowSizes = []int{MinWindow, 100, windowSize, MaxWindow}

func (x *windowTest) fresh(seq uint64) bool {
	x.t.Helper()
	before := x.w
	got, want := x.w.Fresh(seq), x.naive.fresh(seq)
	if got != want {
		x.t.Fatalf("Fresh(%d) is %v behind end %d, want %v", seq, got, x.w.end, want)
	}
	if x.w != before {
		x.t.Fatalf("Fresh(%d) changed the window", seq)
	}
	return got
}

// receive does what Open does for a genuine record.
func (x *windowTest) receive(seq uint64) {
	x.t.Helper()
	if x.fresh(seq) {
		x.w.Mark(seq)
		x.naive.mark(seq)
		x.fresh(seq)
	}
}

// sweep compares all that can be told apart.
func (x *windowTest) sweep() {
	x.t.Helper()
	end := x.naive.end
	for seq := end - min(end, x.naive.size+130); seq < end+3; seq++ {
		x.fresh(seq)
	}
}

func TestWindowAgreesWithANaiveModelForEveryPairOfNumbers(t *testing.T) { // REC-18, REC-19
	// From each place in a word, every jump that differs, and everything that can
	// then be asked: words begin and end at multiples of 64.
	const most = 64*windowWords + 66
	for _, size := range windowSizes {
		for _, start := range []uint64{0, 1, 63, 64, 65, 64*windowWords - 1, 64 * windowWords} {
			for jump := uint64(0); jump < most; jump += 3 { // no divisor of 64
				x := newSizedWindowTest(t, size)
				x.receive(start)
				x.receive(start + jump)
				x.sweep()
			}
		}
	}
}

func TestWindowAgreesWithANaiveModelAfterDenseTrafficAndAJump(t *testing.T) { // REC-18, REC-19
	for filled := uint64(0); filled < 64*windowWords+200; filled += 173 {
		for jump := uint64(0); jump < 64*windowWords+70; jump += 37 {
			x := newSizedWindowTest(t, MaxWindow)
			for seq := range filled {
				x.receive(seq) // all bits set: what is not forgotten shows
			}
			x.receive(filled + jump)
			x.sweep()
		}
	}
}

func TestWindowAgreesWithANaiveModelOnRandomTraffic(t *testing.T) { // REC-18, REC-19
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 1))
		x := newWindowTest(t)
		at := r.Uint64N(1 << (1 + r.UintN(47)))
		for range 400 {
			switch r.UintN(10) {
			case 0:
				at += r.Uint64N(1000)
			case 1:
				at -= min(at, r.Uint64N(600))
			default:
				at++
			}
			x.receive(at - min(at, r.Uint64N(70)))
		}
		x.sweep()
	}
}

func TestWindowDeliversEveryNumberOnceWhateverIsReplayed(t *testing.T) { // REC-18
	var w Window
	delivered := map[uint64]int{}
	receive := func(seq uint64) {
		if w.Fresh(seq) {
			w.Mark(seq)
			delivered[seq]++
		}
	}
	for seq := range uint64(1000) {
		receive(seq)
		for back := uint64(0); back <= min(seq, 300); back++ {
			receive(seq - back)
		}
	}
	for seq := range uint64(1000) {
		if delivered[seq] != 1 {
			t.Fatalf("record %d was delivered %d times", seq, delivered[seq])
		}
	}
}

func TestWindowIsAsWideAsItSays(t *testing.T) { // REC-18, REC-19, REC-43
	// "A minimum window size of 32 MUST be supported, but a window size of 64 is
	// preferred". RFC 4303, Section 3.4.3.
	if windowSize < 64 || MinWindow < 64 {
		t.Fatalf("windowSize is %d, MinWindow %d", windowSize, MinWindow)
	}
	for _, size := range windowSizes {
		for newest := uint64(size); newest < 3*uint64(size); newest++ {
			w := NewWindow(size)
			w.Mark(newest)
			if oldest := newest - uint64(size) + 1; !w.Fresh(oldest) {
				t.Errorf("%d is too old behind %d", oldest, newest)
			} else if w.Fresh(oldest - 1) {
				t.Errorf("%d is not too old behind %d", oldest-1, newest)
			}
		}
	}
	if NewWindow(0).size != 0 || (&Window{end: windowSize + 1}).Fresh(0) || !(&Window{end: windowSize}).Fresh(0) {
		t.Error("the zero value has another size than the default")
	}
}

func TestAWindowThatIsOffTakesEverythingAndKnowsTheNewest(t *testing.T) { // R6083-01
	w := NewWindow(-1)
	for _, seq := range []uint64{5, 5, 0, 5000, 1, 5} {
		if !w.Fresh(seq) {
			t.Errorf("%d is not fresh", seq)
		}
		w.Mark(seq)
	}
	if w.end != 5001 {
		t.Errorf("end %d", w.end)
	}
}

func TestWindowAtTheLastSequenceNumber(t *testing.T) { // REC-10, REC-18
	x := newWindowTest(t)
	for _, seq := range []uint64{maxSeq - 1, maxSeq, maxSeq - 255, maxSeq - 256, maxSeq, 0} {
		x.receive(seq)
	}
	x.sweep()
}

func FuzzWindow(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 2, 1, 0})
	f.Add([]byte{255, 255, 1, 129, 200, 64, 64, 192})
	f.Fuzz(func(t *testing.T, steps []byte) {
		x := newWindowTest(t)
		at := uint64(0)
		for _, s := range steps {
			// The top bits choose direction and size, the others how far.
			n := uint64(s & 63)
			switch s >> 6 {
			case 0:
				at += n
			case 1:
				at += n * n
			case 2:
				at -= min(at, n)
			case 3:
				at -= min(at, 8*n)
			}
			x.receive(at)
		}
		x.sweep()
	})
}

func BenchmarkWindow(b *testing.B) {
	b.ReportAllocs()
	var w Window
	for i := range b.N {
		if seq := uint64(i); w.Fresh(seq) {
			w.Mark(seq)
		}
	}
}

package pionsrtp

import (
	"math/rand/v2"
	"testing"
)

// SRTP-11: against a map that forgets nothing, over steps forward, back and far ahead.
func TestWindowAgreesWithASetOfAllIndices(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		var w window
		used := map[uint64]bool{}
		var highest, index uint64
		index = random.Uint64N(5000)
		if seed%2 == 0 { // as it is after a source comes back
			w.startAfter(index)
			highest = index
			for i := uint64(0); i <= index; i++ {
				used[i] = true
			}
		}
		for range 20000 {
			switch random.IntN(10) {
			case 0:
				index = highest + random.Uint64N(3000)
			case 1, 2, 3:
				index = highest - min(highest, random.Uint64N(2*windowSize))
			default:
				index = highest + random.Uint64N(3)
			}
			fresh := w.fresh(index)
			switch {
			case used[index] && fresh:
				t.Fatalf("seed %d: index %d (highest %d) was used and is taken again", seed, index, highest)
			case !used[index] && !fresh && index+windowSize > highest:
				t.Fatalf("seed %d: index %d (highest %d) was never used and is refused", seed, index, highest)
			}
			if fresh {
				w.mark(index)
				used[index] = true
				highest = max(highest, index)
			}
		}
	}
}

// SRTP-11: "MUST be at least 64", RFC 3711, Section 3.3.2.
func TestWindowIsAtLeastAsLargeAsItSays(t *testing.T) {
	for highest := uint64(5000); highest < 5128; highest++ {
		var w window
		w.mark(highest)
		if !w.fresh(highest-windowSize) || w.fresh(highest) || w.fresh(highest-windowSize-64) || !w.fresh(highest+1) {
			t.Fatalf("highest %d", highest)
		}
	}
	if windowSize < 64 {
		t.Fatal("too small")
	}
}

func TestWindowAfterAFloorTakesWhatIsAboveInAnyOrder(t *testing.T) {
	for floor := uint64(64); floor < 192; floor++ {
		var w window
		w.startAfter(floor)
		for _, index := range []uint64{floor, floor - 1, 0} {
			if w.fresh(index) {
				t.Fatalf("floor %d: index %d is taken", floor, index)
			}
		}
		w.mark(floor + 3)
		if !w.fresh(floor+1) || !w.fresh(floor+2) || w.fresh(floor+3) || w.fresh(floor) {
			t.Fatalf("floor %d: order matters above it", floor)
		}
	}
}

func TestWindowAtTheFirstAndTheLastIndex(t *testing.T) {
	var w window
	if !w.fresh(0) {
		t.Error("index 0 of a new stream is refused")
	}
	w.mark(0)
	if w.fresh(0) || !w.fresh(1) {
		t.Error("index 0 is not remembered")
	}
	w.mark(maxRTPIndex)
	if w.fresh(maxRTPIndex) || w.fresh(0) || !w.fresh(maxRTPIndex-1) {
		t.Error("the last index")
	}
}

// SRTP-13: the estimate is the index nearest to the highest one, which is what RFC 3711, Section 3.3.1, is after.
func TestEstimateIsTheNearestIndex(t *testing.T) {
	distance := func(a, b uint64) uint64 { return max(a, b) - min(a, b) }
	for _, highest := range []uint64{
		1 << 16, 1<<16 + 1, 1<<16 + 1<<15 - 1, 1<<16 + 1<<15, 1<<16 + 1<<15 + 1, 1<<17 - 1, 1 << 17,
		5<<16 + 7, 1<<47 + 1<<15, 1<<48 - 1<<16 + 1<<14,
	} {
		for seq := 0; seq < 1<<16; seq++ {
			got, ok := estimateIndex(highest, uint16(seq))
			if !ok || uint16(got) != uint16(seq) || distance(got, highest) > 1<<15 {
				t.Fatalf("highest %d, sequence number %d: index %d, %t", highest, seq, got, ok)
			}
		}
	}
}

func TestEstimateInTheFirstRolloverNeverGoesBelowZero(t *testing.T) {
	for _, test := range []struct {
		highest uint64
		seq     uint16
		want    uint64
	}{
		{0, 65535, 65535}, {100, 40000, 40000}, {65535, 0, 65536}, {65535, 65534, 65534}, {32768, 0, 0}, {32769, 0, 65536}, {40000, 100, 65636},
	} {
		if got, ok := estimateIndex(test.highest, test.seq); got != test.want || !ok {
			t.Errorf("highest %d, sequence number %d: index %d, want %d", test.highest, test.seq, got, test.want)
		}
	}
}

func TestEstimateEndsWithTheRolloverCounter(t *testing.T) {
	if index, ok := estimateIndex(maxRTPIndex, 0); ok {
		t.Errorf("index %d after the last", index)
	}
	if index, ok := estimateIndex(maxRTPIndex-1, 0xffff); !ok || index != maxRTPIndex {
		t.Errorf("the last index: %d, %t", index, ok)
	}
}

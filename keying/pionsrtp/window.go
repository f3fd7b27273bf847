package pionsrtp

// windowWords is the size of a window's bitmap in words of 64 bits. It is a power of two.
const windowWords = 16

// windowSize is how many indices behind the highest a window is certain to tell apart.
// One word is always partly ahead of the highest index: 960 = (16 - 1) * 64.
//
//	"[...] SRTP-WINDOW-SIZE is a receiver-side, implementation-dependent parameter and MUST be at least 64, but which MAY
//	be set to a higher value."
//
// RFC 3711, Section 3.3.2. At 1,000 packets a second 960 are a second: what a retransmission may take.
const windowSize = (windowWords - 1) * 64

// A window remembers which indices of one stream were used: the Replay List of a receiver, or what a sender has sent.
// The zero window has used none. Index i is bit i%64 of word (i/64)%windowWords; words are cleared as the highest index enters them.
type window struct {
	highest uint64 // highest index used, if any
	any     bool   // an index was used
	bits    [windowWords]uint64
}

// startAfter makes a zero window treat floor, and everything before it, as used.
func (w *window) startAfter(floor uint64) {
	w.highest, w.any = floor, true
	for i := range w.bits {
		w.bits[i] = ^uint64(0)
	}
	// What is ahead of floor in its own word is not used yet.
	w.bits[floor/64%windowWords] = ^uint64(0) >> (63 - floor%64)
}

// fresh reports whether index was not used before and is not too old to tell.
func (w *window) fresh(index uint64) bool {
	if !w.any || index > w.highest {
		return true
	}
	if w.highest/64-index/64 >= windowWords {
		return false
	}
	return w.bits[index/64%windowWords]&(1<<(index%64)) == 0
}

// mark notes that index, which must be fresh, is used.
func (w *window) mark(index uint64) {
	if !w.any || index > w.highest {
		steps := uint64(windowWords)
		if w.any {
			steps = min(index/64-w.highest/64, windowWords)
		}
		for i := range steps {
			w.bits[(index/64-i)%windowWords] = 0
		}
		w.highest, w.any = index, true
	}
	w.bits[index/64%windowWords] |= 1 << (index % 64)
}

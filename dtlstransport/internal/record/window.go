package record

// The bounds of a Window's size, in records.
const (
	// MinWindow is the smallest: "A minimum window size of 32 MUST be supported, but a
	// window size of 64 is preferred and SHOULD be employed as the default." RFC 4303,
	// Section 3.4.3.
	MinWindow = 64
	MaxWindow = 1024

	// windowSize is what a Window has by default.
	windowSize = 256

	// windowWords is the memory of a Window in words of 64 records. One word is being
	// filled at any time, so that the others hold at least MaxWindow records behind
	// the newest.
	windowWords = MaxWindow/64 + 1
)

// A Window remembers which sequence numbers have been received, as the replay
// detection of RFC 6347, Section 4.1.2.6 (after RFC 4303, Section 3.4.3) wants
// it. The zero value has seen nothing.
//
//	older than end-size            bits, a ring of words         end
//	--- replayed ------------------|--- 0 or 1 each -------------|--- fresh --->
type Window struct {
	end  uint64 // one more than the largest sequence number marked
	size uint16 // in records; 0: windowSize
	off  bool   // all is fresh
	bits [windowWords]uint64
}

// NewWindow returns a window of size records, from MinWindow to MaxWindow, 0 for the
// default. A negative one takes no record for a replay.
func NewWindow(size int) Window {
	if size < 0 {
		return Window{off: true}
	}
	return Window{size: uint16(size)}
}

// Fresh reports whether seq may still be accepted. It changes nothing.
func (w *Window) Fresh(seq uint64) bool {
	if seq >= w.end || w.off {
		return true
	}
	size := uint64(w.size)
	if size == 0 {
		size = windowSize
	}
	if w.end-seq > size {
		return false
	}
	return w.bits[seq/64%windowWords]&(1<<(seq%64)) == 0
}

// Mark records that seq was received and authenticated. seq must be Fresh.
func (w *Window) Mark(seq uint64) {
	word := seq / 64
	if seq >= w.end {
		// Forget the words that the window moves over, at most all of them.
		first := w.end / 64
		if w.end%64 != 0 {
			first++ // the word of end-1 is in use
		}
		for i := max(first, word-min(word, windowWords-1)); i <= word; i++ {
			w.bits[i%windowWords] = 0
		}
		w.end = seq + 1
	}
	w.bits[word%windowWords] |= 1 << (seq % 64)
}

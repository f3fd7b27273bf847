package record

// windowWords is the size of a Window in words of 64 records. One word is
// being filled at any time, so that at least windowSize records behind the
// newest are told apart.
const (
	windowWords = 5
	windowSize  = 64 * (windowWords - 1)
)

// A Window remembers which sequence numbers have been received, as the replay
// detection of RFC 6347, Section 4.1.2.6 (after RFC 4303, Section 3.4.3) wants
// it. The zero value has seen nothing.
//
//	older than end-windowSize      bits, a ring of words         end
//	--- replayed ------------------|--- 0 or 1 each -------------|--- fresh --->
type Window struct {
	end  uint64 // one more than the largest sequence number marked
	bits [windowWords]uint64
}

// Fresh reports whether seq may still be accepted. It changes nothing.
func (w *Window) Fresh(seq uint64) bool {
	if seq >= w.end {
		return true
	}
	if w.end-seq > windowSize {
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

package pionsrtp

const (
	// maxRTPIndex is the last packet index of a stream: 32 bits of rollover counter, 16 of sequence number.
	maxRTPIndex = 1<<48 - 1
	// maxRTCPIndex is the last SRTCP index (31 bits; RFC 3711, Section 3.4).
	maxRTCPIndex = 1<<31 - 1
)

// estimateIndex returns the packet index that sequence stands for in a stream whose highest index so far is highest.
// It returns ok false if the rollover counter would wrap.
//
//	if (s_l < 32,768)
//	   if (SEQ - s_l > 32,768)
//	      set v to (ROC-1) mod 2^32
//	   else
//	      set v to ROC
//	   endif
//	else
//	   if (s_l - 32,768 > SEQ)
//	      set v to (ROC+1) mod 2^32
//	   else
//	      set v to ROC
//	   endif
//	endif
//	return SEQ + v*65,536
//
// RFC 3711, Appendix A.
//
// There is one exception, which libsrtp makes as well: before the first rollover there is nothing earlier to belong to, so a long way
// back is taken for a jump ahead with ROC 0.
func estimateIndex(highest uint64, sequence uint16) (index uint64, ok bool) {
	roc, last, seq := highest>>16, int(highest&0xffff), int(sequence)
	switch {
	case last < 1<<15 && seq-last > 1<<15 && roc > 0:
		roc--
	case last >= 1<<15 && last-1<<15 > seq:
		roc++
	}
	index = roc<<16 | uint64(sequence)
	return index, index <= maxRTPIndex
}

package wire

// VerifyDataLen is the size of verify_data in bytes. "Any cipher suite which does not explicitly specify verify_data_length has
// a verify_data_length equal to 12" (RFC 5246, Section 7.4.9), and none that we know does.
const VerifyDataLen = 12

// A Finished message proves the keys and the transcript.
//
//	struct {
//	    opaque verify_data[verify_data_length];
//	} Finished;                                           // RFC 5246, Section 7.4.9
type Finished struct {
	VerifyData [VerifyDataLen]byte
}

// ParseFinished parses the body of a Finished message. The result is a copy.
func ParseFinished(body []byte) (*Finished, error) {
	if len(body) != VerifyDataLen {
		return nil, decodeError("Finished: verify_data")
	}
	return &Finished{VerifyData: [VerifyDataLen]byte(body)}, nil
}

// Append appends the body of m to b.
func (m *Finished) Append(b []byte) []byte { return append(b, m.VerifyData[:]...) }

package dtlstransport

import (
	"bytes"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// heard notes that a hello of our client has come after our answer to it: again, or
// another one with the same random. One with a lower number is awaited again: the one that was
// answered may have been a copy under a higher number, to which no client takes an
// answer. Where there are cookies, they see to it.
func (s *server12) heard(header wire.Header) {
	if s.h.timer.Expiries() == 0 || s.e.config.Conformance {
		return
	}
	s.asked, s.h.changed = true, true
	if s.e.config.Cookies == nil && header.Seq < s.h.inbox[0].Next() {
		s.h.inbox[0].Restart(header.Seq)
	}
}

// answerRival answers the ClientHello anew, if another one with the same random
// is there, and reports whether it did. The one that came first may be a copy that
// overtook the genuine one, and was changed. Two things tell of it:
//
//   - a CertificateVerify that does not verify, for the client signs another
//     transcript than ours;
//   - a client that repeats its hello although our answer has been sent twice: it cannot
//     take it, as when the Finished of a resumed session is over another hello.
//
// The answer to a rival is a full flight 4: a client can take it in the place of
// every other, see client12.judgeRival.
func (s *server12) answerRival(now time.Time) bool {
	h, in := s.h, &s.h.inbox[0]
	s.asked = false
	if s.e.config.Conformance || s.state != server12Flight5 && s.state != server12ResumedFinished {
		return false
	}
	seq := in.Next()
	typ, body, ok := in.Message(seq)
	if !ok || typ != wire.TypeClientHello {
		return false
	}
	m := received{true, typ, seq, body}
	var t transcript
	t.addReceived(m)
	answered := h.transcript
	if bytes.HasPrefix(answered.messages, t.messages) {
		return false // the one that was answered
	}
	h.transcript = transcript{}
	if a := s.answerHello(now, m, true); a != nil {
		h.transcript = answered
		return false
	}
	h.e.flights -= 2              // they have taken the place of the two before
	h.inbox[1].Restart(m.seq + 1) // the hello before may have had a higher number
	// Nothing is left of a session that was to be resumed, nor of its data.
	s.e.early = nil
	s.e.write[1], s.e.read, s.e.epoch, s.e.schedule = nil, nil, 0, nil
	s.e.resumed, s.e.chain = nil, nil
	return true
}

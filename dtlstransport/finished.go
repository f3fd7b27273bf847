package dtlstransport

import (
	"crypto/subtle"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/flight"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// The Finished of both sides, the first message under the new keys.

// finished makes our Finished, over the transcript so far, in epoch 1.
func (h *handshake) finished() flight.Message { return h.finishedOver(h.e.schedule, &h.transcript) }

func (h *handshake) finishedOver(schedule *schedule12, t *transcript) flight.Message {
	f := wire.Finished{VerifyData: schedule.verifyData(h.e.role, t)}
	h.makeRoom(wire.HeaderLen + len(f.VerifyData)) // kept longer than all others
	m := h.message(wire.TypeFinished, f.Append)
	m.Sealer = h.e.write[1]
	return m
}

// readFinished checks the verify_data of the peer, which covers the messages of
// t, in constant time.
func (h *handshake) readFinished(sender Role, m received, t *transcript) *AlertError {
	f, err := wire.ParseFinished(m.body)
	want := h.e.schedule.verifyData(sender, t)
	if err != nil || subtle.ConstantTimeCompare(f.VerifyData[:], want[:]) != 1 {
		return alertf(AlertDecryptError, "Finished does not verify")
	}
	if h.e.config.Conformance && h.inbox[1].Holds(m.seq+1) {
		return alertf(AlertUnexpectedMessage, "another message behind Finished")
	}
	return nil
}

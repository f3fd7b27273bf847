package dtlstransport

import (
	"github.com/rtctransport/rtctransport/dtlstransport/internal/flight"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// The Finished of both sides, the first message under the new keys.

// finished makes our Finished, over the transcript so far, in epoch 1.
func (h *handshake) finished() flight.Message { return h.finishedOver(h.e.schedule, &h.transcript) }

func (h *handshake) finishedOver(schedule *schedule12, t *transcript) flight.Message {
	f := wire.Finished{VerifyData: schedule.verifyData(h.e.role, t)}
	m := h.message(wire.TypeFinished, f.Append)
	m.Sealer = h.e.write[1]
	return m
}

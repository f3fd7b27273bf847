package main

import (
	"testing"
	"time"
)

// What sessions have dropped stays counted when they end.
func TestWhatEndedSessionsHaveDroppedIsCountedOnce(t *testing.T) {
	ctx := testContext(t)
	s, _ := startSFU(t, nil)
	ada := arrive(t, ctx, s, "room", "Ada", offerWithData).enter(t, ctx, s, "room")
	// A forged record of DTLS 1.2, epoch 1.
	forged := append([]byte{23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 1, 0, 0, 40}, make([]byte, 40)...)
	if _, err := ada.transport.Mux().Write(forged); err != nil {
		t.Fatal(err)
	}
	tally := &s.metrics.tally
	count := func() uint64 {
		drops := make(map[string]uint64)
		sum := tally.take(time.Now().Add(tallyEvery))
		sum.named(drops)
		return drops["DTLS: forged"]
	}
	eventually(t, "it is counted", func() bool { return count() == 1 })
	s.End(ada.session.key)
	eventually(t, "the session has ended", func() bool {
		tally.mu.Lock()
		defer tally.mu.Unlock()
		return len(tally.live) == 0
	})
	if n := count(); n != 1 {
		t.Errorf("%d afterwards", n)
	}
}

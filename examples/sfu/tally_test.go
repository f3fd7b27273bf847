package main

import (
	"testing"
	"time"
)

// tallies returns what tells the sum as it is, each time.
func tallies(s *SFU) func() map[string]uint64 {
	now := time.Now()
	return func() map[string]uint64 {
		now = now.Add(tallyEvery)
		drops := make(map[string]uint64)
		sum := s.metrics.tally.take(now)
		sum.named(drops)
		return drops
	}
}

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
	drops := tallies(s)
	eventually(t, "it is counted", func() bool { return drops()["DTLS: forged"] == 1 })
	s.End(ada.session.key)
	eventually(t, "the session has ended", func() bool {
		s.metrics.tally.mu.Lock()
		defer s.metrics.tally.mu.Unlock()
		return len(s.metrics.tally.live) == 0
	})
	if n := drops()["DTLS: forged"]; n != 1 {
		t.Errorf("%d afterwards", n)
	}
}

package dtlstransport

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/keying"
)

func TestForwardReachesWhoIsConnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var receivers, to []*Transport
		for i := range 4 {
			a, b := transportPair(t, netsim.Config{Delay: time.Millisecond}, func(client, _ *Config) {
				if i == 2 {
					client.SRTPProfiles = []keying.SRTPProfile{}
				}
			})
			defer a.Close()
			defer b.Close()
			if i != 3 { // the last has not begun
				mustShakeHands(t, a, b)
			}
			receivers, to = append(receivers, a), append(to, b)
		}
		packet := rtpPacket(1, "frame")
		if sent := Forward(packet, to, func(i int, packet []byte) { packet[1] = byte(100 + i) }); sent != 2 {
			t.Errorf("sent to %d, want 2", sent)
		}
		for i, r := range receivers[:2] {
			b := make([]byte, 100)
			if n, err := r.ReadRTP(b); err != nil || int(b[1]) != 100+i || string(b[12:n]) != "frame" {
				t.Errorf("receiver %d: %q, %v", i, b[:n], err)
			}
		}
		if Forward(rtpPacket(2, "frame"), to[:1], nil) != 1 {
			t.Error("without prepare it was not sent")
		}
	})
}

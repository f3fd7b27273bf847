package main

import (
	"encoding/binary"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
)

// transportCC is the header extension in which a publisher numbers all packets of its transport. We answer when each came,
// and from that it learns what its path carries (draft-holmer-rmcat-transport-wide-cc-extensions-01). How much its
// receivers can take it is told by tell.
const transportCC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

// feedbackEvery is how often, while packets come.
const feedbackEvery = 50 * time.Millisecond

// arrivals are the packets that a publisher is to be told of.
type arrivals struct {
	ids      [kinds]uint8 // of the extension; 0: not agreed to
	recorder *twcc.Recorder
	began    time.Time // times are told from then on
	told     time.Time
}

// newArrivals returns those of what an offer has agreed to, told in the name of ssrc.
func newArrivals(o *Offer, ssrc uint32) arrivals {
	a := arrivals{recorder: twcc.NewRecorder(ssrc), began: time.Now()}
	for kind, section := range o.Used {
		if section != nil {
			a.ids[kind] = section.TransportCC
		}
	}
	return a
}

// packet takes a packet, and returns what to tell now.
func (a *arrivals) packet(now time.Time, kind Kind, b []byte) []rtcp.Packet {
	if a.ids[kind] == 0 {
		return nil
	}
	number := extension(b, a.ids[kind])
	if len(number) < 2 {
		return nil
	}
	a.recorder.Record(binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint16(number), now.Sub(a.began).Microseconds())
	return a.tell(now)
}

// tell returns what to tell now.
func (a *arrivals) tell(now time.Time) []rtcp.Packet {
	if a.recorder == nil || now.Sub(a.told) < feedbackEvery || a.recorder.PacketsHeld() == 0 {
		return nil
	}
	a.told = now
	return a.recorder.BuildFeedbackPacket()
}

package main

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func TestWhatIsMissingIsAskedForUntilItComes(t *testing.T) {
	var r receiver
	for _, seq := range []uint16{65533, 65534, 1, 2} { // lost: 65535, 0
		r.packet(seq)
	}
	if got := r.wanted(start); !slices.Equal(got, []uint16{65535, 0}) {
		t.Errorf("asked for %v", got)
	}
	if got := r.wanted(start.Add(askAgain / 2)); len(got) != 0 {
		t.Errorf("asked for %v again too soon", got)
	}
	r.packet(0)
	asked := 1
	for now := start.Add(askAgain); len(r.missing) > 0; now = now.Add(askAgain) {
		if got := r.wanted(now); slices.Equal(got, []uint16{65535}) {
			asked++
		} else if len(got) != 0 {
			t.Fatalf("asked for %v", got)
		}
	}
	if asked != maxAsks {
		t.Errorf("asked %d times", asked)
	}
}

func TestAJumpIsNoLoss(t *testing.T) {
	var r receiver
	r.packet(1)
	r.packet(3)
	r.packet(3 + maxMissing + 1)
	if got := r.wanted(start); len(got) != 0 {
		t.Errorf("asked for %v", got)
	}
	for seq := uint16(2000); seq < 2000+10*maxMissing; seq += 2 {
		r.packet(seq)
	}
	if len(r.missing) > maxMissing {
		t.Errorf("%d are remembered", len(r.missing))
	}
}

func TestReportsSayWhatWasLost(t *testing.T) {
	var r receiver
	r.reported(start, 0x1122334455667788)
	for seq := range uint16(100) {
		if seq%4 != 1 {
			r.packet(65500 + seq)
		}
	}
	b := r.report(start.Add(time.Second/2), 7)
	want := rtcp.ReceptionReport{SSRC: 7, FractionLost: 64, TotalLost: 25, LastSequenceNumber: 65536 + 63, LastSenderReport: 0x33445566, Delay: 32768}
	if b != want {
		t.Errorf("%+v, want %+v", b, want)
	}
	r.packet(64)
	if b := r.report(start, 7); b.FractionLost != 0 || b.TotalLost != 25 {
		t.Errorf("the next: %+v", b)
	}
}

func TestTheRateFollowsTheLosses(t *testing.T) {
	rate := uint64(startRate)
	for range 100 {
		rate = nextRate(rate, 0)
	}
	if rate != maxRate {
		t.Errorf("without losses %d", rate)
	}
	if got := nextRate(rate, 12); got != rate {
		t.Errorf("at 5 %% %d", got)
	}
	for range 100 {
		rate = nextRate(rate, 128)
	}
	if rate != minRate {
		t.Errorf("at 50 %% %d", rate)
	}
}

// packet makes an RTP packet as a publisher sends it.
func packet(payloadType byte, seq uint16, ssrc uint32, payload string) []byte {
	b := []byte{0x80, payloadType, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0}
	binary.BigEndian.PutUint16(b[2:], seq)
	binary.BigEndian.PutUint32(b[8:], ssrc)
	return append(b, payload...)
}

// testStream returns a stream with both tracks, and what its publisher is told.
func testStream() (*Stream, *[]rtcp.Packet) {
	o := new(Offer)
	o.Used[Audio], o.Used[Video] = &Section{PayloadType: 111}, &Section{PayloadType: 96, Feedback: []string{remb}}
	s := newStream("id", "room", "name", o)
	return s, told(s)
}

// told returns what the publisher of a stream will have been told.
func told(s *Stream) *[]rtcp.Packet {
	told := new([]rtcp.Packet)
	s.writeRTCP = func(b []byte) (int, error) {
		packets, err := rtcp.Unmarshal(b)
		*told = append(*told, packets...)
		return len(b), err
	}
	return told
}

func TestAKeyFrameIsAskedForSeldom(t *testing.T) {
	s, told := testStream()
	s.requestKeyFrame(start)
	if len(*told) != 0 {
		t.Error("asked before there is video")
	}
	s.onRTP(packet(96, 1, 77, "video"))
	s.sendKeyFrameRequest(start.Add(time.Millisecond)) // the next tick
	s.requestKeyFrame(start.Add(2 * time.Millisecond)) // a second subscriber, at once
	if n := len(*told); n != 1 {
		t.Errorf("asked %d times", n)
	}
	s.sendKeyFrameRequest(start.Add(keyFrameInterval + time.Millisecond))
	s.sendKeyFrameRequest(start.Add(3 * keyFrameInterval))
	if n := len(*told); n != 2 || (*told)[1].(*rtcp.PictureLossIndication).MediaSSRC != 77 {
		t.Errorf("told %v", *told)
	}
}

func TestAPublisherIsAskedForWhatDidNotCome(t *testing.T) {
	s, told := testStream()
	for _, seq := range []uint16{1, 2, 5} {
		s.onRTP(packet(96, seq, 77, "video"))
		s.onRTP(packet(111, 3*seq, 78, "audio")) // has concealment, and is not asked for
	}
	if len(*told) != 1 {
		t.Fatalf("told %v", *told)
	}
	nack, ok := (*told)[0].(*rtcp.TransportLayerNack)
	if !ok || nack.MediaSSRC != 77 || fmt.Sprint(nack.Nacks[0].PacketList()) != "[3 4]" {
		t.Errorf("told %v", *told)
	}
	*told = nil
	s.tell(time.Now())
	if r := (*told)[0].(*rtcp.ReceiverReport); len(r.Reports) != 2 || r.Reports[1].TotalLost != 2 {
		t.Errorf("report %+v", r)
	}
	if rate := (*told)[1].(*rtcp.ReceiverEstimatedMaximumBitrate); uint64(rate.Bitrate) != maxRate {
		t.Errorf("rate %v", rate.Bitrate)
	}
	// Who has not agreed to it is told no rate.
	s.remb, *told = false, nil
	s.tell(time.Now())
	if len(*told) != 1 {
		t.Errorf("told %v", *told)
	}
}

// A report of a publisher goes to all who receive him, and what a receiver asks for is sent again: neither can have much of that.
func TestReportsAreTakenInModeration(t *testing.T) {
	s, _ := testStream()
	s.onRTP(packet(96, 1, 77, "video"))
	dropped := 0
	s.onFlood = func() { dropped++ }
	report, err := (&rtcp.SenderReport{SSRC: 77}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	to := &Subscriber{stream: s, onFlood: s.onFlood}
	nack, err := (&rtcp.TransportLayerNack{MediaSSRC: s.Out[Video].SSRC, Nacks: []rtcp.NackPair{{PacketID: 1, LostPackets: 0xffff}}}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for name, send := range map[string]func(){"publisher": func() { s.onRTCP(report) }, "subscriber": func() { to.onRTCP(nack) }} {
		dropped = 0
		began := time.Now()
		for range 20 * controlPerSecond {
			send()
		}
		if most := controlPerSecond * (1 + time.Since(began).Seconds()); float64(20*controlPerSecond-dropped) > most+1 {
			t.Errorf("%s: %d of %d are dropped", name, dropped, 20*controlPerSecond)
		}
	}
}

// A publisher that numbers its packets is told which came, and when; receivers get them without those numbers.
func TestAPublisherIsToldWhenItsPacketsCame(t *testing.T) {
	o, err := ParseOffer(offer, true)
	if err != nil {
		t.Fatal(err)
	}
	s := newStream("id", "room", "name", o)
	told := told(s)
	began := s.arrivals.began
	for number := range uint16(20) {
		if number%5 == 3 {
			continue
		}
		b := extended(oneByte, []byte{0x31, 0, byte(number)}, packet(96, 100+number, 77, "video"))
		s.received(began.Add(time.Duration(number)*10*time.Millisecond), Video, b)
		s.forward(Video, withoutExtensions(b))
	}
	s.tellArrivals(began.Add(time.Second))
	s.tellArrivals(began.Add(2 * time.Second)) // nothing new
	var came []uint16
	reports, deltas := 0, 0
	for _, p := range *told {
		cc, ok := p.(*rtcp.TransportLayerCC)
		if !ok {
			continue
		}
		reports++
		number := cc.BaseSequenceNumber
		for _, chunk := range cc.PacketChunks {
			var symbols []uint16
			switch c := chunk.(type) {
			case *rtcp.RunLengthChunk:
				symbols = slices.Repeat([]uint16{c.PacketStatusSymbol}, int(c.RunLength))
			case *rtcp.StatusVectorChunk:
				symbols = c.SymbolList
			}
			for _, symbol := range symbols {
				if symbol != rtcp.TypeTCCPacketNotReceived && number < cc.BaseSequenceNumber+cc.PacketStatusCount {
					came = append(came, number)
				}
				number++
			}
		}
		deltas += len(cc.RecvDeltas)
		if cc.MediaSSRC != 77 || cc.SenderSSRC != s.Out[Audio].RTX|s.Out[Video].RTX {
			t.Errorf("%+v", cc)
		}
	}
	want := []uint16{0, 1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 16, 17, 19}
	if !slices.Equal(came, want) || deltas != len(want) || reports < 4 || reports > 5 {
		t.Errorf("%v came, by %d reports with %d times", came, reports, deltas)
	}
	if b, ok := s.cache.get(nil, 119); !ok || b[0] != 0x80 || string(b[rtpHeader:]) != "video" {
		t.Errorf("kept: %x", b)
	}
}

func TestAPublisherThatFloodsIsLimitedAlone(t *testing.T) {
	flooding, told := testStream()
	dropped := 0
	flooding.onFlood = func() { dropped++ }
	other, _ := testStream()
	now := start
	one := append(packet(96, 0, 77, ""), make([]byte, 1000-rtpHeader)...)
	gone := 0
	for second := range 3 {
		for i := range 10 * int(flooding.inflow) / len(one) {
			binary.BigEndian.PutUint16(one[2:], uint16(i))
			if flooding.received(now.Add(time.Duration(i)*time.Microsecond), Video, one) {
				gone++
			}
		}
		if !other.received(now, Video, one) {
			t.Error("another publisher is limited")
		}
		now = now.Add(time.Second)
		if most := (second + 2) * int(flooding.inflow) / len(one); gone > most || gone < most/3 {
			t.Errorf("second %d: %d packets have gone on, want %d at most", second, gone, most)
		}
	}
	if dropped == 0 || len(*told) > 100 {
		t.Errorf("%d were dropped, the publisher was told %d things", dropped, len(*told))
	}
}

func TestTheCacheHasWhatCameLast(t *testing.T) {
	s, _ := testStream()
	for seq := range 2 * cachePackets {
		s.onRTP(packet(96, uint16(seq), 77, fmt.Sprint(seq)))
	}
	s.onRTP(append(packet(96, 2*cachePackets, 77, ""), make([]byte, cachedSize)...)) // too large to be kept
	for seq, want := range map[uint16]bool{0: false, cachePackets - 1: false, cachePackets: true, 2*cachePackets - 1: true, 2 * cachePackets: false} {
		b, ok := s.cache.get(nil, seq)
		if ok != want || ok && (string(b[rtpHeader:]) != fmt.Sprint(seq) || binary.BigEndian.Uint32(b[8:]) != s.Out[Video].SSRC) {
			t.Errorf("%d: %v, %q", seq, ok, b)
		}
	}
}

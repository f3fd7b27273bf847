package main

import (
	"bytes"
	"testing"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// testMirror mirrors an audio section (payload type 111, stream 5001) and two video sections of the same payload type, the
// first with an announced stream 6001, the second known by its MID only.
func testMirror() *Mirror {
	return NewMirror([]Section{
		{Media: "audio", MID: "a", Accepted: true, Codec: Codec{PayloadType: 111}, SSRCs: []uint32{5001}},
		{Media: "video", MID: "v", Accepted: true, Codec: Codec{PayloadType: 96}, SSRCs: []uint32{6001}, MIDID: 4},
		{Media: "video", MID: "w", Accepted: true, Codec: Codec{PayloadType: 96}, MIDID: 4},
		{Media: "application", MID: "d", Accepted: true},
	})
}

// packet is an RTP packet with a MID extension unless mid is empty.
func packet(t *testing.T, pt uint8, ssrc uint32, mid string) []byte {
	t.Helper()
	p := rtp.Packet{
		Header: rtp.Header{
			Version: 2, Marker: true, PayloadType: pt, SequenceNumber: 65535, Timestamp: 90000, SSRC: ssrc, CSRC: []uint32{7},
		},
		Payload: []byte("picture"),
	}
	if mid != "" {
		if err := p.SetExtension(4, []byte(mid)); err != nil {
			t.Fatal(err)
		}
	}
	b, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPacketGoesBackUnderTheAnnouncedStreamAndWithoutExtensions(t *testing.T) {
	m := testMirror()
	b := packet(t, 96, 6001, "v")
	before := bytes.Clone(b)
	back, ok := m.RTP([]byte("x"), b)
	if !ok || back[0] != 'x' || !bytes.Equal(b, before) {
		t.Fatalf("went back: %v; dst kept and packet unchanged: %v", ok, bytes.Equal(b, before))
	}
	var p rtp.Packet
	if err := p.Unmarshal(back[1:]); err != nil {
		t.Fatal(err)
	}
	if p.SSRC != m.SSRCs()[1] || p.Extension || p.SequenceNumber != 65535 || p.Timestamp != 90000 || !p.Marker ||
		p.PayloadType != 96 || len(p.CSRC) != 1 || string(p.Payload) != "picture" {
		t.Errorf("came back as %v %q", p, p.Payload)
	}
}

func TestPaddingGoesBackWithItsBit(t *testing.T) {
	b := packet(t, 111, 5001, "")
	b[0] |= 0x20
	b = append(b, 0, 0, 3)
	back, ok := testMirror().RTP(nil, b)
	if !ok || back[0]&0x20 == 0 || !bytes.HasSuffix(back, []byte{0, 0, 3}) {
		t.Errorf("came back as %x", back)
	}
}

func TestSectionIsFoundByNameThenStreamThenFormat(t *testing.T) {
	for _, test := range []struct {
		name    string
		pt      uint8
		ssrc    uint32
		mid     string
		section int // -1: belongs nowhere
	}{
		{"by name, unknown stream", 96, 9999, "w", 2},
		{"by name, against the announced stream", 96, 6001, "w", 2},
		{"by announced stream", 96, 6001, "", 1},
		{"by a format of one section only", 111, 9999, "", 0},
		{"format of two sections", 96, 9999, "", -1},
		{"unknown format", 97, 9999, "", -1},
		{"announced stream, other format", 97, 6001, "", -1},
		{"name, other format", 111, 9999, "v", -1},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := testMirror()
			back, ok := m.RTP(nil, packet(t, test.pt, test.ssrc, test.mid))
			if ok != (test.section >= 0) {
				t.Fatalf("went back: %v", ok)
			}
			if !ok {
				return
			}
			var h rtp.Header
			if _, err := h.Unmarshal(back); err != nil || h.SSRC != m.SSRCs()[test.section] {
				t.Errorf("SSRC %d, want that of section %d in %v", h.SSRC, test.section, m.SSRCs())
			}
		})
	}
}

func TestSecondStreamOfASectionGetsAnSSRCOfItsOwn(t *testing.T) {
	m := testMirror()
	first, _ := m.RTP(nil, packet(t, 111, 5001, ""))
	second, ok := m.RTP(nil, packet(t, 111, 5002, ""))
	again, _ := m.RTP(nil, packet(t, 111, 5001, ""))
	if !ok || bytes.Equal(first[8:12], second[8:12]) || !bytes.Equal(first[8:12], again[8:12]) {
		t.Errorf("SSRCs %x, %x, and the first again %x", first[8:12], second[8:12], again[8:12])
	}
	for i := range 2 * maxStreams {
		m.RTP(nil, packet(t, 111, 7000+uint32(i), ""))
	}
	if len(m.streams) != maxStreams {
		t.Errorf("%d streams are kept, want %d", len(m.streams), maxStreams)
	}
}

func TestFeedbackAboutOurStreamGoesToThePeersSender(t *testing.T) {
	m := testMirror()
	m.RTP(nil, packet(t, 96, 6001, ""))
	ours, reporter := m.SSRCs()[1], m.SSRCs()[0]
	for _, test := range []struct {
		name     string
		in, want rtcp.Packet
	}{
		{"PLI", &rtcp.PictureLossIndication{SenderSSRC: 1, MediaSSRC: ours}, &rtcp.PictureLossIndication{SenderSSRC: reporter, MediaSSRC: 6001}},
		{"NACK",
			&rtcp.TransportLayerNack{SenderSSRC: 1, MediaSSRC: ours, Nacks: []rtcp.NackPair{{PacketID: 9, LostPackets: 3}}},
			&rtcp.TransportLayerNack{SenderSSRC: reporter, MediaSSRC: 6001, Nacks: []rtcp.NackPair{{PacketID: 9, LostPackets: 3}}}},
		{"FIR",
			&rtcp.FullIntraRequest{SenderSSRC: 1, FIR: []rtcp.FIREntry{{SSRC: 77, SequenceNumber: 1}, {SSRC: ours, SequenceNumber: 2}}},
			&rtcp.FullIntraRequest{SenderSSRC: reporter, MediaSSRC: 6001, FIR: []rtcp.FIREntry{{SSRC: 6001, SequenceNumber: 2}}}},
		{"receiver report",
			&rtcp.ReceiverReport{SSRC: 1, Reports: []rtcp.ReceptionReport{{SSRC: ours, FractionLost: 7, LastSenderReport: 8}, {SSRC: 77}}},
			&rtcp.ReceiverReport{SSRC: reporter, Reports: []rtcp.ReceptionReport{{SSRC: 6001, FractionLost: 7, LastSenderReport: 8}}}},
		{"sender report",
			&rtcp.SenderReport{SSRC: 6001, NTPTime: 5, RTPTime: 6, PacketCount: 7, OctetCount: 8},
			&rtcp.SenderReport{SSRC: ours, NTPTime: 5, RTPTime: 6, PacketCount: 7, OctetCount: 8}},
		{"PLI for a stream that we do not send", &rtcp.PictureLossIndication{MediaSSRC: 6001}, nil},
		{"NACK for a stream that we do not send", &rtcp.TransportLayerNack{MediaSSRC: 77}, nil},
		{"sender report of an unknown stream", &rtcp.SenderReport{SSRC: 77}, nil},
		{"bandwidth estimate", &rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: 1, SSRCs: []uint32{ours}}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			in, err := test.in.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			var want []byte
			if test.want != nil {
				if want, err = test.want.Marshal(); err != nil {
					t.Fatal(err)
				}
			}
			if got := m.RTCP(in); !bytes.Equal(got, want) {
				t.Errorf("went back as %x, want %x", got, want)
			}
		})
	}
}

func TestCompoundPacketGoesBackAsOne(t *testing.T) {
	m := testMirror()
	m.RTP(nil, packet(t, 96, 6001, ""))
	ours := m.SSRCs()[1]
	in, err := rtcp.Marshal([]rtcp.Packet{
		&rtcp.SenderReport{SSRC: 6001},
		&rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{{Source: 6001, Items: []rtcp.SourceDescriptionItem{{Type: rtcp.SDESCNAME, Text: "peer"}}}}},
		&rtcp.PictureLossIndication{MediaSSRC: ours},
	})
	if err != nil {
		t.Fatal(err)
	}
	packets, err := rtcp.Unmarshal(m.RTCP(in))
	if err != nil || len(packets) != 3 {
		t.Fatalf("%d packets, %v", len(packets), err)
	}
	sdes, ok := packets[1].(*rtcp.SourceDescription)
	if !ok || sdes.Chunks[0].Source != ours || sdes.Chunks[0].Items[0].Text != streamName {
		t.Errorf("the second packet is %v", packets[1])
	}
}

// FuzzMirror checks that no packet of a peer makes us send one that cannot be read, is longer, or speaks under the
// peer's own stream.
func FuzzMirror(f *testing.F) {
	f.Add([]byte{0x80, 111, 0, 1, 0, 0, 0, 2, 0, 0, 0x13, 0x89, 1, 2, 3})
	f.Add([]byte{0x90, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0x17, 0x71, 0xbe, 0xde, 0, 1, 0x40, 'v', 0, 0, 5})
	f.Add([]byte{0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2})
	f.Add([]byte{0x81, 200, 0, 6, 0, 0, 0x17, 0x71, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		m := testMirror()
		if back, ok := m.RTP(nil, b); ok {
			var h rtp.Header
			if _, err := h.Unmarshal(back); err != nil || h.Extension || len(back) > len(b) {
				t.Fatalf("%x went back as %x: %v", b, back, err)
			}
			if len(b) >= 12 && bytes.Equal(back[8:12], b[8:12]) {
				t.Fatalf("the SSRC is the peer's own")
			}
		}
		if back := m.RTCP(b); back != nil {
			if _, err := rtcp.Unmarshal(back); err != nil {
				t.Fatalf("%x went back as %x: %v", b, back, err)
			}
		}
	})
}

func BenchmarkMirrorRTP(b *testing.B) {
	m := testMirror()
	p := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 111, SSRC: 5001}, Payload: make([]byte, 1100)}
	raw, err := p.Marshal()
	if err != nil {
		b.Fatal(err)
	}
	dst := make([]byte, 0, 1500)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := m.RTP(dst, raw); !ok {
			b.Fatal("dropped")
		}
	}
}

package main

import (
	"strings"
	"testing"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/mux/icelite"
)

// offer is what a browser sends, shortened.
const offer = `v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF
m=audio 9 UDP/TLS/RTP/SAVPF 111 0
c=IN IP4 0.0.0.0
a=ice-ufrag:abcd
a=ice-pwd:0123456789012345678901
a=setup:actpass
a=mid:0
a=sendonly
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;useinbandfec=1
m=video 9 UDP/TLS/RTP/SAVPF 98 96 97
c=IN IP4 0.0.0.0
a=ice-ufrag:abcd
a=ice-pwd:0123456789012345678901
a=setup:actpass
a=mid:1
a=sendonly
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:98 H264/90000
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtcp-fb:96 transport-cc
a=rtcp-fb:96 goog-remb
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:3/sendonly http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
`

func TestAnOfferIsReadForWhatWeForward(t *testing.T) {
	o, err := ParseOffer(offer, true)
	if err != nil {
		t.Fatal(err)
	}
	audio, video := o.Used[Audio], o.Used[Video]
	if o.Ufrag != "abcd" || audio.PayloadType != 111 || audio.Parameters != "minptime=10;useinbandfec=1" {
		t.Errorf("%+v, %+v", o, audio)
	}
	if video.PayloadType != 96 || video.RTX != 97 || strings.Join(video.Feedback, ",") != "nack,nack pli,goog-remb,transport-cc" || !video.Reduced ||
		video.TransportCC != 3 || audio.TransportCC != 0 {
		t.Errorf("%+v", video)
	}
	if _, err := ParseOffer(offer, false); err == nil || !strings.Contains(err.Error(), "recvonly") {
		t.Errorf("as a subscriber's: %v", err)
	}
}

func TestAnOfferThatCannotBeUsedIsRefusedWithTheReason(t *testing.T) {
	for name, change := range map[string]func(string) string{
		"not a session description": func(string) string { return "hello" },
		"m= lines":                  func(s string) string { return s[:strings.Index(s, "m=audio")] },
		"no section":                func(s string) string { return strings.ReplaceAll(s, "a=rtcp-mux", "a=x") },
		"ice-ufrag":                 func(s string) string { return strings.ReplaceAll(s, "ice-ufrag", "x") },
		"setup":                     func(s string) string { return strings.ReplaceAll(s, "actpass", "passive") },
		"fingerprint":               func(s string) string { return strings.ReplaceAll(s, "sha-256 00:11", "sha-256 00") },
		"1 to 8":                    func(s string) string { return s + strings.Repeat("m=audio 0 UDP/TLS/RTP/SAVPF 0\n", 8) },
	} {
		if _, err := ParseOffer(change(offer), true); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%q is the reason for: %v", name, err)
		}
	}
}

func TestTransportFeedbackIsAgreedToWithPublishersWhoNumberPackets(t *testing.T) {
	const extmap, feedback = "a=extmap:3 " + transportCC + "\r\n", "a=rtcp-fb:96 transport-cc\r\n"
	certificate, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	local := &Local{icelite.Credentials{Ufrag: "mine", Password: "9876543210987654321098"}, []string{"1 1 udp 7 192.0.2.1 3478 typ host"}, certificate.Fingerprint()}
	for name, test := range map[string]struct {
		old, new string
		agreed   bool
	}{
		"both":              {"", "", true},
		"no numbers":        {"draft-holmer", "draft-other", false},
		"no feedback":       {"transport-cc\n", "transport-xx\n", false},
		"the two-byte form": {"extmap:3/sendonly", "extmap:15", false},
	} {
		text := offer
		if test.old != "" {
			text = strings.ReplaceAll(offer, test.old, test.new)
		}
		o, err := ParseOffer(text, true)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := local.Answer(o, nil, "")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(answer, "a=fmtp:96 x-google-min-bitrate=150\r\n") || strings.Contains(answer, "a=fmtp:111 minptime=10;useinbandfec=1;") {
			t.Errorf("the least rate is for video:\n%s", answer)
		}
		if strings.Contains(answer, extmap) != test.agreed || strings.Contains(answer, feedback) != test.agreed || strings.Contains(answer, "abs-send-time") {
			t.Errorf("%s:\n%s", name, answer)
		}
	}
}

func TestAnAnswerHasOneSectionForEachOfTheOffers(t *testing.T) {
	o, err := ParseOffer(strings.ReplaceAll(offer, "sendonly", "recvonly"), false)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	local := &Local{icelite.Credentials{Ufrag: "mine", Password: "9876543210987654321098"}, []string{"1 1 udp 7 192.0.2.1 3478 typ host"}, certificate.Fingerprint()}
	tracks := &Tracks{}
	tracks[Video].SSRC, tracks[Video].RTX = 11, 12
	answer, err := local.Answer(o, tracks, "ada")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"a=ice-lite\r\n", "a=group:BUNDLE 1\r\n", "m=audio 0 ", "m=video 3478 UDP/TLS/RTP/SAVPF 96 97\r\n", "a=sendonly\r\n", "a=setup:passive\r\n",
		"a=rtpmap:97 rtx/90000\r\n", "a=fmtp:97 apt=96\r\n", "a=ssrc-group:FID 11 12\r\n", "a=msid:ada ada-video\r\n", "a=candidate:1 1 udp 7 192.0.2.1 3478 typ host\r\n",
	} {
		if !strings.Contains(answer, want) {
			t.Errorf("no %q in\n%s", want, answer)
		}
	}
	if strings.Index(answer, "a=ssrc:11 ") > strings.Index(answer, "a=ssrc:12 ") {
		t.Error("retransmissions come first")
	}
	if strings.Contains(answer, "transport-cc") || strings.Contains(answer, "extmap") {
		t.Errorf("more is agreed to than is done:\n%s", answer)
	}
}

func FuzzParseOffer(f *testing.F) {
	f.Add(offer)
	f.Add(offerWithData)
	f.Add(dataOffer)
	certificate, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		f.Fatal(err)
	}
	local := &Local{icelite.Credentials{Ufrag: "mine", Password: "9876543210987654321098"}, []string{"1 1 udp 7 192.0.2.1 3478 typ host"}, certificate.Fingerprint()}
	f.Fuzz(func(t *testing.T, text string) {
		o, err := ParseOffer(text, true)
		if err != nil {
			return
		}
		if o.Remote.Check() != nil || len(o.Sections) == 0 || len(o.Sections) > maxSections || !o.hasMedia() && o.Data == nil {
			t.Errorf("%+v", o)
		}
		if d := o.Data; d != nil && (d.Port == 0 || d.MaxMessageSize == 0 || d.Kind >= 0) {
			t.Errorf("%+v", d)
		}
		answer, err := local.Answer(o, nil, "")
		if err != nil {
			t.Error(err)
		}
		// No line of it is the peer's but those that say what it offered.
		if n := strings.Count(answer, "a=fingerprint:"); n != strings.Count(answer, "a=fingerprint:"+local.Fingerprint.String()+"\r\n") || strings.Count(answer, "\nm=") != len(o.Sections) {
			t.Errorf("%q is answered with %q", text, answer)
		}
		for kind, section := range o.Used {
			if section != nil && (section.Kind != Kind(kind) || section.PayloadType > 127) {
				t.Errorf("%+v", section)
			}
		}
	})
}

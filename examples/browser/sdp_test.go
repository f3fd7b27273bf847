package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fixture reads a description that a real peer wrote.
func fixture(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "sdp", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// sections tells the sections in a line: media, mid, codec, or "rejected".
func sections(d *Description) string {
	var words []string
	for _, s := range d.Sections {
		switch {
		case s.IsMedia():
			words = append(words, s.Media+":"+s.MID+":"+s.Codec.Name)
		case s.IsData():
			words = append(words, "data:"+s.MID)
		default:
			words = append(words, "rejected")
		}
	}
	return strings.Join(words, " ")
}

func TestDescriptionsOfRealPeersAreRead(t *testing.T) {
	const (
		chromium = "audio:0:opus/48000/2 video:1:VP8/90000 data:2"
		data     = "data:0"
	)
	for _, test := range []struct {
		file, sections, ufrag, setup, fingerprint string
		candidates                                int
		max                                       uint64
	}{
		{"chromium156-offer-data.sdp", data, "IydD", "actpass", "2E:6B:A9:1D", 2, 262144},
		{"chromium156-offer-data.snap.sdp", data, "oL9N", "actpass", "55:3B:22:3E", 2, 262144},
		{"chromium156-offer-media.sdp", chromium, "ailY", "actpass", "34:66:87:4B", 2, 262144},
		{"chromium156-offer-media.warp.sdp", chromium, "Z1z5", "actpass", "A3:0C:2E:18", 2, 262144},
		{"chromium156-answer.sped.sdp", "audio:0:opus/48000/2 data:1", "jrxZ", "active", "6C:47:C3:75", 2, 262144},
		{"chromium156-answer.warp.sdp", "audio:0:opus/48000/2 data:1", "oUnj", "active", "8B:7B:85:86", 2, 262144},
		{"firefox153-offer-data.sdp", data, "4ebbe8c8", "actpass", "09:33:6E:D5", 1, 1073741823},
		{"firefox153-offer-media.sdp", chromium, "1280202a", "actpass", "5B:40:4B:FA", 1, 1073741823},
		{"libdatachannel0.24-offer-data.sdp", data, "F7ls", "actpass", "05:7E:81:BE", 1, 262144},
		{"werift0.24-offer-data.sdp", data, "6fd4", "actpass", "88:4C:49:93", 2, 65536},
		{"wrtc0.10-offer-data.sdp", data, "TcQT", "actpass", "A7:D6:F0:9D", 2, 262144},
		{"wrtc0.10-offer-media.sdp", chromium, "gOJ4", "actpass", "B7:B1:22:68", 2, 262144},
	} {
		t.Run(test.file, func(t *testing.T) {
			d, err := ParseDescription(fixture(t, test.file))
			if err != nil {
				t.Fatal(err)
			}
			if got := sections(d); got != test.sections {
				t.Errorf("sections %s, want %s", got, test.sections)
			}
			if d.Ufrag != test.ufrag || d.Setup != test.setup || !d.Bundle {
				t.Errorf("ufrag %s, setup %s, bundle %v", d.Ufrag, d.Setup, d.Bundle)
			}
			if len(d.Remote) != 1 || !strings.HasPrefix(d.Remote[0].String(), "sha-256 "+test.fingerprint) {
				t.Errorf("fingerprints %v, want one %s...", d.Remote, test.fingerprint)
			}
			if len(d.Candidates) != test.candidates {
				t.Errorf("candidates %q, want %d over UDP and IPv4", d.Candidates, test.candidates)
			}
			if got := d.Data().MaxMessageSize; got != test.max {
				t.Errorf("max-message-size %d, want %d", got, test.max)
			}
		})
	}
}

func TestMediaSectionTellsCodecStreamsAndFeedback(t *testing.T) {
	d, err := ParseDescription(fixture(t, "chromium156-offer-media.sdp"))
	if err != nil {
		t.Fatal(err)
	}
	audio, video := d.Sections[0], d.Sections[1]
	if c := audio.Codec; c.PayloadType != 111 || c.Parameters != "minptime=10;useinbandfec=1" || len(c.Feedback) != 0 {
		t.Errorf("audio codec %+v", c)
	}
	if audio.MIDID != 4 || len(audio.SSRCs) != 1 || audio.SSRCs[0] != 3712398713 || audio.Direction != sendrecv || !audio.ReducedOK {
		t.Errorf("audio section %+v", audio)
	}
	if c := video.Codec; c.PayloadType != 96 || strings.Join(c.Feedback, ",") != "ccm fir,nack,nack pli" {
		t.Errorf("video codec %+v", c)
	}
	if len(video.SSRCs) != 2 {
		t.Errorf("video streams %v", video.SSRCs)
	}
}

// edited is an offer of Chromium with lines changed: each pair is what to replace and with what.
func edited(t testing.TB, pairs ...string) string {
	t.Helper()
	s := fixture(t, "chromium156-offer-media.sdp")
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(s, pairs[i]) {
			t.Fatalf("the fixture has no %q", pairs[i])
		}
		s = strings.ReplaceAll(s, pairs[i], pairs[i+1])
	}
	return s
}

func TestSectionsThatWeCannotUseAreRejectedAlone(t *testing.T) {
	for _, test := range []struct{ name, sdp, want string }{
		{"no VP8", edited(t, "VP8/90000", "VPX/90000"), "audio:0:opus/48000/2 rejected data:2"},
		{"name in another case", edited(t, "opus/48000/2", "OPUS/48000/2"), "audio:0:OPUS/48000/2 video:1:VP8/90000 data:2"},
		{"mono Opus", edited(t, "opus/48000/2", "opus/48000/1"), "rejected video:1:VP8/90000 data:2"},
		{"no RTCP multiplexing", edited(t, "a=rtcp-mux\n", ""), "rejected rejected data:2"},
		{"plain RTP", edited(t, "UDP/TLS/RTP/SAVPF", "RTP/AVP"), "rejected rejected data:2"},
		{"port 0", edited(t, "m=video 45829", "m=video 0"), "audio:0:opus/48000/2 rejected data:2"},
		{"port 0, but bundle-only", edited(t, "m=video 45829", "m=video 0", "a=mid:1", "a=mid:1\na=bundle-only"), "audio:0:opus/48000/2 video:1:VP8/90000 data:2"},
		{"not in the group", edited(t, "BUNDLE 0 1 2", "BUNDLE 1 2"), "rejected video:1:VP8/90000 data:2"},
		{"no group", edited(t, "a=group:BUNDLE 0 1 2\n", ""), "audio:0:opus/48000/2 rejected rejected"},
		{"other application", edited(t, "webrtc-datachannel", "chess"), "audio:0:opus/48000/2 video:1:VP8/90000 rejected"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, err := ParseDescription(test.sdp)
			if err != nil {
				t.Fatal(err)
			}
			if got := sections(d); got != test.want {
				t.Errorf("sections %s, want %s", got, test.want)
			}
			if len(d.Candidates) == 0 {
				t.Error("the candidates of the rejected section were lost")
			}
		})
	}
}

func TestFingerprintOfTheSectionGoesBeforeThatOfTheSession(t *testing.T) {
	other := "a=fingerprint:sha-256 " + strings.Repeat("00:", 31) + "00\n"
	d, err := ParseDescription(edited(t, "a=group:", other+"a=group:"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(d.Remote[0].String(), "sha-256 34:66") {
		t.Errorf("fingerprint %v, want the section's", d.Remote)
	}
}

func TestBadDescriptionsAreRefusedWithOneLine(t *testing.T) {
	print := "a=fingerprint:sha-256 34:66:87:4B:3D:AD:2B:D8:47:89:E7:C7:17:D6:48:5A:4A:AD:E3:78:69:2E:A6:4A:9C:1B:50:5A:2B:42:AC:AA\n"
	for _, test := range []struct{ name, sdp, reason string }{
		{"empty", "", "no m= line"},
		{"junk", "hello\nworld\n", "not a session description"},
		{"no section", "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nt=0 0\n", "no m= line"},
		{"no fingerprint", edited(t, print, ""), "no a=fingerprint"},
		{"fingerprint of a forbidden hash", edited(t, "sha-256", "sha-1"), "a=fingerprint: "},
		{"fingerprint of wrong length", edited(t, ":AC:AA", ":AC"), "a=fingerprint: "},
		{"no credentials", edited(t, "a=ice-ufrag:ailY\n", ""), "ice-ufrag"},
		{"short password", edited(t, "a=ice-pwd:enk9O4uEfv0SGtdnCZPDoBE5", "a=ice-pwd:short"), "ice-ufrag"},
		{"no setup", edited(t, "a=setup:actpass\n", ""), "no a=setup"},
		{"held connection", edited(t, "a=setup:actpass", "a=setup:holdconn"), "no a=setup"},
		{"nothing usable", edited(t, "opus", "x", "VP8", "x", "webrtc-datachannel", "x"), "no section that we can use"},
		{"many sections", edited(t) + strings.Repeat("m=audio 9 RTP/AVP 0\n", maxSections), "at most 32"},
		{"many streams", edited(t, "a=ssrc:3712398713 cname", "a=ssrc:1 x\na=ssrc:2 x\na=ssrc:3 x\na=ssrc:4 x\na=ssrc:5 x\na=ssrc:6 x\na=ssrc:7 x\na=ssrc:8 x\na=ssrc:9 x\na=ssrc:10 x\na=ssrc:11 x\na=ssrc:12 x\na=ssrc:13 x\na=ssrc:14 x\na=ssrc:15 x\na=ssrc:16 x\na=ssrc:3712398713 cname"), "more than 16 streams"},
		{"size that is no number", edited(t, "a=max-message-size:262144", "a=max-message-size:big"), "max-message-size"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := ParseDescription(test.sdp)
			if err == nil || !strings.Contains(err.Error(), test.reason) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q, want one line with %q", err, test.reason)
			}
		})
	}
}

func TestCandidatesAreBoundedAndOnlyThoseWeCanUse(t *testing.T) {
	line := "a=candidate:1 1 udp 2122194687 127.0.0.1 43884 typ host\n"
	d, err := ParseDescription(edited(t, "a=ice-options:trickle\n", strings.Repeat(line, 100)+
		"a=candidate:2 1 udp 1 b0b.local 1 typ host\na=candidate:3 2 udp 1 127.0.0.1 1 typ host\na=candidate:junk\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Candidates) != maxCandidates {
		t.Errorf("%d candidates, want %d", len(d.Candidates), maxCandidates)
	}
}

// FuzzDescription checks that what is read can be answered, and that our answer reads back as one with the sections of the
// offer, in their order.
func FuzzDescription(f *testing.F) {
	files, err := filepath.Glob("testdata/sdp/*.sdp")
	if err != nil || len(files) == 0 {
		f.Fatal("no fixtures: ", err)
	}
	for _, name := range files {
		f.Add(fixture(f, filepath.Base(name)))
	}
	l := testLocal(f, setupActive)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDescription(text)
		if err != nil {
			return
		}
		answer, err := l.Answer(d, NewMirror(d.Sections).SSRCs())
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseDescription(answer)
		if err != nil {
			t.Fatalf("our answer cannot be read: %v\noffer:\n%s\nanswer:\n%s", err, text, answer)
		}
		if len(back.Sections) != len(d.Sections) {
			t.Fatalf("%d sections answered with %d", len(d.Sections), len(back.Sections))
		}
		for i, s := range back.Sections {
			if s.Accepted && !d.Sections[i].Accepted {
				t.Fatalf("section %d is accepted in the answer only", i)
			}
		}
	})
}

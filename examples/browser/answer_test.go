package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/pion/ice/v2"

	"github.com/rtctransport/rtctransport/fingerprint"
)

// testLocal is our side with two candidates.
func testLocal(t testing.TB, setup string) *Local {
	t.Helper()
	certificate, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	l := &Local{
		Setup: setup, Ufrag: "ufragufrag", Pwd: "pwdpwdpwdpwdpwdpwdpwdpwdpwd", Fingerprint: certificate.Fingerprint(),
	}
	for _, address := range []string{"127.0.0.1", "192.0.2.2"} {
		c, err := ice.NewCandidateHost(&ice.CandidateHostConfig{Network: "udp", Address: address, Port: 4242, Component: 1})
		if err != nil {
			t.Fatal(err)
		}
		l.Candidates = append(l.Candidates, c)
	}
	return l
}

// answerTo answers an offer with fixed streams 1000, 1001, ... and returns the lines of each section, the session's first.
func answerTo(t testing.TB, offer string) [][]string {
	t.Helper()
	d, err := ParseDescription(offer)
	if err != nil {
		t.Fatal(err)
	}
	ssrcs := make([]uint32, len(d.Sections))
	for i := range ssrcs {
		ssrcs[i] = 1000 + uint32(i)
	}
	answer, err := testLocal(t, setupPassive).Answer(d, ssrcs)
	if err != nil {
		t.Fatal(err)
	}
	var parts [][]string
	for i, part := range strings.Split(answer, "\r\nm=") {
		if i > 0 {
			part = "m=" + part
		}
		parts = append(parts, strings.Split(strings.TrimSpace(part), "\r\n"))
	}
	return parts
}

func TestAnswerSaysWhatThePeerNeeds(t *testing.T) {
	for _, name := range []string{"chromium156-offer-media.sdp", "firefox153-offer-media.sdp", "wrtc0.10-offer-media.sdp"} {
		t.Run(name, func(t *testing.T) {
			parts := answerTo(t, fixture(t, name))
			if len(parts) != 4 {
				t.Fatalf("%d sections", len(parts)-1)
			}
			if !slices.Contains(parts[0], "a=group:BUNDLE 0 1 2") {
				t.Errorf("session %q has no group", parts[0])
			}
			for i, part := range parts[1:] {
				all := strings.Join(part, "\n")
				for _, want := range []string{"a=setup:passive", "a=ice-ufrag:ufragufrag", "a=ice-pwd:pwd", "a=fingerprint:sha-256 ", "a=mid:"} {
					if !strings.Contains(all, want) {
						t.Errorf("section %d has no %s", i, want)
					}
				}
				if got, want := strings.Count(all, "a=candidate:"), []int{2, 0, 0}[i]; got != want {
					t.Errorf("section %d has %d candidates, want %d", i, got, want)
				}
			}
			for i, codec := range map[int]string{1: "opus/48000/2", 2: "VP8/90000"} {
				all := strings.Join(parts[i], "\n")
				for _, want := range []string{"a=sendrecv", "a=rtcp-mux", codec, "a=msid:echo echo-", "a=ssrc:100", midExtension} {
					if !strings.Contains(all, want) {
						t.Errorf("section %d has no %s:\n%s", i, want, all)
					}
				}
				if n := strings.Count(all, "a=rtpmap:"); n != 1 {
					t.Errorf("section %d has %d codecs", i, n)
				}
			}
			video := strings.Join(parts[2], "\n")
			for feedback, want := range map[string]bool{" nack pli": true, " ccm fir": true, " transport-cc": false, " goog-remb": false} {
				if strings.Contains(video, feedback) != want {
					t.Errorf("feedback%s in the answer: %v", feedback, !want)
				}
			}
			data := strings.Join(parts[3], "\n")
			for _, want := range []string{"m=application 4242 UDP/DTLS/SCTP webrtc-datachannel", "a=sctp-port:5000", "a=max-message-size:262144"} {
				if !strings.Contains(data, want) {
					t.Errorf("data section has no %s", want)
				}
			}
		})
	}
}

func TestRejectedSectionKeepsItsPlaceWithPortZero(t *testing.T) {
	parts := answerTo(t, edited(t, "VP8/90000", "VPX/90000"))
	if !slices.Contains(parts[0], "a=group:BUNDLE 0 2") {
		t.Errorf("session %q: the rejected section is in the group", parts[0])
	}
	if video := parts[2]; !strings.HasPrefix(video[0], "m=video 0 UDP/TLS/RTP/SAVPF 96 97") || !slices.Contains(video, "a=mid:1") {
		t.Errorf("rejected section %q", video)
	}
}

func TestDirectionIsTurnedRound(t *testing.T) {
	for offered, want := range map[string]string{sendrecv: sendrecv, sendonly: recvonly, recvonly: sendonly, inactive: inactive} {
		part := answerTo(t, edited(t, "a=sendrecv", "a="+offered))[1]
		if !slices.Contains(part, "a="+want) {
			t.Errorf("%s is answered %q, want %s", offered, part, want)
		}
		announced := slices.ContainsFunc(part, func(s string) bool { return strings.HasPrefix(s, "a=ssrc:") })
		if announced != (want == sendrecv || want == sendonly) {
			t.Errorf("%s: a stream is announced: %v", want, announced)
		}
	}
}

func TestOfferIsOneThatWeWouldAnswer(t *testing.T) {
	offer, err := testLocal(t, setupActpass).Offer()
	if err != nil {
		t.Fatal(err)
	}
	d, err := ParseDescription(offer)
	if err != nil {
		t.Fatal(err)
	}
	if d.Setup != setupActpass || sections(d) != "data:0" || len(d.Candidates) != 2 || d.Data().MaxMessageSize != maxMessageSize {
		t.Errorf("our own offer reads as %+v", d)
	}
}

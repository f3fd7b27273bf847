//go:build unix

package webrtc

import "github.com/rtctransport/rtctransport/interop/table"

// trouble returns why a job fails for a fault of the peer, and what its error then says. It has to show: a fault that has
// gone fails the cell, so that the list stays true. role is theirs.
func (s *starter) trouble(job, role string) (why, evidence string) {
	const never = "waited in vain for channel chat open"
	switch {
	case job == "mtu600" && (s.name == chromium || s.name == wrtc && role == "server"):
		return "its datagrams have up to 1200 bytes, however often they are lost", never
	case job == "mtu600" && s.name == firefox && role == "client":
		return "its datagrams shrink to 1188 bytes and no further", never
	case job == "mtu600" && s.name == pionWebRTC && role == "server":
		return "its datagrams have up to 1200 bytes, however often they are lost", never
	case job == "mirror" && s.name == datachannel:
		return "it says of every channel of ours that it is ordered", "retransmits ordered is true, want false"
	case job == "mirror" && s.name == wrtc:
		return "it says of reliable channels of ours that they have 65535 retransmissions", "plain maxRetransmits is 65535, want null"
	}
	if s.name != werift {
		return "", ""
	}
	switch {
	case job == "mirror":
		return "it says of every channel of ours that it is ordered", "retransmits ordered is true, want false"
	case job == "empty":
		return "after an empty message it sends no more", "waited in vain for 3 messages"
	case job == "wrongOfferFingerprint":
		return "it does not notice that we have refused it with an alert", "waited in vain for the server to refuse: page "
	case job == "wrongAnswerFingerprint":
		return "it looks at our fingerprint only when the handshake is over, and refuses without an alert", "waited in vain for the page to refuse: page "
	case job == "pageCloses":
		return "it closes without a close_notify", "waited in vain for the server to be closed, now connected"
	case job == "keyFrameRequest":
		return "it gives a PLI to its receiver of whoever sends the PLI, and not to its sender that it is about", "a PLI for our encoder: the receiver gets it"
	case job == "connects" && role == "client":
		return "it numbers its channels by its role in ICE and not by that in DTLS (RFC 8832, Section 6), so that they are reset", never
	}
	return "", ""
}

// mayFail tells a trial which faults of the peer may keep a job from its end, by chance; see js/stacks for the symptoms.
func (s *starter) mayFail(t *table.Trial, job string) {
	if s.name != werift || job != "dcpeerEchoesLossy" && job != "dcpeerOpensLossy" {
		return
	}
	t.MayFault("a FORWARD-TSN has it throw away the first fragments of other messages, those of libdatachannel too", "fragments of other messages thrown away")
	t.MayFault("it keeps a message that was whole before the one ahead of it until more comes, one of libdatachannel too", "next in order and not given")
	t.MayFault("after losses its sender waits for ever for bytes that it takes for in flight, with libdatachannel too", "bytes in flight although none are")
}

// goesSilently is whether it closes without a close_notify; see the fault of pageCloses.
func (s *starter) goesSilently() bool { return s.name == werift }

// lacks returns why the peer has nothing to do a job with.
func (s *starter) lacks(job string) string {
	media := job == "media" || job == "mediaOnly" || job == "twoVideos"
	switch {
	case media && (s.name == werift || s.name == pionWebRTC):
		return "it has no codecs: its RTP packets are looked at byte for byte, and what vpxenc and vpxdec make of them"
	case media && s.name == datachannel:
		return "for Node.js it has no codecs: its RTP packets are looked at byte for byte, and what vpxenc and vpxdec make of them"
	case job == "rsaCertificate":
		return "for Node.js it has no generateCertificate, and makes nothing of the certificates in a configuration; Chromium is the same libwebrtc"
	case job == "twoVideos":
		return "for Node.js its second video is not decoded"
	case job == has13:
		return "it has no DTLS 1.3"
	case job == "keyFrameRequest":
		return "for Node.js it has no RTCRtpScriptTransform, by which a program asks for one"
	}
	return "for Node.js its answers are always active"
}

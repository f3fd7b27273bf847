//go:build unix

package webrtc

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
	case job == "mirror" && role == "server":
		return "it says of every channel of ours that it is ordered", "retransmits ordered is true, want false"
	case job == "empty" && role == "server":
		return "after an empty message it sends no more", "waited in vain for 3 messages"
	case job == "wrongOfferFingerprint":
		return "it does not notice that we have refused it with an alert", "waited in vain for the server to refuse: page "
	case job == "wrongAnswerFingerprint":
		return "it looks at our fingerprint only when the handshake is over, and refuses without an alert", "waited in vain for the page to refuse: page "
	case job == "pageCloses" && role == "server":
		return "it closes without a close_notify", "waited in vain for the server to be closed, now connected"
	case job == "connects" && role == "client":
		return "it numbers its channels by its role in ICE and not by that in DTLS (RFC 8832, Section 6), so that they are reset", never
	}
	return "", ""
}

// goesSilently is whether it closes without a close_notify; see the fault of pageCloses.
func (s *starter) goesSilently(role string) bool { return s.name == werift && role == "server" }

// lacks returns why the peer has nothing to do a job with.
func (s *starter) lacks(job string) string {
	media := job == "media" || job == "mediaOnly" || job == "twoVideos"
	switch {
	case media && (s.name == werift || s.name == pionWebRTC):
		return "it has no codecs: its RTP packets are looked at byte for byte"
	case media && s.name == datachannel:
		return "for Node.js it has no codecs"
	case job == "rtp" && s.name == datachannel:
		return "for Node.js its tracks have no connection of the W3C's kind"
	case job == "rtp":
		return "it has no RTP packets for programs: its media come back decoded"
	case job == "rsaCertificate":
		return "for Node.js it has no generateCertificate and takes no certificates; Chromium is the same libwebrtc"
	case job == "twoVideos":
		return "for Node.js its second video is not decoded"
	}
	return "it has no such thing, or not for programs"
}

// cannot returns why a job is not tried.
func (s *starter) cannot(job, role string) string {
	if s.name == werift && role == "client" {
		switch job {
		case "connects", "rtp", "wrongOfferFingerprint", "wrongAnswerFingerprint", "call":
		default:
			return "with numbers that RFC 8832 refuses, see its fault, no channel opens"
		}
	}
	return ""
}

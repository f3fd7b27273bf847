package main

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/ice/v2"
	"github.com/pion/sdp/v3"

	"github.com/rtctransport/rtctransport/fingerprint"
)

// Limits of what we read from a description.
const (
	maxSections   = 32 // m= lines; more are refused
	maxSSRCs      = 16 // announced streams in one section; more are refused
	maxCandidates = 16 // addresses that we send checks to; later ones are passed over
)

// The values of a=setup that WebRTC uses. RFC 8842, Section 5.
const (
	setupActpass = "actpass"
	setupActive  = "active"
	setupPassive = "passive"
)

// The directions of a media section. RFC 8866, Section 6.7.
const (
	sendrecv = "sendrecv"
	sendonly = "sendonly"
	recvonly = "recvonly"
	inactive = "inactive"
)

// midExtension is the header extension that carries a section's name in RTP packets. RFC 9143, Section 14.
const midExtension = "urn:ietf:params:rtp-hdrext:sdes:mid"

// A Description is what we need to know from a peer's offer or answer: one transport, and the sections on it.
type Description struct {
	Setup      string          // actpass, active or passive
	Ufrag      string          // of the peer's ICE agent
	Pwd        string          //
	Lite       bool            // the peer does ICE-lite: it answers checks and starts none
	Remote     fingerprint.Set // the certificates that may arrive; checked, never empty
	Candidates []string        // UDP, IPv4, component 1; may be empty: the peer's checks teach us its address
	Bundle     bool            // a=group:BUNDLE was there
	Sections   []Section       // one for each m= line, in order
}

// A Section is one m= line.
type Section struct {
	Media     string   // audio, video, application, or what the peer wrote
	Protos    []string // as offered: a rejected section repeats them
	Formats   []string // as offered
	MID       string   // a=mid, the section's name in BUNDLE and in packets; may be empty
	Direction string   // as the peer sees it
	Accepted  bool     // we can use it; otherwise it is answered with port 0

	// Of accepted audio and video sections.
	Codec     Codec
	ReducedOK bool     // a=rtcp-rsize: RTCP packets need not be compound
	MIDID     uint8    // number of the MID header extension, 0 without
	SSRCs     []uint32 // streams that the peer announces

	// Of accepted application sections.
	MaxMessageSize uint64 // bytes that the peer takes; 0 is no limit. RFC 8841, Section 6.
}

// A Codec is the one payload format that a section is answered with: Opus or VP8, numbered as the peer numbered it.
type Codec struct {
	PayloadType uint8
	Name        string   // "opus/48000/2", "VP8/90000"
	Parameters  string   // a=fmtp, may be empty
	Feedback    []string // a=rtcp-fb values that we take: "nack", "nack pli", "ccm fir"
}

// IsMedia reports whether packets of the section are RTP.
func (s *Section) IsMedia() bool { return s.Accepted && s.Media != "application" }

// IsData reports whether the section carries data channels.
func (s *Section) IsData() bool { return s.Accepted && s.Media == "application" }

// Data returns the section that carries data channels, or nil.
func (d *Description) Data() *Section {
	for i := range d.Sections {
		if d.Sections[i].IsData() {
			return &d.Sections[i]
		}
	}
	return nil
}

// ParseDescription reads an offer or an answer. Each error is one line that a person can act on.
func ParseDescription(text string) (*Description, error) {
	var s sdp.SessionDescription
	if err := s.UnmarshalString(text); err != nil {
		return nil, errors.New("not a session description")
	}
	if len(s.MediaDescriptions) == 0 {
		return nil, errors.New("no m= line")
	}
	if len(s.MediaDescriptions) > maxSections {
		return nil, fmt.Errorf("%d m= lines, at most %d are taken", len(s.MediaDescriptions), maxSections)
	}
	bundle, bundled := bundleGroup(&s)
	d := &Description{Bundle: bundle}
	transport := -1 // index of the section whose transport is used
	for i, m := range s.MediaDescriptions {
		section, err := readSection(&s, m)
		if err != nil {
			return nil, err
		}
		// Port 0 means a rejected section, except beside a=bundle-only, where it says "only within the group".
		// RFC 9143, Section 6.
		_, bundleOnly := m.Attribute("bundle-only")
		if m.MediaName.Port.Value == 0 && !(bundleOnly && bundle) {
			section.Accepted = false
		}
		// All accepted sections share one transport: those outside of the group are rejected, and without a
		// group there is room for one.
		if bundle && !slices.Contains(bundled, section.MID) || !bundle && transport >= 0 {
			section.Accepted = false
		}
		if section.IsData() && d.Data() != nil {
			section.Accepted = false // one SCTP association on one DTLS association: RFC 8841, Section 4.1
		}
		if section.Accepted && transport < 0 {
			transport = i
		}
		d.Sections = append(d.Sections, *section)
	}
	if transport < 0 {
		return nil, errors.New("no section that we can use: we take Opus, VP8 and webrtc-datachannel, bundled")
	}
	if err := d.readTransport(&s, s.MediaDescriptions[transport]); err != nil {
		return nil, err
	}
	d.readCandidates(s.MediaDescriptions[transport])
	// The candidates may stand in the group's first section although we reject that one.
	for i := 0; i < len(s.MediaDescriptions) && len(d.Candidates) == 0 && bundle; i++ {
		d.readCandidates(s.MediaDescriptions[i])
	}
	return d, nil
}

// bundleGroup returns whether there is a BUNDLE group and its members.
func bundleGroup(s *sdp.SessionDescription) (bool, []string) {
	for _, a := range s.Attributes {
		if f := strings.Fields(a.Value); a.Key == "group" && len(f) > 0 && f[0] == "BUNDLE" {
			return true, f[1:]
		}
	}
	return false, nil
}

// readTransport reads what belongs to the transport: credentials, fingerprints, setup, candidates. Each may stand in
// the section m or at session level.
func (d *Description) readTransport(s *sdp.SessionDescription, m *sdp.MediaDescription) error {
	d.Ufrag, d.Pwd = lookup(s, m, "ice-ufrag"), lookup(s, m, "ice-pwd")
	// ice-ufrag = 4*256ice-char, ice-pwd = 22*256ice-char. RFC 8839, Section 5.4.
	if len(d.Ufrag) < 4 || len(d.Ufrag) > 256 || len(d.Pwd) < 22 || len(d.Pwd) > 256 {
		return errors.New("no ice-ufrag and ice-pwd of legal length")
	}
	_, d.Lite = s.Attribute("ice-lite")

	d.Setup = lookup(s, m, "setup")
	if d.Setup != setupActpass && d.Setup != setupActive && d.Setup != setupPassive {
		return errors.New("no a=setup with actpass, active or passive")
	}

	prints := values(m.Attributes, "fingerprint")
	if len(prints) == 0 {
		prints = values(s.Attributes, "fingerprint")
	}
	if len(prints) == 0 {
		return errors.New("no a=fingerprint")
	}
	var err error
	if d.Remote, err = fingerprint.ParseSet(prints...); err != nil {
		return fmt.Errorf("a=fingerprint: %w", err)
	}
	return nil
}

// readCandidates takes the candidates that our agent can use from a section: UDP, IPv4, component 1. Those of other
// kinds are passed over, as RFC 8839, Section 5.1, has it; a name under .local as well, since the peer's checks will
// show the address behind it.
func (d *Description) readCandidates(m *sdp.MediaDescription) {
	for _, v := range values(m.Attributes, "candidate") {
		c, err := ice.UnmarshalCandidate(v)
		if err != nil || c.NetworkType() != ice.NetworkTypeUDP4 || c.Component() != ice.ComponentRTP ||
			net.ParseIP(c.Address()) == nil {
			continue
		}
		if len(d.Candidates) == maxCandidates {
			return
		}
		d.Candidates = append(d.Candidates, v)
	}
}

// readSection reads one m= line and decides whether we can use it.
func readSection(s *sdp.SessionDescription, m *sdp.MediaDescription) (*Section, error) {
	section := &Section{
		Media:     m.MediaName.Media,
		Protos:    m.MediaName.Protos,
		Formats:   m.MediaName.Formats,
		Direction: direction(s, m),
	}
	section.MID, _ = m.Attribute("mid")
	proto := strings.Join(m.MediaName.Protos, "/")
	switch section.Media {
	case "application":
		if (proto == "UDP/DTLS/SCTP" || proto == "TCP/DTLS/SCTP") && slices.Contains(section.Formats, "webrtc-datachannel") {
			section.Accepted = true
		}
		return section, section.readMaxMessageSize(m)
	case "audio":
		section.Accepted = strings.HasSuffix(proto, "TLS/RTP/SAVPF") && section.readCodec(m, "opus/48000/2")
	case "video":
		section.Accepted = strings.HasSuffix(proto, "TLS/RTP/SAVPF") && section.readCodec(m, "VP8/90000")
	}
	// Without multiplexing RTCP would need a second transport. RFC 8834, Section 4.5 makes it mandatory.
	if _, mux := m.Attribute("rtcp-mux"); !mux {
		section.Accepted = false
	}
	_, section.ReducedOK = m.Attribute("rtcp-rsize")
	if err := section.readSSRCs(m); err != nil {
		return nil, err
	}
	for _, v := range values(m.Attributes, "extmap") {
		number, uri, _ := strings.Cut(v, " ")
		number, _, _ = strings.Cut(number, "/") // "4/recvonly"
		id, err := strconv.ParseUint(number, 10, 8)
		if uri, _, _ = strings.Cut(uri, " "); err == nil && uri == midExtension && id > 0 {
			section.MIDID = uint8(id)
		}
	}
	return section, nil
}

// readMaxMessageSize reads a=max-message-size. RFC 8841, Section 6: 64 KiB without it, 0 for no limit.
func (s *Section) readMaxMessageSize(m *sdp.MediaDescription) error {
	s.MaxMessageSize = 65536
	v, ok := m.Attribute("max-message-size")
	if !ok {
		return nil
	}
	n, err := strconv.ParseUint(strings.TrimSpace(v), 10, 64)
	if err != nil {
		return errors.New("a=max-message-size is not a number")
	}
	s.MaxMessageSize = n
	return nil
}

// readCodec finds the first format of that name and fills s.Codec. It reports whether there is one.
func (s *Section) readCodec(m *sdp.MediaDescription, name string) bool {
	for _, v := range values(m.Attributes, "rtpmap") {
		number, encoding, _ := strings.Cut(v, " ")
		pt, err := strconv.ParseUint(number, 10, 7)
		if err != nil || !strings.EqualFold(encoding, name) || !slices.Contains(s.Formats, number) {
			continue
		}
		s.Codec = Codec{PayloadType: uint8(pt), Name: encoding}
		for _, f := range values(m.Attributes, "fmtp") {
			if n, p, _ := strings.Cut(f, " "); n == number {
				s.Codec.Parameters = p
			}
		}
		for _, f := range values(m.Attributes, "rtcp-fb") {
			n, fb, _ := strings.Cut(f, " ")
			// What we pass from one side to the other and back; congestion feedback speaks of a path, not of
			// a stream, and cannot be mirrored.
			if (n == number || n == "*") && (fb == "nack" || fb == "nack pli" || fb == "ccm fir") {
				s.Codec.Feedback = append(s.Codec.Feedback, fb)
			}
		}
		return true
	}
	return false
}

// readSSRCs reads the streams that a section announces, each once.
func (s *Section) readSSRCs(m *sdp.MediaDescription) error {
	for _, v := range values(m.Attributes, "ssrc") {
		number, _, _ := strings.Cut(v, " ")
		n, err := strconv.ParseUint(number, 10, 32)
		if err != nil {
			return errors.New("a=ssrc is not a number")
		}
		if slices.Contains(s.SSRCs, uint32(n)) {
			continue
		}
		if len(s.SSRCs) == maxSSRCs {
			return fmt.Errorf("more than %d streams in a section", maxSSRCs)
		}
		s.SSRCs = append(s.SSRCs, uint32(n))
	}
	return nil
}

// direction returns the section's direction, which may be given for the whole session. RFC 8866, Section 6.7.
func direction(s *sdp.SessionDescription, m *sdp.MediaDescription) string {
	for _, attributes := range [][]sdp.Attribute{m.Attributes, s.Attributes} {
		for _, a := range attributes {
			switch a.Key {
			case sendrecv, sendonly, recvonly, inactive:
				return a.Key
			}
		}
	}
	return sendrecv
}

// lookup returns an attribute of the section or, failing that, of the session.
func lookup(s *sdp.SessionDescription, m *sdp.MediaDescription, key string) string {
	if v, ok := m.Attribute(key); ok {
		return strings.TrimSpace(v)
	}
	v, _ := s.Attribute(key)
	return strings.TrimSpace(v)
}

// values returns the values of all attributes of that name.
func values(attributes []sdp.Attribute, key string) []string {
	var v []string
	for _, a := range attributes {
		if a.Key == key {
			v = append(v, a.Value)
		}
	}
	return v
}

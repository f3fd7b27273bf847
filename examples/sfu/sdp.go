package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"

	"github.com/rtctransport/rtctransport/fingerprint"
)

// Bounds of an offer.
const (
	maxSections = 8   // m= lines
	maxFormats  = 128 // of one: there are no more payload types
)

// An Offer is what we need to know of a peer's offer: one transport, and at most one section of audio, of video and of data
// channels that we use.
type Offer struct {
	Ufrag    string
	Remote   fingerprint.Set
	Sections []Section // one for each m= line, in order
	Used     [kinds]*Section
	Data     *DataSection // nil: none
}

func (o *Offer) hasMedia() bool { return o.Used != [kinds]*Section{} }

// A Kind is one of the two sorts of media.
type Kind int

// The kinds. A stream has at most one track of each.
const (
	Audio Kind = iota
	Video
	kinds = iota
)

func (k Kind) String() string { return [kinds]string{"audio", "video"}[k] }

// codecs are what we forward, by kind.
var codecs = [kinds]string{"opus/48000/2", "VP8/90000"}

// remb is the feedback by which a publisher is told a rate.
const remb = "goog-remb"

// A Section is one m= line.
type Section struct {
	Media   string
	Protos  []string
	Formats []string
	MID     string
	Kind    Kind // if it is used

	PayloadType uint8 // of the codec
	Parameters  string
	Feedback    []string
	RTX         uint8 // payload type of retransmissions (RFC 4588); 0: none
	Reduced     bool  // a=rtcp-rsize
	TransportCC uint8 // id of that header extension (RFC 8285), of a publisher; 0: none
}

// ParseOffer reads an offer whose sections the peer only sends (a publisher) or only receives. Each error is one line that
// a person can act on.
func ParseOffer(text string, publisher bool) (*Offer, error) {
	var s sdp.SessionDescription
	if err := s.UnmarshalString(text); err != nil {
		return nil, errors.New("not a session description")
	}
	if n := len(s.MediaDescriptions); n == 0 || n > maxSections {
		return nil, fmt.Errorf("%d m= lines, 1 to %d are taken", n, maxSections)
	}
	group, bundled := bundle(&s)
	o := &Offer{Sections: make([]Section, len(s.MediaDescriptions))}
	var transport *sdp.MediaDescription
	for i, m := range s.MediaDescriptions {
		section := &o.Sections[i]
		*section = Section{Media: m.MediaName.Media, Protos: m.MediaName.Protos, Formats: m.MediaName.Formats, Kind: -1}
		if n := len(section.Formats); n > maxFormats {
			return nil, fmt.Errorf("an m= line has %d formats, at most %d are taken", n, maxFormats)
		}
		section.MID, _ = m.Attribute("mid")
		_, bundleOnly := m.Attribute("bundle-only")
		if m.MediaName.Port.Value == 0 && !bundleOnly || !bundled && transport != nil || bundled && !slices.Contains(group, section.MID) {
			continue
		}
		switch {
		case section.isData() && o.Data == nil:
			var err error
			if o.Data, err = readData(section, m); err != nil {
				return nil, err
			}
		case !o.useMedia(&s, m, section, publisher):
			continue
		}
		if transport == nil {
			transport = m
		}
	}
	if transport == nil {
		return nil, fmt.Errorf("no section that can be used: we take Opus and VP8, %s, and webrtc-datachannel, bundled, with rtcp-mux", direction(publisher))
	}
	return o, o.readTransport(&s, transport)
}

// useMedia uses a section of audio or video, if it can be used, and reports whether.
func (o *Offer) useMedia(s *sdp.SessionDescription, m *sdp.MediaDescription, section *Section, publisher bool) bool {
	kind := Kind(slices.Index([]string{"audio", "video"}, section.Media))
	_, rtcpMux := m.Attribute("rtcp-mux")
	if kind < 0 || !rtcpMux || o.Used[kind] != nil || !strings.HasSuffix(strings.Join(section.Protos, "/"), "TLS/RTP/SAVPF") ||
		!wants(s, m, publisher) || !section.readCodec(m, codecs[kind]) {
		return false
	}
	if publisher {
		section.readTransportCC(m)
	}
	section.Kind = kind
	o.Used[kind] = section
	return true
}

func direction(publisher bool) string {
	if publisher {
		return "sendonly"
	}
	return "recvonly"
}

// wants reports whether the section's direction suits a publisher, or a subscriber.
func wants(s *sdp.SessionDescription, m *sdp.MediaDescription, publisher bool) bool {
	d := "sendrecv"
	for _, attributes := range [][]sdp.Attribute{s.Attributes, m.Attributes} {
		for _, a := range attributes {
			if slices.Contains([]string{"sendrecv", "sendonly", "recvonly", "inactive"}, a.Key) {
				d = a.Key
			}
		}
	}
	return d == "sendrecv" || d == direction(publisher)
}

// bundle returns the BUNDLE group, if there is one.
func bundle(s *sdp.SessionDescription) (group []string, ok bool) {
	for _, a := range s.Attributes {
		if f := strings.Fields(a.Value); a.Key == "group" && len(f) > 0 && f[0] == "BUNDLE" {
			return f[1:], true
		}
	}
	return nil, false
}

// readTransport reads what belongs to the transport, which may stand in the section or above all.
func (o *Offer) readTransport(s *sdp.SessionDescription, m *sdp.MediaDescription) error {
	lookup := func(key string) string {
		v, ok := m.Attribute(key)
		if !ok {
			v, _ = s.Attribute(key)
		}
		return strings.TrimSpace(v)
	}
	o.Ufrag = lookup("ice-ufrag")
	if len(o.Ufrag) < 4 || len(o.Ufrag) > 256 {
		return errors.New("no a=ice-ufrag of legal length")
	}
	if setup := lookup("setup"); setup != "actpass" && setup != "active" {
		return errors.New("a=setup has to be actpass or active: we are the DTLS server")
	}
	prints := values(m.Attributes, "fingerprint")
	if len(prints) == 0 {
		prints = values(s.Attributes, "fingerprint")
	}
	var err error
	if o.Remote, err = fingerprint.ParseSet(prints...); err != nil {
		return fmt.Errorf("a=fingerprint: %w", err)
	}
	return nil
}

// readCodec finds the first format of that name, and its retransmissions. It reports whether there is one.
func (s *Section) readCodec(m *sdp.MediaDescription, name string) bool {
	found := ""
	for _, v := range values(m.Attributes, "rtpmap") {
		number, encoding, _ := strings.Cut(v, " ")
		pt, err := strconv.ParseUint(number, 10, 7)
		if err == nil && found == "" && strings.EqualFold(encoding, name) && slices.Contains(s.Formats, number) {
			found, s.PayloadType = number, uint8(pt)
		}
	}
	if found == "" {
		return false
	}
	for _, v := range values(m.Attributes, "fmtp") {
		number, parameters, _ := strings.Cut(v, " ")
		if number == found {
			s.Parameters = parameters
		}
		if parameters == "apt="+found || strings.HasPrefix(parameters, "apt="+found+";") {
			if pt, err := strconv.ParseUint(number, 10, 7); err == nil && slices.Contains(s.Formats, number) {
				s.RTX = uint8(pt)
			}
		}
	}
	for _, v := range values(m.Attributes, "rtcp-fb") {
		number, fb, _ := strings.Cut(v, " ")
		if (number == found || number == "*") && slices.Contains([]string{"nack", "nack pli", remb}, fb) && !slices.Contains(s.Feedback, fb) {
			s.Feedback = append(s.Feedback, fb)
		}
	}
	_, s.Reduced = m.Attribute("rtcp-rsize")
	return true
}

// readTransportCC finds the extension and the feedback, which are of use together only.
func (s *Section) readTransportCC(m *sdp.MediaDescription) {
	number := strconv.Itoa(int(s.PayloadType))
	asked := slices.ContainsFunc(values(m.Attributes, "rtcp-fb"), func(v string) bool {
		return v == number+" transport-cc" || v == "* transport-cc"
	})
	for _, v := range values(m.Attributes, "extmap") {
		f := strings.Fields(v)
		if !asked || len(f) < 2 || f[1] != transportCC {
			continue
		}
		// "<value>[/<direction>]" (RFC 8285, Section 8); larger numbers have the two-byte form only.
		value, _, _ := strings.Cut(f[0], "/")
		if id, err := strconv.ParseUint(value, 10, 8); err == nil && id >= 1 && id <= 14 {
			s.TransportCC = uint8(id)
			s.Feedback = append(s.Feedback, "transport-cc")
			return
		}
	}
}

func values(attributes []sdp.Attribute, key string) (v []string) {
	for _, a := range attributes {
		if a.Key == key {
			v = append(v, a.Value)
		}
	}
	return v
}

package main

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/mux/icelite"
)

// A Local is our side of a description.
type Local struct {
	Credentials icelite.Credentials
	Candidates  []string
	Fingerprint fingerprint.Fingerprint
}

// Tracks are the streams of packets that we send, by kind; zero SSRCs are none.
type Tracks [kinds]struct{ SSRC, RTX uint32 }

// Answer writes the answer to o. To a publisher we send nothing, so sends is nil; to a subscriber the tracks of the
// stream called name, which is a token.
func (l *Local) Answer(o *Offer, sends *Tracks, name string) (string, error) {
	var id [8]byte
	rand.Read(id[:])
	s := &sdp.SessionDescription{
		Origin: sdp.Origin{
			Username: "-", SessionID: binary.BigEndian.Uint64(id[:]) >> 2, SessionVersion: 1,
			NetworkType: "IN", AddressType: "IP4", UnicastAddress: "127.0.0.1",
		},
		SessionName:      "-",
		TimeDescriptions: []sdp.TimeDescription{{}},
	}
	var group []string
	for i := range o.Sections {
		section := &o.Sections[i]
		m := &sdp.MediaDescription{
			MediaName:             sdp.MediaName{Media: section.Media, Protos: section.Protos, Formats: section.Formats},
			ConnectionInformation: connection("0.0.0.0"),
		}
		switch {
		case section.Kind >= 0 && (sends == nil || sends[section.Kind].SSRC != 0):
			l.writeMedia(m, section, sends, name)
			group = append(group, section.MID)
		case o.Data != nil && o.Data.Section == section:
			l.writeData(m)
			group = append(group, section.MID)
		default: // it keeps port 0: rejected
		}
		if section.MID != "" {
			m.WithValueAttribute("mid", section.MID)
		}
		s.WithMedia(m)
	}
	s.WithPropertyAttribute("ice-lite")
	s.WithValueAttribute("group", "BUNDLE "+strings.Join(group, " "))
	b, err := s.Marshal()
	return string(b), err
}

// writeTransport writes where we are and who, which is the same for all sections.
func (l *Local) writeTransport(m *sdp.MediaDescription) {
	// "candidate-id component transport priority address port": the default destination is the first candidate.
	if f := strings.Fields(l.Candidates[0]); len(f) > 5 {
		m.MediaName.Port.Value, _ = strconv.Atoi(f[5])
		m.ConnectionInformation = connection(f[4])
	}
	for _, c := range l.Candidates {
		m.WithValueAttribute("candidate", c)
	}
	m.WithPropertyAttribute("end-of-candidates")
	m.WithValueAttribute("ice-ufrag", l.Credentials.Ufrag)
	m.WithValueAttribute("ice-pwd", l.Credentials.Password)
	m.WithValueAttribute("fingerprint", l.Fingerprint.String())
	m.WithValueAttribute("setup", "passive") // the client's hello follows its check at once: one round trip less
}

func (l *Local) writeMedia(m *sdp.MediaDescription, section *Section, sends *Tracks, name string) {
	l.writeTransport(m)
	m.WithPropertyAttribute("rtcp-mux")
	if section.Reduced {
		m.WithPropertyAttribute("rtcp-rsize")
	}
	number := strconv.Itoa(int(section.PayloadType))
	m.MediaName.Formats = []string{number}
	m.WithValueAttribute("rtpmap", number+" "+codecs[section.Kind])
	parameters := section.Parameters
	if sends == nil && section.Kind == Video {
		// What Chromium goes down to by itself is too little for a key frame to come through in time, and delays are not
		// always the path's: a busy machine has them as well.
		parameters = strings.TrimPrefix(fmt.Sprintf("%s;x-google-min-bitrate=%d", parameters, minRate/1000), ";")
	}
	if parameters != "" {
		m.WithValueAttribute("fmtp", number+" "+parameters)
	}
	for _, fb := range section.Feedback {
		m.WithValueAttribute("rtcp-fb", number+" "+fb)
	}
	if section.TransportCC != 0 {
		m.WithValueAttribute("extmap", fmt.Sprintf("%d %s", section.TransportCC, transportCC))
	}
	if sends == nil {
		m.WithPropertyAttribute("recvonly")
		return
	}
	m.WithPropertyAttribute("sendonly")
	track := sends[section.Kind]
	m.WithValueAttribute("ssrc", fmt.Sprintf("%d cname:%s", track.SSRC, name)) // first: browsers take the first for the original
	if section.RTX != 0 && track.RTX != 0 {
		rtx := strconv.Itoa(int(section.RTX))
		m.MediaName.Formats = append(m.MediaName.Formats, rtx)
		_, clock, _ := strings.Cut(codecs[section.Kind], "/")
		m.WithValueAttribute("rtpmap", rtx+" rtx/"+clock)
		m.WithValueAttribute("fmtp", rtx+" apt="+number)
		m.WithValueAttribute("ssrc-group", fmt.Sprintf("FID %d %d", track.SSRC, track.RTX))
		m.WithValueAttribute("ssrc", fmt.Sprintf("%d cname:%s", track.RTX, name))
	}
	m.WithValueAttribute("msid", name+" "+name+"-"+section.Kind.String())
}

func connection(address string) *sdp.ConnectionInformation {
	family := "IP4"
	if ip := net.ParseIP(address); ip != nil && ip.To4() == nil {
		family = "IP6"
	}
	return &sdp.ConnectionInformation{NetworkType: "IN", AddressType: family, Address: &sdp.Address{Address: address}}
}

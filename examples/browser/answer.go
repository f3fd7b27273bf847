package main

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/pion/ice/v2"
	"github.com/pion/sdp/v3"

	"github.com/rtctransport/rtctransport/fingerprint"
)

// maxMessageSize is the largest data channel message that we take, in bytes; 256 KiB is what browsers take.
const maxMessageSize = 262144

// A Local is our side of a description: one transport, which all accepted sections share.
type Local struct {
	Setup       string // active, passive; actpass in an offer
	Ufrag, Pwd  string
	Candidates  []ice.Candidate // all of them: there is no trickle
	Fingerprint fingerprint.Fingerprint
}

// Answer writes the answer to the offer d. ssrcs[i] is the stream on which section i sends packets back; those of
// other than media sections are not looked at.
func (l *Local) Answer(d *Description, ssrcs []uint32) (string, error) {
	s := newSession()
	var group []string
	for i := range d.Sections {
		section := &d.Sections[i]
		m := &sdp.MediaDescription{
			MediaName:             sdp.MediaName{Media: section.Media, Protos: section.Protos, Formats: section.Formats},
			ConnectionInformation: connection("0.0.0.0"),
		}
		switch {
		case section.IsData():
			l.writeData(m)
		case section.IsMedia():
			writeMedia(m, section, ssrcs[i])
		}
		if section.Accepted {
			l.writeTransport(m, len(group) == 0)
			group = append(group, section.MID)
		}
		// A rejected section keeps its name and has port 0. RFC 9429, Section 5.3.1.
		if section.MID != "" {
			m.WithValueAttribute("mid", section.MID)
		}
		s.WithMedia(m)
	}
	if d.Bundle {
		s.WithValueAttribute("group", "BUNDLE "+strings.Join(group, " "))
	}
	return marshal(s)
}

// Offer writes an offer of one section, for data channels.
func (l *Local) Offer() (string, error) {
	s := newSession()
	s.WithValueAttribute("group", "BUNDLE 0")
	m := &sdp.MediaDescription{MediaName: sdp.MediaName{
		Media: "application", Protos: []string{"UDP", "DTLS", "SCTP"}, Formats: []string{"webrtc-datachannel"},
	}}
	l.writeData(m)
	l.writeTransport(m, true)
	m.WithValueAttribute("mid", "0")
	return marshal(s.WithMedia(m))
}

// writeTransport writes where we are and who we are. The candidates stand in the first section of the group only, which
// speaks for all: RFC 9143, Section 10.
func (l *Local) writeTransport(m *sdp.MediaDescription, tagged bool) {
	first := l.Candidates[0]
	m.MediaName.Port = sdp.RangedPort{Value: first.Port()}
	m.ConnectionInformation = connection(first.Address())
	if tagged {
		for _, c := range l.Candidates {
			m.WithValueAttribute("candidate", c.Marshal())
		}
		m.WithPropertyAttribute("end-of-candidates")
	}
	m.WithValueAttribute("ice-ufrag", l.Ufrag)
	m.WithValueAttribute("ice-pwd", l.Pwd)
	m.WithValueAttribute("fingerprint", l.Fingerprint.String())
	m.WithValueAttribute("setup", l.Setup)
}

// writeData writes what is special to data channels. RFC 8841.
func (l *Local) writeData(m *sdp.MediaDescription) {
	m.WithValueAttribute("sctp-port", "5000")
	m.WithValueAttribute("max-message-size", strconv.Itoa(maxMessageSize))
}

// writeMedia writes the one codec that we send back, under the peer's own number.
func writeMedia(m *sdp.MediaDescription, section *Section, ssrc uint32) {
	codec := &section.Codec
	number := strconv.Itoa(int(codec.PayloadType))
	m.MediaName.Formats = []string{number}
	m.WithPropertyAttribute(answerDirection(section.Direction))
	m.WithPropertyAttribute("rtcp-mux")
	if section.ReducedOK {
		m.WithPropertyAttribute("rtcp-rsize")
	}
	m.WithValueAttribute("rtpmap", number+" "+codec.Name)
	if codec.Parameters != "" {
		m.WithValueAttribute("fmtp", number+" "+codec.Parameters)
	}
	for _, fb := range codec.Feedback {
		m.WithValueAttribute("rtcp-fb", number+" "+fb)
	}
	// Of the header extensions we read the section's name, to find out where a packet belongs; nothing else is
	// negotiated, and what we send back has none.
	if section.MIDID != 0 {
		m.WithValueAttribute("extmap", fmt.Sprintf("%d %s", section.MIDID, midExtension))
	}
	if sends(section.Direction) {
		m.WithValueAttribute("msid", streamName+" "+streamName+"-"+section.MID)
		m.WithValueAttribute("ssrc", fmt.Sprintf("%d cname:%s", ssrc, streamName))
		m.WithValueAttribute("ssrc", fmt.Sprintf("%d msid:%s %s", ssrc, streamName, streamName+"-"+section.MID))
	}
}

// streamName is the name of the media stream that all sections' tracks belong to, so that they play in time.
const streamName = "echo"

// answerDirection turns the peer's direction round. "If a stream is offered as sendonly, the corresponding stream MUST
// be marked as recvonly or inactive in the answer." RFC 3264, Section 6.1.
func answerDirection(offered string) string {
	switch offered {
	case sendonly:
		return recvonly
	case recvonly:
		return sendonly
	}
	return offered
}

// sends reports whether we send on a section that the peer offered with that direction.
func sends(offered string) bool { return offered == sendrecv || offered == recvonly }

// newSession returns an empty description with a random session id of 62 bits. RFC 9429, Section 5.2.1.
func newSession() *sdp.SessionDescription {
	var id [8]byte
	rand.Read(id[:])
	return &sdp.SessionDescription{
		Origin: sdp.Origin{
			Username: "-", SessionID: binary.BigEndian.Uint64(id[:]) >> 2, SessionVersion: 1,
			NetworkType: "IN", AddressType: "IP4", UnicastAddress: "127.0.0.1",
		},
		SessionName:      "-",
		TimeDescriptions: []sdp.TimeDescription{{}},
	}
}

func connection(address string) *sdp.ConnectionInformation {
	return &sdp.ConnectionInformation{NetworkType: "IN", AddressType: "IP4", Address: &sdp.Address{Address: address}}
}

func marshal(s *sdp.SessionDescription) (string, error) {
	b, err := s.Marshal()
	return string(b), err
}

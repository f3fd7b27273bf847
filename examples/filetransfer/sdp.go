package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/mux/pionice"
	"github.com/rtctransport/rtctransport/sctpdc"
)

// A description is what one side tells the other: an offer or answer with one section, for data channels.
type description struct {
	ice          pionice.Description
	fingerprints fingerprint.Set
	setup        string       // actpass, active or passive. RFC 8842, Section 5
	mid          string       // name of the section; the answer repeats the offer's
	maxMessage   int          // see sctpdc.Config.PeerMaxMessageSize
	token        sctpdc.Token // nil: SCTP needs its handshake
}

// sdp returns the description as a browser wants it. RFC 8841.
func (d description) sdp(typ string) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("v=0")
	line("o=- 1 1 IN IP4 127.0.0.1")
	line("s=-")
	line("t=0 0")
	line("a=group:BUNDLE %s", d.mid)
	line("m=application 9 UDP/DTLS/SCTP webrtc-datachannel")
	line("c=IN IP4 0.0.0.0")
	line("a=mid:%s", d.mid)
	line("a=ice-ufrag:%s", d.ice.Ufrag)
	line("a=ice-pwd:%s", d.ice.Password)
	for _, f := range d.fingerprints {
		line("a=fingerprint:%s", f)
	}
	line("a=setup:%s", d.setup)
	line("a=sctp-port:5000")
	line("%s", (&sctpdc.Config{}).MaxMessageSizeAttribute())
	if d.token != nil {
		line("%s", d.token.Attribute())
	}
	for _, c := range d.ice.Candidates {
		line("a=%s", c)
	}
	line("a=end-of-candidates")
	return b.String()
}

// parseSDP reads what a browser or sdp wrote. A description of several sections is one for somebody else.
func parseSDP(text string) (description, error) {
	var d description
	var fingerprints []string
	var limit, token string
	sections := 0
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimRight(line, "\r")
		if strings.HasPrefix(line, "m=") {
			if sections++; !strings.HasPrefix(line, "m=application ") || !strings.Contains(line, "webrtc-datachannel") {
				return d, errors.New("it is not for data channels")
			}
		}
		name, value, _ := strings.Cut(strings.TrimPrefix(line, "a="), ":")
		switch {
		case !strings.HasPrefix(line, "a="):
		case name == "ice-ufrag":
			d.ice.Ufrag = value
		case name == "ice-pwd":
			d.ice.Password = value
		case name == "candidate":
			d.ice.Candidates = append(d.ice.Candidates, "candidate:"+value)
		case name == "fingerprint":
			fingerprints = append(fingerprints, value)
		case name == "setup":
			d.setup = value
		case name == "mid":
			d.mid = value
		case name == "max-message-size":
			limit = line
		case name == "sctp-init":
			token = line
		}
	}
	if sections != 1 || d.ice.Ufrag == "" || d.ice.Password == "" {
		return d, errors.New("it is not for one connection of data channels")
	}
	var err error
	if d.fingerprints, err = fingerprint.ParseSet(fingerprints...); err == nil {
		err = d.fingerprints.Check()
	}
	if err != nil {
		return d, err
	}
	if d.maxMessage, err = sctpdc.ParseMaxMessageSize(limit); err == nil && token != "" {
		d.token, err = sctpdc.ParseToken(token)
	}
	return d, err
}

package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"

	"github.com/rtctransport/rtctransport/sctpdc"
)

// A DataSection is the m= line of the data channels (RFC 8841), and what it says of the peer.
type DataSection struct {
	*Section
	Port           uint16 // a=sctp-port
	MaxMessageSize int    // bytes, as sctpdc.Config has it
}

// isData reports whether a section is one for data channels.
func (s *Section) isData() bool {
	return s.Media == "application" && strings.Join(s.Protos, "/") == "UDP/DTLS/SCTP" && slices.Contains(s.Formats, "webrtc-datachannel")
}

// readData reads one.
func readData(section *Section, m *sdp.MediaDescription) (*DataSection, error) {
	d := &DataSection{Section: section}
	// "There is no default value defined for the SDP "sctp-port" attribute. Therefore, if the attribute is not present, the
	// associated "m=" section MUST be considered invalid." RFC 8841, Section 5.1.
	v, ok := m.Attribute("sctp-port")
	if !ok {
		return nil, errors.New("m=application has no a=sctp-port")
	}
	port, err := strconv.ParseUint(strings.TrimSpace(v), 10, 16)
	if err != nil || port == 0 {
		return nil, errors.New("a=sctp-port is not a number from 1 to 65535")
	}
	d.Port = uint16(port)
	v, ok = m.Attribute("max-message-size")
	if ok && v == "" {
		return nil, errors.New("a=max-message-size has no value")
	}
	if d.MaxMessageSize, err = sctpdc.ParseMaxMessageSize(v); err != nil {
		return nil, errors.New("a=max-message-size is not a number")
	}
	return d, nil
}

// writeData answers one.
func (l *Local) writeData(m *sdp.MediaDescription) {
	l.writeTransport(m)
	m.MediaName.Formats = []string{"webrtc-datachannel"}
	m.WithValueAttribute("sctp-port", "5000")
	m.WithValueAttribute("max-message-size", fmt.Sprint(maxMessage))
}

package watch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Facts are what a handshake shows to those on the path. What was not seen is zero.
type Facts struct {
	Version       string   `json:"version,omitempty"` // of the ServerHello
	Suite         string   `json:"suite,omitempty"`   // IANA
	Group         string   `json:"group,omitempty"`   // of the ServerKeyExchange
	SRTP          string   `json:"srtp,omitempty"`    // the server's choice
	EMS           bool     `json:"ems"`
	Offers13      bool     `json:"offers13,omitempty"` // the client would speak DTLS 1.3
	Has13         bool     `json:"has13,omitempty"`    // the server says that it would, too
	Cookie        bool     `json:"cookie,omitempty"`   // the server asked for one
	Ticket        bool     `json:"ticket,omitempty"`   // the server gave one
	Resumed       bool     `json:"resumed,omitempty"`  // the server changed the cipher without a certificate
	ClientAuth    bool     `json:"clientAuth,omitempty"`
	ClientOffers  []string `json:"clientOffers,omitempty"`  // extensions
	ServerAnswers []string `json:"serverAnswers,omitempty"` // extensions
	Suites        []string `json:"suites,omitempty"`        // that the client offers
	Certificates  [2]int   `json:"certificates"`            // bytes of the Certificate messages of client and server
	Largest       [2]int   `json:"largest"`                 // bytes of the largest datagram with a handshake record, of client and server
	Resent        int      `json:"resent,omitempty"`        // fragments in the clear that were sent again
	Alerts        []Alert  `json:"alerts,omitempty"`        // in the clear
	Renegotiates  bool     `json:"renegotiates,omitempty"`  // a HelloRequest in the clear

	turned  bool // the relay's client is the DTLS server
	changed map[Side]bool
	done    bool // a ServerHelloDone
}

// An Alert is one in the clear.
type Alert struct {
	From   Side   `json:"from"`
	Fatal  bool   `json:"fatal"`
	Number int    `json:"number"`
	Name   string `json:"name"`
}

func (f *Facts) clone() Facts {
	c := *f
	c.Alerts, c.changed = slices.Clone(f.Alerts), maps.Clone(f.changed)
	return c
}

func index(s Side) int {
	if s == Client {
		return 0
	}
	return 1
}

func (f *Facts) size(from Side, bytes int) {
	f.Largest[index(from)] = max(f.Largest[index(from)], bytes)
}

func (f *Facts) changeCipherSpec(from Side) {
	if f.changed == nil {
		f.changed = map[Side]bool{}
	}
	f.changed[from] = true
	if from == Server && !f.done && f.Version != "" {
		f.Resumed = true
	}
}

// Complete reports whether both sides have changed the cipher.
func (f *Facts) Complete() bool { return f.changed[Client] && f.changed[Server] }

// message takes a message that is whole.
func (f *Facts) message(from Side, kind byte, b []byte) {
	switch kind {
	case clientHello:
		if h, ok := parseClientHello(b); ok {
			f.Suites, f.ClientOffers, f.Offers13 = h.suites, names(h.extensions), h.offers13()
		}
	case serverHello:
		if h, ok := parseServerHello(b); ok {
			f.Version, f.Suite, f.ServerAnswers = versionName(h.version), suiteName(h.suite), names(h.extensions)
			f.SRTP, f.EMS, f.Has13 = h.srtp(), h.has(extendedMasterSecret), h.has13()
		}
	case helloRequest:
		f.Renegotiates = true
	case helloVerifyRequest:
		f.Cookie = true
	case newSessionTicket:
		f.Ticket = len(b) > 6 // or else there is none after all
	case certificate:
		f.Certificates[index(from)] = len(b)
	case certificateRequest:
		f.ClientAuth = true
	case serverKeyExchange:
		// ECCurveType named_curve, NamedCurve (RFC 8422, Section 5.4); the hint of a pre-shared key is in front
		// (RFC 5489, Section 2).
		if n := 2; strings.Contains(f.Suite, "_PSK_") && len(b) >= n {
			b = b[min(len(b), n+int(b[0])<<8+int(b[1])):]
		}
		if len(b) > 3 && b[0] == 3 && strings.Contains(f.Suite, "ECDHE") {
			f.Group = groupName(int(b[1])<<8 | int(b[2]))
		}
	case serverHelloDone:
		f.done = true
	}
}

// FatalAlert returns the number of the first fatal alert in the clear of a side, or -1.
func (f *Facts) FatalAlert(from Side) int {
	for _, a := range f.Alerts {
		if a.From == from && a.Fatal {
			return a.Number
		}
	}
	return -1
}

func versionName(v int) string {
	switch v {
	case 0xfeff:
		return "DTLS 1.0"
	case 0xfefd:
		return "DTLS 1.2"
	case 0xfefc:
		return "DTLS 1.3"
	}
	return fmt.Sprintf("%04x", v)
}

// RelayClient returns which side of the handshake the relay's client is.
func (f *Facts) RelayClient() Side {
	if f.turned {
		return Server
	}
	return Client
}

package main

import (
	"strings"
	"testing"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/mux/icelite"
)

// dataLines are those of data channels, as browsers have them behind the sections of offer.
const dataLines = `m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:abcd
a=ice-pwd:0123456789012345678901
a=setup:actpass
a=mid:2
a=sctp-port:5000
a=max-message-size:262144
`

// offerWithData is offer with data channels, and dataOffer an offer of nothing else.
var (
	offerWithData = strings.Replace(offer, "BUNDLE 0 1", "BUNDLE 0 1 2", 1) + dataLines
	dataOffer     = strings.Replace(offer[:strings.Index(offer, "m=audio")], "BUNDLE 0 1", "BUNDLE 2", 1) + dataLines
)

// answered returns the answer to an offer of a publisher.
func answered(t *testing.T, o *Offer) string {
	t.Helper()
	certificate, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	local := &Local{icelite.Credentials{Ufrag: "mine", Password: "9876543210987654321098"}, []string{"1 1 udp 7 192.0.2.1 3478 typ host"}, certificate.Fingerprint()}
	answer, err := local.Answer(o, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestAnOfferMayHaveDataChannels(t *testing.T) {
	for name, test := range map[string]struct {
		text  string
		group string
		media bool
	}{
		"beside media": {offerWithData, "a=group:BUNDLE 0 1 2\r\n", true},
		"alone":        {dataOffer, "a=group:BUNDLE 2\r\n", false},
	} {
		o, err := ParseOffer(test.text, true)
		if err != nil {
			t.Fatal(name, err)
		}
		if o.Data == nil || o.Data.Port != 5000 || o.Data.MaxMessageSize != 262144 || o.hasMedia() != test.media || o.Ufrag != "abcd" {
			t.Errorf("%s: %+v", name, o)
		}
		answer := answered(t, o)
		data := answer[strings.Index(answer, "m=application"):]
		for _, want := range []string{
			"m=application 3478 UDP/DTLS/SCTP webrtc-datachannel\r\n", "a=sctp-port:5000\r\n", "a=max-message-size:4096\r\n", "a=setup:passive\r\n",
			"a=mid:2\r\n", "a=ice-ufrag:mine\r\n", "a=fingerprint:", "a=candidate:",
		} {
			if !strings.Contains(data, want) {
				t.Errorf("%s: no %q in\n%s", name, want, data)
			}
		}
		if !strings.Contains(answer, test.group) || strings.Contains(data, "rtcp-mux") || strings.Contains(data, "recvonly") {
			t.Errorf("%s:\n%s", name, answer)
		}
	}
}

func TestDataChannelsThatCannotBeUsedAreRejected(t *testing.T) {
	for name, change := range map[string]func(string) string{
		"outside of the group": func(s string) string { return strings.Replace(s, "BUNDLE 0 1 2", "BUNDLE 0 1", 1) },
		"over TCP":             func(s string) string { return strings.Replace(s, "UDP/DTLS/SCTP", "TCP/DTLS/SCTP", 1) },
		"in the old form": func(s string) string {
			return strings.Replace(s, "UDP/DTLS/SCTP webrtc-datachannel", "DTLS/SCTP 5000", 1)
		},
		"with port 0": func(s string) string { return strings.Replace(s, "m=application 9", "m=application 0", 1) },
	} {
		o, err := ParseOffer(change(offerWithData), true)
		if err != nil {
			t.Fatal(name, err)
		}
		if answer := answered(t, o); o.Data != nil || !strings.Contains(answer, "m=application 0 ") || !strings.Contains(answer, "a=group:BUNDLE 0 1\r\n") {
			t.Errorf("%s:\n%s", name, answer)
		}
	}
	// There is one association on a transport (RFC 8841, Section 4.1).
	twice := strings.Replace(offerWithData, "BUNDLE 0 1 2", "BUNDLE 0 1 2 3", 1) + strings.Replace(dataLines, "mid:2", "mid:3", 1)
	o, err := ParseOffer(twice, true)
	if err != nil {
		t.Fatal(err)
	}
	if answer := answered(t, o); !strings.Contains(answer, "a=group:BUNDLE 0 1 2\r\n") || strings.Count(answer, "m=application 0 ") != 1 {
		t.Errorf("a second one:\n%s", answer)
	}
}

// The transport of data channels has to be as good as that of media.
func TestAnOfferOfDataChannelsAloneNeedsAWholeTransport(t *testing.T) {
	for reason, change := range map[string][2]string{
		"no a=ice-ufrag": {"ice-ufrag", "x"},
		"a=setup has to": {"actpass", "passive"},
		"a=fingerprint":  {"sha-256 00:11", "sha-256 00"},
		"no section":     {"webrtc-datachannel", "other"},
	} {
		if _, err := ParseOffer(strings.Replace(dataOffer, change[0], change[1], 1), true); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%v: %v, want %q", change, err, reason)
		}
	}
}

func TestDataChannelsThatAreMalformedAreRefusedWithTheReason(t *testing.T) {
	for line, reason := range map[string]string{
		"":                      "no a=sctp-port",
		"a=sctp-port:0\n":       "a=sctp-port is not",
		"a=sctp-port:65536\n":   "a=sctp-port is not",
		"a=sctp-port:5000 x\n":  "a=sctp-port is not",
		"a=sctp-port:\n":        "a=sctp-port is not",
		"a=sctp-port:-5000\n":   "a=sctp-port is not",
		"a=sctp-port:1\nsize:x": "a=max-message-size is not",
		"a=sctp-port:1\nsize:":  "a=max-message-size has no value",
	} {
		line, size, changed := strings.Cut(line, "\nsize:")
		text := strings.Replace(offerWithData, "a=sctp-port:5000\n", line, 1)
		if changed {
			text = strings.Replace(strings.Replace(offerWithData, "a=sctp-port:5000", line, 1), "262144", size, 1)
		}
		if _, err := ParseOffer(text, true); err == nil || !strings.Contains(err.Error(), reason) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %q", line+size, err, reason)
		}
	}
	for line, want := range map[string]int{"": 65536, "a=max-message-size:0\n": -1} {
		o, err := ParseOffer(strings.Replace(offerWithData, "a=max-message-size:262144\n", line, 1), true)
		if err != nil || o.Data.MaxMessageSize != want {
			t.Errorf("%q: %+v, %v", line, o, err)
		}
	}
}

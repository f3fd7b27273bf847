//go:build unix

package browser

import (
	"testing"

	"github.com/rtctransport/rtctransport/interop/headless"
)

// jobs are the functions in testdata/jobs that run in both DTLS roles, in order.
var jobs = []string{
	"reports",                // GET /stats tells roles, suite, group and the verdict
	"echo",                   // text, binary, empty and 64 KiB messages come back, in order, of the same kind
	"unreliable",             // unordered channels without retransmission, and with a lifetime, echo
	"mirror",                 // mirror:X opens X back with the same reliability and protocol, and both echo
	"sink",                   // counts of 2000 messages
	"source",                 // 500 messages of 4000 bytes, numbered
	"closeMe",                // the server closes the channel; another channel is not disturbed
	"manyChannels",           // 60 channels at once
	"media",                  // audio, video and data: what was sent is decoded again
	"mediaOnly",              // the same without m=application
	"twoVideos",              // two video sections of one format
	"keyFrameRequest",        // a PLI for what came back reaches the page's own encoder
	"wrongOfferFingerprint",  // the server refuses the page: FP-01, SCTP-01, SRTP-08
	"wrongAnswerFingerprint", // the page refuses the server
	"pageCloses",             // the server notices
	"serverCloses",           // the page notices
	"page",                   // the page for a person: connect, look, chat, disconnect, be refused
}

func TestChromium(t *testing.T) { testBrowser(t, headless.Chromium) }
func TestFirefox(t *testing.T)  { testBrowser(t, headless.Firefox) }

// testBrowser runs all jobs in one window of the browser.
func testBrowser(t *testing.T, b *headless.Browser) {
	b.Find(t) // before anything else is started
	r := newRunner(t)
	b.Open(t, r.url+"/page.html")
	// active: the server is the DTLS client. passive: it is the DTLS server.
	for _, setup := range []string{"active", "passive"} {
		t.Run(setup, func(t *testing.T) {
			for _, name := range jobs {
				t.Run(name, func(t *testing.T) { r.run(t, name, setup) })
			}
		})
	}
	// The server offers a=setup:actpass; browsers answer active.
	t.Run("call", func(t *testing.T) { r.run(t, "call", "") })
	t.Run("callAnsweredPassive", func(t *testing.T) { r.run(t, "callAnsweredPassive", "") })
}

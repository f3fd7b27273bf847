//go:build unix

package webrtc

import (
	"context"
	"slices"

	"github.com/rtctransport/rtctransport/interop/headless"
	"github.com/rtctransport/rtctransport/interop/table"
)

// jobs are the functions in js/jobs, in order.
var jobs = []struct {
	name, says string
	path       path
	only       []string // peers that it is for; empty: all
	not        []string // peers that have no such thing
	once       bool     // in one DTLS role only, theirs: the client
	full       bool     // not for those who wait for the result
}{
	{name: "connects", says: "a channel opens"},
	{name: "reports", says: "roles, suite, group and the verdict are told"},
	{name: has13, says: "they would speak DTLS 1.3, and it comes to 1.2", not: []string{wrtc, werift, datachannel, pionWebRTC}},
	{name: "echo", says: "text, binary, empty and 64 KiB messages come back in order"},
	{name: "empty", says: "empty messages come back"},
	{name: "unreliable", says: "channels without order, retransmissions, or with a lifetime"},
	{name: "mirror", says: "both sides open channels, of the same kinds"},
	{name: "sink", says: "2000 messages to us"},
	{name: "source", says: "500 messages from us, and two of 256 KiB"},
	{name: "closeMe", says: "we close a channel, and they one; another is not disturbed"},
	{name: "manyChannels", says: "60 channels at once"},
	{name: "media", says: "audio and video come back decoded, beside data", not: []string{werift, datachannel, pionWebRTC}},
	{name: "mediaOnly", says: "audio and video without data", not: []string{werift, datachannel, pionWebRTC}},
	{name: "twoVideos", says: "two videos of one format", not: []string{wrtc, werift, datachannel, pionWebRTC}, full: true},
	{name: "keyFrameRequest", says: "our request for a key frame reaches their encoder", not: []string{wrtc}, full: true},
	{name: "rtp", says: "RTP packets: each payload comes back byte for byte", only: []string{werift, datachannel, pionWebRTC}},
	{name: "video", says: "a video that vpxenc has made comes back, and vpxdec decodes the same pictures", only: []string{werift, datachannel, pionWebRTC}},
	{name: "rsaCertificate", says: "they have an RSA certificate", not: []string{wrtc}},
	{name: "lateAnswer", says: "our answer reaches them two seconds late"},
	{name: "wrongOfferFingerprint", says: "we refuse a fingerprint of theirs that is wrong"},
	{name: "wrongAnswerFingerprint", says: "they refuse a fingerprint of ours that is wrong"},
	{name: "pageCloses", says: "they close, we notice"},
	{name: "serverCloses", says: "we close, they notice"},
	{name: "page", says: "the page for a person", only: []string{chromium, firefox}},
	{name: "first", says: "path: the first DTLS datagram of each side is lost", path: path{lose: []int{0}}},
	{name: "second", says: "path: the second and third DTLS datagram of each side are lost", path: path{lose: []int{1, 2}}},
	{name: "lossy", says: "path: 20 % of the DTLS datagrams are lost", path: path{loss: 0.2}, full: true},
	{name: "mtu1232", says: "path: DTLS datagrams over 1232 bytes are swallowed", path: path{mtu: 1232}},
	{name: "mtu600", says: "path: DTLS datagrams over 600 bytes are swallowed", path: path{mtu: 600}},
	{name: "dcpeerEchoes", says: "dcpeer echoes on 50 channels of theirs, of all reliabilities, up to 256 KiB; they close them"},
	{name: "dcpeerOpens", says: "dcpeer opens 50 channels, they echo; it closes them, and shuts down"},
	{name: "dcpeerEchoesLossy", says: "path: dcpeer echoes, 5 % of the data are lost", path: path{data: 0.05}, full: true},
	{name: "dcpeerOpensLossy", says: "path: dcpeer opens, 5 % of the data are lost", path: path{data: 0.05}, full: true},
	{name: "call", says: "we offer; they answer active", once: true},
	{name: "callAnsweredPassive", says: "we offer; they answer passive", once: true, not: []string{datachannel}},
}

// has13 is the job connects, of those who have DTLS 1.3.
const has13 = "has13"

// The peers.
const (
	chromium    = "Chromium"
	firefox     = "Firefox"
	wrtc        = "libwebrtc"
	datachannel = "libdatachannel"
	werift      = "werift"
	pionWebRTC  = "pion/webrtc"
)

// A starter starts what does the jobs, with the address to ask for them. It ends with the fixture.
type starter struct {
	name, pkg string
	// prepare makes it ready, once, and returns its version.
	prepare func(ctx context.Context) (version string, err error)
	open    func(f *fixture, address string)
	// impatient says that it starts DTLS before it has our fingerprint, when a check arrives while it takes our description,
	// and then refuses us: no datagram passes until it has.
	impatient bool
}

// Peers returns the stacks with their cells, and what removes what was built for them.
func Peers() (peers []*table.Peer, remove func()) {
	w := &workshop{}
	for _, s := range []*starter{newBrowser(headless.Chromium), newBrowser(headless.Firefox), newNode(w, wrtc), newNode(w, datachannel), newNode(w, werift), newPion(w)} {
		l := &lane{workshop: w, starter: s}
		p := &table.Peer{Name: s.name, Kind: "WebRTC", Package: s.pkg, Close: l.close}
		p.Prepare = func(ctx context.Context) (string, error) {
			if err := w.open(ctx); err != nil {
				return "", err
			}
			return s.prepare(ctx)
		}
		for _, role := range []string{"client", "server"} {
			for _, j := range jobs {
				if len(j.only) > 0 && !slices.Contains(j.only, s.name) {
					continue
				}
				if j.once && (role == "server") != (j.name == "callAnsweredPassive") {
					continue
				}
				p.Cells = append(p.Cells, table.Cell{Role: role, Case: j.says, Quick: !j.full, Lane: "all", Heavy: true, Run: func(t *table.Trial) {
					if slices.Contains(j.not, s.name) {
						t.Impossible(s.lacks(j.name))
					}
					if j.name == "video" {
						if err := w.clip.make(t.Context); err != nil {
							t.Lacks(err)
						}
					}
					l.run(t, j.name, role, j.path)
				}})
			}
		}
		peers = append(peers, p)
	}
	return peers, w.close
}

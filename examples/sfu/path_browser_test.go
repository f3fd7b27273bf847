//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/interop/headless"
	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/interop/relay"
)

// await returns the first report that pleases, and fails the test with the last ones if none does.
func await(t *testing.T, reports chan report, what string, pleases func(report) bool) report {
	t.Helper()
	last := make(map[string]report)
	deadline := time.After(roomPatience)
	for {
		select {
		case r := <-reports:
			if last[r.Who] = r; pleases(r) {
				return r
			}
		case <-deadline:
			t.Fatalf("not in time: %s\nlast reports: %+v", what, last)
		}
	}
}

// A browser that sends numbers its packets, learns from our feedback what its path carries, and sends faster than it dared to at
// first. Who comes later sees its video, which began long ago, and can write without camera and microphone.
func TestABrowserIsToldWhatItsPathCarries(t *testing.T) {
	headless.Chromium.Find(t)
	_, web := startSFU(t, nil)
	reports := make(chan report, 100)
	page := watchPages(t, web, reports)

	// Without feedback, Chromium stays at the 300 kbit/s that it begins with.
	const faster = 900_000
	headless.Chromium.Open(t, page+"Ada")
	first := await(t, reports, "Ada sends", func(r report) bool { return r.Own.Sent > 0 })
	if !first.Own.Numbered {
		t.Errorf("the packets have no numbers: %+v", first.Own)
	}
	last := await(t, reports, "Ada sends faster", func(r report) bool { return r.Own.Rate > faster })
	t.Logf("the path carries %.0f kbit/s, and %.0f a little later", first.Own.Rate/1000, last.Own.Rate/1000)

	headless.Chromium.Open(t, page+"Bob&watch=1")
	r := await(t, reports, "Bob sees Ada", func(r report) bool {
		return r.Who == "Bob" && len(r.Tiles) == 1 && r.Tiles[0].Frames > 10 && r.Tiles[0].First > 0
	})
	await(t, reports, "Ada reads what Bob writes", func(r report) bool { return r.Who == "Ada" && r.hears("Ada", "Bob") })
	t.Logf("the first frame was there after %.0f ms", r.Tiles[0].First)
}

// withoutREMB serves web, to which no publisher offers to be told a rate.
func withoutREMB(web http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			offer, err := io.ReadAll(r.Body)
			if err != nil {
				return
			}
			offer = regexp.MustCompile(`(?m)^a=rtcp-fb:\S+ goog-remb\r\n`).ReplaceAll(offer, nil)
			r.Body = io.NopCloser(bytes.NewReader(offer))
		}
		web.ServeHTTP(w, r)
	})
}

// Firefox as well learns what its path carries from our feedback about the transport, and from nothing else.
func TestFirefoxIsToldWhatItsPathCarries(t *testing.T) {
	headless.Firefox.Find(t)
	sfu, web := startSFU(t, nil)
	reports := make(chan report, 100)
	page := watchPages(t, withoutREMB(web), reports)

	// It begins with 300 kbit/s, in small frames, for which it takes 500 at most until they have grown.
	const faster = 420  // kbit/s, over
	const window = 3000 // ms
	headless.Firefox.Open(t, page+"Ada&noise=1")
	var told []sending
	var rate float64
	await(t, reports, "Ada sends faster", func(r report) bool {
		if told = append(told, r.Own); r.Own.Time-told[0].Time >= window && told[0].Sent > 0 {
			rate = 8 * (r.Own.Bytes - told[0].Bytes) / (r.Own.Time - told[0].Time)
		}
		for r.Own.Time-told[0].Time >= window || told[0].Sent == 0 && len(told) > 1 {
			told = told[1:]
		}
		return rate > faster
	})
	t.Logf("%.0f kbit/s", rate)
	for _, s := range sfu.rooms.all() {
		s.mu.Lock()
		if s.remb || s.arrivals.told.IsZero() {
			t.Errorf("it is told a rate: %v; it was told when packets came at %v", s.remb, s.arrivals.told)
		}
		s.mu.Unlock()
	}
}

// lossy serves web, with all media of its visitors through a relay.
func lossy(web http.Handler, through netip.AddrPort) http.Handler {
	candidates := regexp.MustCompile(`(?m)^(a=candidate:\d+ 1 udp \d+) \S+ \d+ typ host\r$`)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			web.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		web.ServeHTTP(answer, r)
		for key, values := range answer.Header() {
			w.Header()[key] = values
		}
		w.WriteHeader(answer.Code)
		fmt.Fprint(w, candidates.ReplaceAllString(answer.Body.String(), fmt.Sprintf("$1 %v %d typ host\r", through.Addr(), through.Port())))
	})
}

// Two browsers whose paths lose one datagram in fifty, of everything and both ways, see each other all the while.
func TestBrowsersBehindLossyPathsSeeEachOther(t *testing.T) {
	headless.Chromium.Find(t)
	sfu, web := startSFU(t, nil)
	path, err := relay.New(relay.Config{
		Target: fmt.Sprintf("127.0.0.1:%d", sfu.udp.AddrPort().Port()),
		Link:   netsim.Config{Seed: 7, Loss: 0.02, Delay: 10 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { path.Close() })
	reports := make(chan report, 100)
	page := watchPages(t, lossy(web, path.Addr()), reports)
	visitors := []string{"Ada", "Bob"}
	for _, name := range visitors {
		headless.Chromium.Open(t, page+name+small)
	}

	// 120 frames take 6 s or more: at 2 % dozens of packets are lost in that time.
	const frames = 120
	done := make(map[string]seen)
	await(t, reports, "both see each other", func(r report) bool {
		if len(r.Tiles) == 1 && r.Tiles[0].Frames >= frames {
			done[r.Who] = r.Tiles[0]
		}
		return len(done) == len(visitors)
	})
	asked := 0
	for name, s := range done {
		asked += s.Asked
		t.Logf("%s: the first frame after %.0f ms, %d frames, %d freezes of %.1f s in all, %d requests for lost packets",
			name, s.First, s.Frames, s.Freezes, s.Frozen, s.Asked)
	}
	for _, d := range []netsim.Direction{netsim.AtoB, netsim.BtoA} {
		stats := path.Stats(d)
		t.Logf("%v: %d datagrams, %d lost", d, stats.Sent, stats.Dropped)
		if stats.Dropped == 0 {
			t.Error("nothing was lost")
		}
	}
	if asked == 0 {
		t.Error("nothing was asked for again")
	}
}

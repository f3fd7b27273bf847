//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/interop/headless"
)

// A seen is what a page tells about one stream that it receives.
type seen struct {
	Name    string  `json:"name"`
	Frames  int     `json:"frames"`  // decoded
	First   float64 `json:"first"`   // ms until the first of them; 0: none yet
	Freezes int     `json:"freezes"` // times that the picture stood still
	Frozen  float64 `json:"frozen"`  // seconds, in all
	Asked   int     `json:"asked"`   // requests for lost packets
	Audio   float64 `json:"audio"`   // energy of it, which silence has not
}

// A sending is what a page tells about what it sends.
type sending struct {
	Rate     float64 `json:"rate"`     // bits/s that it takes its path to carry
	Numbered bool    `json:"numbered"` // the packets have numbers for feedback about the transport
	Sent     int     `json:"sent"`     // frames
	Asked    int     `json:"asked"`    // requests for lost packets, of the server
	Bytes    float64 `json:"bytes"`    // of video
	Time     float64 `json:"time"`     // of these figures, in ms
}

// A report is what a page tells of itself, twice a second.
type report struct {
	Who   string  `json:"who"`
	Note  string  `json:"note"`
	Own   sending `json:"own"`
	Tiles []seen  `json:"tiles"`

	Heard []string `json:"heard"` // the lines of the chat
	Trip  string   `json:"trip"`  // how long an echo takes, as the page shows it
}

// hears reports whether the page shows what each of these says, as text.
func (r *report) hears(names ...string) bool {
	for _, name := range names {
		if !slices.Contains(r.Heard, name+": <b>I am "+name+"</b>") {
			return false
		}
	}
	return true
}

// watchPages serves the room's page with a script of the test in it, testdata/visitor.js, which joins and reports.
func watchPages(t *testing.T, s http.Handler, told chan report) (page string) {
	t.Helper()
	routes := http.NewServeMux()
	routes.Handle("/", s)
	routes.HandleFunc("GET /visitor.js", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, "testdata/visitor.js")
	})
	routes.HandleFunc("GET /visit", func(w http.ResponseWriter, r *http.Request) {
		recorder := httptest.NewRecorder()
		r.URL.Path = "/"
		s.ServeHTTP(recorder, r)
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, strings.Replace(recorder.Body.String(), "</html>", `<script src="visitor.js"></script></html>`, 1))
	})
	routes.HandleFunc("POST /report", func(_ http.ResponseWriter, r *http.Request) {
		var rep report
		if json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&rep) == nil {
			select {
			case told <- rep:
			default: // the test has seen enough
			}
		}
	})
	server := httptest.NewServer(routes)
	t.Cleanup(server.Close)
	return server.URL + "/visit?room=test&name="
}

// small has a page send little video, so that several fit on one machine.
const small = "&size=320x240"

// roomPatience is for browsers to start and to decode, on a machine that does other things as well.
const roomPatience = 240 * time.Second

// Four people in one room, two at each of two servers; one uses Firefox. Each sees and hears the others, and reads what they write.
func TestEveryoneInARoomSeesAndHearsEveryone(t *testing.T) {
	headless.Chromium.Find(t)
	headless.Firefox.Find(t)
	nats, err := embedNATS("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nats.Shutdown)
	reports := make(chan report, 100)
	var servers [2]*SFU
	var pages [2]string
	for i := range servers {
		var web *Server
		servers[i], web = startSFU(t, nil)
		cluster, err := NewCluster(servers[i], "", nats)
		if err != nil {
			t.Fatal(err)
		}
		cluster.embedded = nil // both use it; the test ends it
		t.Cleanup(cluster.Close)
		pages[i] = watchPages(t, web, reports)
	}

	visitors := []string{"Ada", "Bob", "Cy", "Dee"}
	for i, name := range visitors {
		browser := headless.Chromium
		if i == 3 {
			browser = headless.Firefox
		}
		browser.Open(t, pages[i%2]+url.QueryEscape(name)+small)
	}

	const frames = 20
	complete := make(map[string]bool)
	last := make(map[string]report)
	deadline := time.After(roomPatience)
	for len(complete) < len(visitors) {
		select {
		case r := <-reports:
			last[r.Who] = r
			good := 0
			for _, tile := range r.Tiles {
				if tile.Frames >= frames && tile.Audio > 0 {
					good++
				}
			}
			if good == len(visitors)-1 && r.hears(visitors...) && strings.HasSuffix(r.Trip, " ms") {
				complete[r.Who] = true
			}
		case <-deadline:
			t.Fatalf("complete: %v\nlast reports: %+v\n%+v\n%+v", complete, last, servers[0].udp.Stats(), servers[1].udp.Stats())
		}
	}
	for name, r := range last {
		t.Log(name, fmt.Sprintf("%+v, an echo takes %s", r.Tiles, r.Trip))
	}
	for i, s := range servers {
		// Each visitor sends, and receives three.
		if status := s.metrics.status(); status.Streams != 4 || status.Rooms != 1 || status.Peers < 2*(1+3) || s.metrics.failed.Load() != 0 {
			t.Errorf("server %d: %d peers, %d streams, %d rooms, %d sessions failed", i, status.Peers, status.Streams, status.Rooms, s.metrics.failed.Load())
		}
	}
}

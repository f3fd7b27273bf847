//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/interop/headless"
	"github.com/rtctransport/rtctransport/mux/icelite"
)

// startSFU serves on all addresses of the host: Firefox makes no checks to loopback.
func startSFU(t *testing.T, config *icelite.Config) (*SFU, *Server) {
	t.Helper()
	udp, err := icelite.Listen("udp4", ":0", config)
	if err != nil {
		t.Fatal(err)
	}
	sfu, err := NewSFU(udp)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := sfu.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	})
	return sfu, NewServer(sfu)
}

// A seen is what a page tells about one stream that it receives.
type seen struct {
	Name   string  `json:"name"`
	Frames int     `json:"frames"` // decoded
	Audio  float64 `json:"audio"`  // energy of it, which silence has not
}

// A report is what a page tells of itself, twice a second.
type report struct {
	Who   string `json:"who"`
	Note  string `json:"note"`
	Tiles []seen `json:"tiles"`
}

// watchPages serves the room's page with a script of the test in it, testdata/visitor.js, which joins and reports.
func watchPages(t *testing.T, s *Server) (page string, reports <-chan report) {
	t.Helper()
	told := make(chan report, 100)
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
		if json.NewDecoder(io.LimitReader(r.Body, 1<<16)).Decode(&rep) == nil {
			select {
			case told <- rep:
			default: // the test has seen enough
			}
		}
	})
	server := httptest.NewServer(routes)
	t.Cleanup(server.Close)
	return server.URL + "/visit?room=test&name=", told
}

// roomPatience is for browsers to start and to decode, on a machine that does other things as well.
const roomPatience = 150 * time.Second

func TestEveryoneInARoomSeesAndHearsEveryone(t *testing.T) {
	headless.Chromium.Find(t)
	headless.Firefox.Find(t)
	sfu, server := startSFU(t, nil)
	page, reports := watchPages(t, server)

	visitors := []string{"Ada", "Bob", "Cy", "Dee"}
	for i, name := range visitors {
		browser := headless.Chromium
		if i == 3 {
			browser = headless.Firefox
		}
		browser.Open(t, page+url.QueryEscape(name)+"&size=320x240")
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
			if good == len(visitors)-1 {
				complete[r.Who] = true
			}
		case <-deadline:
			t.Fatalf("complete: %v\nlast reports: %+v\n%+v", complete, last, sfu.udp.Stats())
		}
	}
	status := sfu.metrics.status()
	if status.Streams != 4 || status.Rooms != 1 || status.Peers != 4+4*3 {
		t.Errorf("%d peers, %d streams, %d rooms", status.Peers, status.Streams, status.Rooms)
	}
	for name, r := range last {
		t.Log(name, fmt.Sprintf("%+v", r.Tiles))
	}
	if n := sfu.metrics.failed.Load(); n != 0 {
		t.Errorf("%d sessions failed", n)
	}
}

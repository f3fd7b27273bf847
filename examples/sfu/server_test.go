package main

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

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

func post(t *testing.T, url, contentType, body string) (*http.Response, string) {
	t.Helper()
	r, err := http.Post(url, contentType, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b := new(strings.Builder)
	bufio.NewReader(r.Body).WriteTo(b)
	return r, b.String()
}

func TestBadRequestsAreRefusedInOneLine(t *testing.T) {
	_, s := startSFU(t, nil)
	server := httptest.NewServer(s)
	defer server.Close()
	for _, test := range []struct {
		path, contentType, body string
		status                  int
	}{
		{"/rooms/a/whip", "application/sdp", "hello", http.StatusBadRequest},
		{"/rooms/a/whip", "text/plain", offer, http.StatusUnsupportedMediaType},
		{"/rooms/a/whip", "application/sdp", strings.Repeat("x", maxBody+1), http.StatusRequestEntityTooLarge},
		{"/rooms/a%20b/whip", "application/sdp", offer, http.StatusBadRequest},
		{"/rooms/a/whep/nobody", "application/sdp", strings.ReplaceAll(offer, "sendonly", "recvonly"), http.StatusNotFound},
		{"/nowhere", "application/sdp", offer, http.StatusMethodNotAllowed},
	} {
		r, text := post(t, server.URL+test.path, test.contentType, test.body)
		if r.StatusCode != test.status || strings.Count(text, "\n") != 1 {
			t.Errorf("%s: %d %q, want %d", test.path, r.StatusCode, text, test.status)
		}
	}
	request, _ := http.NewRequest(http.MethodDelete, server.URL+"/sessions/nobody/nothing", nil)
	if r, err := http.DefaultClient.Do(request); err != nil || r.StatusCode != http.StatusNotFound {
		t.Errorf("DELETE of nobody's session: %v, %v", r, err)
	}
}

func TestASessionCanBeEndedBeforeItsPeerComes(t *testing.T) {
	sfu, s := startSFU(t, &icelite.Config{MaxPeers: 1})
	server := httptest.NewServer(s)
	defer server.Close()
	r, answer := post(t, server.URL+"/rooms/a/whip", "application/sdp", offer)
	if r.StatusCode != http.StatusCreated || !strings.Contains(answer, "a=recvonly") {
		t.Fatalf("%d %s", r.StatusCode, answer)
	}
	if r, text := post(t, server.URL+"/rooms/a/whip", "application/sdp", offer); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one too many: %d %s", r.StatusCode, text)
	}
	request, _ := http.NewRequest(http.MethodDelete, server.URL+r.Header.Get("Location"), nil)
	if r, err := http.DefaultClient.Do(request); err != nil || r.StatusCode != http.StatusOK {
		t.Errorf("DELETE: %v, %v", r, err)
	}
	if n := sfu.udp.Stats().Peers; n != 0 {
		t.Errorf("%d peers are left", n)
	}
}

func TestTheListOfStreamsIsSentAtOnce(t *testing.T) {
	_, s := startSFU(t, nil)
	server := httptest.NewServer(s)
	defer server.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	request, _ := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/rooms/a/streams", nil)
	r, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	lines := bufio.NewReader(r.Body)
	if line, err := lines.ReadString('\n'); err != nil || line != "data: []\n" {
		t.Errorf("%q, %v", line, err)
	}
	o, err := ParseOffer(offer, true)
	if err != nil {
		t.Fatal(err)
	}
	s.sfu.rooms.add(newStream("7", "a", "Ada", o))
	lines.ReadString('\n')
	var list []Info
	if line, err := lines.ReadString('\n'); err != nil || json.Unmarshal([]byte(strings.TrimPrefix(line, "data: ")), &list) != nil ||
		len(list) != 1 || list[0] != (Info{"7", "Ada", true, true}) {
		t.Errorf("%q, %v", line, err)
	}
}

func TestMetricsAreThoseOfTheStatus(t *testing.T) {
	_, s := startSFU(t, nil)
	server := httptest.NewServer(s)
	defer server.Close()
	for path, want := range map[string]string{
		"/metrics":     `sfu_dropped_total{reason="unknown source"} 0`,
		"/status.json": `"unknown source":0`,
		"/status":      "<title>Status</title>",
		"/":            "<title>Room</title>",
	} {
		r, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		b := new(strings.Builder)
		bufio.NewReader(r.Body).WriteTo(b)
		r.Body.Close()
		if r.StatusCode != http.StatusOK || !strings.Contains(b.String(), want) {
			t.Errorf("%s: %d, no %q in %.300s", path, r.StatusCode, want, b)
		}
	}
}

func TestAServerThatShutsDownTakesNobody(t *testing.T) {
	sfu, s := startSFU(t, nil)
	sfu.mu.Lock()
	sfu.draining = true
	sfu.mu.Unlock()
	server := httptest.NewServer(s)
	defer server.Close()
	if r, text := post(t, server.URL+"/rooms/a/whip", "application/sdp", offer); r.StatusCode != http.StatusServiceUnavailable || !strings.Contains(text, "shutting down") {
		t.Errorf("%d %s", r.StatusCode, text)
	}
	if n := len(s.sfu.rooms.all()) + sfu.udp.Stats().Peers; n != 0 {
		t.Errorf("%d are left", n)
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"
)

// loopback is the address of the candidates in these tests.
var loopback = net.IPv4(127, 0, 0, 1)

// testServer is a server under test with what a client needs.
type testServer struct {
	*Server
	t   *testing.T
	url string
}

func newTestServer(t *testing.T, limits Limits) *testServer {
	t.Helper()
	s := NewServer(loopback, limits)
	h := httptest.NewServer(s)
	t.Cleanup(func() {
		h.Close()
		s.Close()
	})
	return &testServer{Server: s, t: t, url: h.URL}
}

// do sends a request and returns status and body.
func (s *testServer) do(method, path string, body string) (int, string) {
	s.t.Helper()
	r, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response.StatusCode, string(b)
}

// ask sends a request that must succeed, and decodes the answer.
func (s *testServer) ask(method, path string, body any, answer any) {
	s.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	status, text := s.do(method, path, string(b))
	if status != http.StatusOK {
		s.t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	if err := json.Unmarshal([]byte(text), answer); err != nil {
		s.t.Fatal(err)
	}
}

// wait waits until the peer's figures satisfy the condition.
func (s *testServer) wait(id, what string, condition func(*Stats) bool) *Stats {
	s.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		var stats Stats
		s.ask("GET", "/stats?id="+id, nil, &stats)
		if condition(&stats) {
			return &stats
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("waited in vain for %s: %+v", what, stats)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// join has a call other, which answers with setup, and returns both ids. edit may change the description on its way to
// other.
func (s *testServer) join(other *testServer, setup string, edit func(string) string) (caller, answerer string) {
	s.t.Helper()
	var offer, answer message
	s.ask("POST", "/call", nil, &offer)
	if offer.Type != "offer" || offer.ID == "" || !strings.Contains(offer.SDP, "a=setup:actpass") {
		s.t.Fatalf("POST /call answers %+v", offer)
	}
	other.ask("POST", "/offer?setup="+setup, message{Type: "offer", SDP: edit(offer.SDP)}, &answer)
	if answer.Type != "answer" || !strings.Contains(answer.SDP, "a=setup:"+setup) {
		s.t.Fatalf("POST /offer?setup=%s answers %+v", setup, answer)
	}
	s.ask("POST", "/answer?id="+offer.ID, message{Type: "answer", SDP: answer.SDP}, &struct{}{})
	return offer.ID, answer.ID
}

func unchanged(s string) string { return s }

func TestTwoServersConnectInBothRolesAndCloseInOrder(t *testing.T) {
	for setup, roles := range map[string][2]string{setupActive: {"server", "client"}, setupPassive: {"client", "server"}} {
		t.Run(setup, func(t *testing.T) {
			a, b := newTestServer(t, DefaultLimits), newTestServer(t, DefaultLimits)
			caller, answerer := a.join(b, setup, unchanged)
			connected := func(s *Stats) bool { return s.DTLSState == stateConnected && s.Channels == 1 }
			sa, sb := a.wait(caller, "a channel", connected), b.wait(answerer, "a channel", connected)
			if sa.DTLSRole != roles[0] || sb.DTLSRole != roles[1] {
				t.Errorf("roles %s and %s, want %v", sa.DTLSRole, sb.DTLSRole, roles)
			}
			if sa.Fingerprint != "matches" || sa.CipherSuite == "" || sa.CipherSuite != sb.CipherSuite || sa.Group == "" || !sa.ExtendedMS {
				t.Errorf("negotiated %+v", sa)
			}
			if tl := sb.Timeline; tl.Answer <= 0 || tl.ICE < tl.Answer || tl.DTLS < tl.ICE || tl.Channel < tl.DTLS {
				t.Errorf("timeline %+v is not in order", tl)
			}
			a.ask("POST", "/close?id="+caller, nil, &struct{}{})
			if s := a.wait(caller, "figures", func(*Stats) bool { return true }); s.DTLSState != stateClosed || s.Error != "" {
				t.Errorf("after POST /close: %+v", s)
			}
			if s := b.wait(answerer, "the other side", func(s *Stats) bool { return s.DTLSState != stateConnected }); s.DTLSState != stateClosed || s.Error != "" {
				t.Errorf("the other side: %+v", s)
			}
		})
	}
}

// FP-01, SCTP-01
func TestForgedFingerprintNeverConnects(t *testing.T) {
	for _, setup := range []string{setupActive, setupPassive} {
		t.Run(setup, func(t *testing.T) {
			a, b := newTestServer(t, DefaultLimits), newTestServer(t, DefaultLimits)
			_, id := a.join(b, setup, func(sdp string) string {
				before, after, ok := strings.Cut(sdp, "a=fingerprint:sha-256 ")
				digit := "0"
				if after[:1] == digit {
					digit = "1"
				}
				if !ok {
					t.Fatal("no fingerprint")
				}
				return before + "a=fingerprint:sha-256 " + digit + after[1:]
			})
			s := b.wait(id, "the refusal", func(s *Stats) bool {
				if s.DTLSState == stateConnected || s.Channels > 0 || s.RTPIn > 0 {
					t.Fatalf("connected to a peer with the wrong certificate: %+v", s)
				}
				return s.DTLSState == stateFailed
			})
			if s.Fingerprint != "does not match" || s.Error == "" {
				t.Errorf("the refusal is told as %+v", s)
			}
		})
	}
}

// API-02
func TestNothingIsLeftOfPeersThatAreClosedAtAnyTime(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("peers", func(t *testing.T) {
		a, b := newTestServer(t, DefaultLimits), newTestServer(t, DefaultLimits)
		// Closed while ICE runs, while DTLS does, and after that.
		for delay := range 12 {
			caller, _ := a.join(b, setupActive, unchanged)
			time.Sleep(time.Duration(delay) * 10 * time.Millisecond)
			a.ask("POST", "/close?id="+caller, nil, &struct{}{})
		}
	}) // closes both servers
	http.DefaultClient.CloseIdleConnections()
	deadline := time.Now().Add(10 * time.Second)
	for runtime.NumGoroutine() > before {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestBadRequestsAreRefusedWithOneLineAndLeaveNothing(t *testing.T) {
	s := newTestServer(t, DefaultLimits)
	offer := func(sdp string) string {
		b, err := json.Marshal(message{Type: "offer", SDP: sdp})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	good := edited(t)
	for _, test := range []struct {
		name, method, path, body string
		status                   int
	}{
		{"junk body", "POST", "/offer", "hello", 400},
		{"empty body", "POST", "/offer", "", 400},
		{"junk description", "POST", "/offer", offer("hello"), 400},
		{"answer for an offer", "POST", "/offer", strings.Replace(offer(good), `"offer"`, `"answer"`, 1), 400},
		{"no fingerprint", "POST", "/offer", offer(strings.ReplaceAll(good, "a=fingerprint", "a=print")), 400},
		{"unknown setup", "POST", "/offer?setup=both", offer(good), 400},
		{"both active", "POST", "/offer?setup=active", offer(strings.ReplaceAll(good, "actpass", "active")), 400},
		{"large body", "POST", "/offer", `{"type":"offer","sdp":"` + strings.Repeat("x", maxBody), 413},
		{"offer by GET", "GET", "/offer", "", 405},
		{"stats by POST", "POST", "/stats", "", 405},
		{"stats of nobody", "GET", "/stats?id=00", "", 404},
		{"stats without id", "GET", "/stats", "", 404},
		{"close of nobody", "POST", "/close?id=00", "", 404},
		{"answer of nobody", "POST", "/answer?id=00", offer(good), 404},
		{"unknown page", "GET", "/nothing", "", 404},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, text := s.do(test.method, test.path, test.body)
			if status != test.status || strings.Count(text, "\n") != 1 || len(text) < 5 {
				t.Errorf("%d %q, want %d and one line", status, text, test.status)
			}
		})
	}
	if len(s.peers) != 0 || s.starting != 0 {
		t.Errorf("%d peers are kept, %d are being made", len(s.peers), s.starting)
	}
}

func TestBadAnswerLeavesTheCallOpen(t *testing.T) {
	a, b := newTestServer(t, DefaultLimits), newTestServer(t, DefaultLimits)
	var offer, answer message
	a.ask("POST", "/call", nil, &offer)
	b.ask("POST", "/offer?setup=active", message{Type: "offer", SDP: offer.SDP}, &answer)
	for _, sdp := range []string{"junk", strings.ReplaceAll(answer.SDP, "a=setup:active", "a=setup:actpass"), edited(t, "webrtc-datachannel", "x", "actpass", "active")} {
		body, err := json.Marshal(message{Type: "answer", SDP: sdp})
		if err != nil {
			t.Fatal(err)
		}
		if status, text := a.do("POST", "/answer?id="+offer.ID, string(body)); status != 400 {
			t.Errorf("%d %s, want 400", status, text)
		}
	}
	a.ask("POST", "/answer?id="+offer.ID, message{Type: "answer", SDP: answer.SDP}, &struct{}{})
	a.wait(offer.ID, "the connection", func(s *Stats) bool { return s.DTLSState == stateConnected })
	body, err := json.Marshal(message{Type: "answer", SDP: answer.SDP})
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := a.do("POST", "/answer?id="+offer.ID, string(body)); status != http.StatusConflict {
		t.Errorf("a second answer is taken: %d", status)
	}
}

func TestPeersAreLimitedAndThoseThatNeverConnectAreDropped(t *testing.T) {
	limits := DefaultLimits
	limits.Peers = 2
	s := newTestServer(t, limits)
	ids := make([]string, 2)
	for i := range ids {
		var offer message
		s.ask("POST", "/call", nil, &offer)
		ids[i] = offer.ID
	}
	if status, text := s.do("POST", "/call", ""); status != http.StatusTooManyRequests {
		t.Errorf("a peer too many: %d %s", status, text)
	}
	s.mu.Lock()
	s.sweep(time.Now().Add(limits.SetUp / 2))
	early := len(s.peers)
	s.sweep(time.Now().Add(limits.SetUp + time.Second))
	late := len(s.peers)
	s.mu.Unlock()
	if early != 2 || late != 0 {
		t.Errorf("%d peers before the time is over, %d after it; want 2 and 0", early, late)
	}
	if status, _ := s.do("GET", "/stats?id="+ids[0], ""); status != http.StatusNotFound {
		t.Errorf("a dropped peer is still known: %d", status)
	}
	s.ask("POST", "/call", nil, &message{})
}

func TestEndedPeersAreRememberedForAWhile(t *testing.T) {
	limits := DefaultLimits
	limits.Kept = 1
	s := newTestServer(t, limits)
	var first, second message
	s.ask("POST", "/call", nil, &first)
	s.ask("POST", "/close?id="+first.ID, nil, &struct{}{})
	s.ask("POST", "/close?id="+first.ID, nil, &struct{}{}) // again: as closed as before
	s.wait(first.ID, "figures of a closed peer", func(s *Stats) bool { return s.DTLSState == stateClosed })
	s.ask("POST", "/call", nil, &second)
	s.ask("POST", "/close?id="+second.ID, nil, &struct{}{})
	s.wait(second.ID, "figures of a closed peer", func(s *Stats) bool { return s.DTLSState == stateClosed })
	if status, _ := s.do("GET", "/stats?id="+first.ID, ""); status != http.StatusNotFound {
		t.Errorf("more than %d ended peers are kept: %d", limits.Kept, status)
	}
	s.mu.Lock()
	s.sweep(time.Now().Add(limits.Remember + time.Second))
	left := len(s.peers)
	s.mu.Unlock()
	if left != 0 {
		t.Errorf("%d peers are kept for ever", left)
	}
}

func TestPageAndInfoAreServed(t *testing.T) {
	s := newTestServer(t, DefaultLimits)
	for path, want := range map[string]string{
		"/": "<title>rtctransport echo</title>", "/app.js": "import", "/style.css": "--bg", "/info": `"name":"rtctransport"`,
	} {
		if status, text := s.do("GET", path, ""); status != http.StatusOK || !strings.Contains(text, want) {
			t.Errorf("GET %s: %d, and no %q", path, status, want)
		}
	}
}

func TestOnlyPagesOfThisMachineMayCallAcrossOrigins(t *testing.T) {
	for origin, want := range map[string]string{
		"http://127.0.0.1:4000": "http://127.0.0.1:4000", "http://localhost": "http://localhost", "http://[::1]:80": "http://[::1]:80",
		"https://example.org": "", "http://127.0.0.1.example.org": "", "null": "", "": "",
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("OPTIONS", "/offer", bytes.NewReader(nil))
		r.Header.Set("Origin", origin)
		NewServer(loopback, DefaultLimits).ServeHTTP(w, r)
		if got := w.Header().Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("origin %q is answered %q, want %q", origin, got, want)
		}
	}
}

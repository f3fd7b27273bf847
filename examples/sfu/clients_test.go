package main

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestOneAddressCannotTakeAllThereIs(t *testing.T) {
	c := newClients()
	c.most = 2
	for _, step := range []struct {
		address string
		want    bool
	}{
		{"192.0.2.1", true}, {"192.0.2.1", true}, {"192.0.2.1", false}, {"::ffff:192.0.2.1", false}, {"192.0.2.2", true},
		{"2001:db8::1", true}, {"2001:db8::2", true}, {"2001:db8::3%eth0", false}, {"2001:db8:0:1::1", true},
		{"127.0.0.1", true}, {"127.0.0.1", true}, {"127.0.0.1", true}, {"::1", true}, {"::1", true}, {"::1", true},
	} {
		if got := c.take(netip.MustParseAddr(step.address)); got != step.want {
			t.Errorf("%s: %v", step.address, got)
		}
	}
	c.giveBack(netip.MustParseAddr("192.0.2.1"))
	if !c.take(netip.MustParseAddr("192.0.2.1")) {
		t.Error("what was given back is not there")
	}
	for range 2 {
		c.giveBack(netip.MustParseAddr("192.0.2.1"))
		c.giveBack(netip.MustParseAddr("2001:db8::9"))
	}
	c.giveBack(netip.MustParseAddr("192.0.2.2"))
	c.giveBack(netip.MustParseAddr("2001:db8:0:1::1"))
	if len(c.held) != 0 {
		t.Errorf("%v", c.held)
	}
}

// from makes a request that comes from that address.
func from(address string, s http.Handler, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.RemoteAddr = address
	r.Header.Set("Content-Type", "application/sdp")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestAClientWithTooManySessionsIsTold(t *testing.T) {
	sfu, s := startSFU(t, nil)
	sfu.clients.most = 2
	var location string
	for i, want := range []int{http.StatusCreated, http.StatusCreated, http.StatusTooManyRequests} {
		w := from("192.0.2.1:7", s, http.MethodPost, "/rooms/a/whip", offer)
		if w.Code != want || strings.Count(w.Body.String(), "\n") < 1 {
			t.Fatalf("session %d: %d %s", i, w.Code, w.Body)
		}
		if want == http.StatusCreated {
			location = w.Header().Get("Location")
		}
	}
	if w := from("192.0.2.1:7", s, http.MethodGet, "/rooms/a/streams", ""); w.Code != http.StatusTooManyRequests {
		t.Errorf("events: %d", w.Code)
	}
	if w := from("192.0.2.2:7", s, http.MethodPost, "/rooms/a/whip", offer); w.Code != http.StatusCreated {
		t.Errorf("another client: %d %s", w.Code, w.Body)
	}
	// A session that was refused counts for nothing, and one that ends is given back.
	if w := from("192.0.2.3:7", s, http.MethodPost, "/rooms/a/whip", "nonsense"); w.Code != http.StatusBadRequest {
		t.Errorf("nonsense: %d", w.Code)
	}
	if w := from("192.0.2.1:7", s, http.MethodDelete, location, ""); w.Code != http.StatusOK {
		t.Errorf("DELETE: %d", w.Code)
	}
	eventually(t, "another session", func() bool {
		return from("192.0.2.1:7", s, http.MethodPost, "/rooms/a/whip", offer).Code == http.StatusCreated
	})
	if n := len(sfu.clients.held); n != 2 {
		t.Errorf("%d clients hold something", n)
	}
}

// What everyone in a room knows of a session does not end it.
func TestNobodyEndsTheSessionOfAnother(t *testing.T) {
	_, s := startSFU(t, nil)
	location := from("127.0.0.1:7", s, http.MethodPost, "/rooms/a/whip", offer).Header().Get("Location")
	parts := strings.Split(location, "/") // "", "sessions", key, stream
	if len(parts) != 4 || len(parts[2]) < 22 || !streamID.MatchString(parts[3]) {
		t.Fatal(location)
	}
	for _, path := range []string{"/sessions/" + parts[3] + "/" + parts[3], "/sessions//" + parts[3], "/sessions/" + parts[3]} {
		if w := from("127.0.0.1:8", s, http.MethodDelete, path, ""); w.Code < 300 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := from("127.0.0.1:8", s, http.MethodDelete, location, ""); w.Code != http.StatusOK {
		t.Errorf("with the key: %d", w.Code)
	}
}

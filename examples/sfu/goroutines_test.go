package main

import (
	"fmt"
	"net/http/httptest"
	"testing"
	"time"
)

// A peer costs no goroutine, and the media side has at most 16, with as many peers as there may be.
func TestPeersCostNoGoroutines(t *testing.T) {
	sfu, web := startSFU(t, nil)
	server := httptest.NewServer(web)
	defer server.Close()
	media := func() int { return new(Census).take(time.Now())["media"] }
	var without int // one for the socket, one for its clock, one for the ticker
	eventually(t, "the server has begun", func() bool { without = media(); return without >= 3 })
	const peers = 40
	for i := range peers {
		if r, text := post(t, fmt.Sprintf("%s/rooms/%d/whip", server.URL, i), "application/sdp", offer); r.StatusCode != 201 {
			t.Fatal(r.Status, text)
		}
	}
	if n := sfu.udp.Stats().Peers; n != peers {
		t.Errorf("%d peers", n)
	}
	// Those of earlier tests may be ending yet.
	eventually(t, "as many goroutines as without peers", func() bool { return media() <= min(without, 16) })
}

func TestACensusIsNotTakenTooOften(t *testing.T) {
	var c Census
	now := time.Now()
	first := c.take(now)
	if first["process"]+first["media"] == 0 {
		t.Errorf("%v", first)
	}
	first["media"] = -1
	if again := c.take(now.Add(censusEvery - 1)); again["media"] != -1 {
		t.Error("taken again at once")
	}
	if later := c.take(now.Add(censusEvery)); later["media"] == -1 {
		t.Error("not taken again")
	}
}

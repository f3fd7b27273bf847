package main

import (
	"io"
	"log"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain makes the test's program a crowd when a test starts it as one.
func TestMain(m *testing.M) {
	if os.Getenv(crowdVariable) != "" {
		if err := runCrowd(os.Stdin, os.Stdout); err != nil {
			log.Fatal(err)
		}
		return
	}
	os.Exit(m.Run())
}

func measure(t *testing.T, b *bare) *BareReport {
	t.Helper()
	b.burst = burst{Packets: 3, Size: 300, PerSecond: 30}
	b.settle = 100 * time.Millisecond
	r, err := b.run(t.Context(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	r.print(&text)
	t.Log("\n" + text.String())
	if want := b.resting + b.receivers + min(b.receivers, 1); r.Peers != want || !r.ok() {
		t.Errorf("%d of %d peers have joined, %d have failed: %v", r.Peers, want, r.Failed, r.Failures)
	}
	return r
}

func TestTwoHundredPeersCostNoGoroutine(t *testing.T) {
	r := measure(t, &bare{resting: 200})
	if r.After.Goroutines > goalGoroutines {
		t.Errorf("%d goroutines, at most %d are wanted", r.After.Goroutines, goalGoroutines)
	}
}

func TestPeersJoinWhileMediaRuns(t *testing.T) {
	if r := measure(t, &bare{resting: 50, ramp: time.Second, receivers: 3}); r.Received == 0 {
		t.Error("no media was received")
	}
}

func TestEachPeerHasADataChannel(t *testing.T) {
	const peers = 20
	if r := measure(t, &bare{resting: peers, channels: true}); r.Echoes < peers {
		t.Errorf("%d echoes of %d peers", r.Echoes, peers)
	}
}

func TestOnlyServersOnThisMachineAreLoaded(t *testing.T) {
	for url, allowed := range map[string]bool{
		"http://127.0.0.1:8080": true, "http://[::1]:8080/": true, "http://localhost": true, "http://127.9.9.9": true,
		"http://192.0.2.1:8080": false, "http://[2001:db8::1]": false, "http://example.com": false, "http://localhost.example": false,
		"http://127.0.0.1.example": false, "http://": false, "": false, "127.0.0.1:8080": false,
	} {
		o := options{url: url, publishers: 1, burst: burst{Packets: 1, Size: 100, PerSecond: 1}}
		if err := o.check(); (err == nil) != allowed {
			t.Errorf("%q: %v", url, err)
		}
	}
	answer := func(candidate string) string {
		return "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=candidate:" + candidate + "\r\n"
	}
	if _, addr, _, err := readAnswer(answer("1 1 UDP 1 127.0.0.1 5000 typ host"), false); err != nil || addr.Port() != 5000 {
		t.Error(addr, err)
	}
	if _, addr, _, err := readAnswer(answer("1 1 UDP 1 192.0.2.1 5000 typ host"), false); err == nil {
		t.Errorf("%v would be loaded", addr)
	}
}

func TestARunIsBounded(t *testing.T) {
	good := options{url: "http://127.0.0.1", publishers: 1, burst: burst{Packets: 1, Size: 100, PerSecond: 1}}
	for name, change := range map[string]func(*options){
		"peers":       func(o *options) { o.subscribers = maxPeers },
		"idle":        func(o *options) { o.idle = maxPeers + 1 },
		"storm":       func(o *options) { o.storm = maxPeers + 1 },
		"both":        func(o *options) { o.idle, o.storm = 1, 1 },
		"time":        func(o *options) { o.duration = maxTime + 1 },
		"packets":     func(o *options) { o.burst.Packets = 101 },
		"size":        func(o *options) { o.burst.Size = 1401 },
		"negative":    func(o *options) { o.ramp = -1 },
		"nobody":      func(o *options) { o.publishers = 0 },
		"profiles":    func(o *options) { o.profiles = "x" },
		"many bursts": func(o *options) { o.burst.PerSecond = 1001 },
	} {
		o := good
		change(&o)
		if o.check() == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

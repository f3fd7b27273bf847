package main

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
)

const results = `goos: linux
BenchmarkDTLS/full_mutual_handshake/ours 1 250.5 CPU-us/op
BenchmarkDTLS/full_mutual_handshake/ours 1 240.5 CPU-us/op
BenchmarkDTLS/full_mutual_handshake/ours 1 900 CPU-us/op
BenchmarkDTLS/full_mutual_handshake/OpenSSL 1 300 CPU-us/op
BenchmarkDataChannelThroughput/16KiB/rtctransport-4MiB-2   100  12 ns/op  9.5 CPU-ns/B  3 silence-ms
BenchmarkDataChannelThroughput/16KiB/pion-webrtc-2   100  12 ns/op  30 CPU-ns/B
BenchmarkAlone/x/ours 1 1 CPU-us/op
ok  	something
`

func TestRatiosAreThoseOfPairs(t *testing.T) {
	groups, err := read(strings.NewReader(results))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	print(&b, groups)
	for _, want := range []string{"DTLS, full mutual handshake, CPU µs each", "ours is 0.83-0.83-0.83 of it", "ours is 0.32-0.32-0.32 of it"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

func TestResultsBecomeBars(t *testing.T) {
	groups, err := read(strings.NewReader(results))
	if err != nil || len(groups) != 3 {
		t.Fatal(groups, err)
	}
	if g := groups[0]; g.name != "DTLS/full_mutual_handshake" || g.median("ours") != 250.5 || g.median("OpenSSL") != 300 {
		t.Errorf("%+v", g)
	}
	var b strings.Builder
	draw(&b, groups)
	svg := b.String()
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(svg, ">250<") || !strings.Contains(svg, ">OpenSSL<") || strings.Contains(svg, "Alone") || strings.Count(svg, "#2b6cb0") == 0 {
		t.Error(svg)
	}
}

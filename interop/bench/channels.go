package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rtctransport/rtctransport/interop/bench/rounds"
)

// channels measures package datachannel, whose benchmarks are run once in each round.
func (b *bench) channels(ctx context.Context) ([]*rounds.Result, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "datachannel.test")
	if err := command(ctx, ".", "go", "test", "-c", "-o", program, "./datachannel").Run(); err != nil {
		return nil, err
	}
	var output bytes.Buffer
	var failed error
	run := func(what, benchtime string) {
		b.tell("data channels: " + what)
		c := command(ctx, "datachannel", program, "-test.run", "^$", "-test.bench", what, "-test.benchtime", benchtime, "-test.timeout", "2m")
		c.Stdout = &output
		if err := c.Run(); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", what, err))
		}
	}
	for range b.outside {
		run("DataChannelThroughput/16KiB", "1s")
		run("DataChannelPingPong/64B", "1s")
	}
	run("DataChannelIdle", "200x")
	parsed, err := rounds.Parse(&output, "CPU-ns/B", "CPU-us/op", "heap-kB/end", "stack-kB/end")
	if err != nil {
		return nil, errors.Join(failed, err)
	}
	names := map[string]string{
		"DataChannelThroughput/16KiB CPU-ns/B":    oneWay + ";CPU ns a byte, both ends",
		"DataChannelPingPong/64B CPU-us/op":       "data channel, 64 bytes and their echo;CPU us, both ends",
		"DataChannelIdle/10channels heap-kB/end":  "heap;kB an end",
		"DataChannelIdle/10channels stack-kB/end": "stacks;kB an end",
	}
	stacks := nodeVersions()
	stacks["rtctransport"] = rounds.Ours
	stacks["rtctransport-ICE"] = rounds.Ours + ", ICE"
	stacks["rtctransport-4MiB"] = rounds.Ours + ", socket buffers of 4 MiB"
	stacks["pion-webrtc"] = pionWebRTC()
	stacks["pion-sctp"] = "pion/sctp " + rounds.Version("github.com/pion/sctp") + ", no DTLS"
	results := rounds.Sum(rename(parsed, names, stacks), "data channels, ten at rest, heap and stacks", "heap", "stacks")
	for _, r := range results {
		if strings.HasPrefix(r.Name, oneWay) {
			b.addFloor(r)
		}
	}
	return results, failed
}

const oneWay = "data channel, messages of 16 KiB"

// addFloor adds what a byte costs at least, if that has been measured: an AEAD seals and opens it, and sockets move it, in
// packets of 1,200 bytes.
func (b *bench) addFloor(r *rounds.Result) {
	const packet = 1200
	record, datagram := b.floor("DTLS, record"), b.floor("UDP, packet")
	if record == nil || datagram == nil {
		return
	}
	s := rounds.Stack{Name: rounds.Floor + ": AEAD, and sockets with GSO and GRO", Allocations: -1}
	for i := range min(b.outside, len(record), len(datagram)) {
		s.Rounds = append(s.Rounds, (1000*record[i]+datagram[i])/packet) // us and ns
	}
	r.Stacks = append(r.Stacks, s)
}

// floor returns that of a figure whose name begins so; nil if it was not measured.
func (b *bench) floor(name string) rounds.Spread {
	for _, r := range b.results {
		for _, s := range r.Stacks {
			if strings.HasPrefix(r.Name, name) && s.IsFloor() {
				return s.Rounds
			}
		}
	}
	return nil
}

func pionWebRTC() string { return "pion/webrtc " + rounds.Version("github.com/pion/webrtc/v4") }

// command returns one whose complaints are seen.
func command(ctx context.Context, dir, name string, arguments ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, name, arguments...)
	c.Dir, c.Stderr = dir, os.Stderr
	return c
}

// nodeVersions returns the names of the stacks of Node.js with those of their packages.
func nodeVersions() map[string]string {
	names := make(map[string]string)
	var lock struct {
		Packages map[string]struct{ Version string }
	}
	text, err := os.ReadFile("../webrtc/js/package-lock.json")
	if err != nil || json.Unmarshal(text, &lock) != nil {
		return names
	}
	for stack, of := range map[string]string{"libdatachannel": "node-datachannel", "libwebrtc": "@roamhq/wrtc"} {
		names[stack] = fmt.Sprintf("%s (%s %s)", stack, of[strings.LastIndexByte(of, '/')+1:], lock.Packages["node_modules/"+of].Version)
	}
	return names
}

// rename gives the results of other programs the names that they have here: of figures, "name unit" to "name;unit", and of
// stacks. Figures without one are left out.
func rename(results []*rounds.Result, names, stacks map[string]string) (named []*rounds.Result) {
	for _, r := range results {
		name, ok := names[r.Name+" "+r.Unit]
		if !ok {
			continue
		}
		r.Name, r.Unit, _ = strings.Cut(name, ";")
		for i := range r.Stacks {
			if s := stacks[r.Stacks[i].Name]; s != "" {
				r.Stacks[i].Name = s
			}
		}
		named = append(named, r)
	}
	return named
}

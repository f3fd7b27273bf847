package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rtctransport/rtctransport/interop/bench/rounds"
)

// servers measures conference servers; see sfu.
func (b *bench) servers(ctx context.Context) ([]*rounds.Result, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "sfu")
	if err := command(ctx, ".", "go", "build", "-o", program, "./sfu").Run(); err != nil {
		return nil, err
	}
	var output bytes.Buffer
	c := command(ctx, ".", program, "-bench", "-rounds", strconv.Itoa(b.outside))
	c.Stdout = &output
	if err := c.Run(); err != nil {
		return nil, err
	}
	parsed, err := rounds.Parse(&output, "CPU-ns/packet", "CPU-us/peer", "CPU-us/peer/s", "heap-B/peer", "stack-B/peer", "ms", "goroutines")
	if err != nil {
		return nil, err
	}
	results := rename(parsed, map[string]string{
		"SFU/forwarding CPU-ns/packet": "server, a packet from one to each of 50;CPU ns",
		"SFU/joining CPU-us/peer":      "server, a peer comes, with HTTP;CPU us",
		"SFU/set-up_p50 ms":            "server, ICE and DTLS, p50;ms on the clock",
		"SFU/set-up_p99 ms":            "server, ICE and DTLS, p99;ms on the clock",
		"SFU/idle_CPU CPU-us/peer/s":   "server, a peer at rest;CPU us a second",
		"SFU/heap heap-B/peer":         "heap;bytes",
		"SFU/stacks stack-B/peer":      "stacks;bytes",
		"SFU/goroutines goroutines":    "server, goroutines with 500 peers;" + inAll,
	}, map[string]string{"rtctransport": rounds.Ours, "pion-webrtc": pionWebRTC()})
	return rounds.Sum(results, "server, a peer at rest, heap and stacks", "heap", "stacks"), nil
}

// A bareReport is what interop/load prints with -json of our own server.
type bareReport struct {
	Peers          int
	SetUp          struct{ P50, P99 float64 } // ns
	Missing        float64                    // packets
	PerJoin, Floor float64                    // ns of CPU
	Rest           float64                    // likewise, in Seconds
	Seconds        float64
	Before, After  struct{ Heap, Stack, Goroutines float64 }
}

// peers measures many at once on mux/icelite alone, for which there is nobody to stand beside it; see interop/load.
func (b *bench) peers(ctx context.Context) (results []*rounds.Result, err error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/rtctransport/rtctransport").Output()
	if err != nil {
		return nil, err
	}
	program := filepath.Join(dir, "load")
	if err := command(ctx, strings.TrimSpace(string(root)), "go", "build", "-o", program, "./interop/load").Run(); err != nil {
		return nil, err
	}
	run := func(arguments ...string) (r bareReport, err error) {
		b.tell("load " + strings.Join(arguments, " "))
		out, err := command(ctx, ".", program, append(arguments, "-json")...).Output()
		if err == nil {
			err = json.Unmarshal(out, &r)
		}
		return r, err
	}
	add := func(name, unit, stack string, v float64) { results = rounds.Add(results, name, unit, stack, v) }
	for range b.outside {
		r, err := run("-idle", "10000", "-duration", "5s")
		if err != nil {
			return results, err
		}
		add("peers, 10,000 come as fast as they can", "CPU us each", rounds.Ours, r.PerJoin/1e3)
		add("peers, 10,000 come as fast as they can", "CPU us each", rounds.Floor+": its public-key work, in Go", r.Floor/1e3)
		const name = "peers, 10,000 at rest"
		add(name, "CPU us a second each", rounds.Ours, r.Rest/1e3/float64(max(1, r.Peers))/max(1, r.Seconds))
		add(name+", heap", "bytes each", rounds.Ours, (r.After.Heap-r.Before.Heap)/float64(max(1, r.Peers)))
		add(name+", goroutines", inAll, rounds.Ours, r.After.Goroutines)
	}
	for range b.outside {
		r, err := run("-storm", "2000", "-duration", "1s")
		if err != nil {
			return results, err
		}
		const name = "peers, 2,000 come within 5 s"
		add(name, "CPU us each", rounds.Ours, r.PerJoin/1e3)
		add(name, "CPU us each", rounds.Floor+": its public-key work, in Go", r.Floor/1e3)
		add(name+", ICE and DTLS, p50", "ms on the clock", rounds.Ours, r.SetUp.P50/1e6)
		add(name+", ICE and DTLS, p99", "ms on the clock", rounds.Ours, r.SetUp.P99/1e6)
		add(name+", media to others that is missing", "packets", rounds.Ours, r.Missing)
	}
	return results, nil
}

package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/interop/relay"
)

func init() {
	register("UDP", "real sockets between processes, through a relay that is as bad: R3 and R12 once more", overUDP)
}

// bothConfigs are those of a client and a server that trust each other.
func bothConfigs() (configs [2]*dtlstransport.Config) {
	for i := range configs {
		configs[i] = &dtlstransport.Config{
			Certificates:       []*fingerprint.Certificate{certificates[i]},
			RemoteFingerprints: certificates[1-i].Fingerprints(),
			InitialTimeout:     4 * oneWay,
		}
	}
	return configs
}

// serveUDP is the other process: it says its address, echoes, and when its standard input ends, closes everything and
// says how many goroutines that has left.
func serveUDP() {
	began := runtime.NumGoroutine()
	l, err := dtlstransport.Listen("udp", "127.0.0.1:0", &dtlstransport.ListenConfig{Config: bothConfigs()[server]})
	if err != nil {
		fatal("%v", err)
	}
	fmt.Println(l.Addr())
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				defer c.Close()
				b := make([]byte, 2000)
				for {
					n, err := c.Read(b)
					if err != nil {
						return
					}
					_, _ = c.Write(b[:n])
				}
			})
		}
	})
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = l.Close()
	conns.Wait()
	settle(began)
	fmt.Println(runtime.NumGoroutine() - began)
}

func overUDP(r *report) {
	rand.Reader = systemRandom
	n := r.scaled(400, 30)
	self, err := os.Executable()
	if err != nil {
		fatal("%v", err)
	}
	other := exec.Command(self, "-worker", "udp-server")
	in, err := other.StdinPipe()
	if err != nil {
		fatal("%v", err)
	}
	out, err := other.StdoutPipe()
	if err != nil {
		fatal("%v", err)
	}
	if err := other.Start(); err != nil {
		fatal("%v", err)
	}
	defer func() { _ = other.Wait() }()
	defer in.Close()
	said := bufio.NewReader(out)
	address, err := said.ReadString('\n')
	if err != nil {
		fatal("the other process: %v", err)
	}
	goroutines := runtime.NumGoroutine()
	for _, link := range []struct {
		name string
		netsim.Config
	}{
		{"nothing lost", netsim.Config{}},
		{"20 % lost", netsim.Config{Loss: 0.2}},
		{"30 % lost, 10 % twice, 20 % reordered", netsim.Config{Loss: 0.3, Duplicate: 0.1, Reorder: 0.2}},
		{"20 % lost, and what has over 600 bytes", netsim.Config{Loss: 0.2, MTU: 600}},
	} {
		link.Delay, link.Seed = oneWay, r.seed
		took, err := throughRelay(r, strings.TrimSpace(address), link.Config, n)
		if err != nil {
			r.fail(link.name, err.Error(), nil)
		}
		r.row(link.name, fmt.Sprintf("%d of %d", len(took), n), "all complete, and echo", len(took) == n)
		if len(took) > 0 {
			ms := func(percent int) time.Duration { return took[len(took)*percent/100].Round(time.Millisecond) }
			r.row("    p50, p90, worst; with a cookie", fmt.Sprintf("%v, %v, %v", ms(50), ms(90), took[len(took)-1].Round(time.Millisecond)), "", true)
		}
	}
	settle(goroutines)
	_ = in.Close()
	left, _ := said.ReadString('\n')
	r.row("goroutines left here, and in the other process", fmt.Sprintf("%d, %s", runtime.NumGoroutine()-goroutines, strings.TrimSpace(left)), "0, 0",
		runtime.NumGoroutine() <= goroutines && strings.TrimSpace(left) == "0")
}

// throughRelay makes n associations, some at a time, and returns how long their handshakes took, sorted.
func throughRelay(r *report, target string, link netsim.Config, n int) (took []time.Duration, problem error) {
	bad, err := relay.New(relay.Config{Target: target, Link: link})
	if err != nil {
		return nil, err
	}
	defer bad.Close()
	var mu sync.Mutex
	var all sync.WaitGroup
	slots := make(chan struct{}, 10)
	for range n {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			elapsed, err := meet(bad.Addr())
			mu.Lock()
			defer mu.Unlock()
			r.ran(4 * n)
			if err != nil {
				problem = err
				return
			}
			took = append(took, elapsed)
		})
	}
	all.Wait()
	slices.Sort(took)
	return took, problem
}

// meet shakes hands with the other process and has something echoed.
func meet(through netip.AddrPort) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	socket, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(through))
	if err != nil {
		return 0, err
	}
	defer socket.Close()
	began := time.Now()
	c, err := dtlstransport.Client(socket, bothConfigs()[client])
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if err := c.Handshake(ctx); err != nil {
		return 0, err
	}
	elapsed := time.Since(began)
	b := make([]byte, 100)
	for { // the path loses data too
		_, _ = c.Write([]byte("hello"))
		_ = c.SetReadDeadline(time.Now().Add(4 * oneWay))
		if n, err := c.Read(b); err == nil && string(b[:n]) == "hello" {
			return elapsed, nil
		}
		if err := ctx.Err(); err != nil {
			return 0, fmt.Errorf("no echo: %w", err)
		}
	}
}

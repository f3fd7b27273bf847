package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/load/profile"
)

// Bounds of what one run does.
const (
	maxPeers   = 20000
	maxTime    = 10 * time.Minute
	joinWithin = 60 * time.Second // for any one peer
	atATime    = 64               // peers that are joining, at most
)

// options are what the flags say.
type options struct {
	url                     string
	room                    string
	publishers, subscribers int
	burst                   burst
	ramp, duration          time.Duration
	channels                bool
	idle, storm             int
	profiles                string
	pid                     int
	json                    bool
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("load: ")
	if os.Getenv(crowdVariable) != "" {
		if err := runCrowd(os.Stdin, os.Stdout); err != nil {
			log.Fatal(err)
		}
		return
	}
	var o options
	flag.StringVar(&o.url, "url", "http://127.0.0.1:8080", "`address` of the server, on this machine")
	flag.StringVar(&o.room, "room", "load", "`name` of the room")
	flag.IntVar(&o.publishers, "publishers", 1, "how many `peers` send")
	flag.IntVar(&o.subscribers, "subscribers", 50, "how many `peers` receive, spread over the publishers")
	flag.IntVar(&o.burst.Packets, "burst", 10, "`packets` that a publisher sends at a time; 0: none, peers are idle")
	flag.IntVar(&o.burst.Size, "size", 1200, "`bytes` of each packet, header included")
	flag.IntVar(&o.burst.PerSecond, "fps", 30, "bursts a `second`")
	flag.DurationVar(&o.ramp, "ramp", 0, "spread the joining over this `time`; 0: as fast as they can")
	flag.DurationVar(&o.duration, "duration", 10*time.Second, "how `long` media runs after all have joined")
	flag.BoolVar(&o.channels, "channels", false, "open a data channel from each peer, and say something on it every second, which has to come back")
	flag.IntVar(&o.idle, "idle", 0, "measure our own server, without HTTP, with so many `peers` at rest")
	flag.IntVar(&o.storm, "storm", 0, "measure our own server, without HTTP, while so many `peers` come within -ramp (5 s) and it forwards media to -subscribers")
	flag.StringVar(&o.profiles, "profiles", "", "`directory` for heap.txt and goroutine.txt of our own server with all peers")
	flag.IntVar(&o.pid, "pid", 0, "`process` of the server, to report its CPU time and memory (Linux)")
	flag.BoolVar(&o.json, "json", false, "print the report as JSON")
	flag.Parse()
	if err := o.check(); err != nil {
		log.Fatal(err)
	}
	if o.profiles != "" {
		runtime.MemProfileRate = profile.Rate
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var r interface {
		print(io.Writer)
		ok() bool
	}
	var err error
	if b := o.bare(); b != nil {
		r, err = b.run(ctx, os.Stderr)
	} else {
		r, err = run(ctx, o, os.Stderr)
	}
	if err != nil {
		log.Fatal(err)
	}
	if o.json {
		json.NewEncoder(os.Stdout).Encode(r)
	} else {
		r.print(os.Stdout)
	}
	if !r.ok() {
		os.Exit(1)
	}
}

// bare returns what is to be measured of our own server; nil: another one is meant.
func (o *options) bare() *bare {
	b := &bare{resting: o.idle, ramp: o.ramp, burst: o.burst, channels: o.channels, settle: 2 * time.Second, duration: o.duration, profiles: o.profiles}
	switch {
	case o.storm > 0:
		b.resting, b.receivers = o.storm, o.subscribers
		if o.ramp == 0 {
			b.ramp = 5 * time.Second
		}
	case o.idle > 0:
	default:
		return nil
	}
	return b
}

func (o *options) check() error {
	u, err := url.Parse(o.url)
	if err != nil {
		return err
	}
	ip := net.ParseIP(u.Hostname())
	switch {
	case u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()):
		return fmt.Errorf("%s is not on this machine", u.Host)
	case o.idle < 0 || o.storm < 0 || o.idle > 0 && o.storm > 0 || max(o.idle, o.storm) > maxPeers:
		return fmt.Errorf("-idle and -storm exclude each other, and take at most %d peers", maxPeers)
	case o.profiles != "" && o.idle == 0:
		return errors.New("-profiles goes with -idle")
	case o.publishers < 1 || o.subscribers < 0 || o.publishers+o.subscribers > maxPeers:
		return fmt.Errorf("1 to %d peers, of which one at least is a publisher", maxPeers)
	case o.burst.Packets < 0 || o.burst.Packets > 100 || o.burst.Size < 13 || o.burst.Size > 1400 || o.burst.PerSecond < 1 || o.burst.PerSecond > 1000:
		return errors.New("bursts are of up to 100 packets of 13 to 1400 bytes, 1 to 1000 a second")
	case o.ramp < 0 || o.duration < 0 || o.ramp+o.duration > maxTime:
		return fmt.Errorf("a run takes at most %v", maxTime)
	}
	o.url = strings.TrimSuffix(o.url, "/")
	return nil
}

// run makes the peers, lets them go on for a while, and reports. It tells progress a line a second.
func run(ctx context.Context, o options, progress io.Writer) (*Report, error) {
	certificate, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	web := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: atATime}}
	before := usageOf(o.pid)

	var clients []*client
	defer func() { end(web, o.url, clients) }()
	var ids []string
	for range o.publishers {
		joining, cancel := context.WithTimeout(ctx, joinWithin)
		c, err := join(joining, web, o.url+"/rooms/"+o.room+"/whip?name=load", "sendonly", o.channels, certificate)
		cancel()
		if err != nil {
			return nil, fmt.Errorf("publisher: %w", err)
		}
		clients = append(clients, c)
		ids = append(ids, c.session[strings.LastIndexByte(c.session, '/')+1:])
	}
	var sent atomic.Uint64
	var publishing sync.WaitGroup
	media, stopMedia := context.WithCancel(ctx)
	defer stopMedia()
	if o.burst.Packets > 0 {
		for _, c := range clients {
			publishing.Go(func() { c.publish(media, o.burst, &sent) })
		}
	}

	began := time.Now()
	subscribers, failures := joinAll(ctx, o, web, ids, certificate, progress)
	clients = append(clients, subscribers...)
	web.CloseIdleConnections() // so that what the server holds is peers alone
	joined := usageOf(o.pid)
	r := &Report{Peers: len(clients), Failed: len(failures), Failures: tally(failures), JoinedIn: time.Since(began).Seconds()}
	r.Server.PerJoin = joined.cpu(before) / time.Duration(max(1, len(clients)))

	received := func() (n uint64) {
		for _, c := range subscribers {
			n += c.received.Load()
		}
		return n
	}
	if o.channels {
		for _, c := range clients {
			go c.ping(media)
		}
	}
	packets, ourCPU := received(), usageOf(os.Getpid())
	began = time.Now()
	for until := began.Add(o.duration); time.Now().Before(until) && ctx.Err() == nil; {
		wait := time.NewTimer(min(time.Second, time.Until(until)))
		select {
		case <-ctx.Done():
		case <-wait.C:
		}
		fmt.Fprintf(progress, "%.0f s, %d packets received\n", time.Since(began).Seconds(), received()-packets)
	}
	r.Seconds = time.Since(began).Seconds()
	after := usageOf(o.pid)
	r.count(subscribers)
	r.Received = received() - packets
	r.Server.CPU, r.Server.Memory = after.cpu(joined), after.memory
	r.Client = usageOf(os.Getpid()).cpu(ourCPU)
	stopMedia()
	publishing.Wait()
	r.Sent = sent.Load()
	return r, nil
}

// joinAll makes the subscribers.
func joinAll(ctx context.Context, o options, web *http.Client, ids []string, certificate *fingerprint.Certificate, progress io.Writer) (clients []*client, failures []error) {
	var mu sync.Mutex
	var joining sync.WaitGroup
	room := make(chan struct{}, atATime)
	told := time.Now()
	for i := range o.subscribers {
		if o.ramp > 0 {
			time.Sleep(o.ramp / time.Duration(o.subscribers))
		}
		room <- struct{}{}
		joining.Go(func() {
			defer func() { <-room }()
			one, cancel := context.WithTimeout(ctx, joinWithin)
			defer cancel()
			c, err := join(one, web, o.url+"/rooms/"+o.room+"/whep/"+ids[i%len(ids)], "recvonly", o.channels, certificate)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failures = append(failures, err)
				return
			}
			clients = append(clients, c)
		})
		if time.Since(told) > time.Second {
			told = time.Now()
			fmt.Fprintf(progress, "%d of %d are joining or have joined\n", i+1, o.subscribers)
		}
	}
	joining.Wait()
	return clients, failures
}

// end says goodbye for all.
func end(web *http.Client, server string, clients []*client) {
	var ending sync.WaitGroup
	room := make(chan struct{}, atATime)
	for _, c := range slices.Backward(clients) {
		room <- struct{}{}
		ending.Go(func() {
			defer func() { <-room }()
			c.transport.Close()
			request, err := http.NewRequest(http.MethodDelete, server+c.session, nil)
			if err != nil {
				return
			}
			if response, err := web.Do(request); err == nil {
				response.Body.Close() // 404: close_notify was faster
			}
		})
	}
	ending.Wait()
}

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/rtctransport/rtctransport/mux/icelite"
)

// drainPatience is how long the server takes to say goodbye to its peers.
const drainPatience = 3 * time.Second

func main() {
	log.SetFlags(0)
	log.SetPrefix("sfu: ")
	address := flag.String("addr", "127.0.0.1:8080", "`address` to serve HTTP on; browsers give cameras to pages on localhost or https only")
	media := flag.String("udp", ":3478", "`address` of the one UDP port that all media goes through")
	public := flag.String("public", "", "IP `addresses` to tell peers, with commas, if the host is behind a one-to-one NAT")
	peers := flag.Int("peers", icelite.DefaultMaxPeers, "how many `peers` may be connected at a time")
	sockets := flag.Int("sockets", 1, "how many `sockets` share the UDP port (Linux)")
	portable := flag.Bool("portable", false, "use no batches and no segmentation offload")
	rate := flag.Float64("rate", 8*defaultInflow/1e6, "`Mbit/s` that one publisher may send; more is dropped")
	perClient := flag.Int("per-client", defaultPerClient, "`sessions` and event streams that one address may have, if it is not of this machine")
	var cluster clusterFlags
	flag.BoolVar(&cluster.alone, "alone", false, "start no NATS server: rooms stay in this process")
	flag.StringVar(&cluster.url, "nats", "", "`URL` of a NATS server that other sfu processes use as well: rooms then span all of them")
	flag.StringVar(&cluster.listen, "nats-listen", "", "`address` on which our own NATS server takes other sfu processes, as 127.0.0.1:4222")
	debug := flag.String("debug", "", "`address` to serve Go profiles on, as 127.0.0.1:6060; empty: none")
	flag.Parse()
	if flag.NArg() > 0 {
		log.Fatalf("unexpected argument %q", flag.Arg(0))
	}
	if *rate <= 0 {
		log.Fatal("-rate: publishers have to be allowed something")
	}
	if *perClient < 1 {
		log.Fatal("-per-client: each has to be allowed one session")
	}
	config := &icelite.Config{MaxPeers: *peers, Sockets: *sockets, Portable: *portable}
	for a := range strings.SplitSeq(*public, ",") {
		if a == "" {
			continue
		}
		ip, err := netip.ParseAddr(a)
		if err != nil {
			log.Fatalf("-public: %v", err)
		}
		config.Addresses = append(config.Addresses, ip)
	}
	if *debug != "" {
		at, err := serveDebug(*debug)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("profiles on http://%s/debug/pprof/\n", at)
	}
	if err := serve(*address, *media, config, limits{*rate * 1e6 / 8, *perClient}, cluster); err != nil {
		log.Fatal(err)
	}
}

// limits are those of one client.
type limits struct {
	inflow    float64 // bytes/s that it may send of one stream
	perClient int     // sessions and event streams
}

// serve serves until the process is asked to end, and then says goodbye to all.
func serve(address, media string, config *icelite.Config, limits limits, cluster clusterFlags) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("-addr: %w", err)
	}
	udp, err := icelite.Listen("udp", media, config)
	if err != nil {
		return fmt.Errorf("-udp: %w", err)
	}
	if len(udp.Candidates()) == 0 {
		return errors.New("this host has no address to tell peers; name one with -public")
	}
	sfu, err := NewSFU(udp)
	if err != nil {
		return err
	}
	sfu.inflow, sfu.clients.most = limits.inflow, limits.perClient
	if leave, err := cluster.join(sfu); err != nil {
		return err
	} else {
		defer leave()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	h := &http.Server{Handler: NewServer(sfu), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	fmt.Printf("LISTENING http://%s, media on UDP %s\n", listener.Addr(), udp.Addr())
	for _, line := range remarks(udp.Stats(), udp.AddrPort(), media, config.Portable) {
		fmt.Println(line)
	}
	failed := make(chan error, 1)
	go func() { failed <- h.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	fmt.Println("shutting down")
	patience, cancel := context.WithTimeout(context.Background(), drainPatience)
	defer cancel()
	err = sfu.Shutdown(patience)
	return errors.Join(err, h.Shutdown(patience))
}

// remarks tell what there is to know of the media port, and what is not as one might wish. media is its address as it was asked
// for.
func remarks(stats icelite.Stats, at netip.AddrPort, media string, portable bool) []string {
	lines := []string{fmt.Sprintf("sockets %d, receive buffer %d KiB", stats.Sockets, stats.ReceiveBuffer>>10)}
	if asked := icelite.DefaultSocketBuffer; stats.ReceiveBuffer != 0 && stats.ReceiveBuffer < asked {
		lines = append(lines, fmt.Sprintf("%d KiB were asked for: bursts may be lost; on Linux, raise net.core.rmem_max", asked>>10))
	}
	if !portable && !stats.Segmentation {
		lines = append(lines, "no segmentation offload on this system: each packet leaves by itself, and costs more")
	}
	if host, _, err := net.SplitHostPort(media); err == nil && host == "" && at.Addr().Is4() {
		lines = append(lines, "no IPv6 on this system: media goes by IPv4 alone")
	}
	return lines
}

// clusterFlags say which servers are one.
type clusterFlags struct {
	url, listen string
	alone       bool
}

// join joins them, and returns what leaves them again.
func (f clusterFlags) join(sfu *SFU) (leave func(), err error) {
	switch {
	case f.url != "" && f.listen != "":
		return nil, errors.New("-nats and -nats-listen exclude each other")
	case f.alone && f.url+f.listen != "":
		return nil, errors.New("-alone excludes -nats and -nats-listen")
	case f.alone:
		return func() {}, nil
	}
	var embedded *server.Server
	if f.url == "" {
		if embedded, err = embedNATS(f.listen); err != nil {
			return nil, err
		}
	}
	c, err := NewCluster(sfu, f.url, embedded)
	if err != nil {
		return nil, err
	}
	return c.Close, nil
}

// splitPort reads an address with a port in digits.
func splitPort(address string) (host string, port int, err error) {
	host, digits, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	port, err = strconv.Atoi(digits)
	return host, port, err
}

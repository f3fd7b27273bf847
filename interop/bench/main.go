// Bench measures every figure of this project beside others', in one run on one machine, and prints them as a table: CPU
// time of all threads and the kernel's work for them, in rounds that take turns, and what part of each other's ours is in
// the same round. -svg draws them.
//
//	go run .                     everything; about eight minutes on two cores
//	go run . -only DTLS,SRTP     the figures whose names begin so: DTLS, SRTP, mux, UDP, data, server, peers
//	go run . -svg bench.svg      with the picture
//
//	DTLS    dtls         handshakes, resumption, records, memory: pion/dtls, OpenSSL, Mbed TLS
//	SRTP    srtp         pion/srtp
//	mux     mux          pion/webrtc's
//	UDP     udp          bare sockets: a call for a packet, GSO, GSO and GRO
//	data    datachannel  data channels: pion/webrtc, pion/sctp, libdatachannel, libwebrtc
//	server  sfu          a conference server: one on pion/webrtc
//	peers   ../load      10,000 peers that come at once and rest, 2,000 that come within 5 s; beside their public-key work
//
// OpenSSL and Mbed TLS need a C compiler and their headers, libdatachannel and libwebrtc the packages of
// interop/webrtc/js, server and peers Linux; what is missing is told and left out. rounds has how it is measured, plot how it is drawn.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/rtctransport/rtctransport/interop/bench/dtls"
	"github.com/rtctransport/rtctransport/interop/bench/mux"
	"github.com/rtctransport/rtctransport/interop/bench/plot"
	"github.com/rtctransport/rtctransport/interop/bench/rounds"
	"github.com/rtctransport/rtctransport/interop/bench/srtp"
	"github.com/rtctransport/rtctransport/interop/bench/udp"
)

// maxTime bounds a run, and maxPart what is measured by other programs: data, server, peers.
const (
	maxTime = 20 * time.Minute
	maxPart = 6 * time.Minute
)

func main() {
	log.SetFlags(0)
	only := flag.String("only", "", "`beginnings` of the names of figures to measure, with commas; empty: all")
	times := flag.Int("rounds", 11, "`rounds` of what runs in this process and of the C programs")
	outside := flag.Int("outside", 3, "`rounds` of data channels and servers")
	svg := flag.String("svg", "", "`file` for the picture; empty: none")
	flag.Parse()
	if *times < 1 || *outside < 1 || flag.NArg() > 0 {
		log.Fatal("there is one round at least, and there are no arguments")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	b := &bench{only: strings.Split(*only, ","), rounds: *times, outside: *outside, began: time.Now()}
	failed := b.run(ctx)
	b.tell("done")
	if *svg != "" && len(b.results) > 0 {
		var picture bytes.Buffer
		plot.Draw(&picture, slices.DeleteFunc(b.results, func(r *rounds.Result) bool { return r.Unit == inAll }), machine())
		if err := os.WriteFile(*svg, picture.Bytes(), 0o644); err != nil {
			log.Fatal(err)
		}
	}
	if failed != nil {
		log.Fatal("\nnot measured:\n", failed)
	}
}

// inAll is the unit of figures that are not of one thing, and for the table alone.
const inAll = "in all"

// bench is a run.
type bench struct {
	only            []string
	rounds, outside int
	began           time.Time
	results         []*rounds.Result
}

// tell tells progress.
func (b *bench) tell(what string) {
	fmt.Fprintf(os.Stderr, "%4.0f s  %s\n", time.Since(b.began).Seconds(), what)
}

// wants reports whether a figure, or the group that a word stands for, is to be measured.
func (b *bench) wants(name string) bool {
	for _, o := range b.only {
		if strings.HasPrefix(name, o) || strings.HasPrefix(o, name) {
			return true
		}
	}
	return false
}

// run measures what is wanted. What fails does not keep the rest from being measured.
func (b *bench) run(ctx context.Context) (failed error) {
	fmt.Println(machine())
	figures, end, err := b.figures()
	if err != nil {
		return err
	}
	defer end()
	for _, f := range figures {
		if !b.wants(f.Name) || ctx.Err() != nil {
			continue
		}
		b.tell(f.Name)
		r, err := f.Measure(b.rounds)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		b.add(r)
	}
	for _, part := range []struct {
		name    string
		measure func(context.Context) ([]*rounds.Result, error)
	}{
		{"data", b.channels}, {"server", b.servers}, {"peers", b.peers},
	} {
		if !b.wants(part.name) || ctx.Err() != nil {
			continue
		}
		b.tell(part.name)
		bounded, cancel := context.WithTimeout(ctx, maxPart)
		results, err := part.measure(bounded)
		cancel()
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", part.name, err))
		}
		for _, r := range results {
			if b.wants(r.Name) {
				b.add(r)
			}
		}
	}
	return errors.Join(failed, ctx.Err())
}

// figures returns those that are measured by this process.
func (b *bench) figures() (figures []rounds.Figure, end func(), err error) {
	end = func() {}
	if b.wants("DTLS") {
		if figures, end, err = dtls.Figures(b.tell); err != nil {
			return nil, nil, err
		}
	}
	protected, err := srtp.Figures()
	if err != nil {
		return nil, nil, err
	}
	figures = append(figures, protected...)
	figures = append(figures, mux.Figures()...)
	return append(figures, udp.Figures()...), end, nil
}

func (b *bench) add(r *rounds.Result) {
	r.Print(os.Stdout)
	b.results = append(b.results, r)
}

// machine says what the figures are of.
func machine() string {
	processor := runtime.GOARCH
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(text), "model name\t: "); ok {
			processor, _, _ = strings.Cut(rest, "\n")
		}
	}
	return fmt.Sprintf("%s, %d cores, %s, %s", processor, runtime.NumCPU(), runtime.GOOS, runtime.Version())
}

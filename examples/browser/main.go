package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
)

func main() {
	log.SetFlags(0)
	address := flag.String("addr", "127.0.0.1:0", "`address` to serve HTTP on")
	ip := flag.String("ip", "", "the one IPv4 `address` to offer candidates on (default: all of this machine)")
	trace := flag.String("trace", "", "a `file` to append to, as lines of JSON, what DTLS does")
	flag.Parse()
	if flag.NArg() > 0 {
		log.Fatalf("unexpected argument %q", flag.Arg(0))
	}
	var only net.IP
	if *ip != "" {
		if only = net.ParseIP(*ip).To4(); only == nil {
			log.Fatalf("-ip %s is not an IPv4 address", *ip)
		}
		socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: only})
		if err != nil {
			log.Fatalf("-ip %s: %v", *ip, err)
		}
		socket.Close()
	}
	server := NewServer(only, DefaultLimits)
	if *trace != "" {
		f, err := os.OpenFile(*trace, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			log.Fatal(err)
		}
		server.Trace = dtlstransport.NewSlogTrace(slog.New(slog.NewJSONHandler(f, &slog.HandlerOptions{Level: slog.LevelDebug})))
	}
	if err := serve(*address, server); err != nil {
		log.Fatal(err)
	}
}

// serve serves until the process is asked to end, and then closes every peer in order.
func serve(address string, server *Server) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go server.Sweep(ctx)
	h := &http.Server{
		Handler:           server,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	fmt.Printf("LISTENING http://%s\n", listener.Addr())
	go func() {
		<-ctx.Done()
		server.Close()
		h.Close()
	}()
	if err := h.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// version is the module's version as the build knows it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "devel"
}

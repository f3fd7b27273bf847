//go:build unix

package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/rtctransport/rtctransport/interop/native"
	"github.com/rtctransport/rtctransport/interop/table"
	"github.com/rtctransport/rtctransport/interop/webrtc"
	"github.com/rtctransport/rtctransport/interop/wireshark"
)

// The exit codes.
const (
	exitWell   = 0
	exitFailed = 1 // a cell failed, or, with -require, a peer is missing
	exitUsage  = 2
)

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	var o table.Options
	flags := flag.NewFlagSet("interop", flag.ContinueOnError)
	flags.StringVar(&o.Selection.Peer, "peer", "", "only peers with this in their `name`, or the one of this name; several with commas")
	flags.StringVar(&o.Selection.Role, "role", "", "only this `role` of theirs: client or server")
	flags.StringVar(&o.Selection.Case, "case", "", "only cases with this in their `name`, or those of this name; several with commas")
	flags.BoolVar(&o.Selection.Quick, "quick", false, "leave out the cells that take long and say little more")
	flags.IntVar(&o.Parallel, "parallel", 8, "cells at the same time")
	flags.DurationVar(&o.CellTime, "celltime", 4*time.Minute, "time for a cell")
	flags.IntVar(&o.Again, "again", 0, "how many cells that fail get a second try; the table tells which")
	list := flags.Bool("list", false, "list what would be run, and run nothing")
	asJSON := flags.Bool("json", false, "write the table to standard output as JSON")
	page := flags.String("html", "", "write the table to `file` as a page to look at, with a picture of each handshake")
	require := flags.Bool("require", false, "a peer that is not installed is a failure")
	quiet := flags.Bool("quiet", false, "no progress on standard error")
	if err := flags.Parse(args); err != nil {
		return exitUsage
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "interop: what is %q?\n", flags.Arg(0))
		return exitUsage
	}
	peers, remove := peers()
	defer remove()
	if *list {
		table.List(os.Stdout, peers, o.Selection)
		return exitWell
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if !*quiet {
		o.Progress = progress()
	}
	t, err := table.Run(ctx, peers, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		return exitFailed
	}
	if *page != "" {
		if err := writeFile(*page, t.WritePage); err != nil {
			fmt.Fprintln(os.Stderr, "interop:", err)
			return exitFailed
		}
	}
	if len(t.Results) == 0 {
		fmt.Fprintln(os.Stderr, "interop: nothing has these names; see -list")
		return exitUsage
	}
	write := t.WriteText
	if *asJSON {
		write = t.WriteJSON
	}
	if err := write(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		return exitFailed
	}
	if t.Count(table.Failed) > 0 || *require && t.Count(table.Missing) > 0 {
		return exitFailed
	}
	return exitWell
}

// peers are all that there are, and what to call at the end.
func peers() (all []*table.Peer, remove func()) {
	var removes []func()
	for _, some := range []func() ([]*table.Peer, func()){native.Peers, webrtc.Peers, wireshark.Peers} {
		peers, remove := some()
		all, removes = append(all, peers...), append(removes, remove)
	}
	return all, func() {
		for _, remove := range removes {
			remove()
		}
	}
}

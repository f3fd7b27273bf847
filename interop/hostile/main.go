//go:debug cryptocustomrand=1

package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
)

func main() {
	var o options
	var only string
	asJSON := flag.Bool("json", false, "print the results as JSON")
	flag.BoolVar(&o.short, "short", false, "a tenth or less of the runs, in less than a minute")
	flag.Uint64Var(&o.seed, "seed", 1, "what all random choices follow from")
	flag.StringVar(&only, "only", "", "figures, such as R1,R4; empty: all")
	flag.StringVar(&o.failures, "failures", os.TempDir(), "where the datagrams of a failure are written to; empty: nowhere")
	worker := flag.String("worker", "", "compute one figure and print its result as JSON: what this program calls itself with")
	flag.Parse()

	if *worker == "udp-server" {
		serveUDP()
		return
	}
	if *worker != "" {
		f, ok := find(*worker)
		if !ok {
			fatal("no figure %s", *worker)
		}
		compute(f, o, func(result Result) { _ = json.NewEncoder(os.Stdout).Encode(result) })
		return
	}
	chosen := figures
	if only != "" {
		chosen = nil
		for name := range strings.SplitSeq(only, ",") {
			f, ok := find(strings.TrimSpace(name))
			if !ok {
				fatal("no figure %s", name)
			}
			chosen = append(chosen, f)
		}
	}
	t := table{Version: version(), Seed: o.seed, Short: o.short, Results: dispatch(chosen, o)}
	if *asJSON {
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		_ = e.Encode(t)
	} else {
		t.print(os.Stdout)
	}
	if t.missed() {
		os.Exit(1)
	}
}

func fatal(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "hostile: "+format+"\n", arguments...)
	os.Exit(2)
}

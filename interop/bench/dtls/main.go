//go:build unix

// Dtls measures the DTLS engine beside other implementations, in one run on one
// machine: CPU time of both ends together, in rounds that take turns, so that other
// load on the machine falls on all alike.
//
//	go run ./dtls                    15 rounds
//	go run ./dtls -rounds 41 -check  fails if a resumed handshake costs more than OpenSSL's
//
// task.go says what is measured, contender.go what it means to take part; ours.go,
// pion.go, openssl.go with testdata/openssl.c, and floor.go take part. OpenSSL needs a C compiler and
// its headers, and is left out without.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
)

func main() {
	rounds := flag.Int("rounds", 15, "rounds of each task")
	check := flag.Bool("check", false, "fail if a resumed handshake costs more than OpenSSL's")
	bench := flag.Bool("bench", false, "print results as go test -bench does, for plot")
	flag.Parse()
	if err := run(*rounds, *check, *bench); err != nil {
		fmt.Fprintln(os.Stderr, "dtls:", err)
		os.Exit(1)
	}
}

func run(rounds int, check, bench bool) error {
	contenders, err := all()
	if err != nil {
		return err
	}
	defer func() {
		for _, c := range contenders {
			c.close()
		}
	}()
	fmt.Printf("DTLS 1.2, both ends, CPU time; %s, %d cores, %s, %d rounds; min-median-max\n",
		runtime.GOARCH, runtime.NumCPU(), runtime.Version(), rounds)
	for _, t := range tasks {
		result, err := measure(t, contenders, rounds)
		if err != nil {
			return err
		}
		if bench {
			result.printBench(os.Stdout)
		} else {
			result.print(os.Stdout)
		}
		if !check || t.kind == full || t.kind == records {
			continue
		}
		if r, ok := result.ratio("ours", "OpenSSL"); ok && r.median() >= 1 {
			return fmt.Errorf("%s costs %v of OpenSSL's", t.name, r)
		}
	}
	return nil
}

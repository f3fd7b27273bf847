//go:build unix

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/rtctransport/rtctransport/interop/table"
)

// progress returns what tells on standard error how far it is: a line that changes on a terminal, and elsewhere a line
// now and then. Failures stay.
func progress() func(done, all int, r *table.Result) {
	info, err := os.Stderr.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	var last time.Time
	return func(done, all int, r *table.Result) {
		if terminal {
			fmt.Fprint(os.Stderr, "\r\x1b[K")
		}
		if r.Verdict == table.Failed {
			fmt.Fprintf(os.Stderr, "FAILED  %s, their %s: %s\n        %s\n", r.Peer, r.Role, r.Case, strings.ReplaceAll(strings.Join(r.Log, "\n"), "\n", "\n        "))
		}
		switch {
		case terminal && done < all:
			fmt.Fprintf(os.Stderr, "%d of %d  %s, their %s: %s", done, all, r.Peer, r.Role, r.Case)
		case !terminal && (time.Since(last) > 10*time.Second || done == all):
			last = time.Now()
			fmt.Fprintf(os.Stderr, "%d of %d cells\n", done, all)
		}
	}
}

// writeFile writes a file.
func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

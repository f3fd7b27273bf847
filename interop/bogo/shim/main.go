package main

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// What the exit status means to the runner. 1 is a connection that failed, which
// is what many tests want.
const (
	exitFailed        = 1
	exitUnimplemented = 89
)

// errUnimplemented says that a test asks for something we do not have.
var errUnimplemented = errors.New("unimplemented")

func main() {
	err := run(os.Args[1:])
	switch {
	case errors.Is(err, errUnimplemented):
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitUnimplemented)
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitFailed)
	}
}

// run makes the connections of one test, one after the other, with one store of
// sessions.
func run(args []string) error {
	var all [connections]options
	if err := parse(args, &all); err != nil {
		return err
	}
	if all[initial].handshakerSupported {
		fmt.Println("No")
		return nil
	}
	keys := &resumption{store: make(store)}
	now := time.Now()
	for i := range 1 + all[initial].resumeCount {
		o := &all[min(i, resumed)]
		var err error
		if now, err = connect(now, o, i > 0, keys); err != nil {
			return fmt.Errorf("connection %d: %w", i, err)
		}
	}
	return nil
}

package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
)

// The exit statuses that mean something to the runner. Any other than zero is a
// failed connection, which is right where the test expects one.
const (
	statusFailed        = 1
	statusUnimplemented = 89 // skip the test: we do not have what it wants
	statusMustFail      = 90 // not even a test that expects a failure may pass
)

// An unimplementedError names what we do not have.
type unimplementedError string

func (e unimplementedError) Error() string { return "unimplemented: " + string(e) }

// errMustFail says that the shim itself, or what it promises of the engine, is
// broken.
var errMustFail = errors.New("broken invariant")

func main() { os.Exit(status(run(os.Args[1:]))) }

// status prints err, if there is one, and returns what to exit with. Nothing may
// be printed on success: the runner takes any text for a failure.
func status(err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, err)
	if _, ok := errors.AsType[unimplementedError](err); ok {
		return statusUnimplemented
	}
	if errors.Is(err, errMustFail) {
		return statusMustFail
	}
	return statusFailed
}

// run makes the connections of one test, one after the other.
func run(args []string) error {
	if slices.Contains(args, "-is-handshaker-supported") {
		fmt.Println("No")
		return nil
	}
	initial, resumed, err := parseFlags(args)
	if err != nil {
		return err
	}
	shim := newShim()
	for i := range initial.resumeCount + 1 {
		o := initial
		if i > 0 {
			o = resumed
		}
		if err := shim.connect(o, i > 0); err != nil {
			return err
		}
	}
	return nil
}

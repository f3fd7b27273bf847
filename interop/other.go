//go:build !unix

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "interop: the peers are programs of Unix systems")
	os.Exit(2)
}

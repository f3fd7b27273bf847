//go:build unix

package main

import (
	"bufio"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

//go:embed testdata/openssl.c
var opensslSource []byte

// openssl is a program of ours around OpenSSL, which does what it is told on its
// standard input and answers with its CPU time.
type openssl struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	title   string
}

func newOpenSSL() (*openssl, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) // a program that runs needs no file
	source, program := filepath.Join(dir, "openssl.c"), filepath.Join(dir, "openssl")
	if err := os.WriteFile(source, opensslSource, 0o600); err != nil {
		return nil, err
	}
	if out, err := exec.Command("cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, source, "-lssl", "-lcrypto").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	o := &openssl{command: exec.Command(program)}
	o.command.Stderr = os.Stderr
	in, errIn := o.command.StdinPipe()
	out, errOut := o.command.StdoutPipe()
	if err := errors.Join(errIn, errOut, o.command.Start()); err != nil {
		return nil, err
	}
	o.in, o.out = in, bufio.NewReader(out)
	version, err := o.out.ReadString('\n')
	o.title = strings.TrimSpace(version)
	return o, err
}

func (o *openssl) name() string    { return "OpenSSL" }
func (o *openssl) can(k kind) bool { return true }

func (o *openssl) run(k kind, n int) (time.Duration, error) {
	if _, err := fmt.Fprintln(o.in, k, n); err != nil {
		return 0, err
	}
	var ns int64
	_, err := fmt.Fscan(o.out, &ns)
	return time.Duration(ns), err
}

func (o *openssl) close() {
	_ = o.in.Close()
	_ = o.command.Wait()
}

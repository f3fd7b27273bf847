package dtls

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
)

//go:embed testdata/openssl.c
var opensslSource []byte

//go:embed testdata/mbedtls.c
var mbedtlsSource []byte

// A program is one of ours around a library in C, which does what it is told on its standard input and answers with what
// it cost.
type program struct {
	title     string // of the library; with its version once it is started
	source    []byte
	libraries []string
	patience  int // see slow

	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
}

// programs need a C compiler and the headers of their libraries.
var programs = []*program{
	{title: "OpenSSL", source: opensslSource, libraries: []string{"-lssl", "-lcrypto"}},
	{title: "Mbed TLS", source: mbedtlsSource, libraries: []string{"-lmbedtls", "-lmbedx509", "-lmbedcrypto"}, patience: 10},
}

func (p *program) start() error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) // a program that runs needs no file
	source, binary := filepath.Join(dir, "program.c"), filepath.Join(dir, "program")
	if err := os.WriteFile(source, p.source, 0o600); err != nil {
		return err
	}
	arguments := append([]string{"-O2", "-Wall", "-Wextra", "-Werror", "-o", binary, source}, p.libraries...)
	if out, err := exec.Command("cc", arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	p.command = exec.Command(binary)
	p.command.Stderr = os.Stderr
	in, errIn := p.command.StdinPipe()
	out, errOut := p.command.StdoutPipe()
	if err := errors.Join(errIn, errOut, p.command.Start()); err != nil {
		return err
	}
	p.in, p.out = in, bufio.NewReader(out)
	version, err := p.out.ReadString('\n')
	p.title = strings.TrimSpace(version)
	return err
}

// name is the library's, with its version.
func (p *program) name() string  { return p.title }
func (p *program) can(kind) bool { return true }

func (p *program) slow(k kind) int {
	if k == full || k == idle {
		return p.patience
	}
	return 0
}

func (p *program) run(k kind, n int) (cost float64, err error) {
	if _, err := fmt.Fprintln(p.in, k, n); err != nil {
		return 0, err
	}
	_, err = fmt.Fscan(p.out, &cost)
	return cost, err
}

func (p *program) close() {
	_ = p.in.Close()
	_ = p.command.Wait()
}

//go:build unix

package native

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// shimDir is where our programs around foreign libraries are built.
var shimDir string

// A shim is a program of ours around a foreign library; see testdata/shim.h.
type shim struct {
	source, header string // in testdata; a header of the library, by which we tell that it is there
	pkg            string // of Debian
	flags          []string
	names          map[string]string // what it calls suites, groups and profiles
	// suite returns what the program is told about suites; nil: the name.
	suite func(s *scene) string
	// groups separates groups.
	separator string
	// env is the environment of the program; nil: nothing.
	env func(cert string) []string

	once    sync.Once
	program string
	err     error
}

func (b *shim) need(t *testing.T) {
	need(t, "cc", "gcc libc6-dev")
	if filepath.Ext(b.source) == ".cpp" {
		need(t, "c++", "g++")
	}
	check := exec.Command("cc", append(includes(b.flags), "-E", "-x", "c", "-o", os.DevNull, "-")...)
	check.Stdin = strings.NewReader("#include <" + b.header + ">\n")
	if check.Run() != nil {
		missing(t, b.pkg)
	}
	b.once.Do(func() {
		program := filepath.Join(shimDir, "shim-"+strings.TrimSuffix(b.source, filepath.Ext(b.source)))
		compiler := "cc"
		if filepath.Ext(b.source) == ".cpp" {
			compiler = "c++"
		}
		args := append([]string{"-O1", "-g", "-Wall", "-Wextra", "-Werror", "-o", program, filepath.Join("testdata", b.source)}, b.flags...)
		if out, err := exec.Command(compiler, args...).CombinedOutput(); err != nil {
			b.err = fmt.Errorf("%v: %v\n%s", args, err, out)
		}
		b.program = program
	})
	if b.err != nil {
		t.Fatal(b.err)
	}
}

func includes(flags []string) (out []string) {
	for _, f := range flags {
		if strings.HasPrefix(f, "-I") {
			out = append(out, f)
		}
	}
	return out
}

func (b *shim) start(t *testing.T, s *scene, role, port, cert string) *shimProcess {
	args := []string{role, port}
	if cert != "" {
		args = append(args, "cert="+identities[cert].cert, "key="+identities[cert].key)
	}
	suite := b.names[s.suite]
	if b.suite != nil {
		suite = b.suite(s)
	}
	var groups []string
	for _, g := range s.groups() {
		groups = append(groups, b.names[g])
	}
	args = append(args, "suite="+suite, "groups="+strings.Join(groups, b.separator))
	if s.srtp != "" {
		args = append(args, "srtp="+b.names[s.srtp])
	}
	if s.theirMTU != 0 {
		args = append(args, "mtu="+strconv.Itoa(s.theirMTU))
	}
	if s.cookie {
		args = append(args, "cookie=1")
	}
	if s.clientCert == "" {
		args = append(args, "clientauth=0")
	}
	if s.noEMS {
		args = append(args, "noems=1")
	}
	if s.resume != "ticket" {
		args = append(args, "notickets=1")
	}
	if s.resume != "" {
		args = append(args, "rounds=2")
	}
	for _, e := range s.exports {
		args = append(args, "export="+e.String())
	}
	var env []string
	if b.env != nil {
		env = b.env(cert)
	}
	return &shimProcess{process: startIn(t, "", env, b.program, args...), shim: b, s: s, round: 1}
}

// stack makes a stack of the shim.
func (b *shim) stack(name string) *stack {
	return &stack{
		name: name,
		need: b.need,
		client: func(t *testing.T, s *scene, port, _ string, previous foreign) foreign {
			if previous != nil {
				p := previous.(*shimProcess)
				p.round++
				p.say("again")
				return p
			}
			return b.start(t, s, "client", port, s.clientCert)
		},
		server: func(t *testing.T, s *scene, port string) foreign {
			p := b.start(t, s, "server", port, s.serverCert)
			p.await(`(?m)^ready$`, 1)
			return p
		},
	}
}

type shimProcess struct {
	*process
	shim  *shim
	s     *scene
	round int // of a client
}

var suiteNumbers = map[string]string{ecdsaGCM128: "c02b", ecdsaGCM256: "c02c", ecdsaChaCha: "cca9", rsaGCM128: "c02f", rsaGCM256: "c030", rsaChaCha: "cca8"}

func (p *shimProcess) connected(n int) facts {
	p.round = max(p.round, n)
	line := p.await(`(?m)^connected suite=(\S+) group=(\S+) srtp=(\S+) ems=(\S+) resumed=(\S+)$`, p.round)
	for i, said := range line {
		if said == "-" {
			line[i] = ""
		}
	}
	f := facts{suite: nameBack(suiteNumbers, line[1]), group: nameBack(p.shim.names, line[2]), srtp: nameBack(p.shim.names, line[3]), ems: line[4], resumed: line[5]}
	p.await(`(?m)^up$`, p.round)
	for i := range p.s.exports {
		f.exports = append(f.exports, p.await(`(?m)^export (\S+)`, (p.round-1)*len(p.s.exports)+i+1)[1])
	}
	return f
}

func (p *shimProcess) send(line string)     { p.say(line) }
func (p *shimProcess) received(line string) { p.await(`(?m)^data `+line+`$`, p.round) }
func (p *shimProcess) echo(line string)     { p.received(line) }
func (p *shimProcess) close()               { p.say("Q") }
func (p *shimProcess) closed()              { p.await(`(?m)^closed by=peer$`, p.round) }

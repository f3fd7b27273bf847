//go:build unix

package native

import (
	"context"
	"embed"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rtctransport/rtctransport/interop/process"
	"github.com/rtctransport/rtctransport/interop/table"
)

// sources are our programs around foreign libraries.
//
//go:embed testdata
var sources embed.FS

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
	env func(l *lab, cert string) []string

	program string // once built
}

// prepare builds the program and asks it for the library's version.
func (b *shim) prepare(ctx context.Context, l *lab) (string, error) {
	compiler, pkg := "cc", "gcc libc6-dev"
	if filepath.Ext(b.source) == ".cpp" {
		compiler, pkg = "c++", "g++"
	}
	if err := need(compiler, pkg); err != nil {
		return "", err
	}
	check := exec.CommandContext(ctx, compiler, append(includes(b.flags), "-E", "-x", "c", "-o", os.DevNull, "-")...)
	check.Stdin = strings.NewReader("#include <" + b.header + ">\n")
	if check.Run() != nil {
		return "", &table.MissingError{What: b.header, Package: b.pkg}
	}
	folder := filepath.Join(l.dir, b.source+".d") // of its own: another may be compiled at the same time
	if err := os.Mkdir(folder, 0o700); err != nil {
		return "", err
	}
	for _, name := range []string{"shim.h", b.source} {
		text, err := sources.ReadFile("testdata/" + name)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), text, 0o600)
		}
		if err != nil {
			return "", err
		}
	}
	b.program = filepath.Join(l.dir, "shim-"+strings.TrimSuffix(b.source, filepath.Ext(b.source)))
	args := append([]string{"-O1", "-g", "-Wall", "-Wextra", "-Werror", "-o", b.program, filepath.Join(folder, b.source)}, b.flags...)
	if err := process.Build(ctx, compiler, args...); err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, b.program, "version").Output()
	return strings.TrimSpace(string(out)), err
}

func includes(flags []string) (out []string) {
	for _, f := range flags {
		if strings.HasPrefix(f, "-I") {
			out = append(out, f)
		}
	}
	return out
}

func (b *shim) start(r *run, role, port, cert string) *shimProcess {
	s := r.s
	args := []string{role, port}
	if cert != "" {
		args = append(args, "cert="+r.identities[cert].cert, "key="+r.identities[cert].key)
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
	if s.psk {
		args = append(args, "psk="+pskIdentity+":"+pskHex)
	}
	if s.clientCert == "" {
		args = append(args, "clientauth=0")
	}
	if s.theirs13 {
		args = append(args, "dtls13=1")
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
		env = b.env(r.lab, cert)
	}
	return &shimProcess{Process: process.StartIn(r, "", env, b.program, args...), shim: b, s: s, round: 1}
}

// stack makes a stack of the shim.
func (b *shim) stack(name string) *stack {
	return &stack{
		name:    name,
		pkg:     b.pkg,
		names:   b.names,
		prepare: b.prepare,
		client: func(r *run, port, _ string, previous foreign) foreign {
			if previous != nil {
				p := previous.(*shimProcess)
				p.round++
				p.Say("again")
				return p
			}
			return b.start(r, "client", port, r.s.clientCert)
		},
		server: func(r *run, port string) foreign {
			p := b.start(r, "server", port, r.s.serverCert)
			p.Await(`(?m)^ready$`, 1)
			return p
		},
	}
}

type shimProcess struct {
	*process.Process
	shim  *shim
	s     *scene
	round int // of a client
}

func (p *shimProcess) connected(n int) facts {
	p.round = max(p.round, n)
	line := p.Await(`(?m)^connected suite=(\S+) group=(\S+) srtp=(\S+) ems=(\S+) resumed=(\S+)$`, p.round)
	for i, said := range line {
		if said == "-" {
			line[i] = ""
		}
	}
	f := facts{suite: numberedSuite(line[1]), group: nameBack(p.shim.names, line[2]), srtp: nameBack(p.shim.names, line[3]), ems: line[4], resumed: line[5]}
	p.Await(`(?m)^up$`, p.round)
	for i := range p.s.exports {
		f.exports = append(f.exports, p.Await(`(?m)^export (\S+)`, (p.round-1)*len(p.s.exports)+i+1)[1])
	}
	return f
}

func (p *shimProcess) program() *process.Process { return p.Process }
func (p *shimProcess) send(line string)          { p.Say(line) }
func (p *shimProcess) received(line string)      { p.Await(`(?m)^data `+line+`$`, p.round) }
func (p *shimProcess) echo(line string)          { p.received(line) }
func (p *shimProcess) renegotiate()              { p.Say("R") }
func (p *shimProcess) close()                    { p.Say("Q") }
func (p *shimProcess) closed()                   { p.Await(`(?m)^closed by=peer$`, p.round) }

//go:build unix

package native

import (
	"context"
	"os"
	"os/exec"

	"github.com/rtctransport/rtctransport/interop/process"
	"github.com/rtctransport/rtctransport/interop/table"
	"github.com/rtctransport/rtctransport/interop/watch"
)

// A stack is a foreign implementation with the programs that we drive it by.
type stack struct {
	name string
	pkg  string // who brings it
	// prepare makes it ready and returns its version.
	prepare func(ctx context.Context, l *lab) (version string, err error)
	// names is what the stack calls suites and groups; nil: the program has ways of its own.
	names map[string]string
	// cannot returns why the stack, or the program that we drive it by, cannot do a
	// scene in a role; empty if it can.
	cannot func(s *scene, role string) string
	// adjust changes a scene to what the stack has and says what it has not; nil: nothing
	// to change.
	adjust func(s *scene) string
	// heard is what the program prints of a fatal alert from us; %d is its number, if it
	// says it.
	heard string
	// silent says that the stack's server just stops, with no alert, when a client has no
	// certificate.
	silent bool
	// anyGroup says why the groups of its server cannot be restricted; empty: they can.
	anyGroup string
	// no13 says why it would not speak DTLS 1.3; empty: it would.
	no13 string
	// cookies says that its server always asks for one.
	cookies bool
	// limit is the largest record that the program sends by role, if that is not 2^14
	// bytes.
	limit map[string]int
	// fault returns a fault of the stack that keeps a scene from coming to its end: why,
	// and what is printed, by them or by us, when it shows. It has to show: a fault that has gone
	// fails the cell, so that the list stays true.
	fault func(s *scene, role string) (why, evidence string)
	// chance is a fault that shows by chance, for it depends on whose timer is sooner; see table.Trial.MayFault.
	chance []struct{ why, evidence string }
	// renegotiation is what becomes of their wish to renegotiate, by role.
	renegotiation map[string]renegotiation
	// client starts a client. previous is the one whose session it resumes, or nil; sessions
	// is a directory for it.
	client func(r *run, port, sessions string, previous foreign) foreign
	// server starts a server.
	server func(r *run, port string) foreign
}

// A foreign is the running program of another stack.
type foreign interface {
	// program is what runs.
	program() *process.Process
	// connected waits until the n-th association of a server is up (from 1), or the one
	// of a client, and returns what it says of it; see facts.
	connected(n int) facts
	// send sends a line, received waits until a line has come. A server that echoes by
	// itself has nothing to do in echo.
	send(line string)
	received(line string)
	echo(line string)
	// renegotiate asks for a new handshake.
	renegotiate()
	// close ends the association with a close_notify, closed waits for ours.
	close()
	closed()
}

// facts are what a foreign program says about its association. What it does not
// say is empty.
type facts struct {
	suite, group, srtp string
	ems, resumed       string // "0", "1"
	exports            []string
}

// A run is a scene being played with a stack.
type run struct {
	*table.Trial
	*lab
	k     *stack
	s     *scene
	role  string       // theirs
	watch *watch.Watch // on the path between the two
	path  *path

	traced string // the file of our trace
}

func (r *run) start(name string, args ...string) *process.Process {
	return process.Start(r, name, args...)
}

// trace returns what our end has told so far.
func (r *run) trace() *watch.Trace {
	f, err := os.Open(r.traced)
	if err != nil {
		r.Fatalf("%v", err)
	}
	defer f.Close()
	t, err := watch.ReadTrace(f)
	if err != nil {
		r.Fatalf("%v", err)
	}
	return t
}

// freePort returns a UDP port that nobody has at the moment.
func (r *run) freePort() string {
	port, err := freePort()
	if err != nil {
		r.Fatalf("%v", err)
	}
	return port
}

// relay puts the path of the scene before a server.
func (r *run) relay(port string) string {
	r.path = newPath(r.s, r.role)
	return r.RelayTo(r.path.config("127.0.0.1:"+port), r.watch)
}

// need returns an error if a command is not there.
func need(command, pkg string) error {
	if _, err := exec.LookPath(command); err != nil {
		return &table.MissingError{What: command, Package: pkg}
	}
	return nil
}

//go:build unix

package process

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Patience is how long anybody waits for any one thing.
const Patience = 30 * time.Second

// An Owner is for whom programs run: a table.Trial, or a test. Where its Fatalf returns, functions here return nothing then.
type Owner interface {
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
	Logf(format string, args ...any)
	Cleanup(func())
	Failed() bool
}

// guard is a shell script that becomes its arguments, and whose child kills the
// process group as soon as descriptor 3 ends. We hold the other end: should we die
// without cleaning up, the kernel closes that end, and nothing is left behind.
const guard = `( read _ <&3; kill -KILL 0 ) </dev/null >/dev/null 2>&1 & exec "$@" 3<&-`

// A Process is a running program, in a process group of its own.
type Process struct {
	t     Owner
	name  string
	stdin io.WriteCloser
	pid   int
	done  chan struct{} // closed when it has exited and its output is read
	code  int           // its exit code, once done

	mu     sync.Mutex
	output bytes.Buffer
	grown  chan struct{} // closed and made anew when there is more
}

// Start runs a program until the end of its owner.
func Start(t Owner, name string, args ...string) *Process {
	return StartIn(t, "", nil, name, args...)
}

// StartIn is Start in a directory and with more in the environment.
func StartIn(t Owner, dir string, env []string, name string, args ...string) *Process {
	cmd := exec.Command("/bin/sh", append([]string{"-c", guard, "guard", name}, args...)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p := &Process{t: t, name: name, done: make(chan struct{}), grown: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p, p
	alive, hold, err := os.Pipe()
	if err != nil {
		t.Fatalf("%v", err)
		return nil
	}
	cmd.ExtraFiles = []*os.File{alive}
	if p.stdin, err = cmd.StdinPipe(); err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatalf("%v", err)
		return nil
	}
	alive.Close()
	p.pid = cmd.Process.Pid
	go func() {
		_ = cmd.Wait() // the exit code says it
		p.code = cmd.ProcessState.ExitCode()
		if p.code < 0 {
			fmt.Fprintf(p, "\nended by %v\n", cmd.ProcessState)
		}
		close(p.done)
	}()
	t.Cleanup(func() {
		where := ""
		select {
		case <-p.done:
		default:
			if t.Failed() {
				where = "\n\tended here: " + threads(cmd.Process.Pid)
			}
		}
		// The group still has the guard, so that its number cannot be another's.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		hold.Close()
		<-p.done
		if t.Failed() || os.Getenv("RTC_SHOW_PEERS") != "" {
			t.Logf("%s %s\n\t%s", name, strings.Join(args, " "), strings.ReplaceAll(shorten(p.Text()), "\n", "\n\t")+where)
		}
	})
	return p
}

// shorten keeps records of many bytes out of the log.
func shorten(s string) string {
	var lines []string
	for l := range strings.SplitSeq(s, "\n") {
		if len(l) > 300 {
			l = fmt.Sprintf("%s... (%d bytes)", l[:100], len(l))
		}
		lines = append(lines, l)
	}
	return strings.Join(lines, "\n")
}

// PID returns the number of the process.
func (p *Process) PID() int { return p.pid }

// Write takes the program's output.
func (p *Process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.output.Write(b)
	close(p.grown)
	p.grown = make(chan struct{})
	return len(b), nil
}

// Text returns the output so far.
func (p *Process) Text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.String()
}

// Say writes a line to the program.
func (p *Process) Say(line string) {
	if _, err := io.WriteString(p.stdin, line+"\n"); err != nil {
		p.t.Errorf("%s: %v", p.name, err)
	}
}

// Await waits until the output matches and returns the submatches, the n-th match's
// (from 1).
func (p *Process) Await(pattern string, n int) []string {
	re := regexp.MustCompile(pattern)
	timeout := time.After(Patience)
	over := p.done
	for {
		p.mu.Lock()
		// Whole lines only: the rest of one may be on its way.
		whole := p.output.Bytes()[:bytes.LastIndexByte(p.output.Bytes(), '\n')+1]
		all, grown := re.FindAllStringSubmatch(string(whole), n), p.grown
		p.mu.Unlock()
		if len(all) == n {
			return all[n-1]
		}
		if over == nil {
			p.t.Fatalf("%s has exited with %d and without %q", p.name, p.code, shorten(pattern))
			return nil
		}
		select {
		case <-grown:
		case <-over:
			over = nil // look once more
		case <-timeout:
			p.t.Fatalf("%s does not print %q", p.name, shorten(pattern))
			return nil
		}
	}
}

// AwaitEither waits until one of the programs has printed what matches.
func AwaitEither(t Owner, pattern string, programs ...*Process) {
	re := regexp.MustCompile(pattern)
	for until := time.Now().Add(Patience); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		for _, p := range programs {
			if re.MatchString(p.Text()) {
				return
			}
		}
	}
	t.Fatalf("no program prints %q", pattern)
}

// Exit waits for the end of the program and returns its exit code.
func (p *Process) Exit() int {
	select {
	case <-p.done:
	case <-time.After(Patience):
		_ = syscall.Kill(p.pid, syscall.SIGQUIT) // a Go program says where it is
		select {
		case <-p.done:
		case <-time.After(time.Second):
		}
		p.t.Fatalf("%s does not end", p.name)
		return -1
	}
	return p.code
}

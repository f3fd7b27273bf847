//go:build unix

package native

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
	"testing"
	"time"
)

// patience is how long a test waits for any one thing.
const patience = 15 * time.Second

// guard is a shell script that becomes its arguments, and whose child kills the
// process group as soon as descriptor 3 ends. The test holds the other end: should it die
// without cleaning up, the kernel closes that end, and nothing is left behind.
const guard = `( read _ <&3; kill -KILL 0 ) </dev/null >/dev/null 2>&1 & exec "$@" 3<&-`

// A process is a running program, in a process group of its own.
type process struct {
	t     *testing.T
	name  string
	stdin io.WriteCloser
	done  chan struct{} // closed when it has exited and its output is read
	code  int           // its exit code, once done

	mu     sync.Mutex
	output bytes.Buffer
	grown  chan struct{} // closed and made anew when there is more
}

// start runs a program until the end of the test.
func start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	return startIn(t, "", nil, name, args...)
}

// startIn is start in a directory and with more in the environment.
func startIn(t *testing.T, dir string, env []string, name string, args ...string) *process {
	t.Helper()
	cmd := exec.Command("/bin/sh", append([]string{"-c", guard, "guard", name}, args...)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p := &process{t: t, name: name, done: make(chan struct{}), grown: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p, p
	alive, hold, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.ExtraFiles = []*os.File{alive}
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	alive.Close()
	go func() {
		_ = cmd.Wait() // the exit code says it
		p.code = cmd.ProcessState.ExitCode()
		if p.code < 0 {
			fmt.Fprintf(p, "\nended by %v\n", cmd.ProcessState)
		}
		close(p.done)
	}()
	t.Cleanup(func() {
		// The group still has the guard, so that its number cannot be another's.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		hold.Close()
		<-p.done
		if t.Failed() || testing.Verbose() && os.Getenv("RTC_SHOW_PEERS") != "" {
			t.Logf("%s %s\n\t%s", name, strings.Join(args, " "), strings.ReplaceAll(shorten(p.text()), "\n", "\n\t"))
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

// Write takes the program's output.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.output.Write(b)
	close(p.grown)
	p.grown = make(chan struct{})
	return len(b), nil
}

// text returns the output so far.
func (p *process) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.String()
}

// say writes a line to the program.
func (p *process) say(line string) {
	p.t.Helper()
	if _, err := io.WriteString(p.stdin, line+"\n"); err != nil {
		p.t.Errorf("%s: %v", p.name, err)
	}
}

// await waits until the output matches and returns the submatches, the n-th match's
// (from 1).
func (p *process) await(pattern string, n int) []string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	timeout := time.After(patience)
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
		}
		select {
		case <-grown:
		case <-over:
			over = nil // look once more
		case <-timeout:
			p.t.Fatalf("%s does not print %q", p.name, shorten(pattern))
		}
	}
}

func (p *process) program() *process { return p }

// awaitEither waits until one of the programs has printed what matches.
func awaitEither(t *testing.T, pattern string, programs ...*process) {
	t.Helper()
	re := regexp.MustCompile(pattern)
	for until := time.Now().Add(patience); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		for _, p := range programs {
			if re.MatchString(p.text()) {
				return
			}
		}
	}
	t.Fatalf("no program prints %q", pattern)
}

// exit waits for the end of the program and returns its exit code.
func (p *process) exit() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatalf("%s does not end", p.name)
	}
	return p.code
}

// need skips the test if a command is not there, or fails it with RTC_REQUIRE_PEERS.
func need(t *testing.T, command, pkg string) {
	t.Helper()
	if _, err := exec.LookPath(command); err == nil {
		return
	}
	missing(t, pkg)
}

func missing(t *testing.T, pkg string) {
	t.Helper()
	text := "missing; Debian package: " + pkg
	if os.Getenv("RTC_REQUIRE_PEERS") != "" {
		t.Fatal(text)
	}
	t.Skip(text)
}

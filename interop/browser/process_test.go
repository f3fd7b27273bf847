//go:build unix

package browser

import (
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// guard is a shell script that runs its arguments and kills their process group, itself included, as soon as its
// standard input ends. The test holds the other end: should it die without cleaning up, as after a timeout, the
// kernel closes that end, and no browser is left behind.
const guard = `"$@" </dev/null & read _; kill -KILL 0`

// start runs a command in a process group of its own, which is killed at the end of the test or of the process, whichever
// comes first. stdout and stderr may be nil.
func start(t *testing.T, stdout, stderr io.Writer, env []string, name string, args ...string) {
	t.Helper()
	cmd := exec.Command("/bin/sh", append([]string{"-c", guard, "guard", name}, args...)...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		stdin.Close()
		cmd.Wait() // says that it was killed
	})
}

//go:build unix

package process

import (
	"fmt"
	"os"
	"testing"
)

func TestThreadsOfAProcessAreTold(t *testing.T) {
	if _, err := os.Stat(fmt.Sprintf("/proc/%d/task", os.Getpid())); err != nil {
		t.Skip("no /proc of Linux, or that of another PID namespace")
	}
	if threads(os.Getpid()) == "" {
		t.Error("none")
	}
	if s := threads(1 << 30); s != "" {
		t.Errorf("of nobody: %q", s)
	}
}

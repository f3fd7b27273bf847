//go:build unix

package process

import (
	"os"
	"testing"
)

func TestThreadsOfAProcessAreTold(t *testing.T) {
	if _, err := os.Stat("/proc/self/task"); err != nil {
		t.Skip("no /proc of Linux")
	}
	if threads(os.Getpid()) == "" {
		t.Error("none")
	}
	if s := threads(1 << 30); s != "" {
		t.Errorf("of nobody: %q", s)
	}
}

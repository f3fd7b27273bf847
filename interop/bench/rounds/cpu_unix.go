//go:build unix

package rounds

import (
	"syscall"
	"time"
)

// CPUTime returns the time that all threads of the process have used, that of the kernel for them included.
func CPUTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime returns the time that all threads of this process have used, that of the kernel for them included.
func cpuTime() time.Duration { return clock(unix.CLOCK_PROCESS_CPUTIME_ID) }

// threadTime returns that of the calling thread. (getrusage(2) would tell that of the last tick.)
func threadTime() time.Duration { return clock(unix.CLOCK_THREAD_CPUTIME_ID) }

func clock(id int32) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(id, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

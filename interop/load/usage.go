package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// usage is what a process has used so far.
type usage struct {
	used   time.Duration // CPU, user and system
	memory uint64        // resident now, in bytes
}

func (u usage) cpu(since usage) time.Duration { return max(0, u.used-since.used) }

// usageOf reads /proc; where there is none, or no such process, it is zero.
func usageOf(pid int) (u usage) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return u
	}
	// "pid (name) state ..." where the name may have spaces; utime and stime are fields 14 and 15, rss 24 (proc(5)).
	_, rest, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	if len(f) < 22 {
		return u
	}
	const ticks = 100 // a second, on every Linux
	user, _ := strconv.ParseUint(f[11], 10, 64)
	system, _ := strconv.ParseUint(f[12], 10, 64)
	pages, _ := strconv.ParseUint(f[21], 10, 64)
	return usage{time.Duration(user+system) * time.Second / ticks, pages * uint64(os.Getpagesize())}
}

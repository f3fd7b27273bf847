package main

import (
	"runtime"
	"strings"
	"sync"
	"time"
)

// owners are whose goroutines there can be, by the beginning of the function that one runs; the first that fits counts.
var owners = []struct{ owner, prefix string }{
	{"NATS", "main.(*Cluster)"},
	{"NATS", "github.com/nats-io/"},
	{"HTTP", "main.serve"},
	{"HTTP", "net/http"},
	{"data channels", "main.(*Data)"},
	{"data channels", "github.com/rtctransport/rtctransport/sctpdc."},
	{"data channels", "github.com/pion/sctp"},
	{"media", "main."},
	{"media", "github.com/rtctransport/rtctransport/"},
}

// otherOwner is for main, signals, and what is nobody's.
const otherOwner = "process"

// A Census counts goroutines by owner, at most once in censusEvery: it stops the program for a moment.
type Census struct {
	mu    sync.Mutex
	at    time.Time
	count map[string]int
}

const censusEvery = time.Second

// take returns the counts, which are not to be changed.
func (c *Census) take(now time.Time) map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.count != nil && now.Sub(c.at) < censusEvery {
		return c.count
	}
	c.at, c.count = now, map[string]int{otherOwner: 0}
	for _, o := range owners {
		c.count[o.owner] = 0
	}
	records := make([]runtime.StackRecord, runtime.NumGoroutine()+10) // some more may have begun
	n, ok := runtime.GoroutineProfile(records)
	if !ok {
		return c.count // thousands begin at this moment: the next census has them
	}
	for i := range records[:n] {
		c.count[ownerOf(records[i].Stack())]++
	}
	return c.count
}

// ownerOf returns whose the goroutine is that has that stack: that of the function that was the first to be called, or if
// that only calls another for somebody, of that one.
func ownerOf(stack []uintptr) string {
	var names []string
	for frames, more := runtime.CallersFrames(stack), true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		names = append(names, f.Function)
	}
	for i := len(names) - 1; i >= 0; i-- {
		name := names[i]
		switch {
		case name == "" || strings.HasPrefix(name, "runtime.") || strings.HasPrefix(name, "sync."):
			continue
		case name == "main.main":
			return otherOwner
		}
		for _, o := range owners {
			if strings.HasPrefix(name, o.prefix) {
				return o.owner
			}
		}
		return otherOwner
	}
	return otherOwner
}

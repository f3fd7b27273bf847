package mux

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain fails the package when a goroutine of ours is left over.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		if leaked := leakedGoroutines(2 * time.Second); leaked != "" {
			fmt.Fprintln(os.Stderr, "goroutines left over:\n"+leaked)
			code = 1
		}
	}
	os.Exit(code)
}

// leakedGoroutines returns the stacks of goroutines that run code of this package, the caller's aside. It
// gives those that are about to end some patience to do so.
func leakedGoroutines(patience time.Duration) string {
	for deadline := time.Now().Add(patience); ; runtime.Gosched() {
		buf := make([]byte, 1<<20)
		stacks := strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n")
		var leaked []string
		for _, stack := range stacks[1:] { // the first is this one
			if strings.Contains(stack, "rtctransport/mux.") && !strings.Contains(stack, "testing.Main") {
				leaked = append(leaked, stack)
			}
		}
		if len(leaked) == 0 || time.Now().After(deadline) {
			return strings.Join(leaked, "\n\n")
		}
	}
}

func TestLeakCheckSeesAReadLoop(t *testing.T) {
	m := New(newFakeLink(), nil)
	m.Handle(nil, RTP)
	if leaked := leakedGoroutines(0); !strings.Contains(leaked, "created by github.com/rtctransport/rtctransport/mux.") {
		t.Errorf("an open mux is not seen; found %q", leaked)
	}
	m.Close()
	<-m.Done()
}

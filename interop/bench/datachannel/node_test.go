package datachannel

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// nodeStacks run in a process of Node.js, both ends in one, so that their CPU time can be told. The packages are those of
// interop/webrtc/js.
var nodeStacks = []string{"libdatachannel", "libwebrtc"}

// A nodeResult is what testdata/peers.mjs prints.
type nodeResult struct {
	Wall, CPU float64 // ns
	Received  float64 // messages, or round trips
	Silence   float64 // ms, the longest
	Over      float64 // silences of more than 100 ms
	Silent    float64 // ms, of these together
}

// missing skips a benchmark, and says so where everybody sees it: go test keeps the reason for itself.
func missing(b *testing.B, why string) {
	fmt.Fprintf(os.Stderr, "%s: left out: %s\n", b.Name(), why)
	b.SkipNow()
}

// runNode runs a test in a stack of Node.js for some seconds, in which its b.N messages come to thousands: the process alone
// takes as long to start as -benchtime is.
func runNode(b *testing.B, stack, test string, seconds float64, size int) nodeResult {
	packages, err := filepath.Abs("../../webrtc/js/package.json")
	if err != nil {
		b.Fatal(err)
	}
	if name := os.Getenv("RTC_NODE_PACKAGES"); name != "" {
		packages = name
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(packages), "node_modules")); err != nil {
		missing(b, "the packages of npm are not there: run interop/setup, or set RTC_NODE_PACKAGES to a package.json beside them")
	}
	if _, err := exec.LookPath("node"); err != nil {
		missing(b, "there is no node: run interop/setup")
	}
	// A peer that hangs is no reason to wait for ever.
	ctx, cancel := context.WithTimeout(b.Context(), time.Duration(seconds*float64(time.Second))+30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "testdata/peers.mjs", stack, test, fmt.Sprint(seconds), strconv.Itoa(size))
	cmd.Env = append(os.Environ(), "PACKAGES="+packages)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("%s: %v", stack, err)
	}
	var r nodeResult
	if err := json.Unmarshal(out, &r); err != nil {
		b.Fatalf("%s: %v in %q", stack, err, out)
	}
	b.ReportMetric(r.Wall/r.Received, "ns/op")
	return r
}

// benchTime returns -benchtime in seconds, 3 if that is a number of operations.
func benchTime() float64 {
	if d, err := time.ParseDuration(flag.Lookup("test.benchtime").Value.String()); err == nil {
		return max(1, d.Seconds())
	}
	return 3
}

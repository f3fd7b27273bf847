package datachannel

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// nodeStacks run in a process of Node.js, both ends in one, so that their CPU time can be told. The packages are those of
// interop/webrtc/js.
var nodeStacks = []string{"libdatachannel", "libwebrtc"}

// A nodeResult is what testdata/peers.mjs prints.
type nodeResult struct {
	Wall, CPU float64 // ns
	Silence   float64 // ms
}

// runNode runs a test in a stack of Node.js.
func runNode(b *testing.B, stack, test string, size int) nodeResult {
	packages, err := filepath.Abs("../../webrtc/js/package.json")
	if err != nil {
		b.Fatal(err)
	}
	if name := os.Getenv("RTC_NODE_PACKAGES"); name != "" {
		packages = name
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(packages), "node_modules")); err != nil {
		b.Skip("the packages of npm are not installed: ", err)
	}
	cmd := exec.Command("node", "testdata/peers.mjs", stack, test, strconv.Itoa(b.N), strconv.Itoa(size))
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
	b.ReportMetric(r.Wall/float64(b.N), "ns/op")
	return r
}

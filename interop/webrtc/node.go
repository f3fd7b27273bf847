//go:build unix

package webrtc

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/rtctransport/rtctransport/interop/process"
	"github.com/rtctransport/rtctransport/interop/table"
)

// npm are the packages of the stacks in Node.js.
var npm = map[string]string{wrtc: "@roamhq/wrtc", datachannel: "node-datachannel", werift: "werift"}

// newNode starts js/node.mjs with a stack.
func newNode(w *workshop, name string) *starter {
	return &starter{
		impatient: name == datachannel,
		name:      name, pkg: npm[name] + " of npm; interop/setup",
		prepare: func(context.Context) (string, error) {
			if _, err := exec.LookPath("node"); err != nil {
				return "", &table.MissingError{What: "node", Package: "nodejs"}
			}
			var about struct{ Version string }
			text, err := os.ReadFile(filepath.Join(w.js(), "node_modules", npm[name], "package.json"))
			if err != nil {
				return "", &table.MissingError{What: npm[name], Package: "npm ci in interop/webrtc/js (interop/setup)"}
			}
			err = json.Unmarshal(text, &about)
			return about.Version, err
		},
		open: func(f *fixture, address string) {
			process.StartIn(f, w.js(), nil, "node", "node.mjs", name, address)
		},
	}
}

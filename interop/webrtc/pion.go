//go:build unix

package webrtc

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rtctransport/rtctransport/interop/process"
)

// newPion starts the program of interop/pion/webrtc.
func newPion(w *workshop) *starter {
	program := func() string { return filepath.Join(w.dir, "pion-webrtc") }
	return &starter{
		name: pionWebRTC, pkg: "the Go module proxy",
		prepare: func(ctx context.Context) (string, error) {
			if err := w.goBuild(ctx, filepath.Join(w.root, "interop/pion"), "./webrtc", program()); err != nil {
				return "", err
			}
			out, err := exec.CommandContext(ctx, program(), "version").Output()
			return strings.TrimSpace(string(out)), err
		},
		open: func(f *fixture, address string) { process.Start(f, program(), address) },
	}
}

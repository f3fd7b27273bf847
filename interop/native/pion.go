//go:build unix

package native

import (
	"context"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rtctransport/rtctransport/interop/process"
)

// pion is pion/dtls, in a program of the module interop/pion.
func pion() *stack {
	names := maps.Clone(nssNames)
	for _, g := range []string{"x25519", "secp256r1", "secp384r1"} {
		names[g] = g
	}
	b := &shim{names: names, separator: ","}
	k := b.stack("pion/dtls")
	k.pkg = "the Go module proxy"
	k.prepare = func(ctx context.Context, l *lab) (string, error) {
		b.program = filepath.Join(l.dir, "pion-dtls")
		if err := buildNested(ctx, "interop/pion", "./dtls", b.program); err != nil {
			return "", err
		}
		out, err := exec.CommandContext(ctx, b.program, "version").Output()
		return strings.TrimSpace(string(out)), err
	}
	k.cannot = func(s *scene, role string) string {
		switch {
		case s.resume != "" && s.clientCert != "" && role == "server":
			return "pion's server keeps no sessions of clients with certificates"
		case len(s.exports) > 1:
			return "pion exports without a context only"
		case s.resume == "ticket":
			return "pion has no tickets"
		}
		return ""
	}
	k.fault = func(s *scene, _ string) (why, evidence string) {
		if s.noCommonSRTP {
			return "it ends the handshake where there is no common SRTP profile (RFC 5764, Section 4.1.2 has it go on)", `(?i)handshake: .*srtp`
		}
		return "", ""
	}
	// It reads datagrams of up to 8192 bytes.
	k.limit = map[string]int{"client": 8000, "server": 8000}
	k.renegotiation = neither("pion has no renegotiation")
	k.no13 = "pion's DTLS 1.3 is not finished, and no program can turn it on"
	k.heard = `handshake: .*alert`
	return k
}

// buildNested builds a program of a module in a folder of this one.
func buildNested(ctx context.Context, folder, pkg, program string) error {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/rtctransport/rtctransport").Output()
	if err != nil {
		return fmt.Errorf("go list: %w", err)
	}
	return process.Build(ctx, "go", "build", "-C", filepath.Join(strings.TrimSpace(string(root)), folder), "-o", program, pkg)
}

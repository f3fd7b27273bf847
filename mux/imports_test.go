package mux

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Go links packages, not files: one import of pion/ice v2 anywhere below would give every user of this
// library pion/stun v0 and pion/dtls v2, with their faults. mux and dtlstransport stay free of them; the glue
// is in packages whose names say so.
func TestNeitherMuxNorDTLSTransportLinksPionICE(t *testing.T) {
	checked := 0
	for _, dir := range []string{".", "../dtlstransport"} {
		if files, _ := filepath.Glob(filepath.Join(dir, "*.go")); len(files) == 0 {
			t.Logf("%s has no Go files", dir)
			continue
		}
		checked++
		for _, dep := range dependencies(t, dir) {
			if forbidden(dep) {
				t.Errorf("%s links %s", dir, dep)
			}
		}
	}
	if checked == 0 {
		t.Error("nothing was checked")
	}
	// The list would be seen if it were there.
	found := false
	for _, dep := range dependencies(t, "./pionice") {
		found = found || forbidden(dep)
	}
	if !found {
		t.Error("pionice links nothing of pion: the check is blind")
	}
}

// A transport that nobody needs to trust: the standard library alone, and of ours what is a part of it.
func TestMuxLinksTheStandardLibraryAlone(t *testing.T) {
	const module = "github.com/rtctransport/rtctransport/"
	ours := []string{module + "mux", module + "mux/offload", module + "mux/ring"}
	for _, dep := range dependencies(t, ".") {
		if strings.Contains(strings.Split(dep, "/")[0], ".") && !slices.Contains(ours, dep) {
			t.Errorf("mux links %s", dep)
		}
	}
}

func forbidden(dep string) bool {
	for _, prefix := range []string{"github.com/pion/stun", "github.com/pion/ice", "github.com/pion/dtls"} {
		if strings.HasPrefix(dep, prefix) {
			return true
		}
	}
	return false
}

// dependencies lists all packages that a program with the package in dir is linked from.
func dependencies(t *testing.T, dir string) []string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", ".")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list in %s: %v", dir, err)
	}
	return strings.Fields(string(out))
}

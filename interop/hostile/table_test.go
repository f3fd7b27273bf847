package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheVersionIsThatOfThisProjectOrNone(t *testing.T) {
	if v := version(); v == "" || v == "unknown" {
		t.Errorf("version %q", v)
	}
	other := t.TempDir()
	t.Chdir(other)
	if v := version(); v != "(devel)" {
		t.Errorf("outside of every repository: version %q", v)
	}
	if err := exec.Command("git", "init", "-q").Run(); err != nil {
		t.Skip("no git")
	}
	if v := version(); v != "(devel)" {
		t.Errorf("in a repository without a module: version %q", v)
	}
	if err := os.WriteFile(filepath.Join(other, "go.mod"), []byte("module example.com/other\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if v := version(); v != "(devel)" || strings.Contains(v, "dirty") {
		t.Errorf("in another project: version %q", v)
	}
}

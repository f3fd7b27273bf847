package profile

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestProfilesAreTextThatSaysNothingOfTheMachine(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "profiles")
	parked := make(chan struct{})
	defer close(parked)
	go func() { <-parked }()
	if err := Keep(dir, "go run ./something", Own); err != nil {
		t.Fatal(err)
	}
	machine := regexp.MustCompile(`(?m)^(File|Build ID|Time|Duration):`)
	for name, want := range map[string]string{"heap.txt": "Showing nodes", "goroutine.txt": "TestProfilesAreTextThatSaysNothingOfTheMachine"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		text := string(b)
		if !strings.HasPrefix(text, "go run ./something\n\n") || !strings.Contains(text, want) || machine.MatchString(text) || strings.Contains(text, os.TempDir()) {
			t.Errorf("%s:\n%s", name, text)
		}
	}
}

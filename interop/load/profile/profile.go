// Package profile keeps profiles of a server as text that people can read and compare: what the heap holds by
// function, and where goroutines are.
package profile

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/pprof"
)

// Rate is what runtime.MemProfileRate has to be, from the start, for a heap profile that is true to the byte.
const Rate = 1

// kinds are the profiles, with what `go tool pprof` is asked for.
var kinds = []struct {
	name    string
	options []string
}{
	{"heap", []string{"-top", "-sample_index=inuse_space", "-nodecount=40"}},
	{"goroutine", []string{"-traces"}},
}

// A Source writes the profile of a kind: heap or goroutine.
type Source func(w io.Writer, kind string) error

// Own are the profiles of this process.
func Own(w io.Writer, kind string) error { return pprof.Lookup(kind).WriteTo(w, 0) }

// At returns the source that net/http/pprof serves at url, up to and with /debug/pprof.
func At(url string) Source {
	return func(w io.Writer, kind string) error {
		response, err := http.Get(url + "/" + kind)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s", url, response.Status)
		}
		_, err = io.Copy(w, response.Body)
		return err
	}
}

// head is what of pprof's text differs between machines and runs and says nothing.
var head = regexp.MustCompile(`(?m)^(File|Build ID|Time|Duration|Type):.*\n`)

// Keep writes heap.txt and goroutine.txt into dir, with the command that they are of.
func Keep(dir, command string, from Source) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, kind := range kinds {
		text, err := read(kind.name, kind.options, from)
		if err != nil {
			return fmt.Errorf("%s profile: %w", kind.name, err)
		}
		text = append([]byte(command+"\n\n"), head.ReplaceAll(text, nil)...)
		if err := os.WriteFile(filepath.Join(dir, kind.name+".txt"), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// read has pprof turn a profile into text.
func read(kind string, options []string, from Source) ([]byte, error) {
	file, err := os.CreateTemp("", kind)
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if err := from(file, kind); err != nil {
		return nil, err
	}
	var complaint bytes.Buffer
	pprof := exec.Command("go", append(append([]string{"tool", "pprof"}, options...), file.Name())...)
	pprof.Stderr = &complaint
	text, err := pprof.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, complaint.Bytes())
	}
	return text, nil
}

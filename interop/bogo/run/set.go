package main

import (
	_ "embed"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
)

//go:embed webrtc.txt
var webrtcText string

// parsePatterns reads one pattern a line, besides empty lines and comments.
func parsePatterns(text string) (patterns []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			patterns = append(patterns, line)
		}
	}
	return patterns
}

// reportSet prints how many of the tests that match one of patterns have passed, and
// the names of the others.
func reportSet(w io.Writer, name string, patterns []string, got results) {
	var passed, all int
	var others []string
	for _, test := range slices.Sorted(maps.Keys(got)) {
		if !slices.ContainsFunc(patterns, func(p string) bool { ok, _ := path.Match(p, test); return ok }) {
			continue
		}
		all++
		if got[test] == "PASS" {
			passed++
		} else {
			others = append(others, test)
		}
	}
	fmt.Fprintf(w, "bogo: %s: %d passed of %d", name, passed, all)
	if len(others) > 0 {
		fmt.Fprintf(w, "; not %s", strings.Join(others, ", "))
	}
	fmt.Fprintln(w)
}

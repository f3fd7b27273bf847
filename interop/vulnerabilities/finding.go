package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
)

// A finding is a vulnerability that our code reaches.
type finding struct {
	numbers []string // its own first, then those that others have given it
	summary string
}

func (f finding) String() string { return strings.Join(f.numbers, ", ") + ": " + f.summary }

// explainedIn reports whether a text names one of its numbers.
func (f finding) explainedIn(text []byte) bool {
	return slices.ContainsFunc(f.numbers, func(number string) bool { return bytes.Contains(text, []byte(number)) })
}

// A message is one of those that govulncheck -format json writes, as far as we read it.
type message struct {
	OSV *struct {
		ID      string   `json:"id"`
		Aliases []string `json:"aliases"`
		Summary string   `json:"summary"`
	} `json:"osv"`
	Finding *struct {
		OSV   string `json:"osv"`
		Trace []struct {
			Function string `json:"function"`
		} `json:"trace"`
	} `json:"finding"`
}

// read returns what is reached by a call, each once. A finding at the level of a module or a package, which is only
// linked, has a trace without a function.
func read(r io.Reader) (found []finding, err error) {
	known := map[string]finding{}
	var reached []string
	for d := json.NewDecoder(r); ; {
		var m message
		if err := d.Decode(&m); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if v := m.OSV; v != nil {
			known[v.ID] = finding{append([]string{v.ID}, v.Aliases...), v.Summary}
		}
		// The trace begins with the function that is vulnerable.
		if f := m.Finding; f != nil && len(f.Trace) > 0 && f.Trace[0].Function != "" && !slices.Contains(reached, f.OSV) {
			reached = append(reached, f.OSV)
		}
	}
	for _, id := range reached {
		f, ok := known[id]
		if !ok {
			f.numbers = []string{id}
		}
		found = append(found, f)
	}
	return found, nil
}

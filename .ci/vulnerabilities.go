// Vulnerabilities runs govulncheck at symbol level: which known vulnerabilities does our code reach by a call. Each must be
// explained in SECURITY.md by its number. Without the database, which is on the network, nothing is run, and it says so.
//
//	go run .ci/vulnerabilities.go
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// message is one of those that govulncheck -format json writes, as far as we read it.
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

func main() {
	explained, err := os.ReadFile("SECURITY.md")
	if err != nil {
		fail(err)
	}
	command := exec.Command("go", "tool", "-modfile=.ci/vuln.mod", "govulncheck", "-format", "json", "./...")
	var problems bytes.Buffer
	command.Stderr = &problems
	out, err := command.Output()
	if text := problems.String(); err != nil && (strings.Contains(text, "fetching vulnerabilities") || strings.Contains(text, "no such host")) {
		fmt.Println("govulncheck: NOT RUN, the vulnerability database cannot be reached (GOVULNDB names another)")
		return
	} else if err != nil {
		fail(errors.New(text))
	}
	names := map[string][]string{} // a vulnerability's numbers and summary
	var reached []string
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var m message
		if err := d.Decode(&m); err == io.EOF {
			break
		} else if err != nil {
			fail(err)
		}
		if m.OSV != nil {
			names[m.OSV.ID] = append([]string{m.OSV.ID, m.OSV.Summary}, m.OSV.Aliases...)
		}
		// At symbol level the trace begins with the function that is vulnerable.
		if f := m.Finding; f != nil && len(f.Trace) > 0 && f.Trace[0].Function != "" && !slices.Contains(reached, f.OSV) {
			reached = append(reached, f.OSV)
		}
	}
	bad := 0
	for _, id := range reached {
		known := slices.ContainsFunc(names[id], func(name string) bool { return name != "" && bytes.Contains(explained, []byte(name)) })
		fmt.Printf("govulncheck: %s, explained in SECURITY.md: %t\n", strings.Join(names[id], ", "), known)
		if !known {
			bad++
		}
	}
	fmt.Printf("govulncheck: %d reached, %d not explained\n", len(reached), bad)
	if bad > 0 {
		os.Exit(1)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "govulncheck:", err)
	os.Exit(1)
}

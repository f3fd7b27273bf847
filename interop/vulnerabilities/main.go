// Command vulnerabilities runs govulncheck at symbol level over all modules: which known vulnerabilities does our code reach
// by a call. Each must be explained in SECURITY.md by one of its numbers. Without the database, which is on the network,
// nothing is run, and it says so; GOVULNDB names another, such as file:///path.
//
//	go run ./interop/vulnerabilities
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	explained, err := os.ReadFile("SECURITY.md")
	if err != nil {
		fail(err)
	}
	modules, err := modulesBelow(".")
	if err != nil {
		fail(err)
	}
	bad := 0
	for _, dir := range modules {
		out, err := check(dir)
		if errors.Is(err, errNoDatabase) {
			fmt.Println("govulncheck: NOT RUN, the vulnerability database cannot be reached (GOVULNDB names another)")
			return
		}
		if err != nil {
			fail(err)
		}
		found, err := read(bytes.NewReader(out))
		if err != nil {
			fail(err)
		}
		for _, v := range found {
			known := v.explainedIn(explained)
			fmt.Printf("govulncheck: %s: %s, explained in SECURITY.md: %t\n", dir, v, known)
			if !known {
				bad++
			}
		}
		fmt.Printf("govulncheck: %s: %d reached\n", dir, len(found))
	}
	if bad > 0 {
		fail(fmt.Errorf("%d not explained", bad))
	}
}

// modulesBelow returns the directories with a go.mod.
func modulesBelow(root string) (dirs []string, err error) {
	err = filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case d.Name() == "go.mod":
			dirs = append(dirs, filepath.Dir(path))
		}
		return nil
	})
	return dirs, err
}

var errNoDatabase = errors.New("no database")

// check runs govulncheck for the module in dir and returns its JSON.
func check(dir string) ([]byte, error) {
	arguments := []string{"tool", "-modfile=.ci/vuln.mod", "govulncheck", "-C", dir, "-format", "json"}
	if db := os.Getenv("GOVULNDB"); db != "" {
		arguments = append(arguments, "-db", db)
	}
	command := exec.Command("go", append(arguments, "./...")...)
	var problems bytes.Buffer
	command.Stderr = &problems
	out, err := command.Output()
	text := problems.String()
	switch {
	case err == nil:
		return out, nil
	case strings.Contains(text, "fetching vulnerabilities"), strings.Contains(text, "no such host"):
		return nil, errNoDatabase
	}
	return nil, fmt.Errorf("%s: %s", dir, text)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "govulncheck:", err)
	os.Exit(1)
}

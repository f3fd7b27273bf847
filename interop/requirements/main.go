package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
)

func main() {
	mutants := flag.Bool("mutants", false, "try the mutants")
	only := flag.String("only", "", "of the mutants, those whose rows or description match this `expression`")
	jobs := flag.Int("j", runtime.NumCPU(), "how many tests run at a time")
	flag.Parse()
	if err := run(*mutants, *only, *jobs); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(mutants bool, only string, jobs int) error {
	expression, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	root, err := findRoot()
	if err != nil {
		return err
	}
	p, faults := readProof(root)
	if len(faults) > 0 {
		return errors.Join(faults...)
	}
	if !mutants {
		p.report(os.Stdout)
		return nil
	}
	var chosen []*mutant
	for _, m := range p.mutants {
		if expression.MatchString(m.name()) {
			chosen = append(chosen, m)
		}
	}
	return p.try(os.Stdout, chosen, max(jobs, 1), testTimeout)
}

// findRoot returns the directory of the module that the working directory is in.
func findRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("not in a module")
		}
		dir = filepath.Dir(dir)
	}
}

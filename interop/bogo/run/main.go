package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const shimPackage = "github.com/rtctransport/rtctransport/interop/bogo"

// selector names the tests of DTLS: three of them do not say so.
const selector = "*DTLS*;SendSplitAlert-*;StrayChangeCipherSpec"

func main() {
	checkout, err := checkoutOf(os.Getenv)
	switch {
	case err != nil:
	case checkout == "":
		fmt.Println("bogo: skipped: BORINGSSL_DIR is not set")
	default:
		err = run(checkout, os.Args[1:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bogo:", err)
		os.Exit(1)
	}
}

// checkoutOf returns where BoringSSL is, or nothing if nobody says so, which is an
// error where CI wants the suite to run.
func checkoutOf(getenv func(string) string) (string, error) {
	checkout := getenv("BORINGSSL_DIR")
	if checkout == "" && getenv("CI_BOGO") == "1" {
		return "", errors.New("BORINGSSL_DIR is not set, but CI_BOGO is: the suite has to run")
	}
	return checkout, nil
}

// run builds both sides and runs all tests or, if there are flags for the runner, what
// these say.
func run(checkout string, flags []string) error {
	all, err := parseExpectations(expectationsText)
	if err != nil {
		return err
	}
	checkout, err = filepath.Abs(checkout)
	if err != nil {
		return err
	}
	suite := filepath.Join(checkout, "ssl", "test", "runner")
	if err := all.checkPin(suite); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "bogo")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	in := func(name string) string { return filepath.Join(work, name) }
	if err := command("", "go", "build", "-o", in("shim"), shimPackage).Run(); err != nil {
		return fmt.Errorf("building the shim: %w", err)
	}
	if err := command(suite, "go", "test", "-c", "-o", in("runner"), ".").Run(); err != nil {
		return fmt.Errorf("building the runner: %w", err)
	}
	config, err := json.Marshal(map[string]any{"DisabledTests": all.disabled()})
	if err != nil {
		return err
	}
	if err := os.WriteFile(in("config.json"), config, 0o600); err != nil {
		return err
	}
	args := []string{"-shim-path", in("shim"), "-shim-config", in("config.json"), "-loose-errors", "-allow-unimplemented", "-idle-timeout", "15s", "-num-workers", "4"}
	if len(flags) > 0 {
		return command(suite, in("runner"), append(args, flags...)...).Run()
	}
	runner := command(suite, in("runner"), append(args, "-test", selector, "-pipe", "-json-output", in("results.json"))...)
	log, err := os.Create(in("log"))
	if err != nil {
		return err
	}
	defer log.Close()
	runner.Stdout, runner.Stderr = log, log
	failed := runner.Run() // if a test failed, which may be as expected
	b, err := os.ReadFile(in("results.json"))
	if err != nil {
		text, _ := os.ReadFile(in("log"))
		return fmt.Errorf("the runner did not come to its end: %w\n%s", errors.Join(failed, err), tail(text))
	}
	got, err := parseResults(b)
	if err != nil {
		return err
	}
	err = all.report(os.Stdout, got)
	reportSet(os.Stdout, "WebRTC", parsePatterns(webrtcText), got)
	return err
}

// command makes a command whose output is ours.
func command(directory, name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir, c.Stdout, c.Stderr = directory, os.Stdout, os.Stderr
	return c
}

// tail returns the last lines of a text.
func tail(b []byte) string {
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}

package main

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// build builds the program and returns where it is.
func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "quickstart")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

func TestOutputHasItsForm(t *testing.T) {
	form := regexp.MustCompile(`^ICE        127\.0\.0\.1:\d+ <-> 127\.0\.0\.1:\d+
DTLS 1\.2   TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, X25519, EMS, fingerprint sha-256 matched
SRTP       SRTP_AEAD_AES_128_GCM: packet sealed by A opened by B
channel    "chat" open \d+\.\d ms after ICE \(round trips: DTLS 2, SCTP [12]\); echo: hello
$`)
	var stderr bytes.Buffer
	c := exec.Command(build(t))
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil || !form.Match(out) || stderr.Len() > 0 {
		t.Errorf("%v, stderr %q, output:\n%s", err, &stderr, out)
	}
}

func TestAFailureIsOneLineThatNamesItsStage(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("takes the sockets away with ulimit")
	}
	// How many descriptors the runtime has for itself depends on the system: it dies of too few. With the fewest that it can
	// do with, there are none for two sockets.
	program, line := build(t), regexp.MustCompile(`^quickstart: ICE: [^\n]+\n$`)
	for limit := 4; limit < 20; limit++ {
		c := exec.Command("sh", "-c", `ulimit -n "$1"; exec "$0"`, program, strconv.Itoa(limit))
		var stderr bytes.Buffer
		c.Stderr = &stderr
		switch out, err := c.Output(); {
		case err != nil && line.Match(stderr.Bytes()):
			return
		case err == nil || strings.Contains(stderr.String(), "quickstart:"):
			t.Fatalf("%d descriptors: %v, stderr %q, output:\n%s", limit, err, &stderr, out)
		}
	}
	t.Error("it never got as far as to say anything")
}

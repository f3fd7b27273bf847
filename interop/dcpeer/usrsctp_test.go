//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/interop/process"
	"github.com/rtctransport/rtctransport/interop/relay"
)

// buildFolder is for programs that the tests build.
var buildFolder string

func TestMain(m *testing.M) {
	var err error
	if buildFolder, err = os.MkdirTemp("", "dcpeer"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(buildFolder)
	os.Exit(code)
}

// usrsctpPeer builds testdata/usrsctp.c, a program with the command line of this one.
var usrsctpPeer = sync.OnceValues(func() (string, error) {
	if _, err := os.Stat("/usr/include/usrsctp.h"); err != nil {
		return "", fmt.Errorf("usrsctp is not installed: the Debian package is libusrsctp-dev")
	}
	program := filepath.Join(buildFolder, "usrsctp")
	out, err := exec.Command("gcc", "-O1", "-Wall", "-Wextra", "-o", program, "testdata/usrsctp.c", "-lusrsctp", "-lssl", "-lcrypto", "-lpthread").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("gcc: %w\n%s", err, out)
	}
	return program, nil
})

// withUsrsctp runs a peer on usrsctp and one of ours until both end well, the client through a relay if there is a link. It returns what they printed.
func withUsrsctp(t *testing.T, theirRole string, theirFlags, ourFlags []string, link *netsim.Config) (theirs, ours string) {
	t.Helper()
	program, err := usrsctpPeer()
	if err != nil {
		if os.Getenv("RTC_REQUIRE_PEERS") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	theirID, theirSum := newIdentity(t)
	ourID, ourSum := newIdentity(t)
	const patience = "60"
	theirArgs := append([]string{"--cert", theirID[1], "--peer-fingerprint", ourSum, "--timeout", patience}, theirFlags...)
	ourArgs := append(append([]string{"--peer-fingerprint", theirSum, "--timeout", patience}, ourID...), ourFlags...)
	through := func(address string) string {
		if link == nil {
			return address
		}
		r, err := relay.New(relay.Config{Target: address, Link: *link})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = r.Close() })
		return r.Addr().String()
	}
	var them *process.Process
	var us *running
	if theirRole == "server" {
		them = process.Start(t, program, append([]string{"server", "--addr", "127.0.0.1:0"}, theirArgs...)...)
		address := them.Await(`listening addr=(\S+)`, 1)[1]
		us = start(t, append([]string{"client", "--addr", through(address)}, ourArgs...)...)
	} else {
		us = start(t, append([]string{"server", "--addr", "127.0.0.1:0"}, ourArgs...)...)
		address := us.want(`listening addr=(\S+)`)[1]
		them = process.Start(t, program, append([]string{"client", "--addr", through(address)}, theirArgs...)...)
	}
	us.exit(0)
	if code := them.Exit(); code != 0 {
		t.Errorf("usrsctp: exit code %d\n%s", code, them.Text())
	}
	return them.Text(), strings.Join(us.all, "\n")
}

// wantSummary compares what a program counted.
func wantSummary(t *testing.T, who, output string, channels, echoes int) {
	t.Helper()
	want := fmt.Sprintf("dc summary opened=%d echoed=%d closed=%d", channels, echoes, channels)
	if echoes < 0 { // some were lost
		want = fmt.Sprintf("closed=%d", channels)
	}
	if !strings.Contains(output, want) {
		t.Errorf("%s: no line %q in\n%s", who, want, output)
	}
}

// forUsrsctp runs f for both roles and both openers. split gives the opener's flags to the one and both's to both.
func forUsrsctp(t *testing.T, f func(t *testing.T, role string, split func(opener, both []string) (theirs, ours []string))) {
	for _, role := range []string{"client", "server"} {
		for _, opener := range []string{"usrsctp", "us"} {
			t.Run(fmt.Sprintf("usrsctp is %s, opened by %s", role, opener), func(t *testing.T) {
				t.Parallel()
				f(t, role, func(flags, both []string) (theirs, ours []string) {
					if opener == "us" {
						return both, append(append([]string{}, both...), flags...)
					}
					return append(append([]string{}, both...), flags...), both
				})
			})
		}
	}
}

func TestUsrsctpEchoesAllSizesAndReliabilities(t *testing.T) {
	forUsrsctp(t, func(t *testing.T, role string, split func(opener, both []string) (theirs, ours []string)) {
		for _, idata := range []string{"on", "off"} {
			opener := append([]string{"--dc", "ordered:1:0:0", "--dc", "unordered:0:0:0:proto"},
				sends("Text", "S", "B", "\x00\x01", "Z1", "Z1200", "Z16384", "Z65536", "Z262144", "Tlast")...)
			theirs, ours := split(opener, []string{"--idata", idata})
			theirOutput, ourOutput := withUsrsctp(t, role, theirs, ours, nil)
			wantSummary(t, "usrsctp", theirOutput, 2, 20)
			wantSummary(t, "ours", ourOutput, 2, 20)
			if want := fmt.Sprintf("sctp up idata=%d", digit(idata == "on")); !strings.Contains(ourOutput, want) {
				t.Errorf("no line %q in\n%s", want, ourOutput)
			}
		}
	})
}

func TestUsrsctpHasFiftyChannels(t *testing.T) {
	forUsrsctp(t, func(t *testing.T, role string, split func(opener, both []string) (theirs, ours []string)) {
		var opener []string
		for i := range 50 {
			opener = append(opener, "--dc", fmt.Sprintf("c%d:%d:0:0", i, i%2))
		}
		theirs, ours := split(append(opener, sends("Thello", "Z20000")...), nil)
		theirOutput, ourOutput := withUsrsctp(t, role, theirs, ours, nil)
		wantSummary(t, "usrsctp", theirOutput, 50, 100)
		wantSummary(t, "ours", ourOutput, 50, 100)
	})
}

func TestUsrsctpLosesNothingOverABadLink(t *testing.T) {
	link := &netsim.Config{Seed: 3, Delay: 5 * time.Millisecond, Loss: 0.05, Duplicate: 0.02, Reorder: 0.03}
	forUsrsctp(t, func(t *testing.T, role string, split func(opener, both []string) (theirs, ours []string)) {
		for _, idata := range []string{"on", "off"} {
			opener := append([]string{"--dc", "ordered:1:0:0", "--dc", "unordered:0:0:0"}, sends("Text", "S", "Z20000", "Z100000")...)
			theirs, ours := split(opener, []string{"--idata", idata})
			theirOutput, ourOutput := withUsrsctp(t, role, theirs, ours, link)
			wantSummary(t, "usrsctp", theirOutput, 2, 8)
			wantSummary(t, "ours", ourOutput, 2, 8)
		}
		// What may be lost does not stop what follows, and the channels close.
		opener := append([]string{"--dc", "count:0:1:0", "--dc", "timed:1:2:1", "--dc", "thrice:1:1:3"}, sends("Ta", "Tb", "Z3000", "Tc")...)
		theirs, ours := split(opener, nil)
		theirOutput, ourOutput := withUsrsctp(t, role, theirs, ours, link)
		wantSummary(t, "usrsctp", theirOutput, 3, -1)
		wantSummary(t, "ours", ourOutput, 3, -1)
	})
}

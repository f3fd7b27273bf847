//go:build unix

package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/interop/process"
	"github.com/rtctransport/rtctransport/interop/relay"
)

// run starts filetransfer.
func run(t *testing.T, args ...string) *process.Process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return process.StartIn(t, t.TempDir(), []string{"FILETRANSFER_MAIN=1"}, self, args...)
}

// randomFile writes a file of n bytes.
func randomFile(t *testing.T, name string, n int) (path string, content []byte) {
	t.Helper()
	content = make([]byte, n)
	if _, err := rand.Read(content); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, content
}

// candidate returns a candidate for a host's address.
func candidate(address string) string {
	host, port, _ := net.SplitHostPort(address)
	return "candidate:1 1 udp 2130706431 " + host + " " + port + " typ host"
}

// loopback returns the address on the loopback interface among candidates.
func loopback(t *testing.T, candidates []string) string {
	t.Helper()
	for _, c := range candidates {
		if f := strings.Fields(c); len(f) > 5 && f[4] == "127.0.0.1" {
			return net.JoinHostPort(f[4], f[5])
		}
	}
	t.Fatalf("no loopback address in %q", candidates)
	return ""
}

// introduce takes the codes of the n-th connection across, so that all goes through a relay: the receiver is told the
// relay's address for the sender's, and the sender no useful one, so that it answers where it was asked from.
func introduce(t *testing.T, n int, sender, receiver *process.Process, link netsim.Config, observe func(relay.Datagram)) *relay.Relay {
	t.Helper()
	offer, err := decode("offer", sender.Await(`(?m)^offer\.\S+$`, n)[0])
	if err != nil {
		t.Fatal(err)
	}
	r, err := relay.New(relay.Config{Target: loopback(t, offer.ice.Candidates), Link: link, Observe: observe})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	offer.ice.Candidates = []string{candidate(r.Addr().String())}
	receiver.Say(encode("offer", offer))
	answer, err := decode("answer", receiver.Await(`(?m)^answer\.\S+$`, n)[0])
	if err != nil {
		t.Fatal(err)
	}
	answer.ice.Candidates = []string{candidate("127.0.0.1:9")}
	sender.Say(encode("answer", answer))
	return r
}

// Two processes, a network that loses, repeats and reorders, and an interruption in the middle.
func TestTransferGoesOnAfterAnInterruption(t *testing.T) {
	const size = 3_000_000
	path, content := randomFile(t, "a film.bin", size)
	folder := t.TempDir()
	sender := run(t, "send", "-loopback", "-patience", "4s", path)
	receiver := run(t, "receive", "-loopback", "-patience", "4s", "-o", folder)
	link := netsim.Config{Seed: 7, Delay: 2 * time.Millisecond, Loss: 0.02, Duplicate: 0.01, Reorder: 0.02}

	var carried atomic.Int64
	half := make(chan struct{})
	first := introduce(t, 1, sender, receiver, link, func(d relay.Datagram) {
		if now := carried.Add(int64(len(d.Bytes))); now > size/2 && now-int64(len(d.Bytes)) <= size/2 {
			close(half)
		}
	})
	select {
	case <-half:
	case <-time.After(2 * process.Patience):
		t.Fatal("half of the file does not come in time")
	}
	_ = first.Close()
	receiver.Await("The connection is broken", 1)
	parts, err := filepath.Glob(filepath.Join(folder, "a film.bin.*.part"))
	if err != nil || len(parts) != 1 {
		t.Fatalf("parts %v, %v", parts, err)
	}
	info, err := os.Stat(parts[0])
	if err != nil || info.Size() == 0 || info.Size() >= size {
		t.Fatalf("%d bytes have come, %v", info.Size(), err)
	}

	link.Seed++
	carried.Store(0)
	introduce(t, 2, sender, receiver, link, func(d relay.Datagram) { carried.Add(int64(len(d.Bytes))) })
	receiver.Await("Going on with a film.bin behind", 1)
	for _, p := range []*process.Process{sender, receiver} {
		if code := p.Exit(); code != 0 {
			t.Errorf("exit code %d", code)
		}
	}
	got, err := os.ReadFile(filepath.Join(folder, "a film.bin"))
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("the file has %d bytes, %v", len(got), err)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "*.part")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if rest := size - info.Size(); carried.Load() > rest*3/2+200_000 {
		t.Errorf("%d bytes carried for the remaining %d", carried.Load(), rest)
	}
	if !strings.Contains(receiver.Text(), "ETA") || !strings.Contains(receiver.Text(), "100 %") {
		t.Error("no progress is shown")
	}
}

// What a forger of codes can reach is a refusal.
func TestWrongFingerprintTransfersNothing(t *testing.T) {
	path, _ := randomFile(t, "secret", 1000)
	folder := t.TempDir()
	sender := run(t, "send", "-loopback", "-patience", "4s", path)
	receiver := run(t, "receive", "-loopback", "-patience", "4s", "-o", folder)
	offer := sender.Await(`(?m)^offer\.\S+$`, 1)[0]
	receiver.Say(offer)
	answer, err := decode("answer", receiver.Await(`(?m)^answer\.\S+$`, 1)[0])
	if err != nil {
		t.Fatal(err)
	}
	forged, err := decode("offer", offer)
	if err != nil {
		t.Fatal(err)
	}
	answer.fingerprints = forged.fingerprints // a valid one, but not the receiver's
	sender.Say(encode("answer", answer))
	sender.Await("The connection is broken", 1)
	if entries, err := os.ReadDir(folder); err != nil || len(entries) > 0 {
		t.Errorf("the receiver has %v, %v", entries, err)
	}
}

func TestCodesSurviveTheWayAndOthersAreRefused(t *testing.T) {
	s, err := network{loopback: true}.newSide(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.agent.Close()
	d := s.describe("actpass", "data")
	code := encode("offer", d)
	if len(code) > 4000 {
		t.Errorf("code of %d bytes, a terminal takes lines of 4095", len(code))
	}
	got, err := decode("offer", "  "+code+"\n")
	if err != nil || got.ice.Ufrag != d.ice.Ufrag || got.ice.Password != d.ice.Password || !slices.Equal(got.ice.Candidates, d.ice.Candidates) ||
		!slices.Equal(got.fingerprints, d.fingerprints) || got.setup != "actpass" || got.mid != "data" || got.maxMessage != 262144 {
		t.Errorf("got %+v, %v, want %+v", got, err, d)
	}
	for n := range len(code) {
		if _, err := decode("offer", code[:n]); err == nil {
			t.Errorf("the first %d of %d bytes are taken for a code", n, len(code))
		}
	}
	for _, bad := range []string{"", "offer", strings.Replace(code, "offer", "answer", 1), "offer.!!!!", code[:30] + code[40:], strconv.Itoa(7)} {
		if _, err := decode("offer", bad); err == nil {
			t.Errorf("%.40q is taken for a code", bad)
		}
	}
}

// A terminal and mail break long lines, and somebody may have begun with another code.
func TestACodeMayComeInSeveralLines(t *testing.T) {
	s, err := network{loopback: true}.newSide(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.agent.Close()
	code := encode("offer", s.describe("actpass", "data"))
	var broken strings.Builder
	for rest := code; rest != ""; {
		n := min(76, len(rest))
		broken.WriteString(rest[:n] + " \r\n\n")
		rest = rest[n:]
	}
	for name, typed := range map[string]string{
		"whole":                   code + "\n",
		"broken":                  broken.String(),
		"behind another":          "answer.xyz\n" + code + "\n",
		"behind a part of itself": code[:100] + "\n" + broken.String(),
		"behind nonsense":         "what?\n" + broken.String(),
	} {
		p := &program{in: bufio.NewScanner(strings.NewReader(typed)), messages: io.Discard}
		if got, err := p.ask(t.Context(), "offer"); err != nil || got.ice.Password != s.agent.Description().Password {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := &program{in: bufio.NewScanner(strings.NewReader(code[:200] + "\n")), messages: io.Discard}
	if _, err := p.ask(t.Context(), "offer"); err == nil {
		t.Error("a part is taken for the whole")
	}
}

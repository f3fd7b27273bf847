//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/load/agent"
	"github.com/rtctransport/rtctransport/interop/process"
	"github.com/rtctransport/rtctransport/mux/icelite"
)

func TestWhatIsNotAsOneMightWishIsSaid(t *testing.T) {
	four, six := netip.MustParseAddrPort("0.0.0.0:3478"), netip.MustParseAddrPort("[::]:3478")
	good := icelite.Stats{Sockets: 1, ReceiveBuffer: 8 << 20, Segmentation: true}
	small, single := good, good
	small.ReceiveBuffer, single.Segmentation = 416<<10, false
	for _, test := range []struct {
		stats    icelite.Stats
		at       netip.AddrPort
		media    string
		portable bool
		want     string
	}{
		{good, six, ":3478", false, ""},
		{small, six, ":3478", false, "rmem_max"},
		{single, six, ":3478", false, "no segmentation offload"},
		{single, six, ":3478", true, ""},
		{good, four, ":3478", false, "no IPv6"},
		{good, four, "0.0.0.0:3478", false, ""},
	} {
		lines := remarks(test.stats, test.at, test.media, test.portable)
		if more := strings.Join(lines[1:], "\n"); !strings.Contains(more, test.want) || (more == "") != (test.want == "") {
			t.Errorf("%+v on %v: %q, want %q", test.stats, test.at, more, test.want)
		}
	}
}

// build builds a program of a module, which is in the folder dir.
func build(t *testing.T, program, dir string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "program")
	command := exec.Command("go", "build", "-o", binary, program)
	command.Dir = dir
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return binary
}

func TestTheLoadGeneratorsEchoesComeBack(t *testing.T) {
	server := process.Start(t, build(t, ".", ""), "-addr", "127.0.0.1:0", "-udp", "127.0.0.1:0", "-alone")
	url := server.Await(`LISTENING (http://\S+),`, 1)[1]
	const receivers = 5
	out, err := exec.Command(build(t, "./interop/load", "../.."), "-url", url, "-subscribers", strconv.Itoa(receivers), "-channels", "-duration", "1s", "-json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var report struct{ Peers, Failed, Received, Echoes int }
	if err := json.Unmarshal(out, &report); err != nil || report.Peers != receivers+1 || report.Failed != 0 || report.Received == 0 || report.Echoes < receivers {
		t.Errorf("%v: %s", err, out)
	}
}

func TestAProcessThatIsToldToEndSaysGoodbye(t *testing.T) {
	binary := build(t, ".", "")
	p := process.Start(t, binary, "-addr", "127.0.0.1:0", "-udp", "127.0.0.1:0")
	lines := p.Await(`LISTENING (http://\S+), media on UDP (\S+)`, 1)
	url, udp := lines[1], lines[2]

	for want, args := range map[string][]string{
		"-udp":               {"-addr", "127.0.0.1:0", "-udp", udp},
		"-addr":              {"-addr", strings.TrimPrefix(url, "http://"), "-udp", "127.0.0.1:0"},
		"-rate":              {"-rate", "0"},
		"-per-client":        {"-per-client", "0"},
		"-public":            {"-public", "nonsense"},
		"-alone excludes":    {"-addr", "127.0.0.1:0", "-udp", "127.0.0.1:0", "-alone", "-nats-listen", "127.0.0.1:0"},
		"exclude each other": {"-addr", "127.0.0.1:0", "-udp", "127.0.0.1:0", "-nats", "nats://127.0.0.1:1", "-nats-listen", "127.0.0.1:0"},
		"NATS":               {"-addr", "127.0.0.1:0", "-udp", "127.0.0.1:0", "-nats", "nats://127.0.0.1:1"},
	} {
		second := process.Start(t, binary, args...)
		if code := second.Exit(); code != 1 || !strings.Contains(second.Text(), want) || strings.Count(second.Text(), "\n") > 3 {
			t.Errorf("%v ends with %d: %q", args, code, second.Text())
		}
	}

	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	certificate, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	local := agent.NewCredentials()
	body := strings.NewReplacer("abcd", local.Ufrag, "sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF",
		certificate.Fingerprint().String()).Replace(offer)
	response, answer := post(t, url+"/rooms/a/whip", "application/sdp", body)
	if response.StatusCode != http.StatusCreated {
		t.Fatal(response.Status, answer)
	}
	visitor := visit(t, ctx, local, certificate, answer)
	if err := visitor.Handshake(ctx); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(p.PID(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-visitor.Done():
		if !errors.Is(visitor.Err(), io.EOF) {
			t.Errorf("the visitor's transport ended with %v, want a close_notify", visitor.Err())
		}
	case <-ctx.Done():
		t.Error("nobody said goodbye")
	}
	if code := p.Exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

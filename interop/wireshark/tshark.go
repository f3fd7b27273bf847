//go:build unix

package wireshark

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rtctransport/rtctransport/interop/table"
	"github.com/rtctransport/rtctransport/interop/watch"
)

// A packet is what tshark makes of a datagram.
type packet struct {
	number     string
	dtls       bool
	handshakes []string // types of messages, those that were encrypted too
	alerts     []string
	data       string // hexadecimal, decrypted
	trouble    string // what is malformed, or what it warns of
}

// countFinished counts the Finished that it could read.
func countFinished(packets []packet) (n int) {
	for _, p := range packets {
		for _, kind := range p.handshakes {
			if kind == "20" {
				n++
			}
		}
	}
	return n
}

// dissect has tshark read what went over the wire, with the keys in a directory.
func dissect(t *table.Trial, dir string, w *watch.Watch) (packets []packet) {
	capture := filepath.Join(dir, "capture.pcap")
	var file bytes.Buffer
	if err := w.WriteCapture(&file); err != nil {
		t.Fatalf("%v", err)
	}
	if err := os.WriteFile(capture, file.Bytes(), 0o600); err != nil {
		t.Fatalf("%v", err)
	}
	const separator = "\t"
	fields := []string{"frame.number", "frame.protocols", "dtls.handshake.type", "dtls.alert_message.desc", "data.data", "dtls.app_data", "_ws.malformed", "_ws.expert.severity", "_ws.expert.message"}
	args := []string{"-n", "-r", capture, "-d", fmt.Sprintf("udp.port==%d,dtls", watch.ServerPort), "-o", "tls.keylog_file:" + keyLogOf(dir), "-T", "fields", "-E", "separator=/t", "-E", "occurrence=a"}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	cmd := exec.CommandContext(t.Context, "tshark", args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	t.Logf("tshark %s\n%s%s", strings.Join(args, " "), out, stderr.String())
	if err != nil {
		t.Fatalf("tshark: %v\n%s", err, stderr.String())
	}
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), separator)
		if len(f) != len(fields) {
			t.Fatalf("tshark prints %q", line)
		}
		p := packet{number: f[0], dtls: strings.Contains(f[1], "dtls"), handshakes: list(f[2]), alerts: list(f[3]), data: f[4] + " " + f[5]}
		for _, severity := range list(f[7]) {
			// It calls a flight malformed that is sent again in other pieces, which RFC 6347, Section 4.2.3 has every receiver
			// handle.
			if f[8] == "New fragment overlaps old data (retransmission?)" {
				continue
			}
			if severity == "8388608" || severity == "6291456" { // error, warning
				p.trouble += " " + f[8]
			}
		}
		packets = append(packets, p)
	}
	return packets
}

func list(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

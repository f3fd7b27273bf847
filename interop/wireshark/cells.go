//go:build unix

package wireshark

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/rtctransport/rtctransport/interop/table"
	"github.com/rtctransport/rtctransport/interop/watch"
)

// A scene is a handshake between our two ends.
type scene struct {
	name   string
	client []string // flags of interop/peer, besides the addresses
	server []string
	rounds int // handshakes, the later ones resumed
	key    fingerprintKey

	refused bool // by the client
}

func (s *scene) chacha() bool { return strings.Contains(s.name, "CHACHA20") }

func scenes() []scene {
	var all []scene
	add := func(name string, s scene) {
		s.name = name
		s.rounds = max(s.rounds, 1)
		all = append(all, s)
	}
	for _, suite := range []string{"AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256"} {
		for _, auth := range []fingerprintKey{ecdsa, rsa} {
			name := "TLS_ECDHE_" + auth.name() + "_WITH_" + suite
			add("suite "+strings.TrimPrefix(name, "TLS_ECDHE_"), scene{client: []string{"--suites", name}, key: auth})
		}
	}
	add("cookie", scene{server: []string{"--cookie", "on"}})
	add("fragments", scene{client: []string{"--mtu", "256"}, server: []string{"--mtu", "256", "--cookie", "on"}})
	add("use_srtp", scene{client: []string{"--srtp", "SRTP_AEAD_AES_128_GCM"}, server: []string{"--srtp", "SRTP_AEAD_AES_128_GCM"}})
	add("resumption by session_id", scene{rounds: 2, client: []string{"--tickets", "off"}, server: []string{"--tickets", "off"}})
	add("resumption by ticket", scene{rounds: 2})
	add("an alert", scene{refused: true, client: []string{"--peer-fingerprint", "sha-256:" + strings.Repeat("00", 32)}})
	return all
}

// Peers returns tshark, and what removes what was built for it.
func Peers() (peers []*table.Peer, remove func()) {
	var l *lab
	p := &table.Peer{Name: "Wireshark", Kind: "Readers of what we send", Package: "tshark"}
	p.Prepare = func(ctx context.Context) (string, error) {
		if _, err := exec.LookPath("tshark"); err != nil {
			return "", &table.MissingError{What: "tshark", Package: "tshark"}
		}
		out, err := exec.CommandContext(ctx, "tshark", "--version").Output()
		if err != nil {
			return "", err
		}
		version := ""
		if words := strings.Fields(string(out)); len(words) > 2 {
			version = strings.TrimSuffix(words[2], ".")
		}
		l, err = newLab(ctx)
		return version, err
	}
	for _, s := range scenes() {
		p.Cells = append(p.Cells, table.Cell{Role: "reader", Case: s.name, Quick: s.key == ecdsa, Run: func(t *table.Trial) { l.play(t, &s) }})
	}
	return []*table.Peer{p}, func() {
		if l != nil {
			os.RemoveAll(l.dir)
		}
	}
}

// secret is what our client says, which only who decrypts can read.
const secret = "what only those with the keys can read"

func (l *lab) play(t *table.Trial, s *scene) {
	dir := t.TempDir()
	w := l.ours(t, s, dir)
	refused := s.refused
	handshakes := w.Handshakes() // before the capture: the last close_notify may be on its way
	packets := dissect(t, dir, w)
	if s.chacha() && len(packets) > 0 && countFinished(packets) == 0 {
		other := t.TempDir()
		if countFinished(dissect(t, other, l.openssl(t, s, other))) > 0 {
			t.Fatalf("tshark decrypts a handshake of OpenSSL with itself, and not ours")
		}
		t.Fault("it does not decrypt ChaCha20-Poly1305 in DTLS 1.2, of OpenSSL with itself neither")
		return
	}
	l.judge(t, packets, handshakes, refused)
}

// judge compares what tshark says with what went over the wire.
func (l *lab) judge(t *table.Trial, packets []packet, handshakes []watch.Handshake, refused bool) {
	var types []string
	secrets, alerts := 0, 0
	datagrams := 0
	for _, h := range handshakes {
		for _, d := range h.Datagrams {
			if d.Fate == "" {
				datagrams++
			}
		}
	}
	if len(packets) < datagrams {
		t.Errorf("tshark sees %d packets, want at least %d", len(packets), datagrams)
	}
	for _, p := range packets {
		if p.trouble != "" {
			t.Errorf("packet %s: %s", p.number, p.trouble)
		}
		if !p.dtls {
			t.Errorf("packet %s is not DTLS to it", p.number)
		}
		types = append(types, p.handshakes...)
		if strings.Contains(p.data, fmt.Sprintf("%x", secret)) {
			secrets++
		}
		alerts += len(p.alerts)
	}
	if refused {
		if alerts == 0 {
			t.Errorf("tshark sees no alert")
		}
		return
	}
	if n, want := countFinished(packets), 2*len(handshakes); n < want {
		t.Errorf("tshark decrypts %d Finished, want %d", n, want)
	}
	for _, kind := range []string{"1", "2", "11", "12", "13", "14", "15", "16"} {
		if !slices.Contains(types, kind) {
			t.Errorf("tshark names no handshake message of type %s", kind)
		}
	}
	if want := 2 * len(handshakes); secrets < want { // with the echo
		t.Errorf("tshark decrypts the data %d times, want %d", secrets, want)
	}
	if alerts == 0 {
		t.Errorf("tshark sees no close_notify")
	}
}

//go:build unix

package wireshark

import (
	"fmt"
	"net"
	"path/filepath"

	"github.com/rtctransport/rtctransport/interop/process"
	"github.com/rtctransport/rtctransport/interop/relay"
	"github.com/rtctransport/rtctransport/interop/table"
	"github.com/rtctransport/rtctransport/interop/watch"
)

// keyLogOf is where the keys of the handshakes in a directory are.
func keyLogOf(dir string) string { return filepath.Join(dir, "keys") }

// ours has our two ends shake hands.
func (l *lab) ours(t *table.Trial, s *scene, dir string) *watch.Watch {
	id := l.identities[s.key]
	flags := func(role string, more []string, addr string) []string {
		return append([]string{role, "--cert", id.cert, "--key", id.key, "--timeout", "40", "--addr", addr}, more...)
	}
	server := process.Start(t, l.peer, append(flags("server", s.server, "127.0.0.1:0"), "--accept", fmt.Sprint(s.rounds))...)
	w := &watch.Watch{Keep: true}
	var port string
	for n := 1; n <= s.rounds; n++ {
		listening := server.Await(`(?m)^listening addr=127\.0\.0\.1:(\d+)$`, n)[1]
		if n == 1 {
			port = t.RelayTo(relay.Config{Target: "127.0.0.1:" + listening}, w)
		}
		args := append(flags("client", s.client, "127.0.0.1:"+port), "--keylog", keyLogOf(dir), "--send", fmt.Sprintf("%x", secret))
		if s.rounds > 1 {
			args = append(args, "--resume", filepath.Join(dir, "session"))
		}
		if code := process.Start(t, l.peer, args...).Exit(); (code == 0) == s.refused {
			t.Fatalf("our client exits with %d", code)
		}
	}
	if code := server.Exit(); (code == 0) == s.refused {
		t.Fatalf("our server exits with %d", code)
	}
	return w
}

// openssl has openssl shake hands with itself, with the suite of a scene.
func (l *lab) openssl(t *table.Trial, s *scene, dir string) *watch.Watch {
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatalf("%v", err)
	}
	address := socket.LocalAddr().String()
	socket.Close()
	id := l.identities[s.key]
	flags := []string{"-dtls1_2", "-cipher", "ECDHE-" + s.key.name() + "-CHACHA20-POLY1305", "-cert", id.cert, "-key", id.key}
	server := process.Start(t, "openssl", append([]string{"s_server", "-accept", address}, flags...)...)
	server.Await(`(?m)^ACCEPT$`, 1)
	w := &watch.Watch{Keep: true}
	port := t.RelayTo(relay.Config{Target: address}, w)
	client := process.Start(t, "openssl", append([]string{"s_client", "-connect", "127.0.0.1:" + port, "-keylogfile", keyLogOf(dir)}, flags...)...)
	client.Await(`(?m)^    Verify return code`, 1)
	client.Say(secret)
	server.Await(secret, 1)
	return w
}

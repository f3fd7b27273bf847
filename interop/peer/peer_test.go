package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
)

// identity is a certificate in the files of --cert and --key.
type identity struct {
	cert, key, fingerprint string // the last as --peer-fingerprint has it
}

func newIdentity(t *testing.T, kind fingerprint.KeyType) identity {
	t.Helper()
	c, err := fingerprint.Generate(kind)
	if err != nil {
		t.Fatal(err)
	}
	text, err := c.MarshalPEM()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	id := identity{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem")}
	files := map[string][]byte{}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		name := id.cert
		if block.Type != "CERTIFICATE" {
			name = id.key
		}
		files[name] = append(files[name], pem.EncodeToMemory(block)...)
	}
	for name, text := range files {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	id.fingerprint = fmt.Sprintf("sha-256:%X", sha256.Sum256(c.Chain()[0]))
	return id
}

func (id identity) args() []string { return []string{"--cert", id.cert, "--key", id.key} }

// program is a run of the program in this process.
type program struct {
	lines chan string
	code  chan int
}

func start(args ...string) *program {
	r, w := io.Pipe()
	p := &program{lines: make(chan string, 1000), code: make(chan int, 1)}
	go func() {
		p.code <- run(args, w)
		w.Close()
	}()
	go func() {
		defer close(p.lines)
		for s := bufio.NewScanner(r); s.Scan(); {
			p.lines <- s.Text()
		}
	}()
	return p
}

// address waits for the line that a server begins with.
func (p *program) address(t *testing.T) string {
	t.Helper()
	line := <-p.lines
	addr, ok := strings.CutPrefix(line, "listening addr=")
	if _, _, err := net.SplitHostPort(addr); !ok || err != nil {
		t.Fatalf("first line %q", line)
	}
	return addr
}

// finish waits for the program and returns the rest of its lines.
func (p *program) finish() (lines []string, code int) {
	for line := range p.lines {
		lines = append(lines, line)
	}
	return lines, <-p.code
}

// output checks the lines of a finished program, with the address of a server
// and hex of exports left out, and its exit code.
func (p *program) output(t *testing.T, name string, code int, want ...string) []string {
	t.Helper()
	lines, got := p.finish()
	if got != code {
		t.Errorf("%s: exit code %d, want %d", name, got, code)
	}
	var masked []string
	for _, l := range lines {
		masked = append(masked, variable.ReplaceAllString(l, "${1}*"))
	}
	if strings.Join(masked, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s prints\n\t%s\nwant\n\t%s", name, strings.Join(lines, "\n\t"), strings.Join(want, "\n\t"))
	}
	return lines
}

var variable = regexp.MustCompile(`^(listening addr=|error stage=\w+ msg=|export \S+ \d+ \S+ ).*`)

const (
	defaultConnected = "connected version=dtls1.2 suite=TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 group=x25519 srtp=none ems=1 resumed=0"
	resumedConnected = "connected version=dtls1.2 suite=TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 group=none srtp=none ems=1 resumed=1"
)

// flags joins arguments.
func flags(parts ...any) []string {
	var args []string
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			args = append(args, strings.Fields(p)...)
		case []string:
			args = append(args, p...)
		}
	}
	return args
}

func TestTwoPeersDoWhatTheirFlagsSay(t *testing.T) {
	t.Parallel()
	p256, p384 := newIdentity(t, fingerprint.ECDSAP256), newIdentity(t, fingerprint.ECDSAP384)
	rsa, edwards := newIdentity(t, fingerprint.RSA2048), newIdentity(t, fingerprint.Ed25519)
	closedBySelf, closedByPeer := "closed by=self", "closed by=peer"
	connected := func(suite, group, srtp string) string {
		return fmt.Sprintf("connected version=dtls1.2 suite=%s group=%s srtp=%s ems=1 resumed=0", suite, group, srtp)
	}
	for _, test := range []struct {
		name           string
		server, client []string
		common         []string // lines of both
		serverOnly     []string
		clientOnly     []string
	}{
		{"no flags", p256.args(), p256.args(), []string{defaultConnected}, []string{closedByPeer}, []string{closedBySelf}},
		{"fingerprints", flags(p256.args(), "--peer-fingerprint", p384.fingerprint), flags(p384.args(), "--peer-fingerprint", strings.ToLower(p256.fingerprint)),
			[]string{defaultConnected}, []string{closedByPeer}, []string{closedBySelf}},
		{"echoes", flags(p256.args(), "--echo"), flags(p256.args(), "--send 00 --send 6869 --send 6869 --send FFfe"),
			[]string{defaultConnected, "recv 00", "recv 6869", "recv 6869", "recv fffe"}, []string{closedByPeer}, []string{closedBySelf}},
		{"the largest record", p256.args(), flags(p256.args(), "--send", strings.Repeat("5a", 1<<14)),
			[]string{defaultConnected, "recv " + strings.Repeat("5a", 1<<14)}, []string{closedByPeer}, []string{closedBySelf}},
		{"suite and group and profile of the server's choice", flags(p384.args(), "--suites TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 --groups secp384r1 --srtp SRTP_AEAD_AES_256_GCM"),
			flags(edwards.args(), "--srtp SRTP_AES128_CM_HMAC_SHA1_32,SRTP_AEAD_AES_256_GCM"),
			[]string{connected("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "secp384r1", "SRTP_AEAD_AES_256_GCM")}, []string{closedByPeer}, []string{closedBySelf}},
		{"suite and group and profile of the client's choice", flags(rsa.args(), "--srtp SRTP_AES128_CM_HMAC_SHA1_80,SRTP_AEAD_AES_128_GCM"),
			flags(rsa.args(), "--suites TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 --groups secp256r1 --srtp SRTP_AES128_CM_HMAC_SHA1_80"),
			[]string{connected("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "secp256r1", "SRTP_AES128_CM_HMAC_SHA1_80")}, []string{closedByPeer}, []string{closedBySelf}},
		{"srtp that one side has", flags(p256.args(), "--srtp SRTP_AES128_CM_HMAC_SHA1_80"), p256.args(), []string{defaultConnected}, []string{closedByPeer}, []string{closedBySelf}},
		{"no cookie, small datagrams, ems", flags(edwards.args(), "--cookie off --mtu 200 --ems require"), flags(rsa.args(), "--mtu 150 --ems require"),
			[]string{defaultConnected}, []string{closedByPeer}, []string{closedBySelf}},
		{"large datagrams", flags(rsa.args(), "--mtu 9000"), flags(rsa.args(), "--mtu 65507"),
			[]string{connected("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "x25519", "none")}, []string{closedByPeer}, []string{closedBySelf}},
		{"connection IDs", flags(p256.args(), "--cid 0102030405060708"), flags(p256.args(), "--cid ff --send 6869"),
			[]string{defaultConnected}, []string{"note cid local=0102030405060708 peer=ff", "recv 6869", closedByPeer},
			[]string{"note cid local=ff peer=0102030405060708", "recv 6869", closedBySelf}},
		{"a connection ID one way", flags(p256.args(), "--cid 0102"), flags(p256.args(), "--cid empty --send 6869"),
			[]string{defaultConnected}, []string{"note cid local=0102 peer=", "recv 6869", closedByPeer},
			[]string{"note cid local= peer=0102", "recv 6869", closedBySelf}},
		{"a connection ID that one side has", flags(p256.args(), "--cid 0102"), p256.args(), []string{defaultConnected}, []string{closedByPeer}, []string{closedBySelf}},
		{"no client certificate", flags(p256.args(), "--client-auth none"), nil, []string{defaultConnected}, []string{closedByPeer}, []string{closedBySelf}},
		{"the server closes", flags(p256.args(), "--close-after 2"), flags(p256.args(), "--send 01 --send 02 --wait-close"),
			[]string{defaultConnected, "recv 01", "recv 02"}, []string{closedBySelf}, []string{closedByPeer}},
		{"the server closes at once", flags(p256.args(), "--close-after 0"), flags(p256.args(), "--wait-close"),
			[]string{defaultConnected}, []string{closedBySelf}, []string{closedByPeer}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := start(flags("server --addr 127.0.0.1:0", test.server)...)
			client := start(flags("client --addr", server.address(t), test.client)...)
			client.output(t, "client", 0, append(append([]string{}, test.common...), test.clientOnly...)...)
			server.output(t, "server", 0, append(append([]string{}, test.common...), test.serverOnly...)...)
		})
	}
}

func TestExportedKeysAreTheSameOnBothSides(t *testing.T) {
	t.Parallel()
	id := newIdentity(t, fingerprint.ECDSAP256)
	ask := "--export EXPERIMENTAL-a:32 --export EXPERIMENTAL-a:32: --export EXPERIMENTAL-a:32:00Ff --export EXTRACTOR-dtls_srtp:60"
	server := start(flags("server --addr 127.0.0.1:0", id.args(), ask)...)
	client := start(flags("client --addr", server.address(t), id.args(), ask)...)
	want := []string{defaultConnected, "export EXPERIMENTAL-a 32 - *", "export EXPERIMENTAL-a 32 c *", "export EXPERIMENTAL-a 32 c00ff *", "export EXTRACTOR-dtls_srtp 60 - *"}
	c := client.output(t, "client", 0, append(want, "closed by=self")...)
	s := server.output(t, "server", 0, append(want, "closed by=peer")...)
	seen := map[string]bool{}
	for i := 1; i <= 4; i++ {
		f := strings.Fields(c[i])
		if c[i] != s[i] || seen[f[4]] || fmt.Sprint(len(f[4])/2) != f[2] {
			t.Errorf("client %q, server %q", c[i], s[i])
		}
		seen[f[4]] = true
	}
}

func TestAReservedLabelIsNotExported(t *testing.T) {
	t.Parallel()
	id := newIdentity(t, fingerprint.ECDSAP256)
	server := start(flags("server --addr 127.0.0.1:0", id.args())...)
	client := start(append(flags("client --addr", server.address(t), id.args()), "--export", "client finished:12", "--send", "01")...)
	client.output(t, "client", 1, defaultConnected, "error stage=export msg=*", "recv 01", "closed by=self")
	server.output(t, "server", 0, defaultConnected, "recv 01", "closed by=peer")
}

func TestAWrongFingerprintIsRefused(t *testing.T) { // FP-05
	t.Parallel()
	id, other := newIdentity(t, fingerprint.ECDSAP256), newIdentity(t, fingerprint.ECDSAP256)
	t.Run("the server's", func(t *testing.T) {
		t.Parallel()
		server := start(flags("server --addr 127.0.0.1:0", id.args())...)
		client := start(flags("client --addr", server.address(t), id.args(), "--peer-fingerprint", other.fingerprint)...)
		client.output(t, "client", 1, "alert dir=sent level=fatal desc=42", "error stage=handshake msg=*")
		server.output(t, "server", 1, "alert dir=recv level=fatal desc=42", "error stage=handshake msg=*")
	})
	t.Run("the client's", func(t *testing.T) {
		t.Parallel()
		server := start(flags("server --addr 127.0.0.1:0", id.args(), "--peer-fingerprint", other.fingerprint)...)
		client := start(flags("client --addr", server.address(t), id.args())...)
		server.output(t, "server", 1, "alert dir=sent level=fatal desc=42", "error stage=handshake msg=*")
		client.output(t, "client", 1, "alert dir=recv level=fatal desc=42", "error stage=handshake msg=*")
	})
}

func TestAServerThatInsistsRefusesAClientWithoutCertificate(t *testing.T) { // HS-48
	t.Parallel()
	id := newIdentity(t, fingerprint.ECDSAP256)
	server := start(flags("server --addr 127.0.0.1:0", id.args())...)
	client := start(flags("client --addr", server.address(t))...)
	server.output(t, "server", 1, "alert dir=sent level=fatal desc=40", "error stage=handshake msg=*")
	client.output(t, "client", 1, "alert dir=recv level=fatal desc=40", "error stage=handshake msg=*")
}

func TestNothingInCommonIsAHandshakeFailure(t *testing.T) {
	t.Parallel()
	id := newIdentity(t, fingerprint.ECDSAP256)
	server := start(flags("server --addr 127.0.0.1:0", id.args(), "--groups secp384r1")...)
	client := start(flags("client --addr", server.address(t), id.args(), "--groups secp256r1")...)
	server.output(t, "server", 1, "alert dir=sent level=fatal desc=40", "error stage=handshake msg=*")
	client.output(t, "client", 1, "alert dir=recv level=fatal desc=40", "error stage=handshake msg=*")
}

func TestOneServerServesSeveralClientsAndResumesTheirSessions(t *testing.T) {
	t.Parallel()
	id := newIdentity(t, fingerprint.ECDSAP256)
	for _, test := range []struct{ name, server, client string }{
		{"tickets", "", ""},
		{"session_id, for the server has no tickets", "--tickets off", ""},
		{"session_id, for the client wants no tickets", "", "--tickets off"},
		{"pinned", "", "--peer-fingerprint " + id.fingerprint},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "session")
			server := start(flags("server --addr 127.0.0.1:0 --accept 4", id.args(), test.server)...)
			addr := server.address(t)
			connect := func(line string, args ...string) {
				t.Helper()
				c := start(flags("client --addr", addr, id.args(), test.client, "--send 01", args)...)
				want := []string{line, "recv 01", "closed by=self"}
				if len(args) > 0 {
					want = append(want, "session saved=1")
				}
				c.output(t, "client", 0, want...)
			}
			connect(defaultConnected, "--resume", file)
			if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%v %v", info, err)
			}
			connect(resumedConnected, "--resume", file)
			connect(defaultConnected)
			connect(resumedConnected, "--resume", file)
			listening := "listening addr=*"
			server.output(t, "server", 0,
				defaultConnected, "recv 01", "closed by=peer", listening,
				resumedConnected, "recv 01", "closed by=peer", listening,
				defaultConnected, "recv 01", "closed by=peer", listening,
				resumedConnected, "recv 01", "closed by=peer")
		})
	}
}

func TestAServerGoesOnAfterAClientThatFails(t *testing.T) {
	t.Parallel()
	id, other := newIdentity(t, fingerprint.ECDSAP256), newIdentity(t, fingerprint.ECDSAP256)
	server := start(flags("server --addr 127.0.0.1:0 --accept 2 --peer-fingerprint", id.fingerprint, id.args())...)
	addr := server.address(t)
	start(flags("client --addr", addr, other.args())...).output(t, "client", 1, "alert dir=recv level=fatal desc=42", "error stage=handshake msg=*")
	start(flags("client --addr", addr, id.args())...).output(t, "client", 0, defaultConnected, "closed by=self")
	server.output(t, "server", 1, "alert dir=sent level=fatal desc=42", "error stage=handshake msg=*", "listening addr=*", defaultConnected, "closed by=peer")
}

func TestAPeerThatClosesBeforeTheLastEchoIsEarly(t *testing.T) {
	t.Parallel()
	id := newIdentity(t, fingerprint.ECDSAP256)
	server := start(flags("server --addr 127.0.0.1:0 --close-after 1", id.args())...)
	client := start(flags("client --addr", server.address(t), id.args(), "--send 01 --send 02")...)
	client.output(t, "client", 1, defaultConnected, "recv 01", "closed by=peer early=1")
	server.output(t, "server", 0, defaultConnected, "recv 01", "closed by=self")
}

func TestAClientDoesNotWaitForACloseForEver(t *testing.T) {
	t.Parallel()
	id := newIdentity(t, fingerprint.ECDSAP256)
	server := start(flags("server --addr 127.0.0.1:0", id.args())...)
	client := start(flags("client --addr", server.address(t), id.args(), "--wait-close")...)
	client.output(t, "client", 1, defaultConnected, "closed by=timeout")
	server.output(t, "server", 0, defaultConnected, "closed by=peer")
}

func TestTheProgramEndsInTime(t *testing.T) {
	t.Parallel()
	id := newIdentity(t, fingerprint.ECDSAP256)
	silent, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	begin := time.Now()
	// The handshake gives up in time to say so.
	client := start(flags("client --timeout 0.6 --addr", silent.LocalAddr().String(), id.args())...)
	server := start(flags("server --timeout 0.6 --addr 127.0.0.1:0", id.args())...)
	server.address(t)
	client.output(t, "client", 1, "error stage=handshake msg=*")
	server.output(t, "server", 4, "error stage=handshake msg=*")

	server = start(flags("server --timeout 0.6 --addr 127.0.0.1:0", id.args())...)
	client = start(flags("client --wait-close --addr", server.address(t), id.args())...)
	server.output(t, "server", 4, defaultConnected, "closed by=timeout")
	client.output(t, "client", 0, defaultConnected, "closed by=peer")

	server = start(flags("server --addr 127.0.0.1:0", id.args())...)
	client = start(flags("client --timeout 0.6 --wait-close --addr", server.address(t), id.args())...)
	client.output(t, "client", 4, defaultConnected, "error stage=data msg=*")
	server.output(t, "server", 0, defaultConnected, "closed by=peer")
	if d := time.Since(begin); d > 5*time.Second {
		t.Errorf("took %v", d)
	}
}

func TestAServerIgnoresWhatIsNotItsClients(t *testing.T) {
	t.Parallel()
	id := newIdentity(t, fingerprint.ECDSAP256)
	server := start(flags("server --addr 127.0.0.1:0 --accept 2 --cookie off", id.args())...)
	addr := server.address(t)
	stranger, err := net.Dial("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	// A ClientHello that is cut off, and others' leftovers.
	hello := append([]byte{22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 4}, 0xfe, 0xfd, 0, 0)
	for _, b := range [][]byte{{}, {23}, bytes.Repeat([]byte{22}, 100), hello} {
		if _, err := stranger.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		start(flags("client --addr", addr, id.args(), "--send 01")...).output(t, "client", 0, defaultConnected, "recv 01", "closed by=self")
		_, _ = stranger.Write(hello)
	}
	server.output(t, "server", 0, defaultConnected, "recv 01", "closed by=peer", "listening addr=*", defaultConnected, "recv 01", "closed by=peer")
}

func TestTheKeyLogHasALineForEachHandshake(t *testing.T) {
	t.Parallel()
	id := newIdentity(t, fingerprint.ECDSAP256)
	a, b := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	server := start(flags("server --addr 127.0.0.1:0 --keylog", a, id.args())...)
	client := start(flags("client --keylog", b, "--addr", server.address(t), id.args())...)
	client.output(t, "client", 0, defaultConnected, "closed by=self")
	server.output(t, "server", 0, defaultConnected, "closed by=peer")
	text, errA := os.ReadFile(a)
	same, errB := os.ReadFile(b)
	if errA != nil || errB != nil || !bytes.Equal(text, same) || !regexp.MustCompile(`^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}\n$`).Match(text) {
		t.Errorf("%q %q %v %v", text, same, errA, errB)
	}
}

func TestASessionFileThatMakesNoSenseIsNoted(t *testing.T) {
	t.Parallel()
	id := newIdentity(t, fingerprint.ECDSAP256)
	file := filepath.Join(t.TempDir(), "session")
	if err := os.WriteFile(file, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := start(flags("server --addr 127.0.0.1:0", id.args())...)
	client := start(flags("client --resume", file, "--addr", server.address(t), id.args())...)
	lines, code := client.finish()
	if len(lines) != 4 || !strings.HasPrefix(lines[0], "note ") || lines[3] != "session saved=1" || code != 0 {
		t.Errorf("%q, exit code %d", lines, code)
	}
	server.output(t, "server", 0, defaultConnected, "closed by=peer")
}

func TestTheTraceTellsWhatIsSealed(t *testing.T) {
	t.Parallel()
	id := newIdentity(t, fingerprint.ECDSAP256)
	file := filepath.Join(t.TempDir(), "trace")
	server := start(flags("server --addr 127.0.0.1:0 --trace", file, id.args())...)
	client := start(flags("client --addr", server.address(t), id.args())...)
	client.output(t, "client", 0, defaultConnected, "closed by=self")
	server.output(t, "server", 0, defaultConnected, "closed by=peer")
	text, err := os.ReadFile(file)
	if err != nil || !regexp.MustCompile(`"msg":"dtls message".*"epoch":1.*"message":"Finished"`).Match(text) {
		t.Errorf("%s %v", text, err)
	}
}

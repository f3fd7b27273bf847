package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/peer/contract"
	"github.com/rtctransport/rtctransport/sctpdc"
)

// newIdentity writes a certificate and its key to a file, and returns its flags and its fingerprint.
func newIdentity(t *testing.T) (flags []string, sum string) {
	t.Helper()
	c, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	text, err := c.MarshalPEM()
	if err != nil {
		t.Fatal(err)
	}
	if block, _ := pem.Decode(text); block == nil {
		t.Fatal("not PEM")
	}
	name := filepath.Join(t.TempDir(), "identity.pem")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"--cert", name, "--key", name}, fmt.Sprintf("sha-256:%X", sha256.Sum256(c.Chain()[0]))
}

// A running program's lines, and its exit code at the end.
type running struct {
	t     *testing.T
	name  string
	lines chan string
	code  chan int
	all   []string
}

func start(t *testing.T, args ...string) *running {
	t.Helper()
	r := &running{t: t, name: args[0], lines: make(chan string, 10000), code: make(chan int, 1)}
	pr, pw := io.Pipe()
	go func() {
		code := run(args, pw)
		_ = pw.Close()
		r.code <- code
	}()
	go func() {
		defer close(r.lines)
		for s := bufio.NewScanner(pr); s.Scan(); {
			r.lines <- s.Text()
		}
	}()
	return r
}

// want returns the submatches of the first line from here that matches.
func (r *running) want(pattern string) []string {
	r.t.Helper()
	expression := regexp.MustCompile("^" + pattern + "$")
	for line := range r.lines {
		r.all = append(r.all, line)
		if m := expression.FindStringSubmatch(line); m != nil {
			return m
		}
	}
	r.t.Fatalf("%s: no line %q in\n%s", r.name, pattern, strings.Join(r.all, "\n"))
	return nil
}

// exit reads the rest and checks the exit code.
func (r *running) exit(code int) {
	r.t.Helper()
	for line := range r.lines {
		r.all = append(r.all, line)
	}
	if got := <-r.code; got != code {
		r.t.Errorf("%s: exit code %d, want %d\n%s", r.name, got, code, strings.Join(r.all, "\n"))
	}
}

// count returns how many lines match.
func (r *running) count(pattern string) (n int) {
	expression := regexp.MustCompile("^" + pattern + "$")
	for _, line := range r.all {
		if expression.MatchString(line) {
			n++
		}
	}
	return n
}

// pairOf starts a server and a client that trust each other.
func pairOf(t *testing.T, serverFlags, clientFlags []string) (server, client *running) {
	t.Helper()
	serverID, serverSum := newIdentity(t)
	clientID, clientSum := newIdentity(t)
	server = start(t, append(append([]string{"server", "--addr", "127.0.0.1:0", "--peer-fingerprint", clientSum}, serverID...), serverFlags...)...)
	address := server.want(`listening addr=(\S+)`)[1]
	client = start(t, append(append([]string{"client", "--addr", address, "--peer-fingerprint", serverSum}, clientID...), clientFlags...)...)
	return server, client
}

func sends(payloads ...string) (flags []string) {
	for _, p := range payloads {
		flags = append(flags, "--send", hex.EncodeToString([]byte(p)))
	}
	return flags
}

func TestEveryChannelEchoesEveryPayload(t *testing.T) {
	type lines = map[string]int
	for name, test := range map[string]struct {
		opener []string
		echoes int
		want   lines
	}{
		"reliable": {
			append([]string{"--dc", "ordered:1:0:0", "--dc", "two words:0:0:0:proto"}, sends("Text", "S", "B", "\x00\x01", "Z65536", "Z262144", "Tmore")...), 14,
			lines{
				`dc open id=\d+ label=ordered protocol= ordered=1 prtype=0 prval=0 by=.*`:          1,
				`dc open id=\d+ label="two words" protocol=proto ordered=0 prtype=0 prval=0 by=.*`: 1,
				`dc recv id=\d+ ppid=53 len=262144 sha256=d30eb241f95e7c37c033251a78eae161.*`:      2,
			},
		},
		"lossy": { // with little enough that the loopback interface loses nothing
			append([]string{"--dc", "count:0:1:3", "--dc", "timed:1:2:500"}, sends("Text", "S", "B", "\x00\x01", "Z2000")...), 10,
			lines{
				`dc open id=\d+ label=count protocol= ordered=0 prtype=1 prval=3 by=.*`:   1,
				`dc open id=\d+ label=timed protocol= ordered=1 prtype=2 prval=500 by=.*`: 1,
				`dc recv id=\d+ ppid=53 len=2000 sha256=.*`:                               2,
			},
		},
	} {
		for _, byClient := range []bool{true, false} {
			for _, idata := range []string{"on", "off"} {
				t.Run(fmt.Sprintf("%s opened by client %v idata %s", name, byClient, idata), func(t *testing.T) {
					flags := [2][]string{{"--idata", idata}, {"--idata", idata, "--mtu", "1100"}}
					from := 0 // the server
					if byClient {
						from = 1
					}
					flags[from] = append(flags[from], test.opener...)
					server, client := pairOf(t, flags[0], flags[1])
					sides := [2]*running{server, client}
					want := lines{
						`connected version=dtls1.2 suite=\S+ group=\S+ srtp=none ems=1 resumed=0`: 1,
						fmt.Sprintf(`sctp up idata=%d zerochecksum=1 .*`, digit(idata == "on")):   1,
						fmt.Sprintf(`dc summary opened=2 echoed=%d closed=2`, test.echoes):        1,
						`dc reset id=\d+`: 2,
						`dc open id=\d*[` + [2]string{"13579", "02468"}[from] + `] .*`:           2,
						`dc recv id=\d+ ppid=51 len=4 sha256=.*`:                                 2,
						`dc recv id=\d+ ppid=56 len=0 sha256=e3b0c44298fc1c149afbf4c8996fb924.*`: 2,
						`dc recv id=\d+ ppid=57 len=0 sha256=e3b0c44298fc1c149afbf4c8996fb924.*`: 2,
						`dc recv id=\d+ ppid=53 len=2 sha256=.*`:                                 2,
						`note .*`:                                                                0,
					}
					maps.Copy(want, test.want)
					for i, r := range sides {
						r.exit(0)
						by := "peer"
						if i == from {
							by = "self"
						}
						all := maps.Clone(want)
						all["dc open .* by="+by], all["closed by="+by] = 2, 1
						all[`dc ack id=\d+`] = map[string]int{"self": 2}[by]
						for line, n := range all {
							if got := r.count(line); got != n {
								t.Errorf("%s: %d lines %s, want %d, in\n%s", r.name, got, line, n, strings.Join(r.all, "\n"))
							}
						}
					}
				})
			}
		}
	}
}

func TestFiftyChannels(t *testing.T) {
	var flags []string
	for i := range 50 {
		flags = append(flags, "--dc", fmt.Sprintf("c%d:%d:0:0", i, i%2))
	}
	server, client := pairOf(t, nil, append(flags, sends("Thello", "Z20000")...))
	server.exit(0)
	client.exit(0)
	for _, r := range []*running{server, client} {
		if r.count(`dc summary opened=50 echoed=100 closed=50`) != 1 {
			t.Errorf("%s:\n%s", r.name, strings.Join(r.all[max(0, len(r.all)-5):], "\n"))
		}
	}
}

func TestServerServesSeveralClients(t *testing.T) {
	id, _ := newIdentity(t)
	server := start(t, append([]string{"server", "--addr", "127.0.0.1:0", "--accept", "3", "--client-auth", "none", "--export", "EXTRACTOR-dtls_srtp:16"}, id...)...)
	for range 3 {
		address := server.want(`listening addr=(\S+)`)[1]
		client := start(t, append([]string{"client", "--addr", address, "--dc", "x:1:0:0", "--export", "EXTRACTOR-dtls_srtp:16"}, sends("Thello")...)...)
		here := client.want(`export (.*)`)[1]
		client.exit(0)
		if there := server.want(`export (.*)`)[1]; here != there {
			t.Errorf("exported %q and %q", here, there)
		}
		server.want("closed by=peer")
	}
	server.exit(0)
}

func TestWrongFingerprintConnectsNothing(t *testing.T) {
	id, _ := newIdentity(t)
	_, other := newIdentity(t)
	server := start(t, append([]string{"server", "--addr", "127.0.0.1:0", "--client-auth", "none", "--timeout", "5"}, id...)...)
	address := server.want(`listening addr=(\S+)`)[1]
	client := start(t, "client", "--addr", address, "--dc", "x:1:0:0", "--peer-fingerprint", other, "--timeout", "5")
	client.exit(contract.ExitFailed)
	server.exit(contract.ExitFailed)
	for _, r := range []*running{client, server} {
		if r.count("connected .*") != 0 || r.count("alert dir=.* level=fatal desc=42") != 1 {
			t.Errorf("%s:\n%s", r.name, strings.Join(r.all, "\n"))
		}
	}
}

func TestNobodyThereIsToldInTime(t *testing.T) {
	began := time.Now()
	client := start(t, "client", "--addr", "127.0.0.1:9", "--dc", "x:1:0:0", "--timeout", "1")
	client.exit(contract.ExitFailed)
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("took %v", took)
	}
	id, _ := newIdentity(t)
	server := start(t, append([]string{"server", "--addr", "127.0.0.1:0", "--timeout", "0.3"}, id...)...)
	server.exit(contract.ExitWatchdog)
}

func TestFlagsThatMeanNothingHereAreRefused(t *testing.T) {
	for line, code := range map[string]int{
		"--sctp-port 0": 2, "--sctp-port 65536": 2, "--idata maybe": 3, "--dc x:1:0:0 --close-after 1": 2, "--wait-close": 2, "--send 01": 2, "--dc x": 2, "--dc x:2:0:0": 2,
		"--dc x:1:3:0": 2, "--dc x:1:1:65536": 3, "--dc x:1:1:-1": 2, "--dc x:1:0:0 --send 5a39393939393939393939": 3, "--dc x:1:0:0 --send 5a": 3,
	} {
		var b bytes.Buffer
		if got := run(append([]string{"client", "--addr", "127.0.0.1:9"}, strings.Fields(line)...), &b); got != code {
			t.Errorf("%s: exit code %d, want %d: %s", line, got, code, b.String())
		}
	}
}

func TestSCTPPortIsThatOfTheFlag(t *testing.T) {
	server, client := pairOf(t, []string{"--sctp-port", "6000"}, append([]string{"--sctp-port", "6000", "--dc", "x:1:0:0"}, sends("Thello")...))
	server.exit(0)
	client.exit(0)
}

// A close_notify, without a shutdown of SCTP, ends the association for both.
func TestServerClosesAfterSomeEchoes(t *testing.T) {
	for _, test := range []struct {
		after, want string
		client      int
	}{{"2", "closed by=peer", 0}, {"1", "closed by=peer early=1", contract.ExitFailed}} {
		server, client := pairOf(t, []string{"--close-after", test.after}, append([]string{"--dc", "x:1:0:0", "--wait-close"}, sends("Tone", "Ttwo")...))
		server.exit(0)
		client.exit(test.client)
		if server.count("closed by=self") != 1 || client.count(test.want) != 1 {
			t.Errorf("after %s echoes: want %q and by=self in\n%s\n\n%s", test.after, test.want, strings.Join(client.all, "\n"), strings.Join(server.all, "\n"))
		}
	}
}

func TestClientResumesTheSessionOfItsFile(t *testing.T) {
	for _, tickets := range []string{"on", "off"} {
		serverID, serverSum := newIdentity(t)
		clientID, clientSum := newIdentity(t)
		file := filepath.Join(t.TempDir(), "session")
		server := start(t, append([]string{"server", "--addr", "127.0.0.1:0", "--accept", "2", "--tickets", tickets, "--peer-fingerprint", clientSum}, serverID...)...)
		for _, resumed := range []string{"0", "1"} {
			address := server.want(`listening addr=(\S+)`)[1]
			client := start(t, append(append([]string{"client", "--addr", address, "--tickets", tickets, "--peer-fingerprint", serverSum, "--resume", file, "--dc", "x:1:0:0"}, clientID...), sends("Thello")...)...)
			client.exit(0)
			if client.count("connected .* resumed="+resumed) != 1 || client.count("session saved=1") != 1 {
				t.Errorf("tickets %s: want resumed=%s in\n%s", tickets, resumed, strings.Join(client.all, "\n"))
			}
		}
		server.exit(0)
	}
}

func TestPayloadsAreThoseOfTheContract(t *testing.T) {
	for in, want := range map[string]sctpdc.Message{
		"S": {Kind: sctpdc.Text}, "B": {}, "T": {Kind: sctpdc.Text, Data: []byte("T")}, "Tx": {Kind: sctpdc.Text, Data: []byte("Tx")}, "SS": {Data: []byte("SS")},
		"Z3": {Data: []byte{7, 38, 69}}, "Z0": {Data: []byte{}}, "\x00": {Data: []byte{0}},
	} {
		var d dataFlags
		err := errors.Join(d.addMessage(in), d.addMessage(hex.EncodeToString([]byte(in))))
		for _, got := range d.messages {
			if err != nil || len(d.messages) != 2 || got.Kind != want.Kind || !bytes.Equal(got.Data, want.Data) {
				t.Errorf("%q, as it is and in hexadecimal: %v, %v", in, d.messages, err)
			}
		}
	}
	var u *contract.UnsupportedError
	if err := new(dataFlags).addMessage("Zx"); !errors.As(err, &u) {
		t.Errorf("Zx: %v", err)
	}
	if err := new(dataFlags).addMessage(""); err == nil || errors.As(err, &u) {
		t.Errorf("nothing: %v", err)
	}
}

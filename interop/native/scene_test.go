//go:build unix

package native

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A scene is a handshake and what follows, in words that hold for every stack
// and for either role.
type scene struct {
	name string
	// What both sides are restricted to, so that it must come out.
	suite string // IANA
	group string // as IANA names it
	srtp  string // as RFC 5764 and RFC 7714 name it; empty: none

	serverCert, clientCert string // names of identities; no client certificate: ""
	cookie                 bool   // the server asks for one
	mtu                    int    // of our datagrams; 0: our default
	theirMTU               int    // of the foreign side's; 0: its default
	noEMS                  bool   // the foreign side goes without
	exports                []export
	sizes                  []int // of the lines sent, each echoed
	serverCloses           bool  // or else the client
	refusal                refusal
	resume                 string // "session_id", "ticket": a second handshake resumes; empty: there is none
}

type export struct {
	label   string
	length  int
	context string // hex, with a colon in front; empty: none
}

func (e export) String() string { return fmt.Sprintf("%s:%d%s", e.label, e.length, e.context) }

const (
	ecdsaGCM128 = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
	ecdsaGCM256 = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
	ecdsaChaCha = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"
	rsaGCM128   = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
	rsaGCM256   = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
	rsaChaCha   = "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"
)

var srtpExport = export{label: "EXTRACTOR-dtls_srtp", length: 60}

// scenes are what every stack is put through, as far as it can.
func scenes() []scene {
	base := scene{suite: ecdsaGCM128, group: "x25519", srtp: "SRTP_AES128_CM_HMAC_SHA1_80", serverCert: "p256", clientCert: "p256", exports: []export{srtpExport}, sizes: []int{12}}
	var all []scene
	add := func(name string, change func(s *scene)) {
		s := base
		s.exports, s.sizes = slices.Clone(base.exports), slices.Clone(base.sizes)
		change(&s)
		s.name = name
		all = append(all, s)
	}
	for _, suite := range []string{ecdsaGCM128, ecdsaGCM256, ecdsaChaCha, rsaGCM128, rsaGCM256, rsaChaCha} {
		add("suite "+strings.TrimPrefix(suite, "TLS_ECDHE_"), func(s *scene) {
			s.suite = suite
			if strings.Contains(suite, "_RSA_") {
				s.serverCert, s.clientCert = "rsa", "rsa"
			}
		})
	}
	add("group secp256r1", func(s *scene) { s.group = "secp256r1" })
	add("group secp384r1", func(s *scene) { s.group, s.serverCert, s.clientCert = "secp384r1", "p384", "p384" })
	for _, srtp := range []string{"", "SRTP_AES128_CM_HMAC_SHA1_32", "SRTP_AEAD_AES_128_GCM", "SRTP_AEAD_AES_256_GCM"} {
		add("srtp "+srtp, func(s *scene) { s.srtp = srtp })
	}
	for _, cert := range []struct{ server, client string }{{"p384", "p384"}, {"ed25519", "ed25519"}, {"p256", "rsa"}, {"rsa", "p384"}, {"ed25519", "p256"}} {
		add("certificates "+cert.server+" "+cert.client, func(s *scene) {
			s.serverCert, s.clientCert = cert.server, cert.client
			if cert.server == "rsa" {
				s.suite = rsaGCM128
			}
		})
	}
	add("no client certificate", func(s *scene) { s.clientCert = "" })
	add("cookie", func(s *scene) { s.cookie = true })
	add("our datagrams small", func(s *scene) { s.mtu, s.serverCert, s.clientCert, s.suite = 200, "rsa", "rsa", rsaGCM128 })
	add("our datagrams small, cookie", func(s *scene) { s.mtu, s.cookie = 200, true })
	add("our datagrams large", func(s *scene) { s.mtu, s.serverCert, s.clientCert, s.suite = 16000, "rsa", "rsa", rsaGCM128 })
	add("their datagrams small", func(s *scene) { s.theirMTU, s.serverCert, s.clientCert, s.suite = 300, "rsa", "rsa", rsaGCM128 })
	add("no extended master secret", func(s *scene) { s.noEMS, s.exports = true, nil })
	add("exporter", func(s *scene) { s.exports = []export{{"EXPERIMENTAL-rtctransport", 200, ""}} })
	add("exporter with contexts", func(s *scene) {
		s.exports = []export{{"EXPERIMENTAL-rtctransport", 32, ""}, {"EXPERIMENTAL-rtctransport", 32, ":"}, {"EXPERIMENTAL-rtctransport", 48, ":00ff10"}}
	})
	add("exporter under SHA-384", func(s *scene) { s.suite, s.exports = ecdsaGCM256, []export{{"EXPERIMENTAL-rtctransport", 100, ""}} })
	add("records of all sizes", func(s *scene) { s.sizes = []int{8, 1000, 1200, 4096, 12, 16000} })
	add("records of 2^14 bytes", func(s *scene) { s.sizes = []int{16384, 8, 16384} })
	add("the server closes", func(s *scene) { s.serverCloses = true })
	add("resumption by session_id", func(s *scene) { s.resume = "session_id" })
	add("resumption by ticket", func(s *scene) { s.resume = "ticket" })
	add("resumption by session_id, no srtp", func(s *scene) { s.resume, s.srtp = "session_id", "" })
	add("resumption by ticket, no srtp", func(s *scene) { s.resume, s.srtp = "ticket", "" })
	return all
}

// A stack is a foreign implementation with the programs that we drive it by.
type stack struct {
	name string
	need func(t *testing.T)
	// cannot returns why the stack, or the program that we drive it by, cannot do a
	// scene in a role; empty if it can.
	cannot func(s *scene, role string) string
	// adjust changes a scene to what the stack has and says what it has not; nil: nothing
	// to change.
	adjust func(s *scene) string
	// heard is what the program prints of a fatal alert from us; %d is its number, if it
	// says it.
	heard string
	// silent says that the stack's server just stops, with no alert, when a client has no
	// certificate.
	silent bool
	// anyGroup says that the program cannot restrict the groups of its server.
	anyGroup bool
	// limit is the largest record that the program sends by role, if that is not 2^14
	// bytes.
	limit map[string]int
	// fault returns a fault of the stack that keeps a scene from coming to its end: why,
	// and what is printed, by them or by us, when it shows. It has to show: a fault that has gone
	// fails the test, so that the list stays true.
	fault func(s *scene, role string) (why, evidence string)
	// client starts a client. previous is the one whose session it resumes, or nil; sessions
	// is a directory for it.
	client func(t *testing.T, s *scene, port, sessions string, previous foreign) foreign
	// server starts a server.
	server func(t *testing.T, s *scene, port string) foreign
}

// A foreign is the running program of another stack.
type foreign interface {
	// program is what runs.
	program() *process
	// connected waits until the n-th association of a server is up (from 1), or the one
	// of a client, and returns what it says of it; see facts.
	connected(n int) facts
	// send sends a line, received waits until a line has come. A server that echoes by
	// itself has nothing to do in echo.
	send(line string)
	received(line string)
	echo(line string)
	// close ends the association with a close_notify, closed waits for ours.
	close()
	closed()
}

// facts are what a foreign program says about its association. What it does not
// say is empty.
type facts struct {
	suite, group, srtp string
	ems, resumed       string // "0", "1"
	exports            []string
}

// testStack runs all scenes with a stack, in both roles.
func testStack(t *testing.T, k *stack) {
	t.Parallel()
	k.need(t)
	for _, role := range []string{"client", "server"} {
		t.Run("their "+role, func(t *testing.T) {
			t.Parallel()
			for _, s := range scenes() {
				t.Run(s.name, func(t *testing.T) {
					t.Parallel()
					if k.adjust != nil {
						if what := k.adjust(&s); what != "" {
							t.Log(what)
						}
					}
					if k.cannot != nil {
						if why := k.cannot(&s, role); why != "" {
							t.Skip("not possible: " + why)
						}
					}
					if k.fault != nil {
						if why, evidence := k.fault(&s, role); why != "" {
							showFault(t, k, &s, role, why, evidence)
							return
						}
					}
					for i, size := range s.sizes {
						if limit, ok := k.limit[role]; ok && size > limit {
							t.Logf("%d bytes instead of %d: the program sends no larger records", limit, size)
							s.sizes[i] = limit
						}
					}
					if role == "client" {
						theirClient(t, k, &s)
					} else {
						theirServer(t, k, &s)
					}
				})
			}
			for _, s := range refusals(role) {
				t.Run("refusal "+s.name, func(t *testing.T) {
					t.Parallel()
					if k.adjust != nil {
						k.adjust(&s)
					}
					refused(t, k, &s, role)
				})
			}
		})
	}
}

// groups are the scene's, and behind it those of the certificates: some stacks take
// the absence of a curve for a refusal of certificates with it.
func (s *scene) groups() []string {
	groups := []string{s.group}
	for _, cert := range []string{s.serverCert, s.clientCert} {
		group := map[string]string{"p256": "secp256r1", "p384": "secp384r1"}[cert]
		if group != "" && !slices.Contains(groups, group) {
			groups = append(groups, group)
		}
	}
	return groups
}

// flags are those of our program, for either role.
func (s *scene) flags(role string) []string {
	suite, groups := s.suite, strings.Join(s.groups(), ",")
	if s.refusal.suite != "" {
		suite = s.refusal.suite
	}
	if s.refusal.group != "" {
		groups = s.refusal.group
	}
	args := []string{role, "--suites", suite, "--timeout", "20", "--groups", groups}
	mine, theirs := s.clientCert, s.serverCert
	if role == "server" {
		mine, theirs = theirs, mine
		args = append(args, "--cookie", map[bool]string{true: "on", false: "off"}[s.cookie])
		if s.clientCert == "" && !s.refusal.missing {
			args = append(args, "--client-auth", "none")
		}
		if s.serverCloses {
			args = append(args, "--close-after", strconv.Itoa(len(s.sizes)))
		}
	}
	if s.refusal.missing && role == "client" {
		mine = ""
	}
	if s.refusal.pin != "" {
		theirs = s.refusal.pin
	}
	if mine != "" {
		args = append(args, "--cert", identities[mine].cert, "--key", identities[mine].key)
	}
	if theirs != "" {
		args = append(args, "--peer-fingerprint", identities[theirs].pin)
	}
	if s.srtp != "" {
		args = append(args, "--srtp", s.srtp)
	}
	if s.mtu != 0 {
		args = append(args, "--mtu", strconv.Itoa(s.mtu))
	}
	if s.resume != "" {
		args = append(args, "--tickets", map[bool]string{true: "on", false: "off"}[s.resume == "ticket"])
	}
	for _, e := range s.exports {
		args = append(args, "--export", e.String())
	}
	return args
}

// check compares what our program says of the n-th association with the scene
// and with what the foreign side says.
func (s *scene) check(t *testing.T, p *process, n int, f facts, resumed bool) {
	t.Helper()
	line := p.await(`(?m)^connected version=dtls1\.2 suite=(\S+) group=(\S+) srtp=(\S+) ems=(\d) resumed=(\d)$`, n)
	want := []string{s.suite, s.group, s.srtp, "1", "0"}
	if s.srtp == "" {
		want[2] = "none"
	}
	if s.noEMS {
		want[3] = "0"
	}
	if resumed {
		want[1], want[4] = "none", "1"
	}
	if !slices.Equal(line[1:], want) {
		t.Errorf("we say %q, want %q", line[1:], want)
	}
	for i, said := range []string{f.suite, f.group, f.srtp, f.ems, f.resumed} {
		if said != "" && said != want[i] {
			t.Errorf("they say %q, want %q", said, want[i])
		}
	}
	for i, e := range s.exports {
		context := "-"
		if e.context != "" {
			context = "c" + e.context[1:]
		}
		got := p.await(fmt.Sprintf(`(?m)^export %s %d %s ([0-9a-f]{%d})$`, e.label, e.length, context, 2*e.length), n)[1]
		if i >= len(f.exports) {
			t.Errorf("they do not export %v", e)
		} else if !strings.EqualFold(f.exports[i], got) {
			t.Errorf("%v: they export %s, we %s", e, f.exports[i], got)
		}
	}
}

func theirClient(t *testing.T, k *stack, s *scene) {
	args := append(s.flags("server"), "--addr", "127.0.0.1:0")
	rounds := 1
	if s.resume != "" {
		rounds = 2
		args = append(args, "--accept", "2")
	}
	server := start(t, ours, args...)
	sessions := t.TempDir()
	var client foreign
	for n := 1; n <= rounds; n++ {
		port := server.await(`(?m)^listening addr=127\.0\.0\.1:(\d+)$`, n)[1]
		client = k.client(t, s, port, sessions, client)
		s.check(t, server, n, client.connected(1), n > 1)
		for i, size := range s.sizes {
			line := payload(i, size)
			client.send(line)
			server.await(`(?m)^recv `+asHex(line)+`$`, n)
			client.received(line)
		}
		if s.serverCloses {
			client.closed()
		} else {
			client.close()
			server.await(`(?m)^closed by=peer$`, n)
		}
	}
	if code := server.exit(); code != 0 {
		t.Errorf("our exit code is %d", code)
	}
}

func theirServer(t *testing.T, k *stack, s *scene) {
	args := s.flags("client")
	rounds := 1
	if s.resume != "" {
		rounds = 2
		args = append(args, "--resume", t.TempDir()+"/session")
	}
	if s.serverCloses {
		args = append(args, "--wait-close")
	}
	for i, size := range s.sizes {
		args = append(args, "--send", asHex(payload(i, size)))
	}
	port := freePort(t)
	args = append(args, "--addr", "127.0.0.1:"+port)
	server := k.server(t, s, port)
	for n := 1; n <= rounds; n++ {
		client := start(t, ours, args...)
		s.check(t, client, 1, server.connected(n), n > 1)
		for i, size := range s.sizes {
			server.echo(payload(i, size))
		}
		by := "self"
		if s.serverCloses {
			client.await(`(?m)^recv `+asHex(payload(len(s.sizes)-1, s.sizes[len(s.sizes)-1]))+`$`, 1)
			server.close()
			by = "peer"
		}
		client.await(`(?m)^closed by=`+by+`$`, 1)
		if code := client.exit(); code != 0 {
			t.Errorf("our exit code is %d", code)
		}
		if !s.serverCloses {
			server.closed()
		}
	}
}

// showFault waits for the evidence of a known fault.
func showFault(t *testing.T, k *stack, s *scene, role, why, evidence string) {
	var we, they *process
	if role == "client" {
		we = start(t, ours, append(s.flags("server"), "--addr", "127.0.0.1:0", "--accept", "2")...)
		port := we.await(`(?m)^listening addr=127\.0\.0\.1:(\d+)$`, 1)[1]
		client := k.client(t, s, port, t.TempDir(), nil)
		if s.resume != "" {
			client.connected(1)
			client.close()
			we.await(`(?m)^closed by=peer$`, 1)
			client = k.client(t, s, port, t.TempDir(), client)
		}
		they = client.program()
	} else {
		port := freePort(t)
		server := k.server(t, s, port)
		they = server.program()
		args := append(s.flags("client"), "--addr", "127.0.0.1:"+port)
		if s.serverCloses {
			args = append(args, "--wait-close")
		}
		if s.resume != "" {
			args = append(args, "--resume", t.TempDir()+"/session", "--send", asHex(payload(0, 8)))
			first := start(t, ours, args...)
			if code := first.exit(); code != 0 {
				t.Errorf("our exit code is %d", code)
			}
			server.connected(1)
		}
		we = start(t, ours, args...)
		if s.serverCloses {
			server.connected(1)
			server.close()
		}
	}
	awaitEither(t, evidence, we, they)
	t.Logf("KNOWN FAULT of %s: %s", k.name, why)
}

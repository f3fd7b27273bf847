//go:build unix

package native

import (
	"context"
	"os/exec"
	"strconv"
	"strings"

	"github.com/rtctransport/rtctransport/interop/process"
)

// opensslNames are what OpenSSL calls things.
var opensslNames = map[string]string{
	ecdsaGCM128: "ECDHE-ECDSA-AES128-GCM-SHA256", ecdsaGCM256: "ECDHE-ECDSA-AES256-GCM-SHA384", ecdsaChaCha: "ECDHE-ECDSA-CHACHA20-POLY1305",
	rsaGCM128: "ECDHE-RSA-AES128-GCM-SHA256", rsaGCM256: "ECDHE-RSA-AES256-GCM-SHA384", rsaChaCha: "ECDHE-RSA-CHACHA20-POLY1305",
	"x25519": "X25519", "secp256r1": "P-256", "secp384r1": "P-384", secp521r1Name: "P-521",
	ecdsaCCM: "ECDHE-ECDSA-AES128-CCM", ecdsaCCM256: "ECDHE-ECDSA-AES256-CCM", ecdsaCCM8: "ECDHE-ECDSA-AES128-CCM8", ecdsaCCM8256: "ECDHE-ECDSA-AES256-CCM8",
	ecdsaCBC: "ECDHE-ECDSA-AES128-SHA", ecdsaCBC256: "ECDHE-ECDSA-AES128-SHA256", ecdsaCBC384: "ECDHE-ECDSA-AES256-SHA384", rsaCBC: "ECDHE-RSA-AES256-SHA",
	pskGCM128: "PSK-AES128-GCM-SHA256", pskGCM256: "PSK-AES256-GCM-SHA384", pskChaCha: "PSK-CHACHA20-POLY1305", pskCCM: "PSK-AES128-CCM", pskCCM8: "PSK-AES128-CCM8",
	ecdhePSKCha: "ECDHE-PSK-CHACHA20-POLY1305", ecdhePSKCBC: "ECDHE-PSK-AES128-CBC-SHA256",
	"SRTP_AES128_CM_HMAC_SHA1_80": "SRTP_AES128_CM_SHA1_80", "SRTP_AES128_CM_HMAC_SHA1_32": "SRTP_AES128_CM_SHA1_32",
	"SRTP_AEAD_AES_128_GCM": "SRTP_AEAD_AES_128_GCM", "SRTP_AEAD_AES_256_GCM": "SRTP_AEAD_AES_256_GCM",
}

// nameBack returns our name of what a stack calls otherwise.
func nameBack(names map[string]string, theirs string) string {
	for ours, name := range names {
		if name == theirs {
			return ours
		}
	}
	return theirs
}

// openssl is openssl s_client and s_server of OpenSSL 3.
func openssl() *stack {
	return &stack{
		name: "OpenSSL", pkg: "openssl", names: opensslNames,
		prepare: func(ctx context.Context, _ *lab) (string, error) {
			if err := need("openssl", "openssl"); err != nil {
				return "", err
			}
			out, err := exec.CommandContext(ctx, "openssl", "version").Output()
			if words := strings.Fields(string(out)); len(words) > 1 {
				return words[1], err
			}
			return "", err
		},
		cannot: func(s *scene, role string) string {
			switch {
			case len(s.exports) > 1:
				return "openssl exports once, without a context"
			case s.noEMS:
				return "openssl 3.0 always has the extension: -no_extended_master_secret came later"
			}
			return ""
		},
		fault: func(s *scene, role string) (why, evidence string) {
			if s.serverCloses && role == "server" {
				return "s_server closes its socket before the association, so that no close_notify goes out", `(?m)^closed by=timeout$`
			}
			return opensslFault(s, role)
		},
		no13:  "OpenSSL 3.0 has no DTLS 1.3",
		heard: `SSL alert number %d`,
		renegotiation: map[string]renegotiation{
			"client": {hears: `no renegotiation`, ends: true},
			"server": {hears: `no renegotiation`, ends: true},
		},
		limit:   map[string]int{"client": 8192},
		cookies: true,
		client: func(r *run, port, sessions string, previous foreign) foreign {
			s := r.s
			args := append(opensslFlags("s_client", r, s.clientCert), "-connect", "127.0.0.1:"+port, "-no_ign_eof", "-nbio") // or else a record that tells it nothing has it wait for another
			if s.resume == "session_id" {
				args = append(args, "-no_ticket")
			}
			if previous != nil {
				args = append(args, "-sess_in", sessions+"/session")
			} else if s.resume != "" {
				args = append(args, "-sess_out", sessions+"/session")
			}
			return &opensslProcess{r.start("openssl", args...), s}
		},
		server: func(r *run, port string) foreign {
			s := r.s
			args := append(opensslFlags("s_server", r, s.serverCert), "-accept", "127.0.0.1:"+port)
			if s.clientCert != "" {
				args = append(args, "-Verify", "10")
			}
			if s.cookie {
				args = append(args, "-listen")
			}
			if s.resume == "session_id" {
				args = append(args, "-no_ticket")
			}
			p := r.start("openssl", args...)
			p.Await(`(?m)^ACCEPT$`, 1)
			return &opensslProcess{p, s}
		},
	}
}

// opensslFault: tls1.2 servers take an Ed25519 certificate for one of the ECDSA suites
// (RFC 8422, Section 2.1); OpenSSL's does so in TLS 1.2 but not in DTLS 1.2.
func opensslFault(s *scene, role string) (why, evidence string) {
	if s.serverCert == "ed25519" && role == "server" {
		return "no Ed25519 certificates as a DTLS 1.2 server", `no shared cipher`
	}
	return "", ""
}

func opensslFlags(command string, r *run, cert string) []string {
	s := r.s
	args := []string{command, "-dtls1_2", "-cipher", opensslNames[s.suite]}
	var groups []string
	for _, g := range s.groups() {
		groups = append(groups, opensslNames[g])
	}
	args = append(args, "-groups", strings.Join(groups, ":"))
	if cert != "" {
		args = append(args, "-cert", r.identities[cert].cert, "-key", r.identities[cert].key)
		if above := r.identities[cert].above; above != "" {
			args = append(args, "-cert_chain", above)
		}
	} else if command == "s_server" {
		args = append(args, "-nocert")
	}
	if s.psk {
		args = append(args, "-psk", pskHex, "-psk_identity", pskIdentity)
	}
	if s.srtp != "" {
		args = append(args, "-use_srtp", opensslNames[s.srtp])
	}
	mtu := s.theirMTU
	if mtu == 0 {
		mtu = 1400
	}
	args = append(args, "-mtu", strconv.Itoa(mtu))
	for _, e := range s.exports {
		args = append(args, "-keymatexport", e.label, "-keymatexportlen", strconv.Itoa(e.length))
	}
	return args
}

type opensslProcess struct {
	*process.Process
	s *scene
}

func (p *opensslProcess) connected(n int) facts {
	var f facts
	f.suite = nameBack(opensslNames, p.Await(`(?m)^CIPHER is (\S+)|^New, (?:TLSv1\.[02]|SSLv3), Cipher is (\S+)|^Reused, (?:TLSv1\.[02]|SSLv3), Cipher is (\S+)`, n)[1])
	p.Await(`(?m)^Secure Renegotiation IS supported`, n)
	if p.s.agreed() != "" {
		f.srtp = nameBack(opensslNames, p.Await(`(?m)^SRTP Extension negotiated, profile=(\S+)$`, n)[1])
	} else if strings.Contains(p.Text(), "SRTP Extension negotiated") {
		f.srtp = "one"
	}
	for range p.s.exports {
		f.exports = append(f.exports, p.Await(`(?m)^    Keying material: ([0-9A-F]+)$`, n)[1])
	}
	return f
}

func (p *opensslProcess) program() *process.Process { return p.Process }

func (p *opensslProcess) send(line string)     { p.Say(line) }
func (p *opensslProcess) received(line string) { p.Await(`(?m)^`+line+`$`, 1) }

func (p *opensslProcess) echo(line string) {
	p.Await(`(?m)^`+line+`$`, 1)
	p.Say(line)
}

// renegotiate gives s_client and s_server a command; those of s_server are in small letters.
func (p *opensslProcess) renegotiate() {
	if strings.Contains(p.Text(), "ACCEPT") {
		p.Say("r")
	} else {
		p.Say("R")
	}
}

// close gives s_client the command to quit; s_server's closes the association.
func (p *opensslProcess) close() {
	if strings.Contains(p.Text(), "ACCEPT") {
		p.Say("q")
	} else {
		p.Say("Q")
	}
}

func (p *opensslProcess) closed() {
	if strings.Contains(p.Text(), "ACCEPT") {
		p.Await(`(?m)^(DONE|CONNECTION CLOSED|shutting down SSL)$`, 1)
	} else {
		p.Await(`(?m)^(closed|DONE)$`, 1)
	}
}

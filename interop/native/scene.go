//go:build unix

package native

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
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
	theirs13               bool   // the foreign side would speak DTLS 1.3
	ourEMS                 string // as --ems has it; empty: its default
	noCommonSRTP           bool   // we have another profile, so that there is none in the end
	exports                []export
	sizes                  []int // of the lines sent, each echoed
	serverCloses           bool  // or else the client
	refusal                refusal
	resume                 string // "session_id", "ticket": a second handshake resumes; empty: there is none

	// The path, until both sides are connected.
	faults  string // as relay.Parse has them: A is the client
	loss    float64
	seed    uint64
	pathMTU int  // larger datagrams are lost; 0: none are
	final   bool // the first datagram of the server with a ChangeCipherSpec is lost

	silent bool // the foreign side will have said its last word
	mute   bool // nothing of the foreign side arrives any more, see silence

	slow bool // not for those who wait for the result

	beyond bool // what WebRTC does not have: see suiteScenes
	psk    bool // a pre-shared key instead of certificates
}

// withoutEMS reports whether it comes out without the extended master secret.
func (s *scene) withoutEMS() bool { return s.noEMS || s.ourEMS == "off" }

// agreed is the SRTP profile that it comes to; empty: none.
func (s *scene) agreed() string {
	if s.noCommonSRTP {
		return ""
	}
	return s.srtp
}

func (s *scene) clone() scene {
	c := *s
	c.exports, c.sizes = slices.Clone(s.exports), slices.Clone(s.sizes)
	return c
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

// groups are the scene's, and behind it those of the certificates: some stacks take
// the absence of a curve for a refusal of certificates with it.
func (s *scene) groups() []string {
	groups := []string{s.group}
	if s.group == noGroup {
		groups[0] = "x25519"
	}
	for _, cert := range []string{s.serverCert, s.clientCert} {
		group := map[string]string{"p256": "secp256r1", "chain": "secp256r1", "p384": "secp384r1", p521Identity: secp521r1Name}[cert]
		if group != "" && !slices.Contains(groups, group) {
			groups = append(groups, group)
		}
	}
	return groups
}

// flags are those of our program, for either role.
func (r *run) flags(role string) []string {
	s := r.s
	suite, groups := s.suite, strings.Join(s.groups(), ",")
	if s.refusal.suite != "" {
		suite = s.refusal.suite
	}
	if s.refusal.group != "" {
		groups = s.refusal.group
	}
	timeout := "40"
	if s.silent {
		timeout = "12" // nothing more will come
	}
	r.traced = r.Trace()
	args := []string{role, "--suites", suite, "--timeout", timeout, "--groups", groups, "--trace", r.traced}
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
		args = append(args, "--cert", r.identities[mine].cert, "--key", r.identities[mine].key)
	}
	if theirs != "" {
		args = append(args, "--peer-fingerprint", r.identities[theirs].pin)
	}
	if s.psk {
		args = append(args, "--psk", pskIdentity+":"+pskHex)
	}
	switch {
	case s.noCommonSRTP:
		args = append(args, "--srtp", "SRTP_AES128_CM_HMAC_SHA1_32")
	case s.srtp != "":
		args = append(args, "--srtp", s.srtp)
	}
	if s.ourEMS != "" {
		args = append(args, "--ems", s.ourEMS)
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

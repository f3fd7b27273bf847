//go:build unix

package native

import (
	"fmt"
	"strings"

	"github.com/rtctransport/rtctransport/dtlstransport"
)

// Suites that have to be named.
const (
	ecdsaCCM      = "TLS_ECDHE_ECDSA_WITH_AES_128_CCM"
	ecdsaCCM256   = "TLS_ECDHE_ECDSA_WITH_AES_256_CCM"
	ecdsaCCM8     = "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"
	ecdsaCCM8256  = "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8"
	ecdsaCBC      = "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"
	ecdsaCBC256   = "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"
	ecdsaCBC384   = "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"
	rsaCBC        = "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"
	pskGCM128     = "TLS_PSK_WITH_AES_128_GCM_SHA256"
	pskGCM256     = "TLS_PSK_WITH_AES_256_GCM_SHA384"
	pskChaCha     = "TLS_PSK_WITH_CHACHA20_POLY1305_SHA256"
	pskCCM        = "TLS_PSK_WITH_AES_128_CCM"
	pskCCM8       = "TLS_PSK_WITH_AES_128_CCM_8"
	ecdhePSKCha   = "TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256"
	ecdhePSKCBC   = "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256"
	pskIdentity   = "device-7"
	pskHex        = "30313233343536373839616263646566"
	noGroup       = "none" // of a scene whose suite has no ephemeral keys
	beyondWebRTC  = "beyond: "
	p521Identity  = "p521"
	secp521r1Name = "secp521r1"
)

// suiteScenes are about suites, groups and keys that no WebRTC peer has, for the stacks
// that we know to have them.
func suiteScenes(base scene) (all []scene) {
	add := func(name string, change func(s *scene)) {
		s := base.clone()
		change(&s)
		s.slow = s.slow || strings.Contains(s.suite, "_256_") || s.suite == pskCCM
		s.name, s.beyond, s.srtp, s.exports = beyondWebRTC+name, true, "", []export{{"EXPERIMENTAL-rtctransport", 48, ""}}
		all = append(all, s)
	}
	certificates := func(suite string) func(s *scene) {
		return func(s *scene) {
			s.suite = suite
			if strings.Contains(suite, "_RSA_") {
				s.serverCert, s.clientCert = "rsa", "rsa"
			}
		}
	}
	keys := func(suite string) func(s *scene) {
		return func(s *scene) {
			s.suite, s.psk, s.serverCert, s.clientCert = suite, true, "", ""
			if !strings.Contains(suite, "ECDHE") {
				s.group = noGroup
			}
		}
	}
	for _, suite := range []string{ecdsaCCM, ecdsaCCM256, ecdsaCCM8, ecdsaCCM8256, ecdsaCBC, ecdsaCBC256, ecdsaCBC384, rsaCBC} {
		add("suite "+strings.TrimPrefix(suite, "TLS_"), certificates(suite))
	}
	for _, suite := range []string{pskGCM128, pskGCM256, pskChaCha, pskCCM, pskCCM8, ecdhePSKCha, ecdhePSKCBC} {
		add("suite "+strings.TrimPrefix(suite, "TLS_"), keys(suite))
	}
	add("cookie, pre-shared key", func(s *scene) { keys(pskGCM128)(s); s.cookie = true })
	add("resumption, pre-shared key", func(s *scene) { keys(pskGCM128)(s); s.resume = "session_id" })
	add("resumption, CBC", func(s *scene) { certificates(ecdsaCBC256)(s); s.resume = "ticket" })
	add("records of all sizes, CBC", func(s *scene) { certificates(ecdsaCBC)(s); s.sizes = []int{8, 1000, 1200, 4096, 12, 16000} })
	add("records of all sizes, CCM", func(s *scene) { certificates(ecdsaCCM)(s); s.sizes = []int{8, 1000, 1200, 4096, 12, 16000} })
	add("group secp521r1", func(s *scene) { s.group, s.serverCert, s.clientCert = secp521r1Name, p521Identity, p521Identity })
	add("certificates p521 p521", func(s *scene) { s.serverCert, s.clientCert = p521Identity, p521Identity })
	add("path: 10 % lost, pre-shared key", func(s *scene) { keys(ecdhePSKCha)(s); s.loss, s.seed = 0.1, 7 })
	return all
}

// lacks returns why a stack cannot do such a scene; empty: it can.
func (k *stack) lacks(s *scene) string {
	for _, name := range append(s.groups(), s.suite) {
		if s.beyond && k.names[name] == "" {
			return "Debian's " + k.name + " is built without the suite"
		}
	}
	return ""
}

// goesBeyond reports whether a stack is put through such scenes at all.
func (k *stack) goesBeyond() bool { return k.names[ecdsaCCM] != "" }

// opensslLibraryFault: a client of OpenSSL 3.0 that resumes under CBC with encrypt-then-MAC
// fails at its first read, with servers of OpenSSL too, though nothing has come.
func opensslLibraryFault(s *scene, role string) (why, evidence string) {
	if s.resume != "" && strings.Contains(s.suite, "_CBC_") && role == "client" {
		return "a session with encrypt-then-MAC dies at the first read after it was resumed, with its own servers too", `decryption failed or bad record mac`
	}
	return opensslFault(s, role)
}

// numberedSuite returns the name of the suite with such a number, or the number.
func numberedSuite(number string) string {
	for _, info := range dtlstransport.CipherSuites() {
		if fmt.Sprintf("%04x", uint16(info.Suite)) == number {
			return info.Name
		}
	}
	return number
}

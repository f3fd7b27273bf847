//go:build unix

package native

import (
	"fmt"
	"slices"
	"strings"
)

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
		name := srtp
		if srtp == "" {
			name = "none"
		}
		add("srtp "+name, func(s *scene) { s.srtp = srtp })
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
	for _, mtu := range []int{256, 400, 576, 1280, 1400} {
		add(fmt.Sprintf("datagrams of %d bytes, long chains", mtu), func(s *scene) {
			s.mtu, s.theirMTU, s.serverCert, s.clientCert = mtu, mtu, "chain", "chain"
			s.slow = mtu == 400 || mtu == 1280
		})
	}
	add("our datagrams small", func(s *scene) { s.mtu, s.serverCert, s.clientCert, s.suite = 200, "rsa", "rsa", rsaGCM128 })
	add("our datagrams small, cookie", func(s *scene) { s.mtu, s.cookie = 200, true })
	add("our datagrams large", func(s *scene) { s.mtu, s.serverCert, s.clientCert, s.suite = 16000, "rsa", "rsa", rsaGCM128 })
	add("their datagrams small", func(s *scene) { s.theirMTU, s.serverCert, s.clientCert, s.suite = 300, "rsa", "rsa", rsaGCM128 })
	add("we go without extended master secret", func(s *scene) { s.ourEMS, s.exports = "off", nil })
	add("we insist on extended master secret", func(s *scene) { s.ourEMS = "require" })
	add("they would speak DTLS 1.3", func(s *scene) { s.theirs13 = true })
	add("no common srtp profile", func(s *scene) { s.noCommonSRTP, s.exports = true, nil })
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
	add("resumption by session_id, no client certificate", func(s *scene) { s.resume, s.srtp, s.clientCert = "session_id", "", "" })
	for _, faults := range []string{"drop A1", "drop B1", "drop A2", "drop B2", "drop A3", "dup A1", "dup B1", "dup A1, dup A2, dup A3, dup B1, dup B2, dup B3"} {
		add("path: "+strings.NewReplacer("drop A", "lost: the client's datagram ", "drop B", "lost: the server's datagram ", "dup A", "twice: the client's datagram ", "dup B", "twice: the server's datagram ").Replace(faults), func(s *scene) {
			s.faults = faults
		})
	}
	add("path: lost: the server's last flight", func(s *scene) { s.final = true })
	for _, faults := range []string{"delay A1 300ms", "delay B1 300ms", "delay A2 300ms", "delay B2 300ms"} {
		add("path: "+strings.NewReplacer("delay A", "late: the client's datagram ", "delay B", "late: the server's datagram ", " 300ms", "").Replace(faults), func(s *scene) {
			s.faults, s.mtu, s.theirMTU, s.serverCert, s.clientCert = faults, 400, 400, "p256", "p256"
		})
	}
	for seed := range uint64(4) {
		add(fmt.Sprintf("path: 10 %% lost, seed %d", seed+1), func(s *scene) { s.loss, s.seed, s.slow = 0.1, seed+1, seed > 0 })
	}
	add("path: datagrams over 600 bytes are swallowed", func(s *scene) { s.pathMTU, s.theirMTU, s.serverCert, s.clientCert = 600, 500, "chain", "chain" })
	return append(all, suiteScenes(base)...)
}

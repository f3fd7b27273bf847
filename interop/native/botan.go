//go:build unix

package native

import (
	"maps"
	"slices"
)

func botan() *stack {
	b := &shim{source: "botan.cpp", header: "botan/build.h", pkg: "libbotan-2-dev g++", names: maps.Clone(nssNames), separator: ",", flags: []string{"-I/usr/include/botan-2", "-lbotan-2"}}
	k := b.stack("Botan")
	k.cannot = func(s *scene, role string) string {
		switch {
		case s.serverCert == "ed25519" || s.clientCert == "ed25519":
			return "Botan 2 has no Ed25519 in TLS"
		}
		return ""
	}
	k.adjust = func(s *scene) string {
		if i := slices.IndexFunc(s.exports, func(e export) bool { return e.context == ":" }); i >= 0 {
			s.exports = slices.Delete(s.exports, i, i+1)
			return "no exporter with an empty context: Botan 2 takes it for none"
		}
		return ""
	}
	k.fault = func(s *scene, role string) (why, evidence string) {
		if s.final && role == "server" {
			return "its server never sends its last flight again, to clients of Botan and OpenSSL neither", timedOut
		}
		if s.resume != "" && s.srtp != "" {
			return "its resumed hellos have no use_srtp, whatever the session had", `(?m)^connected version=dtls1\.2 .* srtp=none ems=1 resumed=1$`
		}
		return "", ""
	}
	const again = "a Finished that comes again, of a peer whose timer was sooner, is a renegotiation for it"
	k.chance = []struct{ why, evidence string }{{again, "cannot export during renegotiation"}, {again, "Can't interleave application and handshake data"}}
	k.heard, k.no13 = `alert %d`, "Botan 2 ends with version 1.2"
	k.renegotiation = map[string]renegotiation{"client": {hears: refusedRenegotiation}, "server": {hears: refusedRenegotiation}}
	return k
}

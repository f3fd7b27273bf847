//go:build unix

package native

import (
	"maps"
)

func botan() *stack {
	b := &shim{source: "botan.cpp", header: "botan/build.h", pkg: "libbotan-2-dev g++", names: maps.Clone(nssNames), separator: ",", flags: []string{"-I/usr/include/botan-2", "-lbotan-2"}}
	k := b.stack("Botan")
	k.cannot = func(s *scene, role string) string {
		switch {
		case s.serverCert == "ed25519" || s.clientCert == "ed25519":
			return "Botan 2 has no Ed25519 in TLS"
		case s.noEMS:
			return "Botan always has the extension"
		case len(s.exports) > 1:
			return "Botan 2 takes an empty context for none"
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
	k.heard = `alert %d`
	return k
}

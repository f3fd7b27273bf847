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
		// It sends each message in a datagram of its own. Where one was lost, the rest of the flight that it sends again comes behind
		// what was missing, and is answered, as RFC 6347, Section 4.2.4 asks: whether the answer comes before it exports and reads is
		// chance.
		pieces := map[string][]string{"client": {"drop A2", "drop A3"}, "server": {"drop B1", "drop B2"}}
		switch {
		case s.loss > 0, slices.Contains(pieces[role], s.faults):
			return "Botan 2 may die of a final flight that comes twice: \"cannot export during renegotiation\""
		case s.serverCert == "ed25519" || s.clientCert == "ed25519":
			return "Botan 2 has no Ed25519 in TLS"
		case s.noEMS:
			return "Botan always has the extension"
		case len(s.exports) > 1:
			return "Botan 2 takes an empty context for none"
		}
		return ""
	}
	k.fault = func(s *scene, _ string) (why, evidence string) {
		if s.resume != "" && s.srtp != "" {
			return "its resumed hellos have no use_srtp, whatever the session had", `(?m)^connected version=dtls1\.2 .* srtp=none ems=1 resumed=1$`
		}
		return "", ""
	}
	k.heard = `alert %d`
	return k
}

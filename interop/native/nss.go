//go:build unix

package native

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// nssNames are numbers, those of IANA.
var nssNames = map[string]string{
	ecdsaGCM128: "c02b", ecdsaGCM256: "c02c", ecdsaChaCha: "cca9", rsaGCM128: "c02f", rsaGCM256: "c030", rsaChaCha: "cca8",
	"x25519": "29", "secp256r1": "23", "secp384r1": "24",
	"SRTP_AES128_CM_HMAC_SHA1_80": "1", "SRTP_AES128_CM_HMAC_SHA1_32": "2", "SRTP_AEAD_AES_128_GCM": "7", "SRTP_AEAD_AES_256_GCM": "8",
}

// nssDatabases makes the databases that NSS has its certificates in, once: one
// for each, for a database calls all certificates with the same subject the same.
func nssDatabases(ctx context.Context, l *lab) error {
	run := func(name string, args ...string) error {
		if out, err := exec.CommandContext(ctx, name, args...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %v\n%s", name, err, out)
		}
		return nil
	}
	for _, name := range []string{"p256", "p384", "rsa", "chain", ""} { // it has no Ed25519
		dir := nssDatabase(l, name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
		if err := run("certutil", "-N", "-d", "sql:"+dir, "--empty-password"); err != nil {
			return err
		}
		if name == "" {
			continue
		}
		id := l.identities[name]
		p12 := id.cert + ".p12"
		args := []string{"pkcs12", "-export", "-in", id.cert, "-inkey", id.key, "-out", p12, "-passout", "pass:x", "-name", filepath.Base(id.cert)}
		if id.above != "" {
			args = append(args, "-certfile", id.above)
		}
		if err := run("openssl", args...); err != nil {
			return err
		}
		if err := run("pk12util", "-i", p12, "-d", "sql:"+dir, "-W", "x", "-K", ""); err != nil {
			return err
		}
	}
	return nil
}

func nssDatabase(l *lab, cert string) string { return filepath.Join(l.dir, "nss-"+cert) }

func nss() *stack {
	b := &shim{source: "nss.c", header: "nss.h", pkg: "libnss3-dev libnss3-tools", names: nssNames, separator: ",",
		flags: []string{"-I/usr/include/nss", "-I/usr/include/nspr", "-lssl3", "-lnss3", "-lnssutil3", "-lnspr4"}}
	b.env = func(l *lab, cert string) []string { return []string{"NSS_DIR=sql:" + nssDatabase(l, cert)} }
	k := b.stack("NSS")
	k.prepare = func(ctx context.Context, l *lab) (string, error) {
		if err := need("certutil", "libnss3-tools"); err != nil {
			return "", err
		}
		if err := need("openssl", "openssl"); err != nil {
			return "", err
		}
		version, err := b.prepare(ctx, l)
		if err != nil {
			return "", err
		}
		return version, nssDatabases(ctx, l)
	}
	k.adjust = func(s *scene) string {
		s.theirMTU = 0
		if s.pathMTU != 0 {
			s.serverCert, s.clientCert = "p256", "p256" // or else its datagrams are too large
		}
		if strings.Contains(s.suite, "SHA384") && s.srtp != "" && s.name != "exporter under SHA-384" {
			s.exports = nil
			return "no exporter; see the fault"
		}
		return ""
	}
	k.cannot = func(s *scene, role string) string {
		switch {
		case s.serverCert == "ed25519" || s.clientCert == "ed25519":
			return "NSS 3.87 has no Ed25519 certificates"
		case s.name == "their datagrams small":
			return "NSS has no bound on datagrams that one could set"
		case s.cookie && role == "server":
			return "NSS's server asks for no cookie in DTLS 1.2"
		case strings.HasPrefix(s.srtp, "SRTP_AEAD"):
			return "NSS 3.87 has no AEAD profiles of SRTP"
		}
		return ""
	}
	k.fault = func(s *scene, role string) (why, evidence string) {
		switch s.name {
		case "exporter under SHA-384":
			return "it cannot export under suites with SHA-384", `export failed`
		case "exporter with contexts":
			return "it refuses an empty context where RFC 5705 knows one", `export failed`
		}
		return "", ""
	}
	k.renegotiation = neither("NSS refuses SSL_ENABLE_RENEGOTIATION on a DTLS socket, with SEC_ERROR_INVALID_ARGS")
	k.heard = `ALERT|NO_CYPHER_OVERLAP` // what it makes of alert 40
	return k
}

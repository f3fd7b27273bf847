//go:build unix

package native

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// nssNames are numbers, those of IANA.
var nssNames = map[string]string{
	ecdsaGCM128: "c02b", ecdsaGCM256: "c02c", ecdsaChaCha: "cca9", rsaGCM128: "c02f", rsaGCM256: "c030", rsaChaCha: "cca8",
	"x25519": "29", "secp256r1": "23", "secp384r1": "24",
	"SRTP_AES128_CM_HMAC_SHA1_80": "1", "SRTP_AES128_CM_HMAC_SHA1_32": "2", "SRTP_AEAD_AES_128_GCM": "7", "SRTP_AEAD_AES_256_GCM": "8",
}

// nssDatabases makes the databases that NSS has its certificates in, once: one
// for each, for a database calls all certificates with the same subject the same.
var nssDatabases = sync.OnceValue(func() error {
	run := func(name string, args ...string) error {
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %v\n%s", name, err, out)
		}
		return nil
	}
	for _, name := range []string{"p256", "p384", "rsa", ""} { // it has no Ed25519
		dir := nssDatabase(name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
		if err := run("certutil", "-N", "-d", "sql:"+dir, "--empty-password"); err != nil {
			return err
		}
		if name == "" {
			continue
		}
		id := identities[name]
		p12 := id.cert + ".p12"
		if err := run("openssl", "pkcs12", "-export", "-in", id.cert, "-inkey", id.key, "-out", p12, "-passout", "pass:x", "-name", filepath.Base(id.cert)); err != nil {
			return err
		}
		if err := run("pk12util", "-i", p12, "-d", "sql:"+dir, "-W", "x", "-K", ""); err != nil {
			return err
		}
	}
	return nil
})

func nssDatabase(cert string) string { return filepath.Join(shimDir, "nss-"+cert) }

func TestNSSLibrary(t *testing.T) {
	b := &shim{source: "nss.c", header: "nss.h", pkg: "libnss3-dev libnss3-tools", names: nssNames, separator: ",",
		flags: []string{"-I/usr/include/nss", "-I/usr/include/nspr", "-lssl3", "-lnss3", "-lnssutil3", "-lnspr4"}}
	b.env = func(cert string) []string { return []string{"NSS_DIR=sql:" + nssDatabase(cert)} }
	k := b.stack("NSS")
	k.need = func(t *testing.T) {
		need(t, "certutil", "libnss3-tools")
		need(t, "openssl", "openssl")
		b.need(t)
		if err := nssDatabases(); err != nil {
			t.Fatal(err)
		}
	}
	k.adjust = func(s *scene) string {
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
		case s.theirMTU != 0:
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
	k.heard = `ALERT|NO_CYPHER_OVERLAP` // what it makes of alert 40
	testStack(t, k)
}

//go:build unix

package native

import (
	"maps"
	"strings"
)

func opensslLibrary() *stack {
	b := &shim{source: "openssl.c", header: "openssl/ssl.h", pkg: "libssl-dev", flags: []string{"-lssl", "-lcrypto"}, names: opensslNames, separator: ":"}
	k := b.stack("OpenSSL library")
	k.fault, k.no13 = opensslLibraryFault, "OpenSSL 3.0 has no DTLS 1.3"
	k.heard = `SSL alert number %d`
	k.renegotiation = map[string]renegotiation{"client": {hears: `no renegotiation`, ends: true}, "server": {hears: `no renegotiation`, ends: true}}
	return k
}

// ianaProfiles names the profiles for stacks that call them as IANA does.
var ianaProfiles = map[string]string{
	"SRTP_AES128_CM_HMAC_SHA1_80": "SRTP_AES128_CM_HMAC_SHA1_80", "SRTP_AES128_CM_HMAC_SHA1_32": "SRTP_AES128_CM_HMAC_SHA1_32",
	"SRTP_AEAD_AES_128_GCM": "SRTP_AEAD_AES_128_GCM", "SRTP_AEAD_AES_256_GCM": "SRTP_AEAD_AES_256_GCM",
}

var gnutlsNames = func() map[string]string {
	names := map[string]string{
		"x25519": "X25519", "secp256r1": "SECP256R1", "secp384r1": "SECP384R1", secp521r1Name: "SECP521R1",
		ecdsaCCM: "+ECDHE-ECDSA:+AES-128-CCM", ecdsaCCM256: "+ECDHE-ECDSA:+AES-256-CCM", ecdsaCCM8: "+ECDHE-ECDSA:+AES-128-CCM-8", ecdsaCCM8256: "+ECDHE-ECDSA:+AES-256-CCM-8",
		ecdsaCBC: "+ECDHE-ECDSA:+AES-128-CBC:+SHA1", ecdsaCBC256: "+ECDHE-ECDSA:+AES-128-CBC:+SHA256", ecdsaCBC384: "+ECDHE-ECDSA:+AES-256-CBC:+SHA384", rsaCBC: "+ECDHE-RSA:+AES-256-CBC:+SHA1",
		pskGCM128: "+PSK:+AES-128-GCM", pskGCM256: "+PSK:+AES-256-GCM", pskChaCha: "+PSK:+CHACHA20-POLY1305", pskCCM: "+PSK:+AES-128-CCM", pskCCM8: "+PSK:+AES-128-CCM-8",
		ecdhePSKCha: "+ECDHE-PSK:+CHACHA20-POLY1305", ecdhePSKCBC: "+ECDHE-PSK:+AES-128-CBC:+SHA256",
		ecdsaGCM128: "+ECDHE-ECDSA:+AES-128-GCM", ecdsaGCM256: "+ECDHE-ECDSA:+AES-256-GCM", ecdsaChaCha: "+ECDHE-ECDSA:+CHACHA20-POLY1305",
		rsaGCM128: "+ECDHE-RSA:+AES-128-GCM", rsaGCM256: "+ECDHE-RSA:+AES-256-GCM", rsaChaCha: "+ECDHE-RSA:+CHACHA20-POLY1305",
	}
	maps.Copy(names, ianaProfiles)
	return names
}()

// gnutlsPriority is a priority string of GnuTLS.
func gnutlsPriority(s *scene) string {
	p := "NONE:+VERS-DTLS1.2:" + gnutlsNames[s.suite] + ":+AEAD:+COMP-NULL:+CTYPE-X509:+SIGN-ALL"
	for _, g := range s.groups() {
		p += ":+GROUP-" + gnutlsNames[g]
	}
	if s.noEMS {
		p += ":%NO_SESSION_HASH"
	}
	return p
}

func gnutlsCannot(s *scene, _ string) string {
	if strings.HasPrefix(s.srtp, "SRTP_AEAD") {
		return "GnuTLS 3.7 has no AEAD profiles of SRTP"
	}
	return ""
}

func gnutls() *stack {
	b := &shim{source: "gnutls.c", header: "gnutls/dtls.h", pkg: "libgnutls28-dev", flags: []string{"-lgnutls"}, names: gnutlsNames, suite: gnutlsPriority}
	k := b.stack("GnuTLS")
	k.cannot, k.fault, k.no13 = gnutlsCannot, gnutlsFault, "GnuTLS 3.7 has no DTLS 1.3"
	// GnuTLS takes at most 2^14 bytes for an MTU and sends no record that is larger.
	k.limit = map[string]int{"client": 16000, "server": 16000}
	k.heard = `alert %d`
	k.renegotiation = map[string]renegotiation{"client": {hears: refusedRenegotiation}, "server": {hears: refusedRenegotiation}}
	return k
}

// gnutlsFault: GnuTLS 3.7 cannot read what it stores of a session with use_srtp.
func gnutlsFault(s *scene, role string) (why, evidence string) {
	if s.resume == "" || s.srtp == "" {
		return "", ""
	}
	if role == "client" {
		return "its sessions with use_srtp cannot be taken up: gnutls_session_set_data refuses them, or corrupts the heap", `session: Error in parsing|ended by signal: aborted|ended by signal: segm`
	}
	return "it cannot read what it stores of a session with use_srtp: its server goes through a full handshake", `(?m)^connected version=dtls1\.2 .* resumed=0$`
}

// mbedtlsNames is what Mbed TLS calls suites; groups and profiles have the names of IANA, or nearly.
var mbedtlsNames = map[string]string{
	"x25519": "x25519", "secp256r1": "secp256r1", "secp384r1": "secp384r1", secp521r1Name: "secp521r1",
	ecdsaCCM: "TLS-ECDHE-ECDSA-WITH-AES-128-CCM", ecdsaCCM256: "TLS-ECDHE-ECDSA-WITH-AES-256-CCM", ecdsaCCM8: "TLS-ECDHE-ECDSA-WITH-AES-128-CCM-8", ecdsaCCM8256: "TLS-ECDHE-ECDSA-WITH-AES-256-CCM-8",
	ecdsaCBC: "TLS-ECDHE-ECDSA-WITH-AES-128-CBC-SHA", ecdsaCBC256: "TLS-ECDHE-ECDSA-WITH-AES-128-CBC-SHA256", ecdsaCBC384: "TLS-ECDHE-ECDSA-WITH-AES-256-CBC-SHA384", rsaCBC: "TLS-ECDHE-RSA-WITH-AES-256-CBC-SHA",
	pskGCM128: "TLS-PSK-WITH-AES-128-GCM-SHA256", pskGCM256: "TLS-PSK-WITH-AES-256-GCM-SHA384", pskChaCha: "TLS-PSK-WITH-CHACHA20-POLY1305-SHA256", pskCCM: "TLS-PSK-WITH-AES-128-CCM", pskCCM8: "TLS-PSK-WITH-AES-128-CCM-8",
	ecdhePSKCha: "TLS-ECDHE-PSK-WITH-CHACHA20-POLY1305-SHA256", ecdhePSKCBC: "TLS-ECDHE-PSK-WITH-AES-128-CBC-SHA256",
	ecdsaGCM128: "TLS-ECDHE-ECDSA-WITH-AES-128-GCM-SHA256", ecdsaGCM256: "TLS-ECDHE-ECDSA-WITH-AES-256-GCM-SHA384", ecdsaChaCha: "TLS-ECDHE-ECDSA-WITH-CHACHA20-POLY1305-SHA256",
	rsaGCM128: "TLS-ECDHE-RSA-WITH-AES-128-GCM-SHA256", rsaGCM256: "TLS-ECDHE-RSA-WITH-AES-256-GCM-SHA384", rsaChaCha: "TLS-ECDHE-RSA-WITH-CHACHA20-POLY1305-SHA256",
	"SRTP_AES128_CM_HMAC_SHA1_80": "MBEDTLS_TLS_SRTP_AES128_CM_HMAC_SHA1_80", "SRTP_AES128_CM_HMAC_SHA1_32": "MBEDTLS_TLS_SRTP_AES128_CM_HMAC_SHA1_32",
}

func mbedtls() *stack {
	b := &shim{source: "mbedtls.c", header: "mbedtls/ssl_cookie.h", pkg: "libmbedtls-dev", flags: []string{"-lmbedtls", "-lmbedx509", "-lmbedcrypto"}, names: mbedtlsNames, separator: ","}
	k := b.stack("Mbed TLS")
	k.cannot = func(s *scene, _ string) string {
		switch {
		case strings.HasPrefix(s.srtp, "SRTP_AEAD"):
			return "Mbed TLS 2.28 has no AEAD profiles of SRTP"
		case s.serverCert == "ed25519" || s.clientCert == "ed25519":
			return "Mbed TLS 2.28 has no Ed25519"
		}
		return ""
	}
	k.heard = `A fatal alert message was received from our peer`
	k.silent, k.no13 = true, "Mbed TLS 2.28 has no DTLS 1.3"
	k.renegotiation = map[string]renegotiation{"client": {hears: refusedRenegotiation, ends: true}, "server": {hears: refusedRenegotiation}}
	return k
}

var wolfsslNames = func() map[string]string {
	names := maps.Clone(opensslNames)
	maps.Copy(names, map[string]string{
		"x25519": "X25519", "secp256r1": "SECP256R1", "secp384r1": "SECP384R1", secp521r1Name: "SECP521R1",
		ecdsaCCM8: "ECDHE-ECDSA-AES128-CCM-8", ecdsaCCM8256: "ECDHE-ECDSA-AES256-CCM-8",
	})
	for _, missing := range []string{ecdsaCCM256, pskGCM128, pskGCM256, pskChaCha, pskCCM, pskCCM8, ecdhePSKCha, ecdhePSKCBC} {
		delete(names, missing) // Debian's wolfSSL is built without pre-shared keys
	}
	return names
}()

func wolfssl() *stack {
	b := &shim{source: "wolfssl.c", header: "wolfssl/ssl.h", pkg: "libwolfssl-dev", flags: []string{"-lwolfssl"}, names: wolfsslNames, separator: ","}
	k := b.stack("wolfSSL")
	k.adjust = func(s *scene) string {
		s.theirMTU = 0 // Debian's wolfSSL is built without wolfSSL_dtls_set_mtu
		if s.pathMTU != 0 {
			s.serverCert, s.clientCert = "p256", "p256" // or else its datagrams are too large
		}
		if s.srtp != "" && !strings.HasPrefix(s.name, "srtp ") {
			s.srtp = ""
			return "no use_srtp: Debian's wolfSSL is built without"
		}
		return ""
	}
	k.cannot = func(s *scene, role string) string {
		switch {
		case s.noEMS && role == "server":
			return "wolfSSL's server always answers the extension"
		case s.srtp != "", s.noCommonSRTP:
			return "Debian's wolfSSL is built without use_srtp"
		case s.name == "their datagrams small":
			return "Debian's wolfSSL is built without wolfSSL_dtls_set_mtu"
		}
		return ""
	}
	k.fault = func(s *scene, role string) (why, evidence string) {
		if s.final && role == "server" {
			return "its server never sends its last flight again, to clients of wolfSSL and OpenSSL neither", timedOut
		}
		if s.pathMTU != 0 && role == "server" {
			return "its flight goes in one datagram, however often it is lost", timedOut
		}
		if role == "server" && s.clientCert != "" && (s.serverCert == "rsa") != (s.clientCert == "rsa") {
			return "its server asks for client certificates of the type of its own only", `CertificateRequest without a scheme for our certificates`
		}
		return "", ""
	}
	// It reads datagrams of up to 1500 bytes and sends no larger ones.
	k.limit = map[string]int{"client": 1300, "server": 1300}
	k.renegotiation = map[string]renegotiation{
		"client": {hears: refusedRenegotiation, ends: true},
		"server": {cannot: "Debian's wolfSSL is built without HAVE_SECURE_RENEGOTIATION: wolfSSL_Rehandshake of its server sends nothing"},
	}
	k.no13 = "Debian's wolfSSL is built without WOLFSSL_DTLS13"
	k.anyGroup = "wolfSSL_CTX_set1_curves_list fails whatever the list, and wolfSSL_CTX_UseSupportedCurve does not restrict its server"
	k.heard, k.silent, k.cookies = `received alert fatal error`, true, true
	return k
}

package watch

import (
	"bytes"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
)

// The extensions that are looked at.
const (
	useSRTP              = 14
	extendedMasterSecret = 23
	supportedVersions    = 43
)

var extensionNames = map[int]string{
	0: "server_name", 1: "max_fragment_length", 5: "status_request", 10: "supported_groups", 11: "ec_point_formats",
	13: "signature_algorithms", 14: "use_srtp", 15: "heartbeat", 16: "alpn", 18: "signed_certificate_timestamp", 20: "server_certificate_type",
	21: "padding", 22: "encrypt_then_mac", 23: "extended_master_secret", 27: "compress_certificate", 28: "record_size_limit",
	35: "session_ticket", 41: "pre_shared_key", 42: "early_data", 43: "supported_versions", 44: "cookie",
	45: "psk_key_exchange_modes", 49: "post_handshake_auth", 50: "signature_algorithms_cert", 51: "key_share", 54: "connection_id",
	65281: "renegotiation_info",
}

var groupNames = map[int]string{
	21: "secp224r1", 23: "secp256r1", 24: "secp384r1", 25: "secp521r1", 29: "x25519", 30: "x448",
	256: "ffdhe2048", 257: "ffdhe3072", 4588: "X25519MLKEM768",
}

var profileNames = map[int]string{
	1: "SRTP_AES128_CM_HMAC_SHA1_80", 2: "SRTP_AES128_CM_HMAC_SHA1_32", 5: "SRTP_NULL_HMAC_SHA1_80", 6: "SRTP_NULL_HMAC_SHA1_32",
	7: "SRTP_AEAD_AES_128_GCM", 8: "SRTP_AEAD_AES_256_GCM",
}

var suiteNames = map[int]string{
	0x00ff: "TLS_EMPTY_RENEGOTIATION_INFO_SCSV", 0x5600: "TLS_FALLBACK_SCSV",
	0x00a8: "TLS_PSK_WITH_AES_128_GCM_SHA256", 0x00a9: "TLS_PSK_WITH_AES_256_GCM_SHA384",
	0xc0a4: "TLS_PSK_WITH_AES_128_CCM", 0xc0a5: "TLS_PSK_WITH_AES_256_CCM", 0xc0a8: "TLS_PSK_WITH_AES_128_CCM_8", 0xc0a9: "TLS_PSK_WITH_AES_256_CCM_8",
	0xccab: "TLS_PSK_WITH_CHACHA20_POLY1305_SHA256", 0xccac: "TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256",
	0x00ae: "TLS_PSK_WITH_AES_128_CBC_SHA256", 0xc037: "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256",
	0xd001: "TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256", 0xd002: "TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384", 0xd005: "TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256",
	0x1301: "TLS_AES_128_GCM_SHA256", 0x1302: "TLS_AES_256_GCM_SHA384", 0x1303: "TLS_CHACHA20_POLY1305_SHA256",
	0xc009: "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", 0xc00a: "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
	0xc013: "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", 0xc014: "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
	0xc023: "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", 0xc024: "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
	0xc027: "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", 0xc028: "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
	0xc02b: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 0xc02c: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
	0xc02f: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 0xc030: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
	0xc0ac: "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", 0xc0ad: "TLS_ECDHE_ECDSA_WITH_AES_256_CCM",
	0xc0ae: "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", 0xc0af: "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8",
	0xcca8: "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", 0xcca9: "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
}

func numbered(names map[int]string, number int) string {
	if s, ok := names[number]; ok {
		return s
	}
	return fmt.Sprintf("0x%04x", number)
}

func suiteName(n int) string { return numbered(suiteNames, n) }
func groupName(n int) string { return numbered(groupNames, n) }

// A hello is a ClientHello or a ServerHello (RFC 5246, Section 7.4.1).
type hello struct {
	version    int
	random     []byte
	suite      int      // of a server
	suites     []string // of a client
	extensions []extension
}

type extension struct {
	number int
	data   cryptobyte.String
}

func parseClientHello(b []byte) (h hello, ok bool) {
	s := cryptobyte.String(b)
	var version uint16
	var session, cookie, suites, compression cryptobyte.String
	if !s.ReadUint16(&version) || !s.Skip(32) || !s.ReadUint8LengthPrefixed(&session) || !s.ReadUint8LengthPrefixed(&cookie) ||
		!s.ReadUint16LengthPrefixed(&suites) || !s.ReadUint8LengthPrefixed(&compression) {
		return h, false
	}
	h.version = int(version)
	for !suites.Empty() {
		var suite uint16
		if !suites.ReadUint16(&suite) {
			return h, false
		}
		h.suites = append(h.suites, suiteName(int(suite)))
	}
	return h, h.readExtensions(s)
}

func parseServerHello(b []byte) (h hello, ok bool) {
	s := cryptobyte.String(b)
	var version, suite uint16
	var session cryptobyte.String
	if !s.ReadUint16(&version) || !s.ReadBytes(&h.random, 32) || !s.ReadUint8LengthPrefixed(&session) || !s.ReadUint16(&suite) || !s.Skip(1) {
		return h, false
	}
	h.version, h.suite = int(version), int(suite)
	return h, h.readExtensions(s)
}

// readExtensions reads what ends a hello; it may be missing.
func (h *hello) readExtensions(s cryptobyte.String) bool {
	var all cryptobyte.String
	if s.Empty() {
		return true
	}
	if !s.ReadUint16LengthPrefixed(&all) || !s.Empty() {
		return false
	}
	for !all.Empty() {
		var number uint16
		var e extension
		if !all.ReadUint16(&number) || !all.ReadUint16LengthPrefixed(&e.data) {
			return false
		}
		e.number = int(number)
		h.extensions = append(h.extensions, e)
	}
	return true
}

func (h *hello) find(number int) cryptobyte.String {
	for _, e := range h.extensions {
		if e.number == number {
			return e.data
		}
	}
	return nil
}

func (h *hello) has(number int) bool {
	for _, e := range h.extensions {
		if e.number == number {
			return true
		}
	}
	return false
}

// srtp returns the first profile of use_srtp (RFC 5764, Section 4.1.1), or "".
func (h *hello) srtp() string {
	s := h.find(useSRTP)
	var profiles cryptobyte.String
	var p uint16
	if !s.ReadUint16LengthPrefixed(&profiles) || !profiles.ReadUint16(&p) {
		return ""
	}
	return numbered(profileNames, int(p))
}

// offers13 reports whether a client's supported_versions has DTLS 1.3 or a draft of it.
func (h *hello) offers13() bool {
	s := h.find(supportedVersions)
	var versions cryptobyte.String
	if !s.ReadUint8LengthPrefixed(&versions) {
		return false
	}
	for !versions.Empty() {
		var v uint16
		if !versions.ReadUint16(&v) {
			return false
		}
		if v == 0xfefc || v>>8 == 0x7f { // 0x7f00 and the number of a draft: NSS 3.87
			return true
		}
	}
	return false
}

// has13 reports whether a server's random ends in the mark of one that has DTLS 1.3 and goes without (RFC 8446, Section 4.1.3).
func (h *hello) has13() bool { return bytes.HasSuffix(h.random, []byte("DOWNGRD\x01")) }

func names(extensions []extension) (out []string) {
	for _, e := range extensions {
		out = append(out, numbered(extensionNames, e.number))
	}
	return out
}

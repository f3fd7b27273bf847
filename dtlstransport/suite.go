package dtlstransport

import (
	"crypto"
	"fmt"
	"slices"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// A CipherSuite is an IANA cipher suite number. The ones that are used unless the
// caller names others are all ECDHE with an AEAD: "All implementations MUST favor
// cipher suites that support Forward Secrecy over non-PFS cipher suites and SHOULD
// favor AEAD" (after RFC 8827, Section 6.5).
type CipherSuite uint16

// The cipher suites of WebRTC: DefaultCipherSuites.
const (
	TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256       CipherSuite = 0xc02b // RFC 5289
	TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384       CipherSuite = 0xc02c // RFC 5289
	TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256         CipherSuite = 0xc02f // RFC 5289
	TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384         CipherSuite = 0xc030 // RFC 5289
	TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256   CipherSuite = 0xcca8 // RFC 7905
	TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 CipherSuite = 0xcca9 // RFC 7905
)

// The cipher suites with a pre-shared key in the place of certificates. They need
// Config.PSK. Those without ECDHE have no forward secrecy: who learns the key later
// reads what was recorded.
const (
	TLS_PSK_WITH_AES_128_GCM_SHA256             CipherSuite = 0x00a8 // RFC 5487
	TLS_PSK_WITH_AES_256_GCM_SHA384             CipherSuite = 0x00a9 // RFC 5487
	TLS_PSK_WITH_CHACHA20_POLY1305_SHA256       CipherSuite = 0xccab // RFC 7905
	TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256 CipherSuite = 0xccac // RFC 7905
	TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256       CipherSuite = 0xd001 // RFC 8442
	TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384       CipherSuite = 0xd002 // RFC 8442
)

// The cipher suites with AES-CCM, for devices whose hardware has nothing else. Those
// that end in 8 have tags of 8 bytes: one forgery in 2^64 succeeds.
const (
	TLS_ECDHE_ECDSA_WITH_AES_128_CCM        CipherSuite = 0xc0ac // RFC 7251
	TLS_ECDHE_ECDSA_WITH_AES_256_CCM        CipherSuite = 0xc0ad // RFC 7251
	TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8      CipherSuite = 0xc0ae // RFC 7251
	TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8      CipherSuite = 0xc0af // RFC 7251
	TLS_PSK_WITH_AES_128_CCM                CipherSuite = 0xc0a4 // RFC 6655
	TLS_PSK_WITH_AES_256_CCM                CipherSuite = 0xc0a5 // RFC 6655
	TLS_PSK_WITH_AES_128_CCM_8              CipherSuite = 0xc0a8 // RFC 6655
	TLS_PSK_WITH_AES_256_CCM_8              CipherSuite = 0xc0a9 // RFC 6655
	TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256 CipherSuite = 0xd003 // RFC 8442
	TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256   CipherSuite = 0xd005 // RFC 8442
)

// The cipher suites with AES-CBC, for peers that have no AEAD. They are negotiated
// only together with encrypt-then-MAC (RFC 7366): without it the order of MAC
// and padding has been broken again and again, and such a peer is refused.
const (
	TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA    CipherSuite = 0xc009 // RFC 8422
	TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA    CipherSuite = 0xc00a // RFC 8422
	TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA      CipherSuite = 0xc013 // RFC 8422
	TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA      CipherSuite = 0xc014 // RFC 8422
	TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256 CipherSuite = 0xc023 // RFC 5289
	TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384 CipherSuite = 0xc024 // RFC 5289
	TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256   CipherSuite = 0xc027 // RFC 5289
	TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384   CipherSuite = 0xc028 // RFC 5289
	TLS_PSK_WITH_AES_128_CBC_SHA256         CipherSuite = 0x00ae // RFC 5487
	TLS_PSK_WITH_AES_256_CBC_SHA384         CipherSuite = 0x00af // RFC 5487
	TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA      CipherSuite = 0xc035 // RFC 5489
	TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA      CipherSuite = 0xc036 // RFC 5489
	TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256   CipherSuite = 0xc037 // RFC 5489
	TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA384   CipherSuite = 0xc038 // RFC 5489
)

// A KeyExchange says how the ends of a handshake come to a secret, and by what
// they know each other.
type KeyExchange uint8

// The key exchanges.
const (
	ECDHE    KeyExchange = iota + 1 // ephemeral keys, signed by certificates (RFC 8422)
	PSKOnly                         // a key that both have beforehand (RFC 4279, Section 2)
	ECDHEPSK                        // both of it (RFC 5489)
)

// String returns the name in the cipher suites.
func (k KeyExchange) String() string {
	switch k {
	case ECDHE:
		return "ECDHE"
	case PSKOnly:
		return "PSK"
	case ECDHEPSK:
		return "ECDHE_PSK"
	}
	return fmt.Sprintf("KeyExchange(%d)", uint8(k))
}

// ephemeral reports whether there are ECDH keys, and with them forward secrecy.
func (k KeyExchange) ephemeral() bool { return k != PSKOnly }

// preShared reports whether the peer is known by a key and not by a certificate.
func (k KeyExchange) preShared() bool { return k != ECDHE }

// suiteInfo is what a cipher suite stands for.
type suiteInfo struct {
	id       CipherSuite
	name     string
	exchange KeyExchange
	auth     keyType // of the server's certificate; 0: it has none
	cipher   record.Cipher
	hash     crypto.Hash // of the PRF
}

var suites = []suiteInfo{
	{TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", ECDHE, keyECDSA, record.AES128GCM, crypto.SHA256},
	{TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", ECDHE, keyECDSA, record.AES256GCM, crypto.SHA384},
	{TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", ECDHE, keyRSA, record.AES128GCM, crypto.SHA256},
	{TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", ECDHE, keyRSA, record.AES256GCM, crypto.SHA384},
	{TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", ECDHE, keyRSA, record.ChaCha20Poly1305, crypto.SHA256},
	{TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", ECDHE, keyECDSA, record.ChaCha20Poly1305, crypto.SHA256},

	{TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256, "TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256", ECDHEPSK, 0, record.AES128GCM, crypto.SHA256},
	{TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384, "TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384", ECDHEPSK, 0, record.AES256GCM, crypto.SHA384},
	{TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256, "TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256", ECDHEPSK, 0, record.ChaCha20Poly1305, crypto.SHA256},
	{TLS_PSK_WITH_AES_128_GCM_SHA256, "TLS_PSK_WITH_AES_128_GCM_SHA256", PSKOnly, 0, record.AES128GCM, crypto.SHA256},
	{TLS_PSK_WITH_AES_256_GCM_SHA384, "TLS_PSK_WITH_AES_256_GCM_SHA384", PSKOnly, 0, record.AES256GCM, crypto.SHA384},
	{TLS_PSK_WITH_CHACHA20_POLY1305_SHA256, "TLS_PSK_WITH_CHACHA20_POLY1305_SHA256", PSKOnly, 0, record.ChaCha20Poly1305, crypto.SHA256},

	{TLS_ECDHE_ECDSA_WITH_AES_128_CCM, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", ECDHE, keyECDSA, record.AES128CCM, crypto.SHA256},
	{TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", ECDHE, keyECDSA, record.AES128CCM8, crypto.SHA256},
	{TLS_ECDHE_ECDSA_WITH_AES_256_CCM, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM", ECDHE, keyECDSA, record.AES256CCM, crypto.SHA256},
	{TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8", ECDHE, keyECDSA, record.AES256CCM8, crypto.SHA256},
	{TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256, "TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256", ECDHEPSK, 0, record.AES128CCM, crypto.SHA256},
	{TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256, "TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256", ECDHEPSK, 0, record.AES128CCM8, crypto.SHA256},
	{TLS_PSK_WITH_AES_128_CCM, "TLS_PSK_WITH_AES_128_CCM", PSKOnly, 0, record.AES128CCM, crypto.SHA256},
	{TLS_PSK_WITH_AES_128_CCM_8, "TLS_PSK_WITH_AES_128_CCM_8", PSKOnly, 0, record.AES128CCM8, crypto.SHA256},
	{TLS_PSK_WITH_AES_256_CCM, "TLS_PSK_WITH_AES_256_CCM", PSKOnly, 0, record.AES256CCM, crypto.SHA256},
	{TLS_PSK_WITH_AES_256_CCM_8, "TLS_PSK_WITH_AES_256_CCM_8", PSKOnly, 0, record.AES256CCM8, crypto.SHA256},

	{TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", ECDHE, keyECDSA, record.AES128CBCSHA, crypto.SHA256},
	{TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", ECDHE, keyECDSA, record.AES256CBCSHA, crypto.SHA256},
	{TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", ECDHE, keyECDSA, record.AES128CBCSHA256, crypto.SHA256},
	{TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", ECDHE, keyECDSA, record.AES256CBCSHA384, crypto.SHA384},
	{TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", ECDHE, keyRSA, record.AES128CBCSHA, crypto.SHA256},
	{TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", ECDHE, keyRSA, record.AES256CBCSHA, crypto.SHA256},
	{TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", ECDHE, keyRSA, record.AES128CBCSHA256, crypto.SHA256},
	{TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", ECDHE, keyRSA, record.AES256CBCSHA384, crypto.SHA384},
	{TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA, "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA", ECDHEPSK, 0, record.AES128CBCSHA, crypto.SHA256},
	{TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA, "TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA", ECDHEPSK, 0, record.AES256CBCSHA, crypto.SHA256},
	{TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256, "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256", ECDHEPSK, 0, record.AES128CBCSHA256, crypto.SHA256},
	{TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA384, "TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA384", ECDHEPSK, 0, record.AES256CBCSHA384, crypto.SHA384},
	{TLS_PSK_WITH_AES_128_CBC_SHA256, "TLS_PSK_WITH_AES_128_CBC_SHA256", PSKOnly, 0, record.AES128CBCSHA256, crypto.SHA256},
	{TLS_PSK_WITH_AES_256_CBC_SHA384, "TLS_PSK_WITH_AES_256_CBC_SHA384", PSKOnly, 0, record.AES256CBCSHA384, crypto.SHA384},
}

// info returns what s stands for, or nil if we do not have it.
func (s CipherSuite) info() *suiteInfo {
	for i := range suites {
		if suites[i].id == s {
			return &suites[i]
		}
	}
	return nil
}

// String returns the IANA name.
func (s CipherSuite) String() string {
	if info := s.info(); info != nil {
		return info.name
	}
	return fmt.Sprintf("CipherSuite(%#04x)", uint16(s))
}

// namesCBC reports whether one of the suites named needs encrypt-then-MAC.
func (c *Config) namesCBC() bool {
	return slices.ContainsFunc(c.cipherSuites(), func(s CipherSuite) bool { return s.info().cipher.CBC() })
}

// checkEncryptThenMAC checks that a ServerHello has the extension with the suites that
// need it, and with no others.
func (s *suiteInfo) checkEncryptThenMAC(m *wire.ServerHello) *AlertError {
	switch needed := s.cipher.CBC(); {
	case needed && !m.EncryptThenMAC:
		return alertf(AlertHandshakeFailure, "ServerHello with %v and without encrypt_then_mac", s.id)
	case !needed && m.EncryptThenMAC:
		return alertf(AlertIllegalParameter, "ServerHello with %v and encrypt_then_mac", s.id)
	}
	return nil
}

// serves reports whether a certificate with a key of type k can authenticate
// under the suite. The ECDSA suites serve for EdDSA too: "[...] the server's
// certificate MUST contain an ECDSA- or EdDSA-capable public key" (RFC 8422,
// Section 2.1).
func (s *suiteInfo) serves(k keyType) bool {
	return s.auth != 0 && (s.auth == k || s.auth == keyECDSA && k == keyEd25519)
}

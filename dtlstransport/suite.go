package dtlstransport

import (
	"crypto"
	_ "crypto/sha256" // the hashes of the suites
	_ "crypto/sha512"
	"fmt"
	"slices"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
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

// defaultCipherSuites is in order of cost with AES in hardware. The suites with
// SHA-384 come last because NSS before 3.90 cannot export keys under them.
var defaultCipherSuites = []CipherSuite{
	TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
}

// DefaultCipherSuites returns the suites used when Config names none, in order
// of preference.
func DefaultCipherSuites() []CipherSuite { return slices.Clone(defaultCipherSuites) }

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

// serves reports whether a certificate with a key of type k can authenticate
// under the suite. The ECDSA suites serve for EdDSA too: "[...] the server's
// certificate MUST contain an ECDSA- or EdDSA-capable public key" (RFC 8422,
// Section 2.1).
func (s *suiteInfo) serves(k keyType) bool {
	return s.auth != 0 && (s.auth == k || s.auth == keyECDSA && k == keyEd25519)
}

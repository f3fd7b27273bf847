package dtlstransport

import "github.com/rtctransport/rtctransport/keying"

// FIPSPolicy returns a Config whose handshakes and records work under
// GODEBUG=fips140=only, where the standard library has nothing but what FIPS 140-3
// approves. It lacks the certificates, whose keys may be of any kind, and may be
// changed.
//
// The suites are AES-CCM, and AES-CBC with encrypt-then-MAC and SHA-2: under that setting
// the library has AES-GCM only with nonces that it makes itself, for which DTLS
// has no place. X25519 is not approved. Browsers have none of these suites, so
// this is for links between our own ends, and to OpenSSL, GnuTLS, Mbed TLS and wolfSSL. AES
// and HMAC are those of the library; CCM is a mode of our own around its AES,
// so that who needs the validated module to the last step names the CBC suites alone.
//
// Keys for SRTP are not negotiated, for no SRTP package of Go works there. Sessions,
// tickets, cookies and connection IDs do.
func FIPSPolicy() *Config {
	return &Config{
		CipherSuites: []CipherSuite{
			TLS_ECDHE_ECDSA_WITH_AES_128_CCM,
			TLS_ECDHE_ECDSA_WITH_AES_256_CCM,
			TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
			TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384,
			TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
			TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384,
		},
		Groups:       []Group{Secp256r1, Secp384r1, Secp521r1},
		SRTPProfiles: []keying.SRTPProfile{},
	}
}

package dtlstransport

import (
	"slices"

	"golang.org/x/sys/cpu"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// aesInHardware says whether AES-GCM runs in hardware here, and with it in constant time.
var aesInHardware = cpu.X86.HasAES && cpu.X86.HasPCLMULQDQ && cpu.X86.HasSSE41 && cpu.X86.HasSSSE3 ||
	cpu.ARM64.HasAES && cpu.ARM64.HasPMULL ||
	cpu.S390X.HasAES && cpu.S390X.HasAESCTR && cpu.S390X.HasGHASH

// The default suites, with and without that. Those with SHA-384 come last because
// NSS before 3.90 cannot export keys under them.
var (
	aesFirst = []CipherSuite{
		TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
		TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	}
	chachaFirst = []CipherSuite{
		TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
		TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	}
	defaultCipherSuites = preferredSuites(aesInHardware)
)

func preferredSuites(aes bool) []CipherSuite {
	if aes {
		return aesFirst
	}
	return chachaFirst
}

// DefaultCipherSuites returns the suites used when Config names none, in order
// of preference: AES-GCM first where it runs in hardware, else ChaCha20-Poly1305. A server
// that has the hardware also prefers the latter for clients that do.
func DefaultCipherSuites() []CipherSuite { return slices.Clone(defaultCipherSuites) }

// cipherSuitesFor returns the suites of a server in its order for one client. Who
// puts ChaCha20-Poly1305 in front of AES-GCM has no hardware for the latter, and it is
// that side's cost that counts: ours is small either way.
func (c *Config) cipherSuitesFor(m *wire.ClientHello) []CipherSuite {
	if len(c.CipherSuites) > 0 {
		return c.CipherSuites
	}
	for _, number := range m.CipherSuites {
		if info := CipherSuite(number).info(); info != nil {
			return preferredSuites(aesInHardware && info.cipher != record.ChaCha20Poly1305)
		}
	}
	return defaultCipherSuites
}

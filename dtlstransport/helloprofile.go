package dtlstransport

import (
	"fmt"
	"slices"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/keying"
)

// A HelloProfile says what a client's hello looks like. There are networks that
// block hellos which they know by their look, so by default no two have the extensions
// in the same order. All hellos of one association, with and without a cookie, and
// each time that they are sent, have the same: "When responding to a
// HelloVerifyRequest, the client MUST use the same parameter values (version,
// random, session_id, cipher_suites, compression_method) as it did in the original
// ClientHello." RFC 6347, Section 4.2.1.
//
// A profile never offers what we do not have, or Config does not want: a
// browser's is its lists without the rest. So it is like that of a browser, not the same.
type HelloProfile uint8

// The profiles.
const (
	// HelloDefault is HelloFixed with Config.Conformance, else HelloShuffled.
	HelloDefault HelloProfile = iota
	// HelloShuffled has the lists of Config, and the extensions in random order.
	HelloShuffled
	// HelloFixed has the lists of Config, and the extensions in an order that is
	// always the same.
	HelloFixed
	// HelloChromium has, of Config's lists, what Chromium offers for DTLS 1.2, in
	// its order; its extensions it shuffles itself. Ed25519 and AES-256-GCM suites are
	// not among that.
	HelloChromium
	// HelloFirefox is likewise for Firefox, whose extensions have a fixed order.
	HelloFirefox
	numHelloProfiles
)

var helloProfileNames = [numHelloProfiles]string{"default", "shuffled", "fixed", "chromium", "firefox"}

// String returns a word.
func (p HelloProfile) String() string {
	if p < numHelloProfiles {
		return helloProfileNames[p]
	}
	return fmt.Sprintf("HelloProfile(%d)", uint8(p))
}

// browserHello is what a browser offers, as far as we have it.
type browserHello struct {
	suites     []CipherSuite
	groups     []Group
	schemes    []SignatureScheme
	srtp       []keying.SRTPProfile
	extensions []uint16 // nil: shuffled
}

// browserHellos are taken from captures of Chromium 156 and Firefox 153; those are
// in internal/wire/testdata.
var browserHellos = map[HelloProfile]*browserHello{
	HelloChromium: {
		suites: []CipherSuite{TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256},
		groups: []Group{X25519, Secp256r1, Secp384r1},
		schemes: []SignatureScheme{ECDSAP256SHA256, RSAPSSRSAESHA256, RSAPKCS1SHA256, ECDSAP384SHA384, RSAPSSRSAESHA384,
			RSAPKCS1SHA384, RSAPSSRSAESHA512, RSAPKCS1SHA512},
		srtp: []keying.SRTPProfile{keying.SRTPAES128CMHMACSHA1_80, keying.SRTPAEADAES256GCM, keying.SRTPAEADAES128GCM},
	},
	HelloFirefox: {
		suites: []CipherSuite{TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256},
		groups: []Group{X25519, Secp256r1, Secp384r1},
		schemes: []SignatureScheme{ECDSAP256SHA256, ECDSAP384SHA384, ECDSAP521SHA512, RSAPSSRSAESHA256, RSAPSSRSAESHA384,
			RSAPSSRSAESHA512, RSAPKCS1SHA256, RSAPKCS1SHA384, RSAPKCS1SHA512},
		srtp: []keying.SRTPProfile{keying.SRTPAEADAES128GCM, keying.SRTPAEADAES256GCM, keying.SRTPAES128CMHMACSHA1_80, keying.SRTPAES128CMHMACSHA1_32},
		extensions: []uint16{wire.ExtensionExtendedMasterSecret, wire.ExtensionRenegotiationInfo, wire.ExtensionSupportedGroups,
			wire.ExtensionPointFormats, wire.ExtensionSessionTicket, wire.ExtensionALPN, wire.ExtensionSignatureAlgorithms, wire.ExtensionUseSRTP},
	},
}

// asOffered returns the Config of a client whose offer has the profile: c, or a
// copy with shorter lists, so that nothing else is taken in an answer either.
func (c *Config) asOffered() (*Config, error) {
	b := browserHellos[c.HelloProfile]
	if b == nil {
		return c, nil
	}
	offered := *c
	offered.CipherSuites = intersection(b.suites, c.cipherSuites())
	offered.Groups = intersection(b.groups, c.groups())
	offered.SignatureSchemes = intersection(b.schemes, c.signatureSchemes())
	offered.SRTPProfiles = intersection(b.srtp, c.srtpProfiles())
	switch {
	case len(offered.CipherSuites) == 0:
		return nil, fmt.Errorf("dtls: config: HelloProfile %v has none of CipherSuites", c.HelloProfile)
	case len(offered.Groups) == 0:
		return nil, fmt.Errorf("dtls: config: HelloProfile %v has none of Groups", c.HelloProfile)
	case len(offered.SignatureSchemes) == 0:
		return nil, fmt.Errorf("dtls: config: HelloProfile %v has none of SignatureSchemes", c.HelloProfile)
	}
	return &offered, nil
}

// intersection returns what of list is in other too; not nil.
func intersection[T comparable](list, other []T) []T {
	return slices.DeleteFunc(slices.Clone(list), func(x T) bool { return !slices.Contains(other, x) })
}

// helloVersion returns the version in the records of our hellos. They have the
// version of all others. 1.0 would be as good, and is what browsers and test suites
// have; but Botan 2.19 ends the handshake when it gets a repeated hello whose version
// is not that of its answer.
func (c *Config) helloVersion() uint16 {
	if c.Conformance || browserHellos[c.HelloProfile] != nil {
		return record.Version10
	}
	return record.Version12
}

// extensionOrder returns the order of the extensions in the hellos of one
// association; nil is our own. "[...] the extensions MAY appear in any order." RFC
// 5246, Section 7.4.1.4.
func (c *Config) extensionOrder() []uint16 {
	if b := browserHellos[c.HelloProfile]; b != nil && b.extensions != nil {
		return b.extensions
	}
	if c.HelloProfile == HelloFixed || c.HelloProfile == HelloDefault && c.Conformance {
		return nil
	}
	return wire.RandomOrder()
}

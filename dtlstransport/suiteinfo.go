package dtlstransport

import "crypto"

// A CipherSuiteInfo says what a cipher suite is.
type CipherSuiteInfo struct {
	Suite       CipherSuite
	Name        string // of IANA
	KeyExchange KeyExchange
	Certificate string      // the server's: "ECDSA", which includes EdDSA, or "RSA"; empty: none
	Hash        crypto.Hash // of the key derivation and of Finished
	KeyBits     int         // of the cipher's key

	AEAD           bool // else AES-CBC, with encrypt-then-MAC
	ForwardSecrecy bool // ECDHE
	FIPS           bool // its algorithms work under GODEBUG=fips140=only: see Config
	Default        bool // used when Config names none
	Recommended    bool // by IANA (RFC 8447, Section 4)
}

// Info returns what s is. ok is false if we do not have it.
func (s CipherSuite) Info() (info CipherSuiteInfo, ok bool) {
	i := s.info()
	if i == nil {
		return CipherSuiteInfo{}, false
	}
	return i.public(), true
}

// CipherSuites returns all cipher suites that we have.
func CipherSuites() []CipherSuiteInfo {
	list := make([]CipherSuiteInfo, 0, len(suites))
	for i := range suites {
		list = append(list, suites[i].public())
	}
	return list
}

func (s *suiteInfo) public() CipherSuiteInfo {
	certificate := ""
	switch s.auth {
	case keyECDSA:
		certificate = "ECDSA"
	case keyRSA:
		certificate = "RSA"
	}
	return CipherSuiteInfo{
		Suite:          s.id,
		Name:           s.name,
		KeyExchange:    s.exchange,
		Certificate:    certificate,
		Hash:           s.hash,
		KeyBits:        8 * (s.cipher.KeyLen() - s.cipher.MACLen()),
		AEAD:           !s.cipher.CBC(),
		ForwardSecrecy: s.exchange.ephemeral(),
		FIPS:           s.cipher.FIPS(),
		Default:        s.isDefault(),
		Recommended:    s.recommended(),
	}
}

func (s *suiteInfo) isDefault() bool {
	for _, id := range defaultCipherSuites {
		if id == s.id {
			return true
		}
	}
	return false
}

// recommended is the column of IANA's registry: forward secrecy and an AEAD from the
// standards track, which those of RFC 7251 are not, with a whole tag.
func (s *suiteInfo) recommended() bool {
	return s.isDefault() || s.exchange == ECDHEPSK && !s.cipher.CBC() && s.id != TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256
}

// A GroupInfo says what a group is.
type GroupInfo struct {
	Group       Group
	Name        string
	Security    int  // bits: the work of an attacker is 2 to this power
	FIPS        bool // works under GODEBUG=fips140=only
	Default     bool // used when Config names none
	Recommended bool // by IANA (RFC 8447, Section 9)
}

// groupInfos has what we have, in order of preference.
var groupInfos = []GroupInfo{
	{X25519, "X25519", 128, false, true, true},
	{Secp256r1, "secp256r1", 128, true, true, true},
	{Secp384r1, "secp384r1", 192, true, true, true},
	{Secp521r1, "secp521r1", 256, true, true, false},
}

// Groups returns all groups that we have.
func Groups() []GroupInfo { return append([]GroupInfo(nil), groupInfos...) }

// Info returns what g is. ok is false if we do not have it.
func (g Group) Info() (info GroupInfo, ok bool) {
	for _, info := range groupInfos {
		if info.Group == g {
			return info, true
		}
	}
	return GroupInfo{}, false
}

// A SignatureSchemeInfo says what a signature scheme is.
type SignatureSchemeInfo struct {
	Scheme      SignatureScheme
	Name        string      // of IANA
	Key         string      // "ECDSA", "RSA" or "Ed25519"
	Hash        crypto.Hash // zero: the scheme takes the message itself
	PSS         bool        // RSA with the padding PSS, else PKCS #1 v1.5
	Recommended bool        // by IANA (RFC 8446, Section 11)
}

// Info returns what s is. ok is false if we do not have it.
func (s SignatureScheme) Info() (info SignatureSchemeInfo, ok bool) {
	i := s.info()
	if i == nil {
		return SignatureSchemeInfo{}, false
	}
	return i.public(), true
}

// SignatureSchemes returns all signature schemes that we have.
func SignatureSchemes() []SignatureSchemeInfo {
	list := make([]SignatureSchemeInfo, 0, len(schemes))
	for i := range schemes {
		list = append(list, schemes[i].public())
	}
	return list
}

func (s *schemeInfo) public() SignatureSchemeInfo {
	key := map[keyType]string{keyECDSA: "ECDSA", keyRSA: "RSA", keyEd25519: "Ed25519"}[s.key]
	recommended := s.id == ECDSAP256SHA256 || s.id == ECDSAP384SHA384 || s.id == Ed25519Scheme || s.pss
	return SignatureSchemeInfo{Scheme: s.id, Name: s.name, Key: key, Hash: s.hash, PSS: s.pss, Recommended: recommended}
}

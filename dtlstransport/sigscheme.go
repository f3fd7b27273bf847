package dtlstransport

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"
)

// A SignatureScheme is an IANA number of a signature algorithm with its hash
// (RFC 5246, Section 7.4.1.4.1; RFC 8446, Section 4.2.3).
type SignatureScheme uint16

// The signature schemes we have. In DTLS 1.2 the ECDSA ones fix the hash, not
// the curve.
const (
	RSAPKCS1SHA256    SignatureScheme = 0x0401
	ECDSAP256SHA256   SignatureScheme = 0x0403
	RSAPKCS1SHA384    SignatureScheme = 0x0501
	ECDSAP384SHA384   SignatureScheme = 0x0503
	RSAPKCS1SHA512    SignatureScheme = 0x0601
	ECDSAP521SHA512   SignatureScheme = 0x0603
	RSAPSSRSAESHA256  SignatureScheme = 0x0804
	RSAPSSRSAESHA384  SignatureScheme = 0x0805
	RSAPSSRSAESHA512  SignatureScheme = 0x0806
	Ed25519Scheme     SignatureScheme = 0x0807
	minRSABits                        = 2048
	maxRSABits                        = 8192 // verification time grows with the square
	certTypeRSASign                   = 1    // RFC 5246, Section 7.4.4
	certTypeECDSASign                 = 64   // RFC 8422, Section 5.5; EdDSA too
)

// keyType is the algorithm of a certificate's key.
type keyType uint8

const (
	keyECDSA keyType = iota + 1
	keyRSA
	keyEd25519
)

// certificateType returns the ClientCertificateType that a key of type k goes by.
func (k keyType) certificateType() uint8 {
	if k == keyRSA {
		return certTypeRSASign
	}
	return certTypeECDSASign
}

type schemeInfo struct {
	id   SignatureScheme
	name string
	key  keyType
	hash crypto.Hash // 0: the scheme takes the message itself
	pss  bool
}

// schemes is in order of preference. SHA-1 and MD5 are not there (RFC 9155).
var schemes = []schemeInfo{
	{ECDSAP256SHA256, "ecdsa_secp256r1_sha256", keyECDSA, crypto.SHA256, false},
	{Ed25519Scheme, "ed25519", keyEd25519, 0, false},
	{ECDSAP384SHA384, "ecdsa_secp384r1_sha384", keyECDSA, crypto.SHA384, false},
	{ECDSAP521SHA512, "ecdsa_secp521r1_sha512", keyECDSA, crypto.SHA512, false},
	{RSAPSSRSAESHA256, "rsa_pss_rsae_sha256", keyRSA, crypto.SHA256, true},
	{RSAPSSRSAESHA384, "rsa_pss_rsae_sha384", keyRSA, crypto.SHA384, true},
	{RSAPSSRSAESHA512, "rsa_pss_rsae_sha512", keyRSA, crypto.SHA512, true},
	{RSAPKCS1SHA256, "rsa_pkcs1_sha256", keyRSA, crypto.SHA256, false},
	{RSAPKCS1SHA384, "rsa_pkcs1_sha384", keyRSA, crypto.SHA384, false},
	{RSAPKCS1SHA512, "rsa_pkcs1_sha512", keyRSA, crypto.SHA512, false},
}

var defaultSchemes = func() (ids []SignatureScheme) {
	for _, s := range schemes {
		ids = append(ids, s.id)
	}
	return ids
}()

// DefaultSignatureSchemes returns the schemes used when Config names none, in
// order of preference: all we have.
func DefaultSignatureSchemes() []SignatureScheme { return slices.Clone(defaultSchemes) }

func (c *Config) signatureSchemes() []SignatureScheme {
	if len(c.SignatureSchemes) == 0 {
		return defaultSchemes
	}
	return c.SignatureSchemes
}

// offeredSchemes returns what we put into signature_algorithms. It must not be
// changed.
func (c *Config) offeredSchemes() []uint16 {
	if len(c.SignatureSchemes) == 0 {
		return defaultOffer
	}
	return schemeNumbers(c.SignatureSchemes)
}

var defaultOffer = schemeNumbers(defaultSchemes)

func schemeNumbers(schemes []SignatureScheme) (ids []uint16) {
	for _, s := range schemes {
		ids = append(ids, uint16(s))
	}
	return ids
}

// scheme returns what the number of a scheme stands for, or nil if we do not take
// signatures with it: "[...] the hash and signature algorithms MUST be a pair that
// is present in that extension" (after RFC 5246, Sections 7.4.3 and 7.4.8).
func (c *Config) scheme(number uint16) *schemeInfo {
	if s := SignatureScheme(number); slices.Contains(c.signatureSchemes(), s) {
		return s.info()
	}
	return nil
}

func (s SignatureScheme) info() *schemeInfo {
	for i := range schemes {
		if schemes[i].id == s {
			return &schemes[i]
		}
	}
	return nil
}

// String returns the IANA name.
func (s SignatureScheme) String() string {
	if info := s.info(); info != nil {
		return info.name
	}
	return fmt.Sprintf("SignatureScheme(%#04x)", uint16(s))
}

// schemeFor returns the scheme, out of ours and the peer's, that key should sign
// with: for ECDSA the one whose hash is of the size of the curve, if the peer has
// it, else the first of ours that fits.
func (c *Config) schemeFor(key crypto.PublicKey, peer []uint16) *schemeInfo {
	k, err := keyTypeOf(key)
	if err != nil {
		return nil
	}
	var first *schemeInfo
	for _, id := range c.signatureSchemes() {
		s := id.info()
		if s.key != k || !slices.Contains(peer, uint16(s.id)) {
			continue
		}
		if key, ok := key.(*ecdsa.PublicKey); !ok || min(key.Params().BitSize, 512) == 8*s.hash.Size() {
			return s
		}
		if first == nil {
			first = s
		}
	}
	return first
}

func keyTypeOf(key crypto.PublicKey) (keyType, error) {
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		return keyECDSA, nil
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return 0, fmt.Errorf("RSA key of %d bits", bits)
		}
		return keyRSA, nil
	case ed25519.PublicKey:
		return keyEd25519, nil
	}
	return 0, fmt.Errorf("public key of type %T", key)
}

// sign signs message with the scheme.
func (s *schemeInfo) sign(signer crypto.Signer, message []byte) ([]byte, error) {
	var opts crypto.SignerOpts = s.hash
	if s.pss {
		// "The length of the Salt MUST be equal to the length of the digest
		// algorithm." RFC 8446, Section 4.2.3.
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: s.hash}
	}
	return signer.Sign(rand.Reader, s.digest(message), opts)
}

// errSignature says that a signature does not verify.
var errSignature = errors.New("signature does not verify")

// verify checks a signature over message.
func (s *schemeInfo) verify(key crypto.PublicKey, message, signature []byte) error {
	digest := s.digest(message)
	ok := false
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		ok = s.key == keyECDSA && ecdsa.VerifyASN1(key, digest, signature)
	case ed25519.PublicKey:
		ok = s.key == keyEd25519 && ed25519.Verify(key, digest, signature)
	case *rsa.PublicKey:
		if s.key != keyRSA {
			break
		}
		if s.pss {
			ok = rsa.VerifyPSS(key, s.hash, digest, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		} else {
			ok = rsa.VerifyPKCS1v15(key, s.hash, digest, signature) == nil
		}
	}
	if !ok {
		return errSignature
	}
	return nil
}

// digest returns what is signed: the hash of message, or message itself.
func (s *schemeInfo) digest(message []byte) []byte {
	if s.hash == 0 {
		return message
	}
	return hashOf(s.hash, message)
}

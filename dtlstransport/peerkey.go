package dtlstransport

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// peerKey returns the public key of a certificate. Nothing else of the
// certificate is looked at: names, dates and issuers mean nothing where the
// fingerprint is the trust anchor (RFC 8122, Section 5; RFC 5763, Section 5).
func peerKey(certificate []byte) (crypto.PublicKey, keyType, error) {
	spki, err := wire.SubjectPublicKeyInfo(certificate)
	if err != nil {
		return nil, 0, err
	}
	key, err := parsePublicKey(spki)
	if err != nil {
		return nil, 0, err
	}
	k, err := keyTypeOf(key)
	return key, k, err
}

// parsePublicKey is x509.ParsePKIXPublicKey, without the way through the general
// decoder for the key that nearly every peer has.
func parsePublicKey(spki []byte) (crypto.PublicKey, error) {
	if point, ok := bytes.CutPrefix(spki, beforeP256Point); ok && len(point) == p256PointLen {
		return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	}
	return x509.ParsePKIXPublicKey(spki)
}

// p256PointLen is the size of an uncompressed point on P-256 in bytes: 1 + 2 * 32.
const p256PointLen = 65

// beforeP256Point is what the only DER of an uncompressed P-256 key has before the
// point.
//
//	SubjectPublicKeyInfo  ::=  SEQUENCE  {
//	    algorithm            AlgorithmIdentifier,         -- id-ecPublicKey, secp256r1
//	    subjectPublicKey     BIT STRING  }                -- RFC 5480, Section 2
var beforeP256Point = []byte{
	0x30, 89, // SEQUENCE: 2 + 19 + 2 + 1 + 65
	0x30, 19, // SEQUENCE: 2 + 7 + 2 + 8
	0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, // 1.2.840.10045.2.1, id-ecPublicKey
	0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, // 1.2.840.10045.3.1.7, secp256r1
	0x03, 66, 0, // BIT STRING: 1 + 65, no unused bits
}

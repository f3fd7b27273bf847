package fingerprint

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

// A leaf is what counts of an own certificate.
type leaf struct {
	key      crypto.PublicKey
	notAfter time.Time // zero: it says nothing that can be read
	hash     Hash      // in its signature, if that is sha-384 or sha-512
}

// parseLeaf reads a certificate as far as a fingerprint needs it. Package x509 would refuse many a one that peers take:
// those with a negative serial number, a string of the wrong kind, or an extension twice; and some versions of it those
// that nobody has signed (RFC 9925).
//
//	Certificate  ::=  SEQUENCE  {
//	    tbsCertificate       SEQUENCE  {
//	        version         [0]  EXPLICIT Version DEFAULT v1,
//	        serialNumber         INTEGER,
//	        signature            AlgorithmIdentifier,
//	        issuer               Name,
//	        validity             SEQUENCE { notBefore Time, notAfter Time },
//	        subject              Name,
//	        subjectPublicKeyInfo SubjectPublicKeyInfo,
//	        ... },
//	    signatureAlgorithm   AlgorithmIdentifier,
//	    signatureValue       BIT STRING  }                -- RFC 5280, Section 4.1
func parseLeaf(der []byte) (*leaf, error) {
	s := cryptobyte.String(der)
	var certificate, tbs, validity, spki, algorithm cryptobyte.String
	if !s.ReadASN1(&certificate, tag.SEQUENCE) || !s.Empty() ||
		!certificate.ReadASN1(&tbs, tag.SEQUENCE) || !certificate.ReadASN1(&algorithm, tag.SEQUENCE) || !certificate.SkipASN1(tag.BIT_STRING) {
		return nil, fmt.Errorf("%w: not of the form of one", ErrBadCertificate)
	}
	if !tbs.SkipOptionalASN1(tag.Tag(0).ContextSpecific().Constructed()) || !tbs.SkipASN1(tag.INTEGER) || // version, serialNumber
		!tbs.SkipASN1(tag.SEQUENCE) || !tbs.SkipASN1(tag.SEQUENCE) || // signature, issuer
		!tbs.ReadASN1(&validity, tag.SEQUENCE) || !tbs.SkipASN1(tag.SEQUENCE) || !tbs.ReadASN1Element(&spki, tag.SEQUENCE) {
		return nil, fmt.Errorf("%w: no public key in it", ErrBadCertificate)
	}
	key, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadCertificate, err)
	}
	return &leaf{key, readNotAfter(validity), signatureHash(algorithm)}, nil
}

// readNotAfter reads the second time of a validity.
func readNotAfter(validity cryptobyte.String) (t time.Time) {
	var element cryptobyte.String
	var kind tag.Tag
	if !validity.ReadAnyASN1(&element, &kind) {
		return time.Time{}
	}
	ok := false
	if validity.PeekASN1Tag(tag.UTCTime) {
		ok = validity.ReadASN1UTCTime(&t)
	} else {
		ok = validity.ReadASN1GeneralizedTime(&t)
	}
	if !ok {
		return time.Time{}
	}
	return t
}

// Signature algorithms and hash functions by their identifiers.
var (
	rsassaPSS = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}

	hashes = map[string]Hash{
		"1.2.840.10045.4.3.3":    SHA384, // ecdsa-with-SHA384
		"1.2.840.10045.4.3.4":    SHA512,
		"1.2.840.113549.1.1.12":  SHA384, // sha384WithRSAEncryption
		"1.2.840.113549.1.1.13":  SHA512,
		"2.16.840.1.101.3.4.2.2": SHA384, // id-sha384
		"2.16.840.1.101.3.4.2.3": SHA512,
	}
)

// signatureHash returns the hash function of an AlgorithmIdentifier if it is stronger than sha-256. Ed25519 has SHA-512
// inside, but no function that its identifier names (RFC 8410, Section 3).
func signatureHash(algorithm cryptobyte.String) Hash {
	var id asn1.ObjectIdentifier
	if !algorithm.ReadASN1ObjectIdentifier(&id) {
		return ""
	}
	if id.Equal(rsassaPSS) {
		// RSASSA-PSS-params  ::=  SEQUENCE  { hashAlgorithm [0] HashAlgorithm DEFAULT sha1Identifier, ... }
		// RFC 4055, Section 3.1
		var parameters, explicit, hash cryptobyte.String
		if !algorithm.ReadASN1(&parameters, tag.SEQUENCE) || !parameters.ReadASN1(&explicit, tag.Tag(0).ContextSpecific().Constructed()) ||
			!explicit.ReadASN1(&hash, tag.SEQUENCE) || !hash.ReadASN1ObjectIdentifier(&id) {
			return ""
		}
	}
	return hashes[id.String()]
}

package wire

import (
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// SubjectPublicKeyInfo walks an X.509 certificate in DER to its public key, for x509.ParsePKIXPublicKey to read. The result
// aliases certDER.
//
//	Certificate  ::=  SEQUENCE  {
//	    tbsCertificate       TBSCertificate,
//	    signatureAlgorithm   AlgorithmIdentifier,
//	    signatureValue       BIT STRING  }
//
//	TBSCertificate  ::=  SEQUENCE  {
//	    version         [0]  EXPLICIT Version DEFAULT v1,
//	    serialNumber         CertificateSerialNumber,     -- INTEGER
//	    signature            AlgorithmIdentifier,         -- SEQUENCE
//	    issuer               Name,                        -- SEQUENCE
//	    validity             Validity,                    -- SEQUENCE
//	    subject              Name,                        -- SEQUENCE
//	    subjectPublicKeyInfo SubjectPublicKeyInfo,        -- SEQUENCE
//	    ... }                                             -- RFC 5280, Section 4.1
//
// Nothing else in the certificate is looked at, on purpose: a certificate that is trusted by its fingerprint has no use for
// dates, names and extensions, and refusing one for a negative serial number or a bad string would only break calls.
func SubjectPublicKeyInfo(certDER []byte) ([]byte, error) {
	tbs, ok := throughSignature(certDER)
	var spki cryptobyte.String
	for range 3 { // issuer, validity, subject
		ok = ok && tbs.SkipASN1(asn1.SEQUENCE)
	}
	if !ok || !tbs.ReadASN1Element(&spki, asn1.SEQUENCE) {
		return nil, decodeError("certificate: no subjectPublicKeyInfo")
	}
	return spki, nil
}

// Issuer walks a certificate to the name of who issued it. The result aliases certDER and is DER.
func Issuer(certDER []byte) ([]byte, error) {
	tbs, ok := throughSignature(certDER)
	var issuer cryptobyte.String
	if !ok || !tbs.ReadASN1Element(&issuer, asn1.SEQUENCE) {
		return nil, decodeError("certificate: no issuer")
	}
	return issuer, nil
}

// throughSignature returns the TBSCertificate from its issuer on.
func throughSignature(certDER []byte) (tbs cryptobyte.String, ok bool) {
	s := cryptobyte.String(certDER)
	var cert cryptobyte.String
	ok = s.ReadASN1(&cert, asn1.SEQUENCE) && s.Empty() && cert.ReadASN1(&tbs, asn1.SEQUENCE) &&
		tbs.SkipOptionalASN1(asn1.Tag(0).ContextSpecific().Constructed()) &&
		tbs.SkipASN1(asn1.INTEGER) && // serialNumber
		tbs.SkipASN1(asn1.SEQUENCE) // signature
	return tbs, ok
}

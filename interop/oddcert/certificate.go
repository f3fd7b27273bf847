package oddcert

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

// A Certificate is a chain and the key of its first certificate.
type Certificate struct {
	Name   string // what is odd about it
	Signer crypto.Signer
	Chain  [][]byte // DER, the own certificate first
}

// fields are the parts of a certificate, in DER where they are bytes. The zero value of one stands for a usual one.
type fields struct {
	version    []byte // the whole [0]; empty but not nil: none, which is version 1
	serial     []byte // the content of the INTEGER
	inner      []byte // AlgorithmIdentifier in the part that is signed
	issuer     []byte // Name
	validity   []byte // the content of the SEQUENCE
	subject    []byte // Name
	rest       []byte // behind the key: unique identifiers, extensions
	outer      []byte // AlgorithmIdentifier beside the signature
	signature  []byte // empty but not nil: none
	issuedWith [][]byte
}

var (
	ecdsaSHA256 = algorithm(1, 2, 840, 10045, 4, 3, 2)
	sha1RSA     = algorithm(1, 2, 840, 113549, 1, 1, 5)
	md5RSA      = algorithm(1, 2, 840, 113549, 1, 1, 4)
	unknownAlg  = algorithm(1, 3, 6, 1, 4, 1, 99999, 1)
	unsignedAlg = algorithm(1, 3, 6, 1, 5, 5, 7, 6, 36) // id-alg-unsigned, RFC 9925, Section 3.1

	commonName      = asn1.ObjectIdentifier{2, 5, 4, 3}
	idRDNAUnsigned  = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 25, 1} // RFC 9925, Section 3.2
	basicConstraint = asn1.ObjectIdentifier{2, 5, 29, 19}
	keyUsage        = asn1.ObjectIdentifier{2, 5, 29, 15}
	unknownOID      = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 2}

	usualName = name(commonName, tag.UTF8String, "WebRTC")
)

// All returns one certificate of each kind, with one P-256 key for all.
func All() []Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // it never fails
	}
	ca := fields{rest: extensions(extension(basicConstraint, true, sequence([]byte{1, 1, 0xff})))}
	large := fields{rest: extensions(extension(unknownOID, false, make([]byte, 4000)))}.build(key)
	var all []Certificate
	for _, odd := range []struct {
		name string
		fields
	}{
		{"expired", fields{validity: times("200101000000Z", "200201000000Z")}},
		{"not yet valid", fields{validity: times("480101000000Z", "490101000000Z")}},
		{"ends before it begins", fields{validity: times("300101000000Z", "200101000000Z")}},
		{"dates that are none", fields{validity: times("yesterday", "tomorrow")}},
		{"no dates", fields{validity: []byte{}}},
		{"version 1", fields{version: []byte{}}},
		{"version 9", fields{version: []byte{0xa0, 3, 2, 1, 8}}},
		{"negative serial number", fields{serial: []byte{0x80}}},
		{"serial number 0", fields{serial: []byte{0}}},
		{"serial number of 200 bytes", fields{serial: bytes.Repeat([]byte{0x7f}, 200)}},
		{"serial number with zeros in front", fields{serial: []byte{0, 0, 1}}},
		{"no names", fields{issuer: sequence(), subject: sequence()}},
		{"no common name", fields{issuer: name(unknownOID, tag.UTF8String, "x"), subject: name(unknownOID, tag.UTF8String, "x")}},
		{"a string of the wrong kind", fields{subject: name(commonName, tag.PrintableString, "@*\xff")}},
		{"a string that is not UTF-8", fields{subject: name(commonName, tag.UTF8String, "\xff\xfe")}},
		{"unique identifiers", fields{rest: []byte{0x81, 2, 0, 1, 0x82, 2, 0, 2}}},
		{"an unknown critical extension", fields{rest: extensions(extension(unknownOID, true, []byte{5, 0}))}},
		{"an extension twice", fields{rest: extensions(extension(keyUsage, false, []byte{3, 2, 7, 128}), extension(keyUsage, false, []byte{3, 2, 7, 128}))}},
		{"a malformed extension", fields{rest: extensions(extension(basicConstraint, true, []byte("nonsense")))}},
		{"of an authority, not for signatures", fields{rest: extensions(extension(basicConstraint, true, sequence([]byte{1, 1, 0xff})), extension(keyUsage, true, []byte{3, 2, 2, 4}))}},
		{"an extension of 20 KB", fields{rest: extensions(extension(unknownOID, false, make([]byte, 20_000)))}},
		{"bytes behind the extensions", fields{rest: append(extensions(extension(unknownOID, false, []byte{5, 0})), 4, 1, 'x')}},
		{"a signature that is nonsense", fields{signature: []byte("nonsense")}},
		{"two algorithms for one signature", fields{inner: sha1RSA, outer: ecdsaSHA256}},
		{"signed with SHA-1", fields{inner: sha1RSA, outer: sha1RSA, signature: make([]byte, 256)}},
		{"signed with MD5", fields{inner: md5RSA, outer: md5RSA, signature: make([]byte, 256)}},
		{"signed with nobody knows what", fields{inner: unknownAlg, outer: unknownAlg}},
		{"unsigned", fields{inner: unsignedAlg, outer: unsignedAlg, issuer: name(idRDNAUnsigned, tag.UTF8String, ""), signature: []byte{}}},
		{"a chain of 12 KB", fields{issuedWith: [][]byte{large, large}}},
		{"a chain with an authority", fields{issuer: name(commonName, tag.UTF8String, "CA"), issuedWith: [][]byte{ca.build(key)}}},
		{"a chain that is no certificate further on", fields{issuedWith: [][]byte{[]byte("nonsense"), {0x30, 0x84, 0xff, 0xff, 0xff, 0xff}}}},
		{"a chain of itself", fields{issuedWith: [][]byte{large, large}, rest: extensions(extension(unknownOID, false, make([]byte, 4000)))}},
	} {
		all = append(all, Certificate{odd.name, key, append([][]byte{odd.build(key)}, odd.issuedWith...)})
	}
	return all
}

// build writes the certificate of key.
func (f fields) build(key *ecdsa.PrivateKey) []byte {
	usual := func(field *[]byte, value []byte) {
		if *field == nil {
			*field = value
		}
	}
	usual(&f.version, []byte{0xa0, 3, 2, 1, 2})
	usual(&f.serial, []byte{1})
	usual(&f.inner, ecdsaSHA256)
	usual(&f.issuer, usualName)
	usual(&f.validity, times("200101000000Z", "490101000000Z"))
	usual(&f.subject, usualName)
	usual(&f.outer, f.inner)
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		panic(err) // not with a P-256 key
	}
	tbs := sequence(f.version, element(tag.INTEGER, f.serial), f.inner, f.issuer, sequence(f.validity), f.subject, spki, f.rest)
	if f.signature == nil {
		digest := sha256.Sum256(tbs)
		if f.signature, err = ecdsa.SignASN1(rand.Reader, key, digest[:]); err != nil {
			panic(err) // likewise
		}
	}
	return sequence(tbs, f.outer, element(tag.BIT_STRING, append([]byte{0}, f.signature...)))
}

func element(t tag.Tag, content ...[]byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(t, func(b *cryptobyte.Builder) {
		for _, c := range content {
			b.AddBytes(c)
		}
	})
	return b.BytesOrPanic()
}

func sequence(content ...[]byte) []byte { return element(tag.SEQUENCE, content...) }

func oid(id asn1.ObjectIdentifier) []byte {
	var b cryptobyte.Builder
	b.AddASN1ObjectIdentifier(id)
	return b.BytesOrPanic()
}

func algorithm(id ...int) []byte { return sequence(oid(id)) }

// name is a Name of one attribute.
func name(id asn1.ObjectIdentifier, kind tag.Tag, value string) []byte {
	return sequence(element(tag.SET, sequence(oid(id), element(kind, []byte(value)))))
}

func times(notBefore, notAfter string) []byte {
	return append(element(tag.UTCTime, []byte(notBefore)), element(tag.UTCTime, []byte(notAfter))...)
}

func extension(id asn1.ObjectIdentifier, critical bool, value []byte) []byte {
	var isCritical []byte
	if critical {
		isCritical = []byte{1, 1, 0xff}
	}
	return sequence(oid(id), isCritical, element(tag.OCTET_STRING, value))
}

func extensions(all ...[]byte) []byte {
	return element(tag.Tag(3).ContextSpecific().Constructed(), sequence(all...))
}

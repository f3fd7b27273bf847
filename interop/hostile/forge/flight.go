package forge

import (
	"crypto"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/sha256"
	"slices"
)

// Suite, group and scheme that the forger speaks.
const (
	AES128GCM   uint16 = 0xc02b // TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
	X25519      uint16 = 29
	ECDSASHA256 uint16 = 0x0403 // ecdsa_secp256r1_sha256
)

// Chain returns the body of a Certificate.
func Chain(certificates ...[]byte) []byte {
	vector := func(b []byte) []byte {
		return append([]byte{byte(len(b) >> 16), byte(len(b) >> 8), byte(len(b))}, b...)
	}
	var list []byte
	for _, c := range certificates {
		list = append(list, vector(c)...)
	}
	return vector(list)
}

// ParseChain reads the body of a Certificate.
func ParseChain(b []byte) (certificates [][]byte) {
	vector := func(b *[]byte) []byte {
		n := cut(b, 3)
		return cut(b, int(n[0])<<16|int(n[1])<<8|int(n[2]))
	}
	for list := vector(&b); len(list) > 0; {
		certificates = append(certificates, vector(&list))
	}
	return certificates
}

// sign returns scheme and signature as a digitally-signed struct has them.
func sign(key crypto.Signer, signed []byte) []byte {
	sum := sha256.Sum256(signed)
	signature, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		panic(err)
	}
	return append16([]byte{byte(ECDSASHA256 >> 8), byte(ECDSASHA256 & 0xff)}, signature)
}

// KeyExchange returns the body of a ServerKeyExchange with an X25519 key, signed with key, which is of P-256.
func KeyExchange(key crypto.Signer, client, server [32]byte, public []byte) []byte {
	params := append8([]byte{3, byte(X25519 >> 8), byte(X25519)}, public)
	return append(slices.Clip(params), sign(key, slices.Concat(client[:], server[:], params))...)
}

// Verify returns the body of a CertificateVerify over a transcript, signed with key, which is of P-256.
func Verify(key crypto.Signer, transcript []byte) []byte { return sign(key, transcript) }

// Request returns the body of a CertificateRequest.
func Request(types []byte, schemes []uint16, authorities []byte) []byte {
	var list []byte
	for _, s := range schemes {
		list = append(list, byte(s>>8), byte(s))
	}
	return append16(append16(append8(nil, types), list), authorities)
}

// Key returns a fresh X25519 key.
func Key() *ecdh.PrivateKey {
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

// VerifyRequest returns the body of a HelloVerifyRequest.
func VerifyRequest(cookie []byte) []byte {
	return append8([]byte{byte(Version10 >> 8), byte(Version10 & 0xff)}, cookie)
}

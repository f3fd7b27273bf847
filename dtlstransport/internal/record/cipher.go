package record

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

// A Cipher is an AEAD algorithm that protects records.
type Cipher uint8

// The ciphers of the suites we have.
const (
	AES128GCM        Cipher = iota + 1 // RFC 5288
	AES256GCM                          // RFC 5288
	ChaCha20Poly1305                   // RFC 7905
)

const (
	nonceLen = 12 // bytes, for all of our ciphers
	tagLen   = 16 // bytes, for all of our ciphers

	// explicitNonceLen is what GCM sends in front of each ciphertext
	// (RFC 5288, Section 3).
	explicitNonceLen = 8
)

// KeyLen returns the size of a key in bytes.
func (c Cipher) KeyLen() int {
	if c == AES128GCM {
		return 16
	}
	return 32
}

// IVLen returns how many bytes of the nonce come from the key block: the salt
// of GCM, the whole write IV of ChaCha20-Poly1305.
func (c Cipher) IVLen() int {
	if c == ChaCha20Poly1305 {
		return nonceLen
	}
	return nonceLen - explicitNonceLen
}

// Overhead returns by how many bytes a sealed record is larger than its
// plaintext, the record header included.
func (c Cipher) Overhead() int {
	if c == ChaCha20Poly1305 {
		return HeaderLen + tagLen
	}
	return HeaderLen + explicitNonceLen + tagLen
}

// aead is the state that both directions of an epoch share: the algorithm and
// the scratch space for its arguments. The scratch lives here because slices
// given to an interface method escape to the heap.
type aead struct {
	cipher.AEAD
	explicit bool           // an explicit nonce goes on the wire
	iv       [nonceLen]byte // GCM: salt and zeros; ChaCha20-Poly1305: the write IV
	nonce    [nonceLen]byte
	ad       [HeaderLen]byte
	cidAD    []byte // takes the place of ad where records have a connection ID
}

func newAEAD(c Cipher, key, iv []byte) (*aead, error) {
	if len(key) != c.KeyLen() || len(iv) != c.IVLen() {
		return nil, fmt.Errorf("record: key of %d bytes, IV of %d", len(key), len(iv))
	}
	a := &aead{explicit: c != ChaCha20Poly1305}
	copy(a.iv[:], iv)
	var err error
	switch c {
	case AES128GCM, AES256GCM:
		var block cipher.Block
		if block, err = aes.NewCipher(key); err == nil {
			a.AEAD, err = cipher.NewGCM(block)
		}
	case ChaCha20Poly1305:
		a.AEAD, err = chacha20poly1305.New(key)
	default:
		err = fmt.Errorf("record: unknown cipher %d", c)
	}
	if err != nil {
		return nil, err
	}
	return a, nil
}

// setNonce makes the nonce for a number that goes over the wire or follows
// from the record number.
//
// GCM: "salt" of 4 bytes and the 8 bytes on the wire (RFC 5288, Section 3).
// ChaCha20-Poly1305: "The 64-bit record sequence number is serialized as an
// 8-byte, big-endian value and padded on the left with four 0x00 bytes. The
// padded sequence number is XORed with the [...] write_IV." RFC 7905, Section 2.
// With GCM the last 8 bytes of iv are zero, so that the same XOR serves both.
func (a *aead) setNonce(number uint64) {
	a.nonce = a.iv
	low := a.nonce[nonceLen-8:]
	binary.BigEndian.PutUint64(low, binary.BigEndian.Uint64(low)^number)
}

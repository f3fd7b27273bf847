package record

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/ccm"
)

// A Cipher is an algorithm that protects records.
type Cipher uint8

// The ciphers of the suites we have.
const (
	AES128GCM        Cipher = iota + 1 // RFC 5288
	AES256GCM                          // RFC 5288
	ChaCha20Poly1305                   // RFC 7905
	AES128CCM                          // RFC 6655
	AES256CCM                          // RFC 6655
	AES128CCM8                         // RFC 6655; its tag has 8 bytes
	AES256CCM8                         // RFC 6655; its tag has 8 bytes
	AES128CBCSHA                       // RFC 7366, as all CBC here: encrypt-then-MAC
	AES256CBCSHA
	AES128CBCSHA256
	AES256CBCSHA384
)

const (
	nonceLen = 12 // bytes, for all of our AEADs
	tagLen   = 16 // bytes, for most of them

	// explicitNonceLen is what GCM and CCM send in front of each ciphertext
	// (RFC 5288, Section 3; RFC 6655, Section 3).
	explicitNonceLen = 8
)

// A shape is the sizes of a cipher, in bytes.
type shape struct {
	key      int // of the cipher alone
	mac      int // of the key of a separate MAC
	iv       int // of what the key block has of the nonce
	explicit bool
	tag      int
	block    bool // CBC: content is padded to blocks
}

var shapes = [...]shape{
	AES128GCM:        {key: 16, iv: 4, explicit: true, tag: tagLen},
	AES256GCM:        {key: 32, iv: 4, explicit: true, tag: tagLen},
	ChaCha20Poly1305: {key: 32, iv: nonceLen, tag: tagLen},
	AES128CCM:        {key: 16, iv: 4, explicit: true, tag: tagLen},
	AES256CCM:        {key: 32, iv: 4, explicit: true, tag: tagLen},
	AES128CCM8:       {key: 16, iv: 4, explicit: true, tag: 8},
	AES256CCM8:       {key: 32, iv: 4, explicit: true, tag: 8},
	AES128CBCSHA:     {key: 16, mac: sha1.Size, tag: sha1.Size, block: true},
	AES256CBCSHA:     {key: 32, mac: sha1.Size, tag: sha1.Size, block: true},
	AES128CBCSHA256:  {key: 16, mac: sha256.Size, tag: sha256.Size, block: true},
	AES256CBCSHA384:  {key: 32, mac: sha512.Size384, tag: sha512.Size384, block: true},
}

// shape returns the sizes of c, of which those of an unknown one are zero.
func (c Cipher) shape() shape {
	if int(c) < len(shapes) {
		return shapes[c]
	}
	return shape{}
}

// MACLen returns the size in bytes of the key of a separate MAC, which an AEAD has
// not.
func (c Cipher) MACLen() int { return c.shape().mac }

// KeyLen returns the size of a key in bytes: that of the MAC, if there is one,
// followed by that of the cipher.
func (c Cipher) KeyLen() int { return c.shape().mac + c.shape().key }

// IVLen returns how many bytes of the nonce come from the key block: the salt
// of GCM and CCM, the whole write IV of ChaCha20-Poly1305, nothing for CBC, which sends
// its IV.
func (c Cipher) IVLen() int { return c.shape().iv }

// CBC reports whether c is one that has to be negotiated together with
// encrypt-then-MAC.
func (c Cipher) CBC() bool { return c.shape().block }

// FIPS reports whether the standard library has the algorithms of c under
// GODEBUG=fips140=only: AES and HMAC with SHA-2, but AES-GCM only with nonces that it
// makes itself, which no record has.
func (c Cipher) FIPS() bool {
	switch c {
	case AES128CCM, AES256CCM, AES128CCM8, AES256CCM8, AES128CBCSHA256, AES256CBCSHA384:
		return true
	}
	return false
}

// Overhead returns by how many bytes at most a sealed record is larger than its
// plaintext, the record header included.
func (c Cipher) Overhead() int {
	s := c.shape()
	return HeaderLen + s.overhead()
}

// sealed returns how many bytes n bytes of content become, behind the header.
func (s *shape) sealed(n int) int {
	if s.block {
		return aes.BlockSize + (n/aes.BlockSize+1)*aes.BlockSize + s.tag
	}
	if s.explicit {
		n += explicitNonceLen
	}
	return n + s.tag
}

// overhead returns by how many bytes at most sealed content is larger.
func (s *shape) overhead() int { return s.sealed(0) }

// fits returns how much content fits into n bytes behind the header; negative: none.
func (s *shape) fits(n int) int {
	if s.block && n >= s.overhead() {
		return (n-s.tag)/aes.BlockSize*aes.BlockSize - aes.BlockSize - 1
	}
	return n - s.overhead()
}

// authenticated returns the length in the additional data of n bytes of content:
// itself, or that of what encrypt-then-MAC covers: "[...] the length [...] of the
// IV and the encrypted data" (after RFC 7366, Section 3).
func (s *shape) authenticated(n int) int {
	if s.block {
		return s.sealed(n) - s.tag
	}
	return n
}

// aead is the state that both directions of an epoch share: the algorithm and
// the scratch space for its arguments. The scratch lives here because slices
// given to an interface method escape to the heap.
type aead struct {
	cipher.AEAD
	shape
	low   uint64         // of the IV, its last 8 bytes. GCM, CCM, CBC: zero; ChaCha20-Poly1305: of the write IV
	nonce [nonceLen]byte // its first 4 bytes stay as they are
	ad    [HeaderLen]byte
	cidAD []byte // takes the place of ad where records have a connection ID
}

func newAEAD(c Cipher, key, iv []byte) (*aead, error) {
	a := &aead{shape: c.shape()}
	if a.key == 0 {
		return nil, fmt.Errorf("record: unknown cipher %d", c)
	}
	if len(key) != c.KeyLen() || len(iv) != c.IVLen() {
		return nil, fmt.Errorf("record: key of %d bytes, IV of %d", len(key), len(iv))
	}
	copy(a.nonce[:], iv)
	a.low = binary.BigEndian.Uint64(a.nonce[nonceLen-8:])
	var err error
	if c == ChaCha20Poly1305 {
		a.AEAD, err = chacha20poly1305.New(key)
		return a, err
	}
	block, err := aes.NewCipher(key[a.mac:])
	if err != nil {
		return nil, err
	}
	switch c {
	case AES128GCM, AES256GCM:
		a.AEAD, err = cipher.NewGCM(block)
	case AES128CBCSHA, AES256CBCSHA:
		a.AEAD = newCBC(block, sha1.New, key[:a.mac])
	case AES128CBCSHA256:
		a.AEAD = newCBC(block, sha256.New, key[:a.mac])
	case AES256CBCSHA384:
		a.AEAD = newCBC(block, sha512.New384, key[:a.mac])
	default:
		a.AEAD, err = ccm.New(block, nonceLen, a.tag)
	}
	return a, err
}

// setNonce makes the nonce for a number that goes over the wire or follows
// from the record number.
//
// GCM and CCM: "salt" of 4 bytes and the 8 bytes on the wire (RFC 5288, Section 3;
// RFC 6655, Section 3).
// ChaCha20-Poly1305: "The 64-bit record sequence number is serialized as an
// 8-byte, big-endian value and padded on the left with four 0x00 bytes. The
// padded sequence number is XORed with the [...] write_IV." RFC 7905, Section 2.
// With GCM low is zero, so that the same XOR serves both. CBC makes its IV from the
// number.
func (a *aead) setNonce(number uint64) {
	binary.BigEndian.PutUint64(a.nonce[nonceLen-8:], a.low^number)
}

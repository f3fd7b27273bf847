// Package ccm is the AEAD mode CCM of RFC 3610 (NIST SP 800-38C): a CBC-MAC and a
// counter over one block cipher. The standard library has none.
package ccm

import (
	"crypto/cipher"
	"crypto/subtle"
	"errors"
	"fmt"
)

const (
	blockSize = 16 // bytes, of the ciphers that CCM is defined for

	// maxAdditionalData is where another encoding of its length begins, which nothing here
	// needs: 2^16 - 2^8.
	maxAdditionalData = 1<<16 - 1<<8 - 1
)

// CCM is a cipher.AEAD. Seal and Open allocate nothing if dst has room. It is not
// safe for concurrent use, for its blocks are its own.
type CCM struct {
	block     cipher.Block
	nonceSize int // bytes; what is left of 15 counts blocks and bytes
	tagSize   int // bytes

	mac       [blockSize]byte // the CBC-MAC so far
	counter   [blockSize]byte // A_i
	keystream [blockSize]byte // S_i
}

// New returns CCM over a block cipher of 16-byte blocks, with tags of tagSize bytes: 4, 6,
// ... 16, and nonces of nonceSize bytes: 7 to 13. A message may have 2^(8(15-nonceSize))-1
// bytes.
func New(block cipher.Block, nonceSize, tagSize int) (*CCM, error) {
	switch {
	case block.BlockSize() != blockSize:
		return nil, fmt.Errorf("ccm: block cipher with blocks of %d bytes", block.BlockSize())
	case nonceSize < 7 || nonceSize > 13:
		return nil, fmt.Errorf("ccm: nonce of %d bytes", nonceSize)
	case tagSize < 4 || tagSize > 16 || tagSize%2 != 0:
		return nil, fmt.Errorf("ccm: tag of %d bytes", tagSize)
	}
	return &CCM{block: block, nonceSize: nonceSize, tagSize: tagSize}, nil
}

// NonceSize returns the size of a nonce in bytes.
func (c *CCM) NonceSize() int { return c.nonceSize }

// Overhead returns the size of a tag in bytes.
func (c *CCM) Overhead() int { return c.tagSize }

// maxLength returns how long a message may be, in bytes.
func (c *CCM) maxLength() uint64 { return 1<<(8*min(15-c.nonceSize, 7)) - 1 }

// Seal appends the encrypted plaintext and its tag to dst. The plaintext may begin
// where the result does, else they must not overlap. It panics if one of the
// arguments has a size that CCM has not.
func (c *CCM) Seal(dst, nonce, plaintext, additionalData []byte) []byte {
	if len(nonce) != c.nonceSize || uint64(len(plaintext)) > c.maxLength() || len(additionalData) > maxAdditionalData {
		panic(fmt.Sprintf("ccm: nonce of %d bytes, message of %d, additional data of %d", len(nonce), len(plaintext), len(additionalData)))
	}
	at := len(dst)
	dst = grow(dst, len(plaintext)+c.tagSize)
	out := dst[at:]
	c.begin(nonce, additionalData, len(plaintext))
	for i := 0; i < len(plaintext); i += blockSize {
		end := min(i+blockSize, len(plaintext))
		c.absorb(plaintext[i:end])
		c.next()
		subtle.XORBytes(out[i:end], plaintext[i:end], c.keystream[:])
	}
	c.tag()
	copy(out[len(plaintext):], c.mac[:c.tagSize])
	return dst
}

var errOpen = errors.New("ccm: message authentication failed")

// Open appends what was sealed to dst, or fails and leaves nothing of it. The
// ciphertext may begin where the result does, else they must not overlap.
func (c *CCM) Open(dst, nonce, ciphertext, additionalData []byte) ([]byte, error) {
	n := len(ciphertext) - c.tagSize
	if len(nonce) != c.nonceSize || n < 0 || uint64(n) > c.maxLength() || len(additionalData) > maxAdditionalData {
		return nil, errOpen
	}
	at := len(dst)
	dst = grow(dst, n)
	out, sealed, tag := dst[at:], ciphertext[:n], ciphertext[n:]
	c.begin(nonce, additionalData, n)
	for i := 0; i < n; i += blockSize {
		end := min(i+blockSize, n)
		c.next()
		subtle.XORBytes(out[i:end], sealed[i:end], c.keystream[:])
		c.absorb(out[i:end])
	}
	c.tag()
	if subtle.ConstantTimeCompare(c.mac[:c.tagSize], tag) != 1 {
		clear(out)
		return nil, errOpen
	}
	return dst, nil
}

// begin takes the first block and the additional data into the MAC, and sets the
// counter to A_0:
//
//	B_0 = Flags | Nonce N | l(m),  Flags = 64*Adata + 8*((M-2)/2) + (L-1)
//	A_i = Flags | Nonce N | Counter i,  Flags = L-1
//
// RFC 3610, Sections 2.2 and 2.3.
func (c *CCM) begin(nonce, additionalData []byte, length int) {
	l := 15 - c.nonceSize
	c.counter = [blockSize]byte{byte(l - 1)}
	copy(c.counter[1:], nonce)
	c.mac = c.counter
	c.mac[0] |= byte(c.tagSize-2) / 2 << 3
	if len(additionalData) > 0 {
		c.mac[0] |= 1 << 6
	}
	for i, n := blockSize-1, length; n > 0; i, n = i-1, n>>8 {
		c.mac[i] = byte(n)
	}
	c.block.Encrypt(c.mac[:], c.mac[:])
	if len(additionalData) == 0 {
		return
	}
	// l(a) stands in front of the additional data, in two bytes.
	n := uint16(len(additionalData))
	c.mac[0] ^= byte(n >> 8)
	c.mac[1] ^= byte(n)
	used := subtle.XORBytes(c.mac[2:], c.mac[2:], additionalData)
	c.block.Encrypt(c.mac[:], c.mac[:])
	for rest := additionalData[used:]; len(rest) > 0; {
		part := rest[:min(blockSize, len(rest))]
		c.absorb(part)
		rest = rest[len(part):]
	}
}

// absorb takes up to a block into the MAC, with zeros behind it.
func (c *CCM) absorb(b []byte) {
	subtle.XORBytes(c.mac[:], c.mac[:], b)
	c.block.Encrypt(c.mac[:], c.mac[:])
}

// next makes the next block of the key stream, the first being S_1.
func (c *CCM) next() {
	for i := blockSize - 1; i > c.nonceSize; i-- {
		if c.counter[i]++; c.counter[i] != 0 {
			break
		}
	}
	c.block.Encrypt(c.keystream[:], c.counter[:])
}

// tag finishes the MAC: U = T XOR S_0.
func (c *CCM) tag() {
	clear(c.counter[1+c.nonceSize:])
	c.block.Encrypt(c.keystream[:], c.counter[:])
	subtle.XORBytes(c.mac[:], c.mac[:], c.keystream[:])
}

// grow lengthens b by n bytes of any content.
func grow(b []byte, n int) []byte {
	if need := len(b) + n; need <= cap(b) {
		return b[:need]
	}
	return append(b, make([]byte, n)...)
}

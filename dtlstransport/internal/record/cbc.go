package record

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/subtle"
	"errors"
	"hash"
	"slices"
)

// cbc is a block cipher in CBC mode with encrypt-then-MAC (RFC 7366, Section 3), in
// the form of an AEAD whose additional data goes in front of the MAC's input:
//
//	struct {
//	    opaque IV[SecurityParameters.record_iv_length];
//	    opaque enc_content[];
//	    opaque MAC[];
//	} GenericBlockCipher
//
//	MAC(MAC_write_key, seq_num +
//	    TLSCipherText.type +
//	    TLSCipherText.version +
//	    TLSCipherText.length +
//	    IV +
//	    ENC(content + padding + padding_length));
//
// Nothing is decrypted before its MAC has been found right, so that no padding can
// tell anything. It is not safe for concurrent use.
type cbc struct {
	block            cipher.Block
	encrypt, decrypt cbcMode
	mac              hash.Hash
	iv               [aes.BlockSize]byte
	sum              []byte // room for a MAC
}

// A cbcMode is what the standard library's CBC modes are.
type cbcMode interface {
	cipher.BlockMode
	SetIV(iv []byte)
}

func newCBC(block cipher.Block, newHash func() hash.Hash, macKey []byte) *cbc {
	zero := make([]byte, aes.BlockSize)
	c := &cbc{
		block:   block,
		encrypt: cipher.NewCBCEncrypter(block, zero).(cbcMode),
		decrypt: cipher.NewCBCDecrypter(block, zero).(cbcMode),
		mac:     hmac.New(newHash, macKey),
	}
	c.sum = make([]byte, 0, c.mac.Size())
	return c
}

// NonceSize returns the size of the nonce that the IV is made from.
func (c *cbc) NonceSize() int { return nonceLen }

// Overhead returns by how many bytes at most what is sealed is larger.
func (c *cbc) Overhead() int { return 2*aes.BlockSize + c.mac.Size() }

// Seal appends the IV, the encrypted plaintext with its padding, and the MAC.
// plaintext may begin where the result does.
//
// "The Initialization Vector (IV) SHOULD be chosen at random, and MUST be
// unpredictable." RFC 5246, Section 6.2.3.2. Ours is the encrypted record number: "The
// first method is to apply the forward cipher function, under the same key that is
// used for the encryption of the plaintext, to a nonce." NIST SP 800-38A, Appendix
// C.
func (c *cbc) Seal(dst, nonce, plaintext, additionalData []byte) []byte {
	n := len(plaintext)
	padding := aes.BlockSize - n%aes.BlockSize // its length byte included
	at := len(dst)
	dst = slices.Grow(dst, aes.BlockSize+n+padding+c.mac.Size())
	out := dst[at : at+aes.BlockSize+n+padding]
	content := out[aes.BlockSize:]
	copy(content, plaintext)
	for i := n; i < len(content); i++ {
		content[i] = byte(padding - 1)
	}
	clear(c.iv[:])
	copy(c.iv[:], nonce)
	c.block.Encrypt(c.iv[:], c.iv[:])
	copy(out, c.iv[:])
	c.encrypt.SetIV(c.iv[:])
	c.encrypt.CryptBlocks(content, content)
	return append(dst[:at+len(out)], c.sign(out, additionalData)...)
}

var errCBC = errors.New("record: wrong MAC or padding")

// Open appends what was sealed to dst. The nonce is not used: the IV is in the
// ciphertext, in whose place dst may be.
func (c *cbc) Open(dst, _, ciphertext, additionalData []byte) ([]byte, error) {
	end := len(ciphertext) - c.mac.Size()
	if end < 2*aes.BlockSize || end%aes.BlockSize != 0 {
		return nil, errCBC
	}
	covered, tag := ciphertext[:end], ciphertext[end:]
	// "The receiver MUST verify the MAC [...] before decryption [and] the MAC
	// comparison [in constant time]" (after RFC 7366, Section 3).
	if subtle.ConstantTimeCompare(c.sign(covered, additionalData), tag) != 1 {
		return nil, errCBC
	}
	copy(c.iv[:], covered)
	c.decrypt.SetIV(c.iv[:])
	content := covered[aes.BlockSize:]
	c.decrypt.CryptBlocks(content, content)
	// Who has made the MAC has made the padding, so that it may take its time.
	padding := int(content[len(content)-1])
	if padding >= len(content) {
		return nil, errCBC
	}
	n := len(content) - 1 - padding
	for _, b := range content[n:] {
		if int(b) != padding {
			return nil, errCBC
		}
	}
	return append(dst, content[:n]...), nil
}

// sign returns the MAC, which is valid until the next call.
func (c *cbc) sign(covered, additionalData []byte) []byte {
	c.mac.Reset()
	c.mac.Write(additionalData)
	c.mac.Write(covered)
	c.sum = c.mac.Sum(c.sum[:0])
	return c.sum
}

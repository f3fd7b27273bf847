package pionsrtp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/rtctransport/rtctransport/keying"
)

// reference is SRTP's cryptography written down from the RFCs with nothing but the standard library: the independent answer of these tests.
type reference struct {
	profile             keying.SRTPProfile
	rtpKey, rtcpKey     []byte
	rtpSalt, rtcpSalt   []byte
	rtpAuth, rtcpAuth   []byte
	rtpBlock, rtcpBlock cipher.Block
}

func newReference(t testing.TB, p keying.SRTPProfile, masterKey, masterSalt []byte) *reference {
	t.Helper()
	// derive is AES-CM with the label at byte 7 of the salt, RFC 3711, Section 4.3.3; a 12-byte salt is padded (RFC 7714, Section 11).
	derive := func(label byte, n int) []byte {
		iv := make([]byte, 16)
		copy(iv, masterSalt)
		iv[7] ^= label
		block, err := aes.NewCipher(masterKey)
		if err != nil {
			t.Fatal(err)
		}
		out := make([]byte, n)
		cipher.NewCTR(block, iv).XORKeyStream(out, out)
		return out
	}
	r := &reference{
		profile: p,
		rtpKey:  derive(0, p.KeyLen()), rtpAuth: derive(1, 20), rtpSalt: derive(2, p.SaltLen()),
		rtcpKey: derive(3, p.KeyLen()), rtcpAuth: derive(4, 20), rtcpSalt: derive(5, p.SaltLen()),
	}
	r.rtpBlock, _ = aes.NewCipher(r.rtpKey)
	r.rtcpBlock, _ = aes.NewCipher(r.rtcpKey)
	return r
}

// gcm reports whether the profile is RFC 7714's.
func (r *reference) gcm() bool { return r.profile.SaltLen() == 12 }

func seal(t testing.TB, block cipher.Block, salt, nonce, plain, additional []byte) []byte {
	t.Helper()
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	iv := slices.Clone(nonce)
	for i := range iv {
		iv[i] ^= salt[i]
	}
	return aead.Seal(nil, iv, plain, additional)
}

// counterMode is AES-CM of RFC 3711, Section 4.1.1: IV = (k_s * 2^16) XOR (SSRC * 2^64) XOR (i * 2^16).
func counterMode(block cipher.Block, salt []byte, ssrc uint32, index uint64, plain []byte) []byte {
	iv := make([]byte, 16)
	binary.BigEndian.PutUint32(iv[4:], ssrc)
	binary.BigEndian.PutUint64(iv[6:], index|uint64(ssrc&0xffff)<<48)
	for i, b := range salt {
		iv[i] ^= b
	}
	out := make([]byte, len(plain))
	cipher.NewCTR(block, iv).XORKeyStream(out, plain)
	return out
}

func sha1Tag(key []byte, n int, parts ...[]byte) []byte {
	mac := hmac.New(sha1.New, key)
	mac.Write(slices.Concat(parts...))
	return mac.Sum(nil)[:n]
}

// rtp protects an RTP packet whose header has headerLen bytes.
func (r *reference) rtp(t testing.TB, packet []byte, headerLen int, index uint64) []byte {
	t.Helper()
	header, payload := packet[:headerLen], packet[headerLen:]
	ssrc := binary.BigEndian.Uint32(packet[8:])
	roc := binary.BigEndian.AppendUint32(nil, uint32(index>>16))
	if r.gcm() { // RFC 7714, Section 8.
		nonce := slices.Concat([]byte{0, 0}, packet[8:12], roc, packet[2:4])
		return slices.Concat(header, seal(t, r.rtpBlock, r.rtpSalt, nonce, payload, header))
	}
	out := slices.Concat(header, counterMode(r.rtpBlock, r.rtpSalt, ssrc, index, payload))
	return slices.Concat(out, sha1Tag(r.rtpAuth, r.profile.RTPOverhead(), out, roc))
}

// rtcp protects a compound RTCP packet; encrypted sets the E flag.
func (r *reference) rtcp(t testing.TB, packet []byte, index uint32, encrypted bool) []byte {
	t.Helper()
	header, payload := packet[:8], packet[8:]
	ssrc := binary.BigEndian.Uint32(packet[4:])
	word := index
	if encrypted {
		word |= 1 << 31
	}
	tail := binary.BigEndian.AppendUint32(nil, word)
	if r.gcm() { // RFC 7714, Section 9.
		nonce := slices.Concat([]byte{0, 0}, packet[4:8], []byte{0, 0}, binary.BigEndian.AppendUint32(nil, index))
		if !encrypted {
			return slices.Concat(packet, seal(t, r.rtcpBlock, r.rtcpSalt, nonce, nil, slices.Concat(packet, tail)), tail)
		}
		return slices.Concat(header, seal(t, r.rtcpBlock, r.rtcpSalt, nonce, payload, slices.Concat(header, tail)), tail)
	}
	if encrypted {
		payload = counterMode(r.rtcpBlock, r.rtcpSalt, ssrc, uint64(index), payload)
	}
	out := slices.Concat(header, payload, tail)
	return slices.Concat(out, sha1Tag(r.rtcpAuth, 10, out))
}

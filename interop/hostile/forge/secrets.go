package forge

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// PRF is P_SHA256 of RFC 5246, Section 5.
func PRF(secret []byte, label string, seed []byte, n int) (out []byte) {
	mac := func(b ...[]byte) []byte {
		m := hmac.New(sha256.New, secret)
		m.Write(slices.Concat(b...))
		return m.Sum(nil)
	}
	seed = append([]byte(label), seed...)
	for a := mac(seed); len(out) < n; a = mac(a) {
		out = append(out, mac(a, seed)...)
	}
	return out[:n]
}

// Master returns the extended master secret (RFC 7627) of a premaster secret and the messages through ClientKeyExchange.
func Master(preMaster, transcript []byte) []byte {
	hash := sha256.Sum256(transcript)
	return PRF(preMaster, "extended master secret", hash[:], 48)
}

// PSKPreMaster returns the premaster secret of a pre-shared key alone (RFC 4279, Section 2).
func PSKPreMaster(key []byte) []byte { return append16(append16(nil, make([]byte, len(key))), key) }

// VerifyData returns the body of a Finished, whose label is "client finished" or "server finished".
func VerifyData(master []byte, label string, transcript []byte) []byte {
	hash := sha256.Sum256(transcript)
	return PRF(master, label, hash[:], 12)
}

// Keys are what one end writes records of epoch 1 with, under AES-128-GCM.
type Keys struct {
	aead cipher.AEAD
	salt []byte
	next uint64
}

// NewKeys returns the keys of both ends, the client's first.
func NewKeys(master []byte, client, server [32]byte) (keys [2]*Keys) {
	block := PRF(master, "key expansion", slices.Concat(server[:], client[:]), 40)
	for i := range keys {
		c, err := aes.NewCipher(block[16*i : 16*i+16])
		if err != nil {
			panic(err)
		}
		aead, err := cipher.NewGCM(c)
		if err != nil {
			panic(err)
		}
		keys[i] = &Keys{aead: aead, salt: block[32+4*i : 36+4*i]}
	}
	return keys
}

func additionalData(number uint64, typ byte, n int) []byte {
	ad := append(binary.BigEndian.AppendUint64(nil, number), typ, byte(Version12>>8), byte(Version12&0xff))
	return binary.BigEndian.AppendUint16(ad, uint16(n))
}

// Seal returns a datagram of one record of epoch 1.
func (k *Keys) Seal(typ byte, content []byte) []byte {
	number := 1<<48 | k.next
	explicit := binary.BigEndian.AppendUint64(nil, number)
	body := k.aead.Seal(explicit, append(slices.Clone(k.salt), explicit...), content, additionalData(number, typ, len(content)))
	k.next++
	return Record{Type: typ, Version: Version12, Epoch: 1, Seq: k.next - 1, Body: body}.Append(nil)
}

// Open returns the content of a record of epoch 1.
func (k *Keys) Open(r Record) ([]byte, bool) {
	if len(r.Body) < 24 {
		return nil, false
	}
	content, err := k.aead.Open(nil, append(slices.Clone(k.salt), r.Body[:8]...), r.Body[8:], additionalData(1<<48|r.Seq, r.Type, len(r.Body)-24))
	return content, err == nil
}

// Skip has the next record carry the number n, or a later one.
func (k *Keys) Skip(n uint64) { k.next = max(k.next, n) }

package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

// eachCBC runs a test with each cipher in CBC mode.
func eachCBC(t *testing.T, test func(t *testing.T, c Cipher, key []byte)) {
	eachCipher(t, func(t *testing.T, c Cipher, key, _ []byte) {
		if c.CBC() {
			test(t, c, key)
		}
	})
}

func TestEveryCBCRecordHasAnUnpredictableIVOfItsOwn(t *testing.T) { // REC-30
	eachCBC(t, func(t *testing.T, c Cipher, key []byte) {
		s := mustSealer(t, 1, c, key, nil)
		seen := map[string]bool{}
		for seq := range uint64(1000) {
			b, err := s.Append(nil, TypeApplicationData, Version12, []byte("the same"))
			if err != nil {
				t.Fatal(err)
			}
			iv := b[HeaderLen:][:16]
			if seen[string(iv)] {
				t.Fatalf("the IV of record %d again: %x", seq, iv)
			}
			seen[string(iv)] = true
			if number := binary.BigEndian.AppendUint64(nil, 1<<48|seq); bytes.Contains(iv, number) {
				t.Fatalf("the IV has the record number: %x", iv)
			}
		}
	})
}

func TestNothingOfAForgedCBCRecordIsDecrypted(t *testing.T) { // REC-45
	eachCBC(t, func(t *testing.T, c Cipher, key []byte) {
		genuine, err := mustSealer(t, 1, c, key, nil).Append(nil, TypeApplicationData, Version12, make([]byte, 100))
		if err != nil {
			t.Fatal(err)
		}
		o := mustOpener(t, 1, c, key, nil)
		for at := HeaderLen; at < len(genuine); at++ {
			forged := bytes.Clone(genuine)
			forged[at] ^= 1
			before := bytes.Clone(forged)
			if got, err := o.Open(mustNext(t, forged)); !errors.Is(err, ErrForged) || got != nil || !bytes.Equal(forged, before) {
				t.Fatalf("byte %d changed: %x, %v", at, got, err)
			}
		}
		if _, err := o.Open(mustNext(t, genuine)); err != nil {
			t.Error(err)
		}
	})
}

func TestPaddingOfAnyLengthIsTakenOff(t *testing.T) {
	eachCBC(t, func(t *testing.T, c Cipher, key []byte) {
		a, err := newAEAD(c, key, nil)
		if err != nil {
			t.Fatal(err)
		}
		mode := a.AEAD.(*cbc)
		for _, padding := range []int{0, 1, 15, 16, 239, 255} {
			content := make([]byte, 16*20-1-padding)
			padded := append(bytes.Clone(content), bytes.Repeat([]byte{byte(padding)}, padding+1)...)
			for _, wrong := range []bool{false, true} {
				if wrong && padding > 0 {
					padded[len(content)] ^= 1 // the first byte of it
				} else if wrong {
					continue
				}
				body := append(make([]byte, 16), padded...)
				mode.encrypt.SetIV(body[:16])
				mode.encrypt.CryptBlocks(body[16:], body[16:])
				ad := make([]byte, HeaderLen)
				body = append(body, mode.sign(body, ad)...)
				got, err := mode.Open(body[:0], nil, body, ad)
				if wrong != (err != nil) || !wrong && !bytes.Equal(got, content) {
					t.Errorf("padding of %d, wrong %v: %d bytes, %v", padding, wrong, len(got), err)
				}
			}
		}
	})
}

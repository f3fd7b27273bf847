package record

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"
)

var ciphers = []Cipher{AES128GCM, AES256GCM, ChaCha20Poly1305}

func cipherName(c Cipher) string {
	return map[Cipher]string{AES128GCM: "AES128GCM", AES256GCM: "AES256GCM", ChaCha20Poly1305: "ChaCha20Poly1305"}[c]
}

// eachCipher runs a test with a key and an IV of each cipher.
func eachCipher(t *testing.T, f func(t *testing.T, c Cipher, key, iv []byte)) {
	for _, c := range ciphers {
		t.Run(cipherName(c), func(t *testing.T) {
			r := rand.NewChaCha8([32]byte{byte(c)})
			key, iv := make([]byte, c.KeyLen()), make([]byte, c.IVLen())
			r.Read(key)
			r.Read(iv)
			f(t, c, key, iv)
		})
	}
}

// bareAEAD is the algorithm by itself.
func bareAEAD(t testing.TB, c Cipher, key []byte) cipher.AEAD {
	t.Helper()
	if c == ChaCha20Poly1305 {
		a, err := chacha20poly1305.New(key)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	a, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// sealByHand makes a record from the sentences of the RFCs, independently of
// the code under test. explicit is what GCM sends as its explicit nonce.
func sealByHand(t testing.TB, c Cipher, key, iv []byte, typ byte, version, epoch uint16, seq, explicit uint64, content []byte) []byte {
	t.Helper()
	number := []byte{byte(epoch >> 8), byte(epoch), byte(seq >> 40), byte(seq >> 32), byte(seq >> 24), byte(seq >> 16), byte(seq >> 8), byte(seq)}
	// additional_data = seq_num + type + version + length of the plaintext:
	// RFC 5246, Section 6.2.3.3.
	ad := concat(number, []byte{typ, byte(version >> 8), byte(version), byte(len(content) >> 8), byte(len(content))})
	var nonce, prefix []byte
	if c == ChaCha20Poly1305 {
		nonce = bytes.Clone(iv) // RFC 7905, Section 2
		for i, b := range number {
			nonce[4+i] ^= b
		}
	} else {
		prefix = binary.BigEndian.AppendUint64(nil, explicit)
		nonce = concat(iv, prefix) // RFC 5288, Section 3
	}
	body := concat(prefix, bareAEAD(t, c, key).Seal(nil, nonce, content, ad))
	header := concat([]byte{typ, byte(version >> 8), byte(version)}, number, []byte{byte(len(body) >> 8), byte(len(body))})
	return concat(header, body)
}

func mustSealer(t testing.TB, epoch uint16, c Cipher, key, iv []byte) *Sealer {
	t.Helper()
	s, err := NewSealer(epoch, c, key, iv)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustOpener(t testing.TB, epoch uint16, c Cipher, key, iv []byte) *Opener {
	t.Helper()
	o, err := NewOpener(epoch, c, key, iv)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// mustNext reads a datagram of one record.
func mustNext(t testing.TB, b []byte) *Record {
	t.Helper()
	r, rest, ok := Next(b)
	if !ok || len(rest) != 0 {
		t.Fatalf("not one record: %x", b)
	}
	return &r
}

func TestSealedRecordsAreWhatTheRFCsSay(t *testing.T) { // REC-25, REC-26, REC-28
	eachCipher(t, func(t *testing.T, c Cipher, key, iv []byte) {
		for _, epoch := range []uint16{1, 2, 0xfffe} {
			for _, seq := range []uint64{0, 1, 255, 1 << 32, maxSeq} {
				for _, n := range []int{0, 1, 15, 16, 17, 1200, MaxPlaintext} {
					content := bytes.Repeat([]byte{byte(n)}, n)
					s := mustSealer(t, epoch, c, key, iv)
					s.next = seq
					got, err := s.Append(nil, TypeAlert, Version12, content)
					if err != nil {
						t.Fatal(err)
					}
					explicit := uint64(epoch)<<48 | seq
					if want := sealByHand(t, c, key, iv, 21, 0xfefd, epoch, seq, explicit, content); !bytes.Equal(got, want) {
						t.Fatalf("epoch %d, seq %d, %d bytes:\n got %x\nwant %x", epoch, seq, n, got, want)
					}
					if len(got) != n+c.Overhead() || len(got) != n+s.Overhead() {
						t.Errorf("%d bytes more than the content, Overhead says %d and %d", len(got)-n, c.Overhead(), s.Overhead()) // REC-31
					}
				}
			}
		}
	})
}

// knownRecords was made with OpenSSL: key 00 01 02 .., IV f0 f1 f2 .., epoch 1,
// sequence number 0x2a, application data "known answer".
var knownRecords = map[Cipher]string{
	AES128GCM:        "17fefd000100000000002a0024000100000000002aa30bad71deb051df1a9164f91d7371960b90eef99250c093da93c129",
	AES256GCM:        "17fefd000100000000002a0024000100000000002ab7cd512b0e283f0f9dcaae0807d0c0217d2574937c1e8b116be2df6c",
	ChaCha20Poly1305: "17fefd000100000000002a001cab7140dab05435bbbf06ee2ea11c8c940150be0d27fbe4830290738f",
}

func TestSealedRecordKnownAnswers(t *testing.T) { // REC-25, REC-28
	// So that the code under test and sealByHand cannot be wrong together.
	for c, want := range knownRecords {
		key, iv := make([]byte, c.KeyLen()), make([]byte, c.IVLen())
		for i := range key {
			key[i] = byte(i)
		}
		for i := range iv {
			iv[i] = 0xf0 + byte(i)
		}
		s := mustSealer(t, 1, c, key, iv)
		s.next = 0x2a
		got, err := s.Append(nil, TypeApplicationData, Version12, []byte("known answer"))
		if err != nil || fmt.Sprintf("%x", got) != want {
			t.Errorf("%s: %x, %v\nwant %s", cipherName(c), got, err, want)
		}
	}
}

func TestOpenReadsWhatIsSealedByHand(t *testing.T) { // REC-25, REC-28
	eachCipher(t, func(t *testing.T, c Cipher, key, iv []byte) {
		for _, n := range []int{0, 1, 16, 1200, MaxPlaintext} {
			content := bytes.Repeat([]byte{0xa5}, n)
			b := sealByHand(t, c, key, iv, 23, 0xfefd, 1, 77, 1<<48|77, content)
			got, err := mustOpener(t, 1, c, key, iv).Open(mustNext(t, b))
			if err != nil || !bytes.Equal(got, content) {
				t.Errorf("%d bytes: %v, %x", n, err, got)
			}
		}
	})
}

func TestOpenTakesTheExplicitNonceFromTheRecord(t *testing.T) { // REC-27
	for _, c := range []Cipher{AES128GCM, AES256GCM} {
		key, iv := make([]byte, c.KeyLen()), make([]byte, c.IVLen())
		o := mustOpener(t, 1, c, key, iv)
		// A counter of its own, the bare sequence number, chance.
		for seq, explicit := range []uint64{0, 1 << 63, 2, 0xdeadbeefcafef00d} {
			b := sealByHand(t, c, key, iv, 23, 0xfefd, 1, uint64(seq), explicit, []byte("data"))
			if got, err := o.Open(mustNext(t, b)); err != nil || string(got) != "data" {
				t.Errorf("%s, explicit nonce %#x: %q, %v", cipherName(c), explicit, got, err)
			}
		}
	}
}

func TestKeysAndIVsOfAWrongSizeAreRefused(t *testing.T) {
	for _, c := range append([]Cipher{0, 4, 255}, ciphers...) {
		for key := range 34 {
			for iv := range 14 {
				want := c >= 1 && c <= 3 && key == c.KeyLen() && iv == c.IVLen()
				s, err := NewSealer(1, c, make([]byte, key), make([]byte, iv))
				o, err2 := NewOpener(1, c, make([]byte, key), make([]byte, iv))
				if (err == nil) != want || (err2 == nil) != want || (s != nil) != want || (o != nil) != want {
					t.Errorf("cipher %d, key of %d, IV of %d: %v, %v", c, key, iv, err, err2)
				}
				if err != nil && !strings.HasPrefix(err.Error(), "record: ") {
					t.Errorf("error %q", err)
				}
			}
		}
	}
}

package record

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/ccm"
)

var ciphers = []Cipher{AES128GCM, AES256GCM, ChaCha20Poly1305, AES128CCM, AES256CCM, AES128CCM8, AES256CCM8,
	AES128CBCSHA, AES256CBCSHA, AES128CBCSHA256, AES256CBCSHA384}

func cipherName(c Cipher) string {
	return map[Cipher]string{AES128GCM: "AES128GCM", AES256GCM: "AES256GCM", ChaCha20Poly1305: "ChaCha20Poly1305",
		AES128CCM: "AES128CCM", AES256CCM: "AES256CCM", AES128CCM8: "AES128CCM8", AES256CCM8: "AES256CCM8",
		AES128CBCSHA: "AES128CBCSHA", AES256CBCSHA: "AES256CBCSHA", AES128CBCSHA256: "AES128CBCSHA256", AES256CBCSHA384: "AES256CBCSHA384"}[c]
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
	var a cipher.AEAD
	switch c {
	case AES128GCM, AES256GCM:
		a, err = cipher.NewGCM(block)
	case AES128CCM, AES256CCM:
		a, err = ccm.New(block, 12, 16)
	default:
		a, err = ccm.New(block, 12, 8)
	}
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// cbcByHand is what encrypt-then-MAC makes of content (RFC 7366, Section 3): IV,
// blocks, MAC. start is the additional data without its length.
func cbcByHand(t testing.TB, c Cipher, key, number, start, content []byte) []byte {
	t.Helper()
	newHash, macLen := sha1.New, 20
	switch c {
	case AES128CBCSHA256:
		newHash, macLen = sha256.New, 32
	case AES256CBCSHA384:
		newHash, macLen = sha512.New384, 48
	}
	block, err := aes.NewCipher(key[macLen:])
	if err != nil {
		t.Fatal(err)
	}
	iv := concat(make([]byte, 4), number, make([]byte, 4))
	block.Encrypt(iv, iv)
	padding := 15 - len(content)%16
	padded := concat(content, bytes.Repeat([]byte{byte(padding)}, padding+1))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(padded, padded)
	covered := concat(iv, padded)
	mac := hmac.New(newHash, key[:macLen])
	mac.Write(concat(start, []byte{byte(len(covered) >> 8), byte(len(covered))}, covered))
	return mac.Sum(covered)
}

// sealByHand makes a record from the sentences of the RFCs, independently of
// the code under test. explicit is what GCM sends as its explicit nonce.
func sealByHand(t testing.TB, c Cipher, key, iv []byte, typ byte, version, epoch uint16, seq, explicit uint64, content []byte) []byte {
	t.Helper()
	number := []byte{byte(epoch >> 8), byte(epoch), byte(seq >> 40), byte(seq >> 32), byte(seq >> 24), byte(seq >> 16), byte(seq >> 8), byte(seq)}
	// additional_data = seq_num + type + version + length of the plaintext:
	// RFC 5246, Section 6.2.3.3.
	ad := concat(number, []byte{typ, byte(version >> 8), byte(version), byte(len(content) >> 8), byte(len(content))})
	var nonce, prefix, body []byte
	if c.CBC() {
		body = cbcByHand(t, c, key, number, ad[:11], content)
	} else if c == ChaCha20Poly1305 {
		nonce = bytes.Clone(iv) // RFC 7905, Section 2
		for i, b := range number {
			nonce[4+i] ^= b
		}
	} else {
		prefix = binary.BigEndian.AppendUint64(nil, explicit)
		nonce = concat(iv, prefix) // RFC 5288, Section 3
	}
	if !c.CBC() {
		body = concat(prefix, bareAEAD(t, c, key).Seal(nil, nonce, content, ad))
	}
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

func TestSealedRecordsAreWhatTheRFCsSay(t *testing.T) { // REC-25, REC-26, REC-28, REC-30
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
					if more := len(got) - n; more > c.Overhead() || more > s.Overhead() || !c.CBC() && (more != c.Overhead() || more != s.Overhead()) {
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
	AES128CCM:        "17fefd000100000000002a0024000100000000002a68e24357816f24d5cb0121d0846ab2e7f67f904c570a8ff9dd83668b",
	AES256CCM:        "17fefd000100000000002a0024000100000000002ab2e792c467dc22af602ad39ef13fa67461d6cb723b79a68b8ad5f737",
	AES128CCM8:       "17fefd000100000000002a001c000100000000002a68e24357816f24d5cb0121d0eaa4c9ce9ace993e",
	AES256CCM8:       "17fefd000100000000002a001c000100000000002ab2e792c467dc22af602ad39eed5a745ca40e1a72",
	AES128CBCSHA:     "17fefd000100000000002a0034a78a427a8198f9223faa2592a52755ab47163b17af1ccbe7499a98089e5007ba3605b4bae157f811a8d5b1ebe9e0efdc8db970a7",
	AES256CBCSHA:     "17fefd000100000000002a0034143fbb1b09770db28b46a967b8836d6ec3c21d14ed7ee936ab5362408efbb9e21f18717c2f8d31a5027f400a793c20385dc53e30",
	AES128CBCSHA256:  "17fefd000100000000002a004072df2cf9a430570f0f832683988dfd82d38f34d5f1facabac79de71f6b260e3c69f09345ae21057d2820c106f4693d8febfe3de994ecad67b05ba717fbc61fbe",
	AES256CBCSHA384:  "17fefd000100000000002a0050ac0afa0c1ef048cbc5ac04c4d42791ad9d0ea634fa9398ed503a68c13d29ba901c8645cd999e8e6e7ccf517251ac184da4255fdf29baba8f47e77ffae6f7e064e1168dfead2b6649a73109fee03681cf",
}

func TestSealedRecordKnownAnswers(t *testing.T) { // REC-25, REC-28, REC-44, REC-45
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
	for _, c := range []Cipher{AES128GCM, AES256GCM, AES128CCM, AES256CCM8} {
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
	for _, c := range append([]Cipher{0, AES256CBCSHA384 + 1, 255}, ciphers...) {
		for key := range 82 {
			for iv := range 14 {
				want := c >= 1 && c <= AES256CBCSHA384 && key == c.KeyLen() && iv == c.IVLen()
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

package ccm

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"testing"
)

var _ cipher.AEAD = (*CCM)(nil)

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func newCCM(t testing.TB, key []byte, nonceSize, tagSize int) *CCM {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(block, nonceSize, tagSize)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// vectors are those of RFC 3610, Section 8 (1, 2, 3, 7, 24), and of NIST SP 800-38C,
// Appendix C (examples 1 to 3).
var vectors = []struct {
	name, key, nonce, ad, plain, sealed string
	tag                                 int
}{
	{"RFC 3610, 1", "c0c1c2c3c4c5c6c7c8c9cacbcccdcecf", "00000003020100a0a1a2a3a4a5", "0001020304050607",
		"08090a0b0c0d0e0f101112131415161718191a1b1c1d1e", "588c979a61c663d2f066d0c2c0f989806d5f6b61dac38417e8d12cfdf926e0", 8},
	{"RFC 3610, 2", "c0c1c2c3c4c5c6c7c8c9cacbcccdcecf", "00000004030201a0a1a2a3a4a5", "0001020304050607",
		"08090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "72c91a36e135f8cf291ca894085c87e3cc15c439c9e43a3ba091d56e10400916", 8},
	{"RFC 3610, 3", "c0c1c2c3c4c5c6c7c8c9cacbcccdcecf", "00000005040302a0a1a2a3a4a5", "0001020304050607",
		"08090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20", "51b1e5f44a197d1da46b0f8e2d282ae871e838bb64da8596574adaa76fbd9fb0c5", 8},
	{"RFC 3610, 7", "c0c1c2c3c4c5c6c7c8c9cacbcccdcecf", "00000009080706a0a1a2a3a4a5", "0001020304050607",
		"08090a0b0c0d0e0f101112131415161718191a1b1c1d1e", "0135d1b2c95f41d5d1d4fec185d166b8094e999dfed96c048c56602c97acbb7490", 10},
	{"SP 800-38C, 1", "404142434445464748494a4b4c4d4e4f", "10111213141516", "0001020304050607", "20212223", "7162015b4dac255d", 4},
	{"SP 800-38C, 2", "404142434445464748494a4b4c4d4e4f", "1011121314151617", "000102030405060708090a0b0c0d0e0f",
		"202122232425262728292a2b2c2d2e2f", "d2a1f0e051ea5f62081a7792073d593d1fc64fbfaccd", 6},
	{"SP 800-38C, 3", "404142434445464748494a4b4c4d4e4f", "101112131415161718191a1b", "000102030405060708090a0b0c0d0e0f10111213",
		"202122232425262728292a2b2c2d2e2f3031323334353637", "e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5484392fbc1b09951", 8},
}

func TestTheVectorsOfTheSpecifications(t *testing.T) {
	for _, v := range vectors {
		nonce, ad, plain := unhex(v.nonce), unhex(v.ad), unhex(v.plain)
		c := newCCM(t, unhex(v.key), len(nonce), v.tag)
		sealed := c.Seal([]byte("kept"), nonce, plain, ad)
		if got := hex.EncodeToString(sealed[4:]); got != v.sealed || string(sealed[:4]) != "kept" {
			t.Errorf("%s: %s, want %s", v.name, got, v.sealed)
		}
		opened, err := c.Open([]byte("kept"), nonce, unhex(v.sealed), ad)
		if err != nil || !bytes.Equal(opened, append([]byte("kept"), plain...)) {
			t.Errorf("%s: opened %x, %v", v.name, opened, err)
		}
	}
}

func TestWhatIsSealedOpensInPlaceAndNothingElseDoes(t *testing.T) {
	r := rand.NewChaCha8([32]byte{1})
	for _, nonceSize := range []int{7, 12, 13} {
		for _, tagSize := range []int{4, 8, 16} {
			for _, n := range []int{0, 1, 15, 16, 17, 31, 32, 255, 256, 4097} {
				for _, ads := range []int{0, 1, 13, 14, 15, 16, 30, 31, 300} {
					key, nonce, plain, ad := make([]byte, 32), make([]byte, nonceSize), make([]byte, n), make([]byte, ads)
					for _, b := range [][]byte{key, nonce, plain, ad} {
						r.Read(b)
					}
					c := newCCM(t, key, nonceSize, tagSize)
					b := append(make([]byte, 0, n+tagSize), plain...)
					sealed := c.Seal(b[:0], nonce, b, ad)
					if apart := c.Seal(nil, nonce, plain, ad); !bytes.Equal(sealed, apart) {
						t.Fatal("sealed in place is not as sealed apart")
					}
					for _, flip := range []int{0, n / 2, n + tagSize - 1} {
						forged := bytes.Clone(sealed)
						forged[flip] ^= 0x10
						if got, err := c.Open(forged[:0], nonce, forged, ad); err == nil || got != nil || !bytes.Equal(forged[:n], make([]byte, n)) {
							t.Fatalf("byte %d of %d changed: %v", flip, len(forged), err)
						}
					}
					if ads > 0 {
						ad[ads-1] ^= 1
						if _, err := c.Open(nil, nonce, sealed, ad); err == nil {
							t.Fatal("other additional data: accepted")
						}
						ad[ads-1] ^= 1
					}
					if got, err := c.Open(sealed[:0], nonce, sealed, ad); err != nil || !bytes.Equal(got, plain) {
						t.Fatalf("nonce %d, tag %d, %d bytes, %d additional: %v", nonceSize, tagSize, n, ads, err)
					}
				}
			}
		}
	}
}

func TestSizesThatCCMHasNotAreRefused(t *testing.T) {
	block, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		t.Fatal(err)
	}
	for nonce := range 16 {
		for tag := range 18 {
			_, err := New(block, nonce, tag)
			if want := nonce >= 7 && nonce <= 13 && tag >= 4 && tag <= 16 && tag%2 == 0; (err == nil) != want {
				t.Errorf("nonce of %d, tag of %d: %v", nonce, tag, err)
			}
		}
	}
	c := newCCM(t, make([]byte, 16), 13, 8) // messages of up to 65,535 bytes
	for name, call := range map[string]func(){
		"nonce":           func() { c.Seal(nil, make([]byte, 12), nil, nil) },
		"message":         func() { c.Seal(nil, make([]byte, 13), make([]byte, 1<<16), nil) },
		"additional data": func() { c.Seal(nil, make([]byte, 13), nil, make([]byte, 1<<16)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s of a wrong size: no panic", name)
				}
			}()
			call()
		}()
	}
	for name, args := range map[string][3]int{"nonce": {12, 20, 0}, "short": {13, 7, 0}, "message": {13, 1<<16 + 8, 0}, "additional data": {13, 20, 1 << 16}} {
		if _, err := c.Open(nil, make([]byte, args[0]), make([]byte, args[1]), make([]byte, args[2])); err == nil {
			t.Errorf("%s of a wrong size: opened", name)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	c := newCCM(t, make([]byte, 16), 12, 16)
	nonce, ad, b := make([]byte, 12), make([]byte, 13), make([]byte, 1200, 1216)
	if n := testing.AllocsPerRun(100, func() {
		sealed := c.Seal(b[:0], nonce, b, ad)
		if _, err := c.Open(sealed[:0], nonce, sealed, ad); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCCM(b *testing.B) {
	for _, size := range []int{16, 1200} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			c := newCCM(b, make([]byte, 16), 12, 16)
			nonce, ad, buf := make([]byte, 12), make([]byte, 13), make([]byte, size, size+16)
			b.SetBytes(int64(size))
			for b.Loop() {
				sealed := c.Seal(buf[:0], nonce, buf, ad)
				if _, err := c.Open(sealed[:0], nonce, sealed, ad); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

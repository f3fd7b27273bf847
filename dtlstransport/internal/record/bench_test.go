package record

import (
	"crypto/cipher"
	"testing"
)

// BenchmarkSealOpen is what a record of 1200 bytes costs both sides, beside the
// bare algorithm with the same bytes: the difference is ours.
func BenchmarkSealOpen(b *testing.B) {
	const size = 1200
	for _, c := range ciphers {
		key, iv := make([]byte, c.KeyLen()), make([]byte, c.IVLen())
		content := make([]byte, size)
		b.Run(cipherName(c)+"/record", func(b *testing.B) {
			s, o := mustSealer(b, 1, c, key, iv), mustOpener(b, 1, c, key, iv)
			datagram := make([]byte, 0, size+s.Overhead())
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				datagram, _ = s.Append(datagram[:0], TypeApplicationData, Version12, content)
				r, _, _ := Next(datagram)
				if _, err := o.Open(&r); err != nil {
					b.Fatal(err)
				}
			}
		})
		if c.CBC() {
			continue // no single algorithm
		}
		b.Run(cipherName(c)+"/floor", func(b *testing.B) {
			var a cipher.AEAD = bareAEAD(b, c, key)
			nonce, ad := make([]byte, nonceLen), make([]byte, HeaderLen)
			sealed := make([]byte, 0, size+tagLen)
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				sealed = a.Seal(sealed[:0], nonce, content, ad)
				if _, err := a.Open(sealed[:0], nonce, sealed, ad); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkForged is what a forged record of 1200 bytes costs us.
func BenchmarkForged(b *testing.B) {
	c := AES128GCM
	o := mustOpener(b, 1, c, make([]byte, c.KeyLen()), make([]byte, c.IVLen()))
	forged := append(appendHeader(nil, TypeApplicationData, Version12, Number{1, 5}, nil, 1200), make([]byte, 1200)...)
	r := mustNext(b, forged)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := o.Open(r); err == nil {
			b.Fatal("accepted")
		}
	}
}

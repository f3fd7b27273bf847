package main

import (
	"crypto/rand"
	"encoding/binary"
	mathrand "math/rand/v2"
)

// reseed makes all that the engines draw from crypto/rand follow from seed, so that a run can be repeated byte for byte.
// It needs the setting cryptocustomrand=1, which main.go asks for, and it is for the whole process: nothing else may
// run beside it.
func reseed(seed uint64) {
	var s [32]byte
	binary.LittleEndian.PutUint64(s[:], seed)
	rand.Reader = reader{mathrand.NewChaCha8(s)}
}

// A reader gives random bytes that follow from a seed. Single ones are always zero and use up nothing: the standard
// library reads one or none, by a real coin, to keep programs from relying on what it reads.
type reader struct{ *mathrand.ChaCha8 }

func (r reader) Read(b []byte) (int, error) {
	if len(b) == 1 {
		b[0] = 0
		return 1, nil
	}
	return r.ChaCha8.Read(b)
}

// random draws from the seeded randomness: what a forger makes up.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

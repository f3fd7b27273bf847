package keying

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"encoding/hex"
	"strings"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The vectors were published on the mailing list of the TLS working group ("Test vectors for TLS 1.2 PRF").
func TestPRFMatchesPublishedVectors(t *testing.T) {
	for _, test := range []struct {
		hash                      crypto.Hash
		secret, seed, label, want string
	}{
		{
			crypto.SHA256, "9bbe436ba940f017b17652849a71db35", "a0ba9f936cda311827a6f796ffd5198c", "test label",
			"e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa0" +
				"22f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66",
		},
		{
			crypto.SHA384, "b80b733d6ceefcdc71566ea48e5567df", "cd665cf6a8447dd6ff8b27555edb7465", "test label",
			"7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cde9ca0faa60be9fe34f82b1233c9146a0e534" +
				"cb400fed2700884f9dc236f80edd8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d9184259b5bf8cd" +
				"4d90fa0d31e2dec479e4f1a26066f2eea9a69236a3e52655c9e9aee691c8f3a26854308d5eaa3be85e0990703d73e56f",
		},
	} {
		want := unhex(t, test.want)
		secret, seed := unhex(t, test.secret), unhex(t, test.seed)
		// Any length is a prefix, and the cut between seeds does not matter.
		for n := 0; n <= len(want); n++ {
			got := make([]byte, n)
			PRF(got, test.hash, secret, test.label, seed[:n%len(seed)], seed[n%len(seed):])
			if !bytes.Equal(got, want[:n]) {
				t.Fatalf("%v, %d bytes:\n got %x\nwant %x", test.hash, n, got, want[:n])
			}
		}
	}
}

// naivePRF is P_hash written down word for word.
func naivePRF(h crypto.Hash, secret []byte, label string, seed []byte, n int) []byte {
	mac := func(parts ...[]byte) []byte {
		m := hmac.New(h.New, secret)
		m.Write(bytes.Join(parts, nil))
		return m.Sum(nil)
	}
	seed = append([]byte(label), seed...)
	a := mac(seed)
	var out []byte
	for len(out) < n {
		out = append(out, mac(a, seed)...)
		a = mac(a)
	}
	return out[:n]
}

func FuzzPRFIsPHashWordForWord(f *testing.F) {
	f.Add(true, []byte("secret"), "label", []byte("seed"), uint16(100))
	f.Add(false, []byte{}, "", []byte{}, uint16(0))
	f.Add(false, bytes.Repeat([]byte{7}, 200), "key expansion", bytes.Repeat([]byte{9}, 64), uint16(48))
	f.Fuzz(func(t *testing.T, sha256 bool, secret []byte, label string, seed []byte, n uint16) {
		h := crypto.SHA384
		if sha256 {
			h = crypto.SHA256
		}
		got := make([]byte, n%1024)
		secretBefore, seedBefore := bytes.Clone(secret), bytes.Clone(seed)
		PRF(got, h, secret, label, seed)
		if want := naivePRF(h, secret, label, seed, len(got)); !bytes.Equal(got, want) {
			t.Fatalf("got %x, want %x", got, want)
		}
		if !bytes.Equal(secret, secretBefore) || !bytes.Equal(seed, seedBefore) {
			t.Fatal("an input changed")
		}
	})
}

// A PRF costs what making its HMAC costs, and one buffer: more output costs no further allocation.
func TestPRFAllocatesTheSameForAnyLength(t *testing.T) {
	secret, random := make([]byte, 48), make([]byte, 32)
	for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA384} {
		for _, n := range []int{12, 48, 100, 1000} {
			out := make([]byte, n)
			got := testing.AllocsPerRun(100, func() { PRF(out, h, secret, "key expansion", random, random) })
			// 8 with Go 1.26: 7 in crypto/hmac (it keeps the keyed state at the first Reset), 1 here. The race detector adds 2.
			if got > 10 {
				t.Errorf("%v, %d bytes: %v allocations", h, n, got)
			}
		}
	}
}

func BenchmarkPRF(b *testing.B) {
	secret, random := make([]byte, 48), make([]byte, 32)
	for _, bench := range []struct {
		name string
		h    crypto.Hash
		n    int
	}{
		{"verify_data/SHA256", crypto.SHA256, 12},
		{"master_secret/SHA256", crypto.SHA256, 48},
		{"key_block/SHA256", crypto.SHA256, 40},
		{"SRTP/SHA256", crypto.SHA256, 56},
		{"key_block/SHA384", crypto.SHA384, 72},
	} {
		out := make([]byte, bench.n)
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				PRF(out, bench.h, secret, "key expansion", random, random)
			}
		})
	}
}

// A Secret answers as the functions do, however often and in whatever order it is asked, and with labels that are longer than
// its own room.
func TestASecretGivesWhatTheFunctionsGive(t *testing.T) {
	random, long := bytes.Repeat([]byte{1}, 32), strings.Repeat("label", 40)
	for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		master := bytes.Repeat([]byte{7}, MasterSecretLen)
		s := NewSecret(h, master)
		for range 3 {
			got, want := make([]byte, 200), make([]byte, 200)
			s.PRF(got, long, random, master)
			PRF(want, h, master, long, random, master)
			if !bytes.Equal(got, want) {
				t.Fatalf("%v: PRF differs", h)
			}
			s.KeyBlock(got, random, master[:32])
			KeyBlock(want, h, master, random, master[:32])
			if !bytes.Equal(got, want) {
				t.Fatalf("%v: KeyBlock differs", h)
			}
			if s.VerifyData(RoleClient, random) != VerifyData(h, master, RoleClient, random) {
				t.Fatalf("%v: VerifyData differs", h)
			}
		}
		if !bytes.Equal(s.scratch[:2*h.Size()], make([]byte, 2*h.Size())) {
			t.Errorf("%v: something is left behind", h)
		}
	}
}

package keying

import (
	"bytes"
	"crypto"
	"encoding/hex"
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

// The vectors for TLS 1.2 that Joachim Strömbergson and others checked against several implementations:
// IETF TLS list, "Test vectors for TLS 1.2 PRF".
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

package dtlstransport

import (
	"testing"

	"github.com/rtctransport/rtctransport/fingerprint"
)

func TestASignatureHasTheHashThatFitsItsKey(t *testing.T) {
	only256 := []uint16{uint16(ECDSAP256SHA256), uint16(RSAPKCS1SHA256)}
	for _, c := range []struct {
		key  fingerprint.KeyType
		peer []uint16
		want SignatureScheme // zero: none
	}{
		{fingerprint.ECDSAP256, offeredSchemes, ECDSAP256SHA256},
		{fingerprint.ECDSAP384, offeredSchemes, ECDSAP384SHA384},
		{fingerprint.ECDSAP384, only256, ECDSAP256SHA256},
		{fingerprint.ECDSAP256, []uint16{uint16(ECDSAP384SHA384)}, ECDSAP384SHA384},
		{fingerprint.RSA2048, offeredSchemes, RSAPSSRSAESHA256},
		{fingerprint.RSA2048, only256, RSAPKCS1SHA256},
		{fingerprint.Ed25519, offeredSchemes, Ed25519Scheme},
		{fingerprint.Ed25519, only256, 0},
	} {
		got := schemeFor(testCertificate(t, c.key).Signer().Public(), c.peer)
		if c.want == 0 && got != nil || c.want != 0 && (got == nil || got.id != c.want) {
			t.Errorf("key type %v, peer %v: %v, want %v", c.key, c.peer, got, c.want)
		}
	}
}

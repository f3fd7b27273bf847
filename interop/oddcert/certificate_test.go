package oddcert

import (
	"crypto/ecdsa"
	"crypto/x509"
	"testing"
)

func TestPackageX509RefusesAGoodPartOfThem(t *testing.T) {
	all := All()
	refused := 0
	for _, c := range all {
		leaf, err := x509.ParseCertificate(c.Chain[0])
		if err != nil {
			refused++
			t.Logf("%s: %v", c.Name, err)
			continue
		}
		if !c.Signer.Public().(*ecdsa.PublicKey).Equal(leaf.PublicKey) {
			t.Errorf("%s: another key", c.Name)
		}
	}
	if refused < 5 || len(all)-refused < 5 {
		t.Errorf("%d of %d refused", refused, len(all))
	}
}

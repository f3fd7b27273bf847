package wire

import (
	"bytes"
	"testing"
)

// FuzzParsePSK reads the key exchanges with pre-shared keys, and the OCSP response beside a certificate: what is
// accepted is written back as it was.
func FuzzParsePSK(f *testing.F) {
	f.Add((&PSKServerKeyExchange{Hint: []byte("hint")}).Append(nil), false)
	f.Add((&PSKServerKeyExchange{Hint: []byte("hint"), Group: 29, PublicKey: make([]byte, 32)}).Append(nil), true)
	f.Add((&PSKClientKeyExchange{Identity: []byte("device")}).Append(nil), false)
	f.Add((&PSKClientKeyExchange{Identity: []byte("device"), PublicKey: make([]byte, 32)}).Append(nil), true)
	f.Add([]byte{1, 0, 0, 1, 9}, false)
	f.Fuzz(func(t *testing.T, b []byte, ephemeral bool) {
		if m, err := ParsePSKServerKeyExchange(b, ephemeral); err == nil && !bytes.Equal(m.Append(nil), b) {
			t.Errorf("server: %x became %+v", b, m)
		}
		if m, err := ParsePSKClientKeyExchange(b, ephemeral); err == nil && !bytes.Equal(m.Append(nil), b) {
			t.Errorf("client: %x became %+v", b, m)
		}
		if m, err := ParseCertificateStatus(b); err == nil && !bytes.Equal(m.Append(nil), b) {
			t.Errorf("status: %x became %+v", b, m)
		}
	})
}

package wire

import (
	"errors"
	"testing"
)

func TestCertificateStatusIsWellFormed(t *testing.T) { // HS-35, HS-36
	for _, test := range []struct {
		name string
		body []byte
		want error
	}{
		{"a response", []byte{1, 0, 0, 2, 0x30, 0}, nil},
		{"nothing at all", nil, ErrDecode},
		{"another type", []byte{2, 0, 0, 2, 0x30, 0}, ErrIllegalParameter},
		{"no response", []byte{1}, ErrDecode},
		{"an empty response", []byte{1, 0, 0, 0}, ErrDecode},
		{"a response too short", []byte{1, 0, 0, 3, 0x30, 0}, ErrDecode},
		{"a byte behind it", []byte{1, 0, 0, 2, 0x30, 0, 0}, ErrDecode},
	} {
		m, err := ParseCertificateStatus(test.body)
		if !errors.Is(err, test.want) || err == nil && len(m.Response) != 2 {
			t.Errorf("%s: %+v, %v, want %v", test.name, m, err, test.want)
		}
	}
}

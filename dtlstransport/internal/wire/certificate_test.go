package wire

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

// certificateList returns the body of a Certificate message with the given list, of which each entry brings its own length.
func certificateList(entries ...[]byte) []byte {
	list := slices.Concat(entries...)
	return append(appendUint24(nil, uint32(len(list))), list...)
}

func TestCertificateListsAreWellFormed(t *testing.T) { // CERT-02
	for _, test := range []struct {
		name  string
		body  []byte
		count int
		want  error
	}{
		{"no certificates", []byte{0, 0, 0}, 0, nil},
		{"one", certificateList([]byte{0, 0, 1, 0x30}), 1, nil},
		{"two", certificateList([]byte{0, 0, 1, 0x30}, []byte{0, 0, 2, 0x30, 0}), 2, nil},
		{"nothing at all", nil, 0, ErrDecode},
		{"empty certificate", certificateList([]byte{0, 0, 0}), 0, ErrDecode},
		{"empty certificate behind another", certificateList([]byte{0, 0, 1, 0x30}, []byte{0, 0, 0}), 0, ErrDecode},
		{"certificate longer than the list", certificateList([]byte{0, 0, 2, 0x30}), 0, ErrDecode},
		{"certificate of 2^24-1", certificateList([]byte{0xff, 0xff, 0xff, 0x30}), 0, ErrDecode},
		{"list longer than the message", []byte{0, 0, 5, 0, 0, 1, 0x30}, 0, ErrDecode},
		{"list shorter than the message", []byte{0, 0, 4, 0, 0, 1, 0x30, 0}, 0, ErrDecode},
		{"list of 2^24-1", []byte{0xff, 0xff, 0xff, 0, 0, 1, 0x30}, 0, ErrDecode},
		{"half a length", certificateList([]byte{0, 0, 1, 0x30}, []byte{0, 0}), 0, ErrDecode},
		{"as many as there may be", certificateList(bytes.Repeat([]byte{0, 0, 1, 0x30}, MaxCertificates)), MaxCertificates, nil},
		{"one more", certificateList(bytes.Repeat([]byte{0, 0, 1, 0x30}, MaxCertificates+1)), 0, ErrIllegalParameter},
		{"a thousand", certificateList(bytes.Repeat([]byte{0, 0, 1, 0x30}, 1000)), 0, ErrIllegalParameter},
	} {
		m, err := ParseCertificate(test.body)
		if !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
		if err == nil && len(m.Chain) != test.count {
			t.Errorf("%s: %d certificates", test.name, len(m.Chain))
		}
	}
}

func TestCertificateIsLaidOutAsInTheRFC(t *testing.T) {
	got := (&Certificate{Chain: [][]byte{{0x30, 0}, {0x31}}}).Append([]byte{0xee})
	if want := []byte{0xee, 0, 0, 9, 0, 0, 2, 0x30, 0, 0, 0, 1, 0x31}; !bytes.Equal(got, want) {
		t.Errorf("% x, want % x", got, want)
	}
}

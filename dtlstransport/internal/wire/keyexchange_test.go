package wire

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

func TestOnlyNamedCurvesAreAccepted(t *testing.T) { // HS-45
	m := serverKeyExchangeExamples[0].(*ServerKeyExchange)
	for curveType := range 256 {
		body := m.Append(nil)
		body[0] = byte(curveType)
		_, err := ParseServerKeyExchange(body)
		if want := error(ErrIllegalParameter); curveType == curveTypeNamed && err != nil || curveType != curveTypeNamed && !errors.Is(err, want) {
			t.Errorf("curve_type %d: %v", curveType, err)
		}
	}
}

func TestPointsAreNotEmpty(t *testing.T) { // HS-35
	if _, err := ParseServerKeyExchange([]byte{3, 0, 29, 0, 4, 3, 0, 1, 9}); !errors.Is(err, ErrDecode) {
		t.Errorf("ServerKeyExchange: %v, want ErrDecode", err)
	}
	if _, err := ParseClientKeyExchange([]byte{0}); !errors.Is(err, ErrDecode) {
		t.Errorf("ClientKeyExchange: %v, want ErrDecode", err)
	}
}

func TestParamsAreTheSignedBytesAndCannotGrowOverTheRest(t *testing.T) { // HS-21
	m := &ServerKeyExchange{Group: 23, PublicKey: numbered(65), Scheme: 0x0403, Signature: numbered(70)}
	body := m.Append(nil)
	got, err := ParseServerKeyExchange(body)
	if err != nil {
		t.Fatal(err)
	}
	want := AppendServerECDHParams(nil, 23, numbered(65))
	if !bytes.Equal(got.Params, want) || !bytes.Equal(want, slices.Concat([]byte{3, 0, 23, 65}, numbered(65))) {
		t.Errorf("params % x, want % x", got.Params, want)
	}
	before := bytes.Clone(body)
	_ = append(got.Params, 0xee)
	if !bytes.Equal(body, before) {
		t.Error("appending to Params changed the body")
	}
}

func TestCertificateRequestListsAreWellFormed(t *testing.T) { // HS-35
	for _, test := range []struct {
		name string
		body []byte
		want error
	}{
		{"one type, one scheme", []byte{1, 64, 0, 2, 4, 3, 0, 0}, nil},
		{"one authority", []byte{1, 64, 0, 2, 4, 3, 0, 3, 0, 1, 0x30}, nil},
		{"unknown type", []byte{1, 250, 0, 2, 4, 3, 0, 0}, nil},
		{"no types", []byte{0, 0, 2, 4, 3, 0, 0}, ErrDecode},
		{"no schemes", []byte{1, 64, 0, 0, 0, 0}, ErrDecode},
		{"schemes odd", []byte{1, 64, 0, 1, 4, 0, 0}, ErrDecode},
		{"no authorities vector, as before TLS 1.0", []byte{1, 64, 0, 2, 4, 3}, ErrDecode},
		{"empty authority", []byte{1, 64, 0, 2, 4, 3, 0, 2, 0, 0}, ErrDecode},
		{"authority too long", []byte{1, 64, 0, 2, 4, 3, 0, 3, 0, 2, 0x30}, ErrDecode},
		{"authorities too long", []byte{1, 64, 0, 2, 4, 3, 0, 4, 0, 1, 0x30}, ErrDecode},
	} {
		if _, err := ParseCertificateRequest(test.body); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
}

func TestVerifyDataIsTwelveBytes(t *testing.T) { // HS-16
	for n := range 40 {
		_, err := ParseFinished(make([]byte, n))
		if n == 12 && err != nil || n != 12 && !errors.Is(err, ErrDecode) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// The message may lie in a buffer that is used again, so Finished is a copy.
func TestFinishedIsACopy(t *testing.T) {
	body := numbered(12)
	m, err := ParseFinished(body)
	if err != nil {
		t.Fatal(err)
	}
	clear(body)
	if !bytes.Equal(m.VerifyData[:], numbered(12)) {
		t.Errorf("% x", m.VerifyData)
	}
}

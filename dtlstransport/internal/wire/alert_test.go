package wire

import (
	"bytes"
	"errors"
	"testing"
)

func TestAnAlertIsTwoBytes(t *testing.T) { // ALERT-01
	for n := range 6 {
		level, description, err := ParseAlert([]byte{2, 50, 1, 0, 2, 50}[:n])
		switch {
		case n == 2 && (level != 2 || description != 50 || err != nil):
			t.Errorf("%d, %d, %v; want 2, 50", level, description, err)
		case n != 2 && !errors.Is(err, ErrDecode):
			t.Errorf("%d bytes: %v, want ErrDecode", n, err)
		}
	}
}

func TestUnknownAlertsAreAlerts(t *testing.T) { // ALERT-01
	if level, description, err := ParseAlert([]byte{7, 253}); level != 7 || description != 253 || err != nil {
		t.Errorf("%d, %d, %v", level, description, err)
	}
}

func FuzzParseAlert(f *testing.F) {
	f.Add([]byte{1, 0})
	f.Add([]byte{2, 50, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		level, description, err := ParseAlert(b)
		if (err == nil) != (len(b) == 2) {
			t.Fatalf("%x: %v", b, err)
		}
		if err == nil && !bytes.Equal([]byte{level, description}, b) {
			t.Errorf("%x came back as %d, %d", b, level, description)
		}
	})
}

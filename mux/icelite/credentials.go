package icelite

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
)

// Credentials are what one side of ICE proves itself with: the values of a=ice-ufrag and a=ice-pwd.
type Credentials struct{ Ufrag, Password string }

// newCredentials returns fresh ones: 48 and 192 bits ("the password contains at least 128 bits of randomness",
// RFC 8445, Section 5.3; 24 bits for the ufrag).
func newCredentials() Credentials {
	var random [6 + 24]byte
	rand.Read(random[:])
	var text [8 + 32]byte
	base64.RawStdEncoding.Encode(text[:], random[:]) // its alphabet is that of ice-char
	s := string(text[:])
	return Credentials{s[:8], s[8:]}
}

// check returns an error unless both values have the form of RFC 8839, Section 5.4.
func (c Credentials) check() error {
	switch {
	case len(c.Ufrag) < 4 || len(c.Ufrag) > 256 || !isICEChars(c.Ufrag):
		return fmt.Errorf("%w: ufrag %q", ErrCredentials, c.Ufrag)
	case len(c.Password) < 22 || len(c.Password) > 256 || !isICEChars(c.Password):
		return fmt.Errorf("%w: password of %d characters", ErrCredentials, len(c.Password))
	}
	return nil
}

func isICEChars(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '+' && r != '/'
	}) < 0
}

// String hides the password.
func (c Credentials) String() string { return "ufrag " + c.Ufrag }

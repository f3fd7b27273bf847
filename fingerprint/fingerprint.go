package fingerprint

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// A Fingerprint is the hash of a certificate with the name of the hash function. It is made by Parse, Of or FromBytes and
// does not change; two are equal (==) when function and value are. The zero Fingerprint is no fingerprint: it matches no
// certificate.
type Fingerprint struct {
	hash  Hash
	value string // the bytes of the hash; as a string it is immutable and comparable
}

// attributeName is what stands before a fingerprint in SDP. RFC 8122, Section 5.
const attributeName = "a=fingerprint:"

// maxText bounds what Parse looks at, in bytes. sha-512 needs 8 + 64*3 - 1 and the attribute name 14 more.
const maxText = 1024

// Parse reads the value of a fingerprint attribute, as in "sha-256 4A:AD:B9:...:AB", or a whole SDP line:
//
//	attribute              =/ fingerprint-attribute
//	fingerprint-attribute  =  "fingerprint" ":" hash-func SP fingerprint
//	hash-func              =  "sha-1" / "sha-224" / "sha-256" / "sha-384" / "sha-512" / "md5" / "md2" / token
//	fingerprint            =  2UHEX *(":" 2UHEX)
//
// RFC 8122, Section 5. The name of the function and the digits may be in either case: the grammar wants upper-case digits
// of a sender, and some send others. "a=" and "fingerprint:" may be there or not, and so may a line end.
//
// A function that is unusable or unknown is not an error here; its value must have the form all the same and, if RFC 8122
// names the function, the right length. The error wraps ErrSyntax and does not repeat s.
func Parse(s string) (Fingerprint, error) {
	if len(s) > maxText {
		return Fingerprint{}, fmt.Errorf("%w: %d bytes of text, at most %d are read", ErrSyntax, len(s), maxText)
	}
	s = strings.TrimSuffix(strings.TrimSuffix(s, "\n"), "\r")
	s = strings.TrimPrefix(strings.TrimPrefix(s, "a="), "fingerprint:")
	name, digits, ok := strings.Cut(s, " ")
	if !ok {
		return Fingerprint{}, fmt.Errorf("%w: no space after the hash function", ErrSyntax)
	}
	if !isToken(name) {
		return Fingerprint{}, fmt.Errorf("%w: the hash function is not a token", ErrSyntax)
	}
	value := make([]byte, 0, (len(digits)+1)/3)
	for i := 0; ; i += 3 {
		if len(digits) < i+2 {
			return Fingerprint{}, fmt.Errorf("%w: the value ends after %d bytes in half a byte", ErrSyntax, len(value))
		}
		b, err := hex.DecodeString(digits[i : i+2])
		if err != nil {
			return Fingerprint{}, fmt.Errorf("%w: byte %d is not two hexadecimal digits", ErrSyntax, len(value))
		}
		value = append(value, b[0])
		if len(digits) == i+2 {
			break
		}
		if digits[i+2] != ':' {
			return Fingerprint{}, fmt.Errorf("%w: no colon after byte %d", ErrSyntax, len(value)-1)
		}
	}
	return FromBytes(Hash(name), value)
}

// isToken reports whether s is a token of RFC 8866, Section 9.
func isToken(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

// FromBytes returns the fingerprint with the given value, which is copied: for signalling that carries the bytes in
// another form than SDP does. The name of the function may be in either case. The error wraps ErrSyntax: the name is not a
// token, or the value is empty, or it does not have the length of its function.
func FromBytes(h Hash, value []byte) (Fingerprint, error) {
	h = h.normal()
	if !isToken(string(h)) {
		return Fingerprint{}, fmt.Errorf("%w: the hash function is not a token", ErrSyntax)
	}
	if len(value) == 0 {
		return Fingerprint{}, fmt.Errorf("%w: empty value", ErrSyntax)
	}
	if size, ok := sizes[h]; ok && len(value) != size {
		return Fingerprint{}, fmt.Errorf("%w: %d bytes, %s has %d", ErrSyntax, len(value), h, size)
	}
	return Fingerprint{hash: h, value: string(value)}, nil
}

// Of returns the fingerprint of a certificate, given in DER; it is not parsed. The name of the function may be in either
// case. The error wraps ErrUnusableHash, or ErrNoCertificate for an empty der.
func Of(h Hash, der []byte) (Fingerprint, error) {
	h = h.normal()
	if !h.Usable() {
		return Fingerprint{}, fmt.Errorf("%w: want %s, %s or %s", ErrUnusableHash, SHA256, SHA384, SHA512)
	}
	if len(der) == 0 {
		return Fingerprint{}, ErrNoCertificate
	}
	return Fingerprint{hash: h, value: h.sum(der)}, nil
}

// Hash returns the hash function, in lower case; empty for the zero Fingerprint.
func (f Fingerprint) Hash() Hash { return f.hash }

// Value returns a copy of the bytes of the hash.
func (f Fingerprint) Value() []byte { return []byte(f.value) }

// IsZero reports whether f is the zero Fingerprint.
func (f Fingerprint) IsZero() bool { return f == Fingerprint{} }

// String returns the value of an SDP fingerprint attribute: "sha-256 4A:AD:B9:...:AB". "Each byte in upper-case hex,
// separated by colons." RFC 8122, Section 5. The zero Fingerprint is "".
func (f Fingerprint) String() string {
	if f.IsZero() {
		return ""
	}
	return string(f.appendText(make([]byte, 0, len(f.hash)+3*len(f.value))))
}

// Attribute returns the SDP line without its end: "a=fingerprint:sha-256 4A:AD:B9:...:AB". The zero Fingerprint is "".
func (f Fingerprint) Attribute() string {
	if f.IsZero() {
		return ""
	}
	b := make([]byte, 0, len(attributeName)+len(f.hash)+3*len(f.value))
	return string(f.appendText(append(b, attributeName...)))
}

func (f Fingerprint) appendText(b []byte) []byte {
	const digits = "0123456789ABCDEF"
	b = append(b, f.hash...)
	separator := byte(' ')
	for _, c := range []byte(f.value) {
		b = append(b, separator, digits[c>>4], digits[c&15])
		separator = ':'
	}
	return b
}

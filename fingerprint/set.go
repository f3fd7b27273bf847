package fingerprint

import "crypto/subtle"

// A Set is what the peer signalled: one fingerprint or several, of one certificate or several, in any order. The nil Set is
// the empty one and accepts nobody.
//
// It comes from signalling. A Set made from the certificate that arrived in the handshake accepts whoever is
// there.
type Set []Fingerprint

// ParseSet parses the values of all fingerprint attributes that apply to one media section: its own ones, or those of the
// session if it has none. Each is read by Parse.
//
// Fingerprints of unknown and of forbidden functions are kept and never used. The error wraps ErrSyntax for a malformed
// value, and is an *UnusableError, which wraps ErrNoUsable, when nothing usable is there, as without any value.
func ParseSet(values ...string) (Set, error) {
	s := make(Set, 0, len(values))
	for _, value := range values {
		f, err := Parse(value)
		if err != nil {
			return nil, err
		}
		s = append(s, f)
	}
	if err := s.Check(); err != nil {
		return nil, err
	}
	return s, nil
}

// Check returns nil if s has at least one usable fingerprint, so that Verify can say yes to some certificate, and else an
// *UnusableError, which wraps ErrNoUsable. Call it at configuration time to fail before the handshake does.
func (s Set) Check() error {
	_, err := s.preferred()
	return err
}

// Verify returns nil if the certificate is one that was signalled. leafDER is the certificate whose key signed the
// handshake, the first of the list, in DER as it came; it is hashed and not parsed, so dates, versions and
// extensions do not matter.
//
// "An endpoint MUST select the set of fingerprints that use its most preferred hash function (out of those offered by the
// peer) and verify that each certificate used matches one fingerprint out of that set. If a certificate does not match any
// such fingerprint, the endpoint MUST NOT establish the TLS connection." RFC 8122, Section 5.1. The order of preference is
// sha-512, sha-384, sha-256: when sha-512 was signalled a matching sha-256 does not help.
//
// The errors: *UnusableError (wraps ErrNoUsable) when s decides nothing, ErrNoCertificate for an empty leafDER, and
// *MismatchError (wraps ErrMismatch). The time it takes depends on s and the length of leafDER, not on how much of which
// fingerprint matches.
func (s Set) Verify(leafDER []byte) error {
	h, err := s.preferred()
	if err != nil {
		return err
	}
	got, err := Of(h, leafDER)
	if err != nil {
		return err
	}
	matches := 0
	for _, want := range s {
		matches |= want.matches(got)
	}
	if matches == 1 {
		return nil
	}
	mismatch := &MismatchError{Got: got}
	for _, want := range s {
		if want.hash == h {
			mismatch.Want = append(mismatch.Want, want)
		}
	}
	return mismatch
}

// matches returns 1 if both are the same fingerprint, else 0, in a time that does not depend on the values. What is
// compared is always the whole hash: the lengths differ or all bytes are looked at.
func (f Fingerprint) matches(g Fingerprint) int {
	return subtle.ConstantTimeCompare([]byte(f.hash), []byte(g.hash)) &
		subtle.ConstantTimeCompare([]byte(f.value), []byte(g.value))
}

// preferred returns the most preferred function that s has a fingerprint of.
func (s Set) preferred() (Hash, error) {
	for _, h := range preference {
		for _, f := range s {
			if f.hash == h {
				return h, nil
			}
		}
	}
	e := &UnusableError{}
	for _, f := range s {
		if !f.IsZero() {
			e.Offered = append(e.Offered, f.hash)
		}
	}
	return "", e
}

package fingerprint

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Errors to compare with [errors.Is].
var (
	// ErrSyntax is in the error of Parse, ParseSet and FromBytes: not a fingerprint attribute, or a value whose length is
	// not that of its hash function.
	ErrSyntax = errors.New("fingerprint: malformed fingerprint")

	// ErrUnusableHash is in the error of Of and FingerprintWith: not sha-256, sha-384 or sha-512.
	ErrUnusableHash = errors.New("fingerprint: unusable hash function")

	// ErrNoUsable is in the error of ParseSet, Check and Verify, an *[UnusableError]: the set is empty or has only
	// fingerprints that must not be used.
	ErrNoUsable = errors.New("fingerprint: no usable fingerprint")

	// ErrMismatch is in the error of Verify, a *[MismatchError]: the certificate is not one that was signalled.
	ErrMismatch = errors.New("fingerprint: certificate does not match the signalled fingerprint")

	// ErrNoCertificate is in the error of Of and Verify for an empty certificate, and of New and ParsePEM for no
	// certificate at all.
	ErrNoCertificate = errors.New("fingerprint: no certificate")

	// ErrBadCertificate is in the error of New and ParsePEM: the own certificate cannot be read or used.
	ErrBadCertificate = errors.New("fingerprint: bad certificate")

	// ErrKey is in the error of New, ParsePEM, MarshalPEM and Generate: a missing, unsupported, unreadable or wrong key.
	ErrKey = errors.New("fingerprint: bad key")
)

// An UnusableError says that a Set cannot authenticate anybody.
type UnusableError struct {
	Offered []Hash // The functions of the set, in its order, none of them usable; empty for an empty set.
}

// Error tells what was offered. Names that are not in the registry are counted, not repeated: the peer chose them.
func (e *UnusableError) Error() string {
	if len(e.Offered) == 0 {
		return ErrNoUsable.Error() + ": none was signalled"
	}
	var known []string
	unknown := 0
	for _, h := range e.Offered {
		if _, ok := sizes[h]; !ok {
			unknown++
		} else if !slices.Contains(known, string(h)) {
			known = append(known, string(h))
		}
	}
	if unknown > 0 {
		known = append(known, fmt.Sprintf("%d of unknown functions", unknown))
	}
	return fmt.Sprintf("%v: signalled were %s, wanted is %s, %s or %s",
		ErrNoUsable, strings.Join(known, ", "), SHA256, SHA384, SHA512)
}

// Unwrap returns ErrNoUsable.
func (e *UnusableError) Unwrap() error { return ErrNoUsable }

// A MismatchError is the verdict that a certificate is not one that was signalled. Fingerprints are no secrets.
type MismatchError struct {
	Got  Fingerprint   // of the certificate that was presented
	Want []Fingerprint // the signalled ones that were compared with, all of the same hash function as Got; never empty
}

// Error has the presented fingerprint and the first expected one in full.
func (e *MismatchError) Error() string {
	more := ""
	if n := len(e.Want) - 1; n > 0 {
		more = fmt.Sprintf(" or %d more", n)
	}
	return fmt.Sprintf("%v: got %v, want %v%s", ErrMismatch, e.Got, e.Want[0], more)
}

// Unwrap returns ErrMismatch.
func (e *MismatchError) Unwrap() error { return ErrMismatch }

package wire

import (
	"errors"
	"fmt"
)

// The three ways in which a message can be wrong. Every error of this package wraps exactly one of them; use errors.Is.
var (
	// ErrDecode means that the bytes do not have the form of the message: a vector is too short, too long or of odd length, or
	// bytes are left over. The alert is decode_error (RFC 5246, Section 7.2.2).
	ErrDecode = errors.New("malformed message")
	// ErrIllegalParameter means that the bytes have the right form and a value in them is one that the RFC forbids. The alert is
	// illegal_parameter.
	ErrIllegalParameter = errors.New("illegal value")
	// ErrDuplicateExtension means that "there MUST NOT be more than one extension of the same type" (RFC 5246, Section 7.4.1.4)
	// is broken. The RFC names no alert; decode_error is what others send.
	ErrDuplicateExtension = errors.New("duplicate extension")
)

// decodeError returns an error that wraps ErrDecode; what says which field of which message.
func decodeError(what string) error { return fmt.Errorf("%w: %s", ErrDecode, what) }

// illegalParameter returns an error that wraps ErrIllegalParameter.
func illegalParameter(what string) error { return fmt.Errorf("%w: %s", ErrIllegalParameter, what) }

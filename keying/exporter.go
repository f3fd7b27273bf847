package keying

import (
	"crypto"
	"errors"
	"fmt"
)

// Errors of Export, for errors.Is.
var (
	// ErrReservedLabel says that the label is one the handshake uses itself.
	ErrReservedLabel = errors.New("keying: exporter label is reserved by TLS")
	// ErrContextTooLong says that the context does not fit its 16-bit length.
	ErrContextTooLong = errors.New("keying: exporter context is longer than 65535 bytes")
)

// Export fills out with exported keying material. The label should be a registered one, or begin with "EXPORTER"
// ("EXPERIMENTAL" for private use; RFC 5705, Section 4): that keeps two users of one association apart, and nothing else does.
//
// A nil context means none; an empty one that is not nil is a context of length zero, which gives other bytes:
//
//	"If no context is provided, it then computes:
//
//	   PRF(SecurityParameters.master_secret, label,
//	       SecurityParameters.client_random +
//	       SecurityParameters.server_random
//	       )[length]
//
//	If context is provided, it computes:
//
//	   PRF(SecurityParameters.master_secret, label,
//	       SecurityParameters.client_random +
//	       SecurityParameters.server_random +
//	       context_value_length + context_value
//	       )[length]"
//
// RFC 5705, Section 4.
//
// It fails with ErrReservedLabel or ErrContextTooLong, and then leaves out untouched. Whether the handshake is complete, its peer verified
// and its master secret an extended one (RFC 7627, Section 5.4) is the caller's to know.
func Export(out []byte, h crypto.Hash, master, clientRandom, serverRandom []byte, label string, context []byte) error {
	switch label {
	// "These entries are reserved and MUST NOT be used for the purpose described in RFC 5705, in order to avoid
	// confusion with similar, but distinct, use in RFC 5246."
	// RFC 5705, Section 6. With the same secret they would give out verify_data or a key block.
	case labelClientFinished, labelServerFinished, labelMasterSecret, labelKeyExpansion:
		return fmt.Errorf("%w: %q", ErrReservedLabel, label)
	}
	if context == nil {
		PRF(out, h, master, label, clientRandom, serverRandom)
		return nil
	}
	if len(context) > 0xffff {
		return fmt.Errorf("%w: %d", ErrContextTooLong, len(context))
	}
	length := [2]byte{byte(len(context) >> 8), byte(len(context))}
	PRF(out, h, master, label, clientRandom, serverRandom, length[:], context)
	return nil
}

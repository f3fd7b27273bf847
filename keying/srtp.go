package keying

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// SRTPLabel is the exporter label of DTLS-SRTP. It goes without a context, not with one of length zero.
//
//	"The exporter label for this usage is "EXTRACTOR-dtls_srtp".  (The
//	"EXTRACTOR" prefix is for historical compatibility.)"
//
// RFC 5764, Section 4.2.
const SRTPLabel = "EXTRACTOR-dtls_srtp"

// ErrUnknownProfile says that a profile is none of those this package knows.
var ErrUnknownProfile = errors.New("keying: unknown SRTP protection profile")

// Material is the SRTP master keys and salts of both sides. It is immutable by convention: everyone who has it shares the slices.
//
// The keys show in none of fmt's verbs, and neither in JSON nor in log/slog.
type Material struct {
	Profile    SRTPProfile
	ClientKey  []byte // client_write_SRTP_master_key: what the DTLS client protects with
	ServerKey  []byte // server_write_SRTP_master_key
	ClientSalt []byte // client_write_SRTP_master_salt
	ServerSalt []byte // server_write_SRTP_master_salt
}

// NewMaterial cuts exported keying material into keys and salts. exported must be exactly p.MaterialLen() bytes from an exporter
// with SRTPLabel and no context; it is copied, so the caller may clear it. It fails with ErrUnknownProfile, or on a wrong length.
//
//	client_write_SRTP_master_key[SRTPSecurityParams.master_key_len];
//	server_write_SRTP_master_key[SRTPSecurityParams.master_key_len];
//	client_write_SRTP_master_salt[SRTPSecurityParams.master_salt_len];
//	server_write_SRTP_master_salt[SRTPSecurityParams.master_salt_len];
//
// RFC 5764, Section 4.2.
func NewMaterial(p SRTPProfile, exported []byte) (*Material, error) {
	if !p.Known() {
		return nil, fmt.Errorf("%w: %v", ErrUnknownProfile, p)
	}
	if len(exported) != p.MaterialLen() {
		return nil, fmt.Errorf("keying: %v takes %d bytes of keying material, got %d", p, p.MaterialLen(), len(exported))
	}
	rest := bytes.Clone(exported)
	next := func(n int) []byte {
		part := rest[:n:n] // An append to one part must not reach the next.
		rest = rest[n:]
		return part
	}
	m := &Material{Profile: p}
	m.ClientKey, m.ServerKey = next(p.KeyLen()), next(p.KeyLen())
	m.ClientSalt, m.ServerSalt = next(p.SaltLen()), next(p.SaltLen())
	return m, nil
}

// Keys returns the master key and salt that writer protects with and its peer unprotects with. They alias m, and are nil if
// writer is neither side.
//
// "The client_write_SRTP_master_key and client_write_SRTP_master_salt are provided to one invocation of the SRTP key
// derivation function, to generate the SRTP keys used to encrypt and authenticate packets sent by the client. The server
// MUST only use these keys to decrypt and to check the authenticity of inbound packets."
// RFC 5764, Section 4.2. Which side made the offer plays no part.
func (m *Material) Keys(writer Role) (key, salt []byte) {
	switch writer {
	case RoleClient:
		return m.ClientKey, m.ClientSalt
	case RoleServer:
		return m.ServerKey, m.ServerSalt
	}
	return nil, nil
}

// String names the profile and hides the keys.
func (m Material) String() string { return "keying.Material{" + m.Profile.String() + ", keys hidden}" }

// Format writes String for every verb and flag, so that not even %#v shows a key.
func (m Material) Format(s fmt.State, _ rune) { io.WriteString(s, m.String()) }

// MarshalText returns String, for encoding/json and log/slog. There is no way back on purpose.
func (m Material) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

package dtlstransport

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rtctransport/rtctransport/keying"
)

// HardenedPolicy returns a Config for peers that are known to be modern: forward
// secrecy and AEAD only, for records and for SRTP; 256-bit ciphers; the strongest group
// that both have, and no signatures of PKCS #1 v1.5. It lacks the certificates, and may be
// changed. Browsers connect with it, Chromium under ChaCha20-Poly1305. But RFC 8827,
// Section 6.5 wants every WebRTC endpoint to have TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
// and SRTP_AES128_CM_HMAC_SHA1_80, and who has nothing else is refused.
func HardenedPolicy() *Config {
	return &Config{
		CipherSuites: []CipherSuite{
			TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
			TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
			TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
		// secp256r1 is there because many take its absence for a refusal of the
		// certificates that everybody has.
		Groups: []Group{Secp521r1, Secp384r1, X25519, Secp256r1},
		SignatureSchemes: []SignatureScheme{
			Ed25519Scheme, ECDSAP521SHA512, ECDSAP384SHA384, ECDSAP256SHA256,
			RSAPSSRSAESHA512, RSAPSSRSAESHA384, RSAPSSRSAESHA256,
		},
		SRTPProfiles: []keying.SRTPProfile{keying.SRTPAEADAES256GCM, keying.SRTPAEADAES128GCM},
	}
}

// A PolicyError says what is wrong in a text for LoadPolicy.
type PolicyError struct {
	Line int // counted from 1
	Err  error
}

// Error names the line.
func (e *PolicyError) Error() string { return fmt.Sprintf("dtls: policy: line %d: %v", e.Line, e.Err) }

// Unwrap returns what is wrong.
func (e *PolicyError) Unwrap() error { return e.Err }

// LoadPolicy reads a Config, without the certificates and whatever else is not text,
// from lines such as
//
//	# for the machines in the field
//	cipher_suites     = TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
//	groups            = secp384r1 X25519 secp256r1
//	signature_schemes = ecdsa_secp384r1_sha384 ecdsa_secp256r1_sha256
//	srtp_profiles     = SRTP_AEAD_AES_256_GCM      # or none
//	handshake_timeout = 20s
//
// What is not named has its default, so that the empty text is the zero Config. Names
// are those that the String methods have, in either case; # begins a comment. The
// settings are the fields of Config by the same name: cipher_suites, groups,
// signature_schemes, srtp_profiles, alpn (lists); hello_profile, extended_master_secret
// (require, request); session_tickets (yes, no: Config.NoTickets); initial_timeout,
// longest_timeout, handshake_timeout, failure_grace, session_lifetime (as
// time.ParseDuration has them; the third and the fourth may be none); max_datagram_size,
// max_message_size, receive_buffer, heartbeat, replay_window, record_padding, max_forged_records. Nothing that is called insecure is among them.
//
// The error is a *PolicyError, or r's.
func LoadPolicy(r io.Reader) (*Config, error) {
	c := new(Config)
	seen := make(map[string]int)
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line, _, _ := strings.Cut(lines.Text(), "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if err := c.readSetting(line, n, seen); err != nil {
			return nil, &PolicyError{n, err}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("dtls: policy: %w", err)
	}
	return c, nil
}

// readSetting reads one line. seen has the lines of those before.
func (c *Config) readSetting(line string, n int, seen map[string]int) error {
	name, value, ok := strings.Cut(line, "=")
	if !ok {
		return fmt.Errorf("%q is not of the form name = value", line)
	}
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	i := slices.IndexFunc(settings, func(s setting) bool { return strings.EqualFold(s.name, name) })
	switch {
	case i < 0:
		return fmt.Errorf("unknown setting %q", name)
	case seen[settings[i].name] > 0:
		return fmt.Errorf("%s again, after line %d", settings[i].name, seen[settings[i].name])
	case value == "":
		return fmt.Errorf("%s without a value", settings[i].name)
	}
	seen[settings[i].name] = n
	if err := settings[i].set(c, value); err != nil {
		return fmt.Errorf("%s: %w", settings[i].name, err)
	}
	return nil
}

// WritePolicy writes what LoadPolicy reads: the settings that are not the default.
func (c *Config) WritePolicy(w io.Writer) error {
	for _, s := range settings {
		if value := s.get(c); value != "" {
			if _, err := fmt.Fprintf(w, "%s = %s\n", s.name, value); err != nil {
				return err
			}
		}
	}
	return nil
}

package dtlstransport

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/rtctransport/rtctransport/fingerprint"
)

// maxPSK bounds pre-shared keys and their identities, in bytes. RFC 4279, Section
// 5.3 asks for 64 and 128.
const maxPSK = 1024

// PSK has the pre-shared keys of an end, for the cipher suites that take them in
// the place of certificates (RFC 4279, RFC 5489): links between devices and servers
// that know each other beforehand. They are used only if Config.CipherSuites
// names such suites. Each end is then authenticated by the key alone, in its
// Finished: no certificate is shown and no fingerprint judged.
//
// Whoever takes part in a handshake as a server, also without knowing the key, can
// try keys against it afterwards, unless the suite has ECDHE, and then whoever takes
// the server's place can. So keys must be random, of 16 bytes or more, and not passwords.
//
// The functions are called from within an Engine, several times in a handshake, also
// for messages that anybody has forged, by many engines at the same time; they should be
// quick, and must not call into the engine.
type PSK struct {
	// IdentityFor returns the identity that a client shows to a server, and the key
	// that goes with it, up to 1,024 bytes each. hint is what the server said about
	// itself, mostly nothing; anybody can have changed it, and it must be neither changed
	// nor kept. An error refuses the server with handshake_failure.
	IdentityFor func(hint []byte) (identity, key []byte, err error)

	// KeyFor returns the key that a server shares with the client of that identity,
	// up to 1,024 bytes; nil if there is none. identity is what anybody may say, and must
	// be neither changed nor kept. A client of an unknown identity fares as one with a wrong key, so
	// that nobody learns which identities there are, provided that KeyFor takes the same time
	// for both: with a random key of 32 bytes the handshake goes on, and comes to
	// nothing.
	KeyFor func(identity []byte) (key []byte)

	// Hint helps the clients of a server to choose among their keys. Nil, which is
	// what RFC 4279, Section 5.2 recommends, means that nothing is said.
	Hint []byte
}

// errWrongKey says that a client's Finished does not come from the key that its
// identity has here, or that it has none.
var errWrongKey = errors.New("the Finished is not of the pre-shared key")

// namesPSK reports whether one of the suites named wants a pre-shared key, and
// whether all do.
func (c *Config) namesPSK() (some, all bool) {
	all = true
	for _, s := range c.cipherSuites() {
		if info := s.info(); info != nil && info.exchange.preShared() {
			some = true
		} else {
			all = false
		}
	}
	return some, all
}

// namesECDHE reports whether one of the suites named has ephemeral keys.
func (c *Config) namesECDHE() bool {
	return slices.ContainsFunc(c.cipherSuites(), func(s CipherSuite) bool { return s.info().exchange.ephemeral() })
}

// checkPSK reports what is wrong with the configuration of pre-shared keys.
func (c *Config) checkPSK(role Role) error {
	if some, _ := c.namesPSK(); !some {
		return nil
	}
	switch {
	case c.PSK == nil || role == RoleClient && c.PSK.IdentityFor == nil || role == RoleServer && c.PSK.KeyFor == nil:
		return errors.New("dtls: config: cipher suite with a pre-shared key, and no PSK")
	case len(c.PSK.Hint) > maxPSK:
		return fmt.Errorf("dtls: config: PSK hint of %d bytes", len(c.PSK.Hint))
	case len(c.RemoteFingerprints) > 0:
		// Who is known by a key shows no certificate that could match.
		return errors.New("dtls: config: both RemoteFingerprints and a cipher suite with a pre-shared key")
	}
	return nil
}

// identityFor asks for the identity and the key of a client.
func (p *PSK) identityFor(hint []byte) (identity, key []byte, a *AlertError) {
	identity, key, err := p.IdentityFor(hint)
	switch {
	case err != nil:
		return nil, nil, alertf(AlertHandshakeFailure, "pre-shared key: %w", err)
	case len(key) == 0 || len(key) > maxPSK || len(identity) > maxPSK:
		return nil, nil, alertf(AlertInternalError, "pre-shared key of %d bytes with an identity of %d", len(key), len(identity))
	}
	return identity, key, nil
}

// keyFor asks for the key of an identity. One that is not known gets a key that nobody
// has: "[...] if the server wishes to hide the fact that the PSK identity was not
// known, it MAY continue the protocol as if the PSK identity existed but the key
// was incorrect" (after RFC 4279, Section 2).
func (p *PSK) keyFor(identity []byte) []byte {
	random := make([]byte, 32)
	rand.Read(random)
	if len(identity) > maxPSK {
		return random
	}
	if key := p.KeyFor(identity); len(key) > 0 && len(key) <= maxPSK {
		return key
	}
	return random
}

// pskPreMaster returns the premaster secret of a key. shared is the ECDH secret, of
// which nothing is left; nil if there is none.
//
//	struct {
//	    opaque other_secret<0..2^16-1>;
//	    opaque psk<0..2^16-1>;
//	};
//
// "[...] if the PSK is N octets long, concatenate a uint16 with the value N, N zero
// octets, a second uint16 with the value N, and the PSK itself." RFC 4279, Section
// 2. With ECDHE, other_secret is the shared secret: RFC 5489, Section 2.
func pskPreMaster(shared, key []byte) []byte {
	if shared == nil {
		shared = make([]byte, len(key))
	}
	b := make([]byte, 0, 2+len(shared)+2+len(key))
	b = binary.BigEndian.AppendUint16(b, uint16(len(shared)))
	b = append(b, shared...)
	clear(shared)
	b = binary.BigEndian.AppendUint16(b, uint16(len(key)))
	return append(b, key...)
}

// judgeProof is the verdict on a peer that a suite has let prove itself: by a
// certificate, or by its Finished, which only a holder of the key can make.
func (e *Engine) judgeProof(suite *suiteInfo, chain [][]byte) (peerVerdict, *AlertError) {
	switch {
	case suite == nil || !suite.exchange.preShared():
		return e.judgePeer(chain)
	case len(e.remote) > 0:
		return peerVerdict{}, alertf(AlertBadCertificate, "peer with a pre-shared key: %w", fingerprint.ErrNoCertificate)
	}
	return peerVerdict{known: true}, nil
}

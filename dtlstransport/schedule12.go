package dtlstransport

import (
	"crypto/ecdh"
	"slices"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/keying"
)

// schedule12 is the secret of a DTLS 1.2 session and what follows from it. It
// stays with the engine for the exporter.
type schedule12 struct {
	suite        *suiteInfo
	clientRandom wire.Random
	serverRandom wire.Random
	master       []byte // 48 bytes

	prf *keying.Secret // under master, while the handshake lasts; nil: not made yet
}

// newSchedule12 derives the master secret. sessionHash is that of the messages
// up to ClientKeyExchange if the extended master secret was negotiated, else nil.
func newSchedule12(p *parameters, clientRandom, serverRandom wire.Random, preMaster, sessionHash []byte) *schedule12 {
	s := &schedule12{suite: p.suite, clientRandom: clientRandom, serverRandom: serverRandom}
	if sessionHash != nil {
		s.master = keying.ExtendedMasterSecret(s.suite.hash, preMaster, sessionHash)
	} else {
		s.master = keying.MasterSecret(s.suite.hash, preMaster, clientRandom[:], serverRandom[:])
	}
	return s
}

// protection returns both directions of epoch 1 for one side.
//
//	client_write_MAC_key, server_write_MAC_key,
//	client_write_key, server_write_key,
//	client_write_IV, server_write_IV
//
// RFC 5246, Section 6.3; AEAD suites have no MAC keys.
func (s *schedule12) protection(local Role) (*record.Sealer, *record.Opener, error) {
	c := s.suite.cipher
	m, k, v := c.MACLen(), c.KeyLen()-c.MACLen(), c.IVLen()
	block := make([]byte, 2*(m+k+v))
	defer clear(block)
	s.keyed().KeyBlock(block, s.clientRandom[:], s.serverRandom[:])
	clientKey, serverKey := block[2*m:2*m+k], block[2*m+k:2*(m+k)]
	clientIV, serverIV := block[2*(m+k):2*(m+k)+v], block[2*(m+k)+v:]
	if m > 0 {
		clientKey, serverKey = slices.Concat(block[:m], clientKey), slices.Concat(block[m:2*m], serverKey)
		defer clear(clientKey)
		defer clear(serverKey)
	}
	if local == RoleServer {
		clientKey, serverKey = serverKey, clientKey
		clientIV, serverIV = serverIV, clientIV
	}
	sealer, err := record.NewSealer(1, c, clientKey, clientIV)
	if err != nil {
		return nil, nil, err
	}
	opener, err := record.NewOpener(1, c, serverKey, serverIV)
	return sealer, opener, err
}

// withoutSecret returns what the peer knows of s too: the randoms and the suite. The
// secret itself may be in a session that is kept, and is not overwritten.
func (s *schedule12) withoutSecret() *schedule12 {
	return &schedule12{suite: s.suite, clientRandom: s.clientRandom, serverRandom: s.serverRandom}
}

// verifyData returns the content of the Finished that sender makes after the
// messages of t.
func (s *schedule12) verifyData(sender Role, t *transcript) [keying.VerifyDataLen]byte {
	return s.keyed().VerifyData(sender, t.sum(s.suite.hash))
}

// keyed returns the PRF under the master secret.
func (s *schedule12) keyed() *keying.Secret {
	if s.prf == nil {
		s.prf = keying.NewSecret(s.suite.hash, s.master)
	}
	return s.prf
}

// sharedSecret computes the ECDHE secret with the peer's public key. Points off
// the curve and an all-zero X25519 result are errors (RFC 8422, Sections 5.10
// and 5.11).
func sharedSecret(key *ecdh.PrivateKey, peer []byte) ([]byte, error) {
	public, err := key.Curve().NewPublicKey(peer)
	if err != nil {
		return nil, err
	}
	return key.ECDH(public)
}

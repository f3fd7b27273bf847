package dtls

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"

	"github.com/rtctransport/rtctransport/interop/bench/rounds"
	"github.com/rtctransport/rtctransport/keying"
)

// floor is the cryptography that no implementation can do without, with Go's
// standard library.
type floor struct{}

func (floor) name() string    { return rounds.Floor + ": the cryptography, in Go" }
func (floor) can(k kind) bool { return k != idle }
func (floor) slow(kind) int   { return 0 }
func (floor) close()          {}

func (floor) run(k kind, n int) (float64, error) {
	work := prfs
	switch k {
	case full:
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return 0, err
		}
		work = func() error { return publicKeys(key) }
	case records:
		block, err := aes.NewCipher(make([]byte, 16))
		if err != nil {
			return 0, err
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return 0, err
		}
		nonce, ad, message, buf := make([]byte, 12), make([]byte, 13), make([]byte, 1200), make([]byte, 0, 2048)
		work = func() error {
			sealed := aead.Seal(buf, nonce, message, ad)
			_, err := aead.Open(sealed[:0], nonce, sealed, ad)
			return err
		}
	}
	return repeat(n, work)
}

// publicKeys is two signatures made and verified, two key pairs and both halves
// of an ECDH, and the PRFs of both sides.
func publicKeys(key *ecdsa.PrivateKey) error {
	digest := sha256.Sum256([]byte("what is signed"))
	for range 2 { // ServerKeyExchange, CertificateVerify
		signature, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
		if err != nil || !ecdsa.VerifyASN1(&key.PublicKey, digest[:], signature) {
			return errors.Join(err, errors.New("signature"))
		}
	}
	x, errX := ecdh.X25519().GenerateKey(rand.Reader)
	y, errY := ecdh.X25519().GenerateKey(rand.Reader)
	if err := errors.Join(errX, errY); err != nil {
		return err
	}
	_, errX = x.ECDH(y.PublicKey())
	secret, errY := y.ECDH(x.PublicKey())
	for range 2 {
		keying.ExtendedMasterSecret(crypto.SHA256, secret, digest[:])
	}
	return errors.Join(errX, errY, prfs())
}

// prfs is the key block and the two Finished of both sides.
func prfs() error {
	var master [48]byte
	var random [32]byte
	var keys [40]byte
	for range 2 {
		prf := keying.NewSecret(crypto.SHA256, master[:])
		prf.KeyBlock(keys[:], random[:], random[:])
		prf.VerifyData(keying.RoleClient, random[:])
		prf.VerifyData(keying.RoleServer, random[:])
	}
	return nil
}

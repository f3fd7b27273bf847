package main

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"os"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
)

// credential is a certificate with its key, as the flags have described it. It is
// the signer of the engine too, to see whether it is the one that was chosen.
type credential struct {
	index int // of -new-x509-credential, from 0; -1: the one without
	chain [][]byte
	key   crypto.Signer
	use   dtlstransport.CertificateUse
	used  bool

	staple []byte // OCSP response
}

// credential returns the one that flags now apply to.
func (o *options) credential() *credential { return o.credentials[len(o.credentials)-1] }

func (o *options) newCredential() {
	o.credentials = append(o.credentials, &credential{index: len(o.credentials) - 1})
}

func (c *credential) readChain(name string) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	c.chain = nil
	for {
		var block *pem.Block
		if block, b = pem.Decode(b); block == nil {
			return nil
		}
		c.chain = append(c.chain, block.Bytes)
	}
}

func (c *credential) readKey(name string) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return errors.New("no PEM block")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return err
	}
	var ok bool
	if c.key, ok = key.(crypto.Signer); !ok {
		return errors.New("not a key that signs")
	}
	return nil
}

// Public returns the public key.
func (c *credential) Public() crypto.PublicKey { return c.key.Public() }

// Sign signs, and notes that the engine has chosen this credential.
func (c *credential) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	c.used = true
	return c.key.Sign(rand, digest, opts)
}

// addCertificates gives config the credentials that are complete: first those that
// flags have added, then the default one.
func (o *options) addCertificates(config *dtlstransport.Config) error {
	config.CertificateUses = make(map[*fingerprint.Certificate]dtlstransport.CertificateUse)
	for _, c := range append(o.credentials[1:len(o.credentials):len(o.credentials)], o.credentials[0]) {
		c.used = false
		if c.chain == nil || c.key == nil {
			continue
		}
		certificate, err := fingerprint.New(c, c.chain...)
		if err != nil {
			return err
		}
		config.Certificates = append(config.Certificates, certificate)
		use := c.use
		use.Status = func() ([]byte, error) { return o.status.answer(c.staple) }
		config.CertificateUses[certificate] = use
	}
	return nil
}

// selected returns the index of the credential that has signed, or false.
func (o *options) selected() (int, bool) {
	for _, c := range o.credentials {
		if c.used {
			return c.index, true
		}
	}
	return 0, false
}

package fingerprint

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// maxPEM bounds what ParsePEM reads, in bytes: ten certificates and a key of any supported size need far less.
const maxPEM = 1 << 18

// ParsePEM reads a certificate chain, leaf first, and its private key, in one text in any order, as MarshalPEM and most
// tools write them. Blocks CERTIFICATE and PRIVATE KEY (PKCS#8) are read, and the older EC PRIVATE KEY (SEC 1) and RSA
// PRIVATE KEY (PKCS#1); EC PARAMETERS and others are skipped. text is not kept.
//
// The error wraps ErrNoCertificate, ErrBadCertificate, or ErrKey: none, more than one, encrypted, unreadable, of an
// unsupported kind, or not the leaf's. It never has bytes of the key.
func ParsePEM(text []byte) (*Certificate, error) {
	if len(text) > maxPEM {
		return nil, fmt.Errorf("%w: %d bytes of PEM, at most %d are read", ErrBadCertificate, len(text), maxPEM)
	}
	var chain [][]byte
	var signer crypto.Signer
	for {
		var block *pem.Block
		block, text = pem.Decode(text)
		if block == nil {
			break
		}
		var key any
		var err error
		switch block.Type {
		case "CERTIFICATE":
			chain = append(chain, block.Bytes)
			continue
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "ENCRYPTED PRIVATE KEY":
			return nil, fmt.Errorf("%w: it is encrypted", ErrKey)
		default:
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%w: unreadable %s", ErrKey, block.Type)
		}
		if signer != nil {
			return nil, fmt.Errorf("%w: more than one", ErrKey)
		}
		var ok bool
		if signer, ok = key.(crypto.Signer); !ok {
			return nil, fmt.Errorf("%w: a %T cannot sign", ErrKey, key)
		}
	}
	return New(signer, chain...)
}

// MarshalPEM returns the chain, leaf first, and the private key (PKCS#8), for a file that only its owner may read. The error
// wraps ErrKey: the signer does not give its private key away.
func (c *Certificate) MarshalPEM() ([]byte, error) {
	key, err := x509.MarshalPKCS8PrivateKey(c.signer)
	if err != nil {
		return nil, fmt.Errorf("%w: a %T cannot be stored", ErrKey, c.signer)
	}
	var text []byte
	for _, der := range c.chain {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...), nil
}

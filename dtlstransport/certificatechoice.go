package dtlstransport

import (
	"bytes"
	"crypto/ecdsa"
	"fmt"
	"slices"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
)

// A CertificateUse says when one of several certificates is presented. The zero
// value is whenever the peer can verify it.
type CertificateUse struct {
	// Schemes are those that the key signs with, in order of preference. Empty
	// means all that it can.
	Schemes []SignatureScheme

	// MatchIssuer presents the certificate only to a peer that has named its
	// issuer, or that of another certificate of its chain, as an authority: in
	// CertificateRequest, or as a client in the extension certificate_authorities (RFC
	// 8446, Section 4.2.4).
	MatchIssuer bool

	// Status, at a server, returns the OCSP response that clients which ask get with the
	// certificate (RFC 6066, Section 8), DER; empty means none. It is asked from
	// within the engine, also for hellos that anybody has forged: what it returns has
	// been fetched before. An error refuses the client with internal_error.
	Status func() ([]byte, error)
}

// check reports what is wrong with a use.
func (u *CertificateUse) check() error {
	for _, s := range u.Schemes {
		if s.info() == nil {
			return fmt.Errorf("dtls: config: CertificateUses: unknown scheme %v", s)
		}
	}
	return nil
}

// accepts is what the peer can do with a certificate of ours.
type accepts struct {
	schemes     []uint16
	types       []uint8  // ClientCertificateType; nil: any
	groups      []uint16 // of ECDSA keys; nil: any
	authorities [][]byte // DER of names
}

// acceptedByClient returns what a ClientHello says of that. "If the client has used
// a Supported Elliptic Curves Extension, the public key in the server's certificate
// MUST respect the client's choice of elliptic curves." RFC 8422, Section 5.3.
func acceptedByClient(m *wire.ClientHello) *accepts {
	return &accepts{schemes: m.SignatureAlgorithms, groups: m.SupportedGroups, authorities: m.Authorities}
}

// acceptedByServer returns what a CertificateRequest says of that. "The
// end-entity certificate provided by the client MUST contain a key that is
// compatible with certificate_types." RFC 5246, Section 7.4.6.
func acceptedByServer(m *wire.CertificateRequest) *accepts {
	return &accepts{schemes: m.SignatureAlgorithms, types: m.Types, authorities: m.Authorities}
}

// schemeOf returns what one of our certificates signs with for the peer, or nil if
// the peer does not accept it.
func (a *accepts) schemeOf(c *Config, certificate *fingerprint.Certificate) *schemeInfo {
	use, public := c.CertificateUses[certificate], certificate.Signer().Public()
	scheme := c.schemeFor(public, a.schemes)
	if len(use.Schemes) > 0 {
		scheme = nil
		for _, s := range use.Schemes {
			if info := c.schemeFor(public, []uint16{uint16(s)}); info != nil && slices.Contains(a.schemes, uint16(s)) {
				scheme = info
				break
			}
		}
	}
	switch {
	case scheme == nil,
		a.types != nil && !slices.Contains(a.types, scheme.key.certificateType()),
		use.MatchIssuer && !a.knowsIssuer(certificate.Chain()):
		return nil
	}
	if key, ok := public.(*ecdsa.PublicKey); ok && a.groups != nil && !slices.Contains(a.groups, uint16(groupOf(key))) {
		return nil
	}
	return scheme
}

// knowsIssuer reports whether the peer has named the issuer of a certificate of
// chain.
func (a *accepts) knowsIssuer(chain [][]byte) bool {
	return slices.ContainsFunc(chain, func(der []byte) bool {
		issuer, err := wire.Issuer(der)
		return err == nil && slices.ContainsFunc(a.authorities, func(name []byte) bool { return bytes.Equal(name, issuer) })
	})
}

// checkCertificateTypes refuses a client that wants other kinds of certificates than
// we have: "the server [...] terminates the session with a fatal alert of type
// "unsupported_certificate"" (after RFC 7250, Section 4.2).
func (c *Config) checkCertificateTypes(m *wire.ClientHello) *AlertError {
	lacks := func(types []uint8) bool { return types != nil && !slices.Contains(types, wire.CertificateTypeX509) }
	if lacks(m.ServerCertTypes) || lacks(m.ClientCertTypes) && c.ClientAuth != InsecureClientAuthNone {
		return alertf(AlertUnsupportedCert, "ClientHello without certificates of X.509")
	}
	return nil
}

// chooseClient picks the first certificate that the server's request allows,
// or nil.
func (c *Config) chooseClient(m *wire.CertificateRequest) (*fingerprint.Certificate, *schemeInfo) {
	accepted := acceptedByServer(m)
	for _, certificate := range c.Certificates {
		if scheme := accepted.schemeOf(c, certificate); scheme != nil {
			return certificate, scheme
		}
	}
	return nil, nil
}

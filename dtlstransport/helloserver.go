package dtlstransport

import (
	"slices"
	"strings"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
)

// The hellos as a server reads and makes them: all that it has a choice in.

// negotiate checks a ClientHello and decides about all that a server has a choice
// in. The certificate is the one to present.
func (c *Config) negotiate(m *wire.ClientHello) (p parameters, certificate *fingerprint.Certificate, a *AlertError) {
	// Newer versions have smaller numbers; whatever is newer gets 1.2: "the server
	// will reply with the highest version supported by both" (after RFC 5246,
	// Appendix E.1).
	if m.Version > record.Version12 {
		return p, nil, alertf(AlertProtocolVersion, "ClientHello with version %#04x", m.Version)
	}
	// "If this extension is present in the ClientHello, servers [...] MUST only select a
	// version [...] present in that extension" (after RFC 8446, Section 4.2.1).
	if m.SupportedVersions != nil && !slices.Contains(m.SupportedVersions, record.Version12) {
		return p, nil, alertf(AlertProtocolVersion, "ClientHello whose supported_versions have no DTLS 1.2")
	}
	// "A fatal unsupported_extension alert MUST be sent by an implementation that
	// supports this extension if the extension is received when the transport is not
	// QUIC." RFC 9001, Section 8.2. Whoever sends it has mistaken us.
	if slices.Contains(m.Types, wire.ExtensionQUICParameters) {
		return p, nil, alertf(AlertUnsupportedExtension, "ClientHello with quic_transport_parameters")
	}
	if !slices.Contains(m.CompressionMethods, 0) {
		return p, nil, alertf(AlertIllegalParameter, "ClientHello without null compression")
	}
	if a := checkRenegotiation(&m.Extensions); a != nil {
		return p, nil, a
	}
	if a := c.checkEMS(&m.Extensions); a != nil {
		return p, nil, a
	}
	p.extendedMasterSecret = m.ExtendedMasterSecret && c.ExtendedMasterSecret != InsecureEMSOff
	if a := checkPointFormats(&m.Extensions); a != nil {
		return p, nil, a
	}
	// A client without the extension would have us guess (RFC 8422, Section 4);
	// no WebRTC client does.
	for _, g := range c.groups() {
		if slices.Contains(m.SupportedGroups, uint16(g)) {
			p.group = g
			break
		}
	}
	certificate = c.chooseServer(m, &p)
	switch {
	case p.suite == nil && p.group == 0:
		return p, nil, alertf(AlertHandshakeFailure, "no common group")
	case p.suite == nil:
		return p, nil, alertf(AlertHandshakeFailure, "no common cipher suite and signature scheme")
	case certificate != nil:
		if a := c.checkCertificateTypes(m); a != nil {
			return p, nil, a
		}
	}
	if m.UseSRTP != nil {
		for _, profile := range c.srtpProfiles() {
			if slices.Contains(m.UseSRTP.Profiles, uint16(profile)) {
				p.srtpProfile = profile
				break
			}
		}
	}
	p.serverName = m.ServerName
	p.serverNameOurs = m.HasServerName && strings.EqualFold(m.ServerName, c.ServerName)
	if p.protocol, a = c.selectProtocol(m); a != nil {
		return p, nil, a
	}
	return p, certificate, nil
}

// chooseServer picks the first suite for which we have a certificate that the
// client can verify, and the scheme to sign with, or which needs none.
func (c *Config) chooseServer(m *wire.ClientHello, p *parameters) *fingerprint.Certificate {
	accepted := acceptedByClient(m)
	certificate := c.chooseSuite(m, accepted, p)
	if p.suite == nil && !c.Conformance {
		// A client that wants no other than X25519 to agree on keys may well verify
		// P-256, and is refused for nothing if it does: it has to say the one to say the
		// other.
		accepted.groups = nil
		certificate = c.chooseSuite(m, accepted, p)
	}
	return certificate
}

func (c *Config) chooseSuite(m *wire.ClientHello, accepted *accepts, p *parameters) *fingerprint.Certificate {
	for _, s := range c.cipherSuitesFor(m) {
		info := s.info()
		if !slices.Contains(m.CipherSuites, uint16(s)) || info.exchange.ephemeral() && p.group == 0 || info.cipher.CBC() && !m.EncryptThenMAC {
			continue
		}
		if info.exchange.preShared() {
			if p.suite = info; !info.exchange.ephemeral() {
				p.group = 0
			}
			return nil
		}
		for _, certificate := range c.Certificates {
			scheme := accepted.schemeOf(c, certificate)
			if scheme != nil && info.serves(scheme.key) {
				p.suite, p.serverScheme = info, scheme
				return certificate
			}
		}
	}
	return nil
}

// serverHello returns the answer to a ClientHello. It has only extensions that
// the client has.
func serverHello(m *wire.ClientHello, p *parameters, random wire.Random) (s wire.ServerHello) {
	s = wire.ServerHello{Version: record.Version12, Random: random, CipherSuite: uint16(p.suite.id)}
	// "If the client_hello contains [the SCSV or the extension] [...] the server
	// MUST include an empty renegotiation_info extension" (after RFC 5746,
	// Section 3.6).
	s.HasRenegotiationInfo = m.HasRenegotiationInfo || slices.Contains(m.CipherSuites, wire.EmptyRenegotiationInfoSCSV)
	s.ExtendedMasterSecret = p.extendedMasterSecret
	// "If a server receives an encrypt-then-MAC request extension from a client and then
	// selects a stream or Authenticated Encryption with Associated Data (AEAD)
	// ciphersuite, it MUST NOT send an encrypt-then-MAC response extension back to the
	// client." RFC 7366, Section 3.
	s.EncryptThenMAC = p.suite.cipher.CBC()
	if m.PointFormats != nil && p.suite.exchange.ephemeral() {
		s.PointFormats = []byte{wire.PointFormatUncompressed}
	}
	if p.srtpProfile != 0 {
		s.UseSRTP = &wire.UseSRTP{Profiles: []uint16{uint16(p.srtpProfile)}}
	}
	// "A server that [uses the information in the extension] SHALL include an
	// extension of type "server_name" in the (extended) server hello" (after RFC 6066,
	// Section 3).
	s.HasServerName = p.serverNameOurs
	if p.protocol != "" {
		s.ALPN = []string{p.protocol}
	}
	return s
}

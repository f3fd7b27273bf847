package dtlstransport

import (
	"crypto/rand"
	"slices"
	"strings"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/keying"
)

// parameters is what the two hellos, and the key exchange after them, settle.
type parameters struct {
	suite                *suiteInfo
	group                Group
	serverScheme         *schemeInfo // of the ServerKeyExchange
	clientScheme         *schemeInfo // of the CertificateVerify; nil: none
	srtpProfile          keying.SRTPProfile
	protocol             string // ALPN
	serverName           string // what the client calls the server; empty: nothing
	status               []byte // OCSP response for the server's certificate, at a client
	serverNameOurs       bool   // at a server: it is Config.ServerName
	extendedMasterSecret bool
	ids                  connectionIDs
	heartbeat            bool // the peer may send heartbeats
	answersHeartbeats    bool // and we may
}

// clientHello returns what a client offers. o is the session it would resume.
func (c *Config) clientHello(random wire.Random, cookie []byte, o sessionOffer) *wire.ClientHello {
	m := &wire.ClientHello{
		Version:            record.Version12,
		Random:             random,
		SessionID:          o.id,
		Cookie:             cookie,
		CompressionMethods: []byte{0},
	}
	if c.wantsTickets() {
		m.HasSessionTicket, m.SessionTicket = true, o.ticket
	}
	for _, s := range c.cipherSuites() {
		m.CipherSuites = append(m.CipherSuites, uint16(s))
	}
	// "The client MUST NOT include these extensions in the ClientHello message if it
	// does not propose any ECC cipher suites." RFC 8422, Section 4.
	if c.namesECDHE() {
		for _, g := range c.groups() {
			m.SupportedGroups = append(m.SupportedGroups, uint16(g))
		}
		m.PointFormats = []byte{wire.PointFormatUncompressed}
	}
	m.SignatureAlgorithms = c.offeredSchemes()
	m.ExtendedMasterSecret = c.ExtendedMasterSecret != InsecureEMSOff
	m.EncryptThenMAC = c.namesCBC()
	m.HasRenegotiationInfo = true
	m.ALPN = c.ALPN
	c.offerConnectionID(m)
	m.Heartbeat = c.Heartbeat.wireMode()
	m.HasStatusRequest = c.VerifyStatus != nil
	m.HasServerName, m.ServerName = c.ServerName != "", c.ServerName
	if profiles := c.srtpProfiles(); len(profiles) > 0 {
		// No MKI: "MUST NOT" (RFC 8827, Section 6.5).
		m.UseSRTP = &wire.UseSRTP{}
		for _, p := range profiles {
			m.UseSRTP.Profiles = append(m.UseSRTP.Profiles, uint16(p))
		}
	}
	return m
}

// offered is the extensions of clientHello, for which a server may answer.
func (c *Config) offered(extension uint16) bool {
	switch extension {
	case wire.ExtensionSupportedGroups, wire.ExtensionPointFormats:
		return c.namesECDHE()
	case wire.ExtensionSignatureAlgorithms, wire.ExtensionRenegotiationInfo:
		return true
	case wire.ExtensionExtendedMasterSecret:
		return c.ExtendedMasterSecret != InsecureEMSOff
	case wire.ExtensionEncryptThenMAC:
		return c.namesCBC()
	case wire.ExtensionUseSRTP:
		return len(c.srtpProfiles()) > 0
	case wire.ExtensionALPN:
		return len(c.ALPN) > 0
	case wire.ExtensionServerName:
		return c.ServerName != ""
	case wire.ExtensionStatusRequest:
		return c.VerifyStatus != nil
	case wire.ExtensionSessionTicket:
		return c.wantsTickets()
	case wire.ExtensionConnectionID:
		return c.ConnectionID != nil
	case wire.ExtensionHeartbeat:
		return c.Heartbeat != HeartbeatOff
	}
	return false
}

// readServerHello checks a ServerHello against what we offered.
func (c *Config) readServerHello(body []byte) (*wire.ServerHello, parameters, *AlertError) {
	var p parameters
	m, err := wire.ParseServerHello(body)
	if err != nil {
		return nil, p, parseAlert(wire.TypeServerHello, err)
	}
	if m.Version != record.Version12 {
		return nil, p, alertf(AlertProtocolVersion, "ServerHello with version %#04x", m.Version)
	}
	suite := CipherSuite(m.CipherSuite)
	if !slices.Contains(c.cipherSuites(), suite) {
		return nil, p, alertf(AlertIllegalParameter, "ServerHello with suite %v, which was not offered", suite)
	}
	p.suite, p.serverName = suite.info(), c.ServerName
	if m.CompressionMethod != 0 {
		return nil, p, alertf(AlertIllegalParameter, "ServerHello with compression method %d", m.CompressionMethod)
	}
	// "If a client receives an extension type in ServerHello that it did not
	// request in the associated ClientHello, it MUST abort the handshake with an
	// unsupported_extension fatal alert." RFC 5246, Section 7.4.1.4.
	for _, t := range m.Types {
		if !c.offered(t) {
			return nil, p, alertf(AlertUnsupportedExtension, "ServerHello with extension %d, which was not offered", t)
		}
	}
	if a := c.checkRenegotiation(&m.Extensions); a != nil {
		return nil, p, a
	}
	if a := p.suite.checkEncryptThenMAC(m); a != nil {
		return nil, p, a
	}
	if a := c.checkEMS(&m.Extensions); a != nil {
		return nil, p, a
	}
	p.extendedMasterSecret = m.ExtendedMasterSecret
	if a := checkPointFormats(&m.Extensions); a != nil {
		return nil, p, a
	}
	if m.UseSRTP != nil {
		// "If the client detects a nonzero-length MKI in the server's response
		// that is different than the one the client offered, then the client MUST
		// abort the handshake and SHOULD send an invalid_parameter alert.
		// [...] if there is more than one [profile] or one that it did not offer
		// [...] 'illegal_parameter'" (after RFC 5764, Sections 4.1.1 and 4.1.3).
		profiles := m.UseSRTP.Profiles
		if len(profiles) != 1 || !slices.Contains(c.srtpProfiles(), keying.SRTPProfile(profiles[0])) {
			return nil, p, alertf(AlertIllegalParameter, "ServerHello with SRTP profiles %v", profiles)
		}
		if len(m.UseSRTP.MKI) > 0 {
			return nil, p, alertf(AlertIllegalParameter, "ServerHello with an SRTP MKI")
		}
		p.srtpProfile = keying.SRTPProfile(profiles[0])
	}
	if m.ALPN != nil {
		if len(m.ALPN) != 1 || !slices.Contains(c.ALPN, m.ALPN[0]) {
			return nil, p, alertf(AlertIllegalParameter, "ServerHello with an ALPN protocol that was not offered")
		}
		p.protocol = m.ALPN[0]
	}
	p.agreeConnectionIDs(c.ConnectionID, &m.Extensions)
	p.agreeHeartbeat(c.Heartbeat, &m.Extensions)
	return m, p, nil
}

// readClientHello checks a ClientHello and decides about all that a server has
// a choice in. The certificate is the one to present.
func (c *Config) readClientHello(body []byte) (*wire.ClientHello, parameters, *fingerprint.Certificate, *AlertError) {
	m, err := wire.ParseClientHello(body)
	if err != nil {
		return nil, parameters{}, nil, parseAlert(wire.TypeClientHello, err)
	}
	p, certificate, a := c.negotiate(m)
	return m, p, certificate, a
}

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
	if a := c.checkRenegotiation(&m.Extensions); a != nil {
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

// serverHello returns the answer to a ClientHello. It has only extensions that
// the client has.
func serverHello(m *wire.ClientHello, p *parameters, random wire.Random) *wire.ServerHello {
	s := &wire.ServerHello{Version: record.Version12, Random: random, CipherSuite: uint16(p.suite.id)}
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

// "[...] if this extension is present and the length of the
// renegotiated_connection field is not zero, the [peer] MUST abort the
// handshake" (after RFC 5746, Sections 3.4 and 3.6).
func (c *Config) checkRenegotiation(x *wire.Extensions) *AlertError {
	if len(x.RenegotiationInfo) > 0 {
		return alertf(AlertHandshakeFailure, "renegotiation_info of another connection")
	}
	return nil
}

// "If [the peer] does not support the extension, [we] SHOULD abort the
// handshake" (after RFC 7627, Sections 5.2 and 5.3).
func (c *Config) checkEMS(x *wire.Extensions) *AlertError {
	if !x.ExtendedMasterSecret && c.ExtendedMasterSecret == EMSRequire {
		return alertf(AlertHandshakeFailure, "peer without extended_master_secret")
	}
	return nil
}

// "If the [...] extension is present and does not contain the value 0, [it] MUST
// be aborted with an illegal_parameter alert" (after RFC 8422, Section 5.1.2).
func checkPointFormats(x *wire.Extensions) *AlertError {
	if x.PointFormats != nil && !slices.Contains(x.PointFormats, wire.PointFormatUncompressed) {
		return alertf(AlertIllegalParameter, "ec_point_formats without uncompressed")
	}
	return nil
}

// newRandom returns 32 fresh random bytes. In all of them, against RFC 5246's
// gmt_unix_time, for clocks tell who somebody is.
func newRandom() (r wire.Random) {
	rand.Read(r[:])
	return r
}

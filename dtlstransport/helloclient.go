package dtlstransport

import (
	"slices"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/keying"
)

// The hellos as a client makes and reads them.

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
	if a := checkRenegotiation(&m.Extensions); a != nil {
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

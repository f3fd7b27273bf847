package dtlstransport

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// check reports what is wrong with the configuration.
func (c *Config) check(role Role) error {
	if role != RoleClient && role != RoleServer {
		return fmt.Errorf("dtls: config: role %v", role)
	}
	if c == nil {
		return errors.New("dtls: config: no certificate")
	}
	if err := c.checkIdentity(role); err != nil {
		return err
	}
	if err := c.checkAgreement(); err != nil {
		return err
	}
	return c.checkSizes()
}

// checkIdentity looks at who we are, and whom we talk to.
func (c *Config) checkIdentity(role Role) error {
	if _, all := c.namesPSK(); len(c.Certificates) == 0 && !all && (role == RoleServer || c.ClientAuth == ClientAuthRequire) {
		return errors.New("dtls: config: no certificate")
	}
	if err := c.checkPSK(role); err != nil {
		return err
	}
	if c.ClientAuth > InsecureClientAuthNone {
		return fmt.Errorf("dtls: config: ClientAuth %d", c.ClientAuth)
	}
	for certificate, use := range c.CertificateUses {
		if !slices.Contains(c.Certificates, certificate) {
			return errors.New("dtls: config: CertificateUses of a certificate that is not in Certificates")
		}
		if err := use.check(); err != nil {
			return err
		}
	}
	if len(c.RemoteFingerprints) > 0 {
		if err := c.RemoteFingerprints.Check(); err != nil {
			return fmt.Errorf("dtls: config: %w", err)
		}
	}
	if c.VerifyPeer != nil && len(c.RemoteFingerprints) > 0 {
		return errors.New("dtls: config: both VerifyPeer and RemoteFingerprints")
	}
	return nil
}

// checkAgreement looks at what the hellos agree on.
func (c *Config) checkAgreement() error {
	if c.HelloProfile >= numHelloProfiles {
		return fmt.Errorf("dtls: config: %v", c.HelloProfile)
	}
	for _, s := range c.CipherSuites {
		if s.info() == nil {
			return fmt.Errorf("dtls: config: unknown cipher suite %v", s)
		}
	}
	for _, g := range c.Groups {
		if g.curve() == nil {
			return fmt.Errorf("dtls: config: unknown group %v", g)
		}
	}
	for _, s := range c.SignatureSchemes {
		if s.info() == nil {
			return fmt.Errorf("dtls: config: unknown signature scheme %v", s)
		}
	}
	for _, p := range c.SRTPProfiles {
		if !p.Known() {
			return fmt.Errorf("dtls: config: unknown SRTP profile %v", p)
		}
	}
	names := 0
	for _, p := range c.ALPN {
		if len(p) == 0 || len(p) > 255 {
			return fmt.Errorf("dtls: config: ALPN protocol of %d bytes", len(p))
		}
		names += 1 + len(p)
	}
	if names > maxALPN {
		return fmt.Errorf("dtls: config: ALPN protocols of %d bytes in all, over %d", names, maxALPN)
	}
	if c.ServerName != "" && !wire.IsServerName(c.ServerName) {
		return fmt.Errorf("dtls: config: ServerName %q", c.ServerName)
	}
	if c.ServerName != "" && (strings.Contains(c.ServerName, ":") || strings.Trim(c.ServerName, "0123456789.") == "") {
		// "Literal IPv4 and IPv6 addresses are not permitted in "HostName"." RFC 6066,
		// Section 3.
		return fmt.Errorf("dtls: config: ServerName %s is an address", c.ServerName)
	}
	if len(c.ConnectionID) > record.MaxConnectionID {
		return fmt.Errorf("dtls: config: ConnectionID of %d bytes", len(c.ConnectionID))
	}
	if c.Heartbeat > HeartbeatRefuse {
		return fmt.Errorf("dtls: config: Heartbeat %d", c.Heartbeat)
	}
	if c.ReliableTransport && c.Cookies != nil {
		return errors.New("dtls: config: Cookies over a ReliableTransport, which has proved the address")
	}
	return nil
}

// checkSizes looks at what is counted in bytes or records.
func (c *Config) checkSizes() error {
	if c.MaxDatagramSize != 0 && c.MaxDatagramSize < MinDatagramSize {
		return fmt.Errorf("dtls: config: MaxDatagramSize %d is below %d", c.MaxDatagramSize, MinDatagramSize)
	}
	if c.ReplayWindow != 0 && (c.ReplayWindow < MinReplayWindow || c.ReplayWindow > MaxReplayWindow) {
		return fmt.Errorf("dtls: config: ReplayWindow %d", c.ReplayWindow)
	}
	if c.RecordPadding < 0 || c.RecordPadding > MaxRecordPadding {
		return fmt.Errorf("dtls: config: RecordPadding %d", c.RecordPadding)
	}
	if n := c.MaxMessageSize; n != 0 && (n < minMaxMessageSize || n > maxMaxMessageSize) {
		return fmt.Errorf("dtls: config: MaxMessageSize %d is not from %d to %d", n, minMaxMessageSize, maxMaxMessageSize)
	}
	return nil
}

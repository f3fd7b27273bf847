package dtlstransport

import (
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/keying"
	"github.com/rtctransport/rtctransport/mux/ring"
)

// What the zero values of a Config stand for.

func (c *Config) cipherSuites() []CipherSuite {
	if len(c.CipherSuites) == 0 {
		return defaultCipherSuites
	}
	return c.CipherSuites
}

func (c *Config) groups() []Group {
	if len(c.Groups) == 0 {
		return defaultGroups
	}
	return c.Groups
}

func (c *Config) srtpProfiles() []keying.SRTPProfile {
	if c.SRTPProfiles == nil {
		return defaultSRTPProfiles
	}
	return c.SRTPProfiles
}

var defaultSRTPProfiles = keying.DefaultSRTPProfiles()

// wantsTickets reports whether a client keeps tickets.
func (c *Config) wantsTickets() bool { return c.Sessions != nil && !c.NoTickets }

func (c *Config) failureGrace() time.Duration {
	if c.ReliableTransport {
		return 0 // nothing else will come in the place of what was refused
	}
	if c.FailureGrace == 0 {
		return DefaultFailureGrace
	}
	return max(c.FailureGrace, 0)
}

// handshakeDeadline returns when a handshake begun at now has to be done; zero
// means never.
func (c *Config) handshakeDeadline(now time.Time) time.Time {
	switch {
	case c.HandshakeTimeout < 0:
		return time.Time{}
	case c.HandshakeTimeout == 0:
		return now.Add(DefaultHandshakeTimeout)
	}
	return now.Add(c.HandshakeTimeout)
}

// defaultReceiveBuffer is Config.ReceiveBuffer when it is zero: 800 records of
// a full datagram, 10 ms at 1 Gbit/s.
const defaultReceiveBuffer = 1 << 20

// receiveBuffer returns how much a Conn holds for Read, in bytes, with what its queue adds.
func (c *Config) receiveBuffer() int {
	n := c.ReceiveBuffer
	if n <= 0 {
		n = defaultReceiveBuffer
	}
	if c.ReliableTransport {
		n = max(n, ring.Size(record.MaxPlaintext)) // a record that has no room would be lost
	}
	return n
}

package pionice

import (
	"encoding/binary"
	"net"
	"sync/atomic"
)

// A ShieldedConn is a net.PacketConn that never returns a datagram which makes pion/stun v0.6.1 panic.
// All methods may be called concurrently if those of the inner one may.
type ShieldedConn struct {
	net.PacketConn
	dropped atomic.Uint64
}

// Shield wraps conn, which stays open to be used for everything but reading. Give the result to whatever
// parses STUN with pion/stun v0: ice.UDPMuxParams.UDPConn, ice.UniversalUDPMuxParams.UDPConn, a TURN client.
//
// Why: XORMappedAddress.GetFrom of pion/stun v0.6.1 reads two bytes of the attribute before it looks at the
// length, and ice/v2 calls it for any datagram with a magic cookie that seems to come from the STUN server;
// no transaction is checked first. One forged datagram of 24 bytes ends the process.
func Shield(conn net.PacketConn) *ShieldedConn { return &ShieldedConn{PacketConn: conn} }

// ReadFrom is like that of the inner net.PacketConn, but skips harmful datagrams. It keeps waiting then,
// until a deadline that the inner one has.
func (c *ShieldedConn) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		n, addr, err := c.PacketConn.ReadFrom(p)
		if err == nil && IsHarmful(p[:n]) {
			c.dropped.Add(1)
			continue
		}
		return n, addr, err
	}
}

// Dropped returns how many datagrams ReadFrom has skipped.
func (c *ShieldedConn) Dropped() uint64 { return c.dropped.Load() }

// STUN numbers (RFC 8489, Sections 5 and 18.3; RFC 8656, Section 18).
const (
	headerLen       = 20 // bytes
	attributeLen    = 4  // bytes, the type and length before an attribute's value
	magicCookie     = 0x2112A442
	xorPeerAddress  = 0x0012
	xorRelayed      = 0x0016
	xorMapped       = 0x0020
	xorMappedBefore = 0x8020 // XOR-MAPPED-ADDRESS of an old draft, which pion/stun takes for the same
)

// IsHarmful reports whether b is a STUN message, in the eyes of pion/stun v0.6.1, with an attribute that
// holds an XOR-ed address but has not the length of one: eight bytes for IPv4, 20 for IPv6
// (RFC 8489, Section 14.2). XOR-PEER-ADDRESS and XOR-RELAYED-ADDRESS of TURN are read by the same code.
//
// It sees what pion/stun sees: every datagram with the magic cookie in its place counts, whatever its first
// two bits. A message that pion/stun refuses to decode is not harmful.
func IsHarmful(b []byte) bool {
	if len(b) < headerLen || binary.BigEndian.Uint32(b[4:]) != magicCookie {
		return false
	}
	length := int(binary.BigEndian.Uint16(b[2:]))
	if headerLen+length > len(b) {
		return false
	}
	harmful := false
	for rest := b[headerLen : headerLen+length]; len(rest) > 0; {
		if len(rest) < attributeLen {
			return false
		}
		kind, size := binary.BigEndian.Uint16(rest), int(binary.BigEndian.Uint16(rest[2:]))
		padded := attributeLen + (size+3)&^3 // values are padded to a multiple of four bytes
		if padded > len(rest) {
			return false
		}
		switch kind {
		case xorMapped, xorMappedBefore, xorPeerAddress, xorRelayed:
			if size != 8 && size != 20 {
				harmful = true
			}
		}
		rest = rest[padded:]
	}
	return harmful
}

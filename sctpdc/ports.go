package sctpdc

import "encoding/binary"

// pionPort is the port of both ends in every packet of pion/sctp, and the one of WebRTC in practice.
const pionPort = 5000

// ports are those of a packet on the wire, for SDP may say other ones (a=sctp-port, RFC 8841, Section 5).
type ports struct {
	local, peer uint16
}

// usual is whether packets are as pion/sctp makes and wants them.
func (p ports) usual() bool { return p == ports{pionPort, pionPort} }

// outbound writes the ports into a packet of ours.
func (p ports) outbound(packet []byte) {
	binary.BigEndian.PutUint16(packet, p.local)
	binary.BigEndian.PutUint16(packet[2:], p.peer)
	if binary.LittleEndian.Uint32(packet[8:]) != 0 {
		setChecksum(packet)
	}
}

// inbound replaces the ports of a packet of the peer, whose checksum is then wrong. It returns false if it is for other
// ports than ours.
func (p ports) inbound(packet []byte) bool {
	if binary.BigEndian.Uint16(packet) != p.peer || binary.BigEndian.Uint16(packet[2:]) != p.local {
		return false
	}
	binary.BigEndian.PutUint16(packet, pionPort)
	binary.BigEndian.PutUint16(packet[2:], pionPort)
	return true
}

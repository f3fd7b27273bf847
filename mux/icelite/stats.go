package icelite

import "sync/atomic"

// Stats counts what a Server saw. The counts only grow, but for Peers.
type Stats struct {
	Peers int // registered now

	DatagramsReceived, BytesReceived uint64
	DatagramsSent, BytesSent         uint64
	Receives, Sends                  uint64 // calls of the kernel that moved them

	Checks uint64 // connectivity checks that were authentic, answered with success

	// What was dropped, by reason.
	UnknownSource   uint64 // no check has proved the address
	NotSTUN         uint64 // first byte 0..3, but no STUN
	OtherSTUN       uint64 // STUN that is no Binding request: responses and indications
	UnknownUfrag    uint64 // checks for nobody who is registered
	Unauthenticated uint64 // checks with a wrong password, or without MESSAGE-INTEGRITY or FINGERPRINT
	Refused         uint64 // authentic checks that were answered with an error
	Replayed        uint64 // authentic checks that another address had sent before
	TooMany         uint64 // authentic checks of a peer that makes more than 100 a second
	Contested       uint64 // authentic checks from an address that another peer holds
	Unattached      uint64 // data for a peer that nobody has made a transport of
	SendErrors      uint64 // datagrams that the kernel did not take
	ReceiveErrors   uint64 // receive calls that failed and were repeated

	Expired uint64 // peers that ended with ErrConsent or ErrNoCheck

	Sockets       int  // that share the port
	ReceiveBuffer int  // of each, in bytes, as the kernel has it; 0 if it does not tell
	SendBuffer    int  // likewise
	Segmentation  bool // datagrams to one peer leave in one send (UDP GSO)
	Coalescing    bool // and arrive in one receive (UDP GRO)
}

// PeerStats counts what a Peer saw.
type PeerStats struct {
	DatagramsReceived, BytesReceived uint64
	DatagramsSent, BytesSent         uint64
	Checks                           uint64 // authentic connectivity checks
	PathChanges                      uint64 // how often the address that is sent to has changed
}

// counters is a Stats that is being counted.
type counters struct {
	datagramsReceived, bytesReceived, datagramsSent, bytesSent, receives, sends           atomic.Uint64
	checks, unknownSource, notSTUN, otherSTUN, unknownUfrag, unauthenticated              atomic.Uint64
	refused, replayed, tooMany, contested, unattached, sendErrors, receiveErrors, expired atomic.Uint64
}

// Stats returns the counts so far.
func (s *Server) Stats() Stats {
	c := &s.count
	stats := Stats{
		Peers:             s.registry.len(),
		DatagramsReceived: c.datagramsReceived.Load(), BytesReceived: c.bytesReceived.Load(),
		DatagramsSent: c.datagramsSent.Load(), BytesSent: c.bytesSent.Load(),
		Receives: c.receives.Load(), Sends: c.sends.Load(),
		Checks:        c.checks.Load(),
		UnknownSource: c.unknownSource.Load(), NotSTUN: c.notSTUN.Load(), OtherSTUN: c.otherSTUN.Load(),
		UnknownUfrag: c.unknownUfrag.Load(), Unauthenticated: c.unauthenticated.Load(),
		Refused: c.refused.Load(), Replayed: c.replayed.Load(), TooMany: c.tooMany.Load(), Contested: c.contested.Load(), Unattached: c.unattached.Load(),
		SendErrors: c.sendErrors.Load(), ReceiveErrors: c.receiveErrors.Load(),
		Expired: c.expired.Load(),
		Sockets: len(s.sockets),
	}
	stats.ReceiveBuffer, stats.SendBuffer = s.sockets[0].conn.buffers()
	stats.Segmentation, stats.Coalescing = s.sockets[0].conn.offloads()
	return stats
}

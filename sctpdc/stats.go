package sctpdc

import "time"

// Stats are counters of an association, for people.
type Stats struct {
	// RoundTrips is how many round trips it took to establish the association: INIT and INIT ACK, COOKIE ECHO and COOKIE
	// ACK (or the peer's own COOKIE ECHO, which says the same). 2 in the end; less if the peer's handshake overtook ours.
	RoundTrips int

	HandshakeTime time.Duration // from New to established; zero before
	SRTT          time.Duration // smoothed round-trip time; zero before the first measurement

	CongestionWindow int // bytes that may be under way, for the network's sake; zero before the association is up
	PeerWindow       int // bytes that the peer takes beyond those under way, as far as known
	Unacknowledged   int // bytes of messages that Send took and the peer has not acknowledged, of all channels

	PacketsSent, PacketsReceived uint64 // SCTP packets; those dropped below are not received
	BytesSent, BytesReceived     uint64 // the same, headers included
	Retransmissions              uint64 // chunks of data that were sent again

	Interleaving                               bool // RFC 8260 is in use
	ZeroChecksumSending, ZeroChecksumReceiving bool // RFC 9653 is in use
	Channels                                   int  // open, those included that are not accepted yet

	BadChecksum uint64 // packets dropped for their CRC32c
	BadTag      uint64 // packets dropped for their verification tag
	Malformed   uint64 // packets dropped because of lengths or values that RFC 9260 forbids, or for a SACK of what was never sent
	BadPort     uint64 // packets dropped for their ports
	Restarts    uint64 // INITs dropped because the peer began a new association inside this one
	Queued      int    // bytes of messages that wait for Receive, 64 added for each

	EventsDropped uint64 // Config.OnEvent was too slow for them
}

// Stats returns the counters.
func (a *Association) Stats() Stats {
	g := &a.gate.stats
	s := Stats{BadChecksum: g.badChecksum.Load(), BadTag: g.badTag.Load(), Malformed: g.malformed.Load(), Restarts: g.restarts.Load(), BadPort: g.badPort.Load(),
		PacketsSent: g.packetsSent.Load(), PacketsReceived: g.packetsReceived.Load(), Retransmissions: g.retransmissions.Load()}
	if g.initAcked.Load() {
		s.RoundTrips++
	}
	if g.cookieAnswered.Load() {
		s.RoundTrips++
	}
	a.window.mu.Lock()
	s.Queued = a.window.total
	a.window.mu.Unlock()
	a.events.mu.Lock()
	s.EventsDropped = a.events.dropped
	a.events.mu.Unlock()
	a.mu.Lock()
	defer a.mu.Unlock()
	s.Channels, s.HandshakeTime = a.opened, a.took
	if a.sctp != nil {
		s.SRTT = time.Duration(a.sctp.SRTT() * float64(time.Millisecond))
		s.CongestionWindow, s.PeerWindow = int(a.sctp.CWND()), int(a.sctp.RWND())
		s.Unacknowledged = a.sctp.BufferedAmount()
		s.BytesSent, s.BytesReceived = a.sctp.BytesSent(), a.sctp.BytesReceived()
		m, _ := a.sctp.Metadata()
		s.Interleaving = m.MessageInterleavingEnabled
		s.ZeroChecksumSending = m.ZeroChecksumSendingEnabled && a.gate.sendsZero
		s.ZeroChecksumReceiving = m.ZeroChecksumReceivingEnabled
	}
	return s
}

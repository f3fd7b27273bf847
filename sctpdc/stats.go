package sctpdc

import "time"

// Stats are counters of an association, for people.
type Stats struct {
	// RoundTrips is how many round trips it took to establish the association: INIT and INIT ACK, COOKIE ECHO and COOKIE
	// ACK (or the peer's own COOKIE ECHO, which says the same). 2 in the end; less if the peer's handshake overtook ours.
	RoundTrips int

	HandshakeTime time.Duration // from New to established; zero before
	SRTT          time.Duration // smoothed round-trip time; zero before the first measurement

	BytesSent, BytesReceived uint64 // of SCTP packets
	Interleaving             bool   // RFC 8260 is in use
	Channels                 int    // open, those included that are not accepted yet

	BadChecksum uint64 // packets dropped for their CRC32c
	BadTag      uint64 // packets dropped for their verification tag
	Malformed   uint64 // packets dropped because chunk lengths do not fit
	Queued      int    // bytes of messages that wait for Receive, 64 added for each
}

// Stats returns the counters.
func (a *Association) Stats() Stats {
	g := &a.gate.stats
	s := Stats{BadChecksum: g.badChecksum.Load(), BadTag: g.badTag.Load(), Malformed: g.malformed.Load()}
	if g.initAcked.Load() {
		s.RoundTrips++
	}
	if g.cookieAnswered.Load() {
		s.RoundTrips++
	}
	a.window.mu.Lock()
	s.Queued = a.window.total
	a.window.mu.Unlock()
	a.mu.Lock()
	defer a.mu.Unlock()
	s.Channels, s.HandshakeTime = a.opened, a.took
	if a.sctp != nil {
		s.SRTT = time.Duration(a.sctp.SRTT() * float64(time.Millisecond))
		s.BytesSent, s.BytesReceived = a.sctp.BytesSent(), a.sctp.BytesReceived()
		m, _ := a.sctp.Metadata()
		s.Interleaving = m.MessageInterleavingEnabled
	}
	return s
}

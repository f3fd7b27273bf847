package dtlstransport

// Forward sends an RTP packet to each of many, with one encryption for each; the packet was decrypted once, when it
// arrived. It returns to how many it went: those that are not connected, have no SRTP, or whose link does not take
// it, are passed over, as a lossy path would.
//
// prepare is called for each before its encryption, with its index, and may change the packet, which is the same for
// all: payload types differ between peers, for each has numbered its own. nil changes nothing. Called from an
// OnRTP handler, what goes to the peers of one mux/icelite.Server leaves together when the batch that is being delivered
// ends, a burst to one peer in one send. Nothing is allocated but by SRTP.
func Forward(packet []byte, to []*Transport, prepare func(i int, packet []byte)) (sent int) {
	for i, t := range to {
		if prepare != nil {
			prepare(i, packet)
		}
		if _, err := t.WriteRTP(packet); err == nil {
			sent++
		}
	}
	return sent
}

package dtlstransport

import "github.com/rtctransport/rtctransport/dtlstransport/internal/flight"

// Every queue that a peer or a forger can fill has its bound here, or in
// internal/flight for the reassembly of messages (12 messages ahead, 32 KiB
// each, 36 KiB in all, unless Config.MaxMessageSize says otherwise).
const (
	// maxEarlyRecords and maxEarlyBytes bound the records that came before their
	// keys or before the verdict on the peer; when full, the oldest goes.
	maxEarlyRecords = 16
	maxEarlyBytes   = 15 << 10

	// maxClientHello bounds a ClientHello, in bytes without its header. It is the
	// one message of a stranger that outlives its reassembly, in the transcript;
	// with it, a half-open server holds less than 64 KiB: 36 of fragments, 15 of
	// early records and 1.25 times this. The largest of a browser is 1.6 KB; ours
	// with maxALPN and maxTicket has 8.6 KB.
	maxClientHello = 9 << 10

	// minMaxMessageSize and maxMaxMessageSize bound Config.MaxMessageSize. The
	// smallest lets every message through but for long chains.
	minMaxMessageSize = 4 << 10
	maxMaxMessageSize = 1 << 20

	// maxTicket bounds the tickets that we make and keep, in bytes: they come back
	// in a ClientHello, and hold the client's certificates.
	maxTicket = 4 << 10

	// maxHelloVerifyRequests is how many a client acts on, with one more for each
	// timeout of its own. One is the rule; a second comes from a server whose
	// secret has changed meanwhile.
	maxHelloVerifyRequests = 4

	// maxFlightAnswers is how often a handshake sends a flight again because the
	// peer repeated its own; the timer comes on top of it.
	maxFlightAnswers = 16

	// maxFinalAnswers is how often the final flight is sent again after the
	// handshake. The peer needs one; each is 75 bytes.
	maxFinalAnswers = 32

	// tailTime is how long a flight that was completed from its middle may go on: the
	// peer has sent it again, one message a datagram, what had been missing was answered,
	// and the rest of it asks for nothing. Botan 2.19 as a client dies of a final flight
	// that comes twice. Nobody sends a flight again as soon as that.
	tailTime = flight.MinTimeout

	// finalCopyDelay is how long after such an answer a second copy of it goes
	// out. The peer asks because the path has lost the first, and asks again only after
	// twice the time.
	finalCopyDelay = flight.MinTimeout / 2

	// maxWarnings is how many attempts at renegotiation are answered.
	maxWarnings = 8

	// maxHeartbeats is how many heartbeats wait to be answered, and maxProbes how often
	// one of ours is sent.
	maxHeartbeats = 4
	maxProbes     = 4

	// maxVerdicts is how often a fatal alert is sent again to a peer that goes on with
	// its handshake. Each is smaller than what asks for it.
	maxVerdicts = 8

	// maxRefusedPeers is how many of the associations that a Listener has ended with such
	// an alert are kept for that, without their keys; when full, the oldest goes.
	maxRefusedPeers = 64

	// maxHints is how many hints an error keeps, and how many alerts.
	maxHints = 8

	// verifyTokens is how many flights with public-key work are judged at once,
	// verifyRefill how many more for each timeout of ours. Further ones wait.
	verifyTokens = 8
	verifyRefill = 4

	// maxChoices is how many flights 4 a client holds for possible; when full, the
	// oldest goes. A forged datagram makes one more.
	maxChoices = 4

	// maxForgotten is of how many flights 4 under a pre-shared key alone, which have
	// made room for others, a client remembers the record numbers; after that it takes
	// no other. Each is 40 bytes and a timeout of ours.
	maxForgotten = 64

	// maxALPN bounds our own list of protocols, in bytes with their lengths: a
	// ClientHello should not need many datagrams.
	maxALPN = 4 << 10

	// maxEvents bounds the events of one call: a datagram of 64 KiB holds fewer
	// records with content than this.
	maxEvents = 4096

	// fallbackDatagramSize is the size of datagrams after two timeouts without
	// any answer: 576 - 20 (IPv4) - 8 (UDP). "If repeated retransmissions do not
	// result in a response, and the PMTU is unknown, subsequent retransmissions
	// SHOULD back off to a smaller record size, fragmenting the handshake message
	// as appropriate." RFC 6347, Section 4.1.1.1.
	fallbackDatagramSize = 548
	silentTimeouts       = 2
)

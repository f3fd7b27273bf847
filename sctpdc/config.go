package sctpdc

import (
	"fmt"
	"time"

	"github.com/rtctransport/rtctransport/keying"
)

const (
	// defaultMTU is the largest SCTP packet we send, common header included, so that the whole fits the smallest path
	// of IPv6 ("The initial Path MTU at the IP layer SHOULD NOT exceed 1200 bytes for IPv4 and 1280 bytes for IPv6." RFC
	// 8831, Section 5; the DTLS record carries one packet, RFC 8261, Section 4):
	//
	//	1191 = 1280 - 40 (IPv6) - 8 (UDP) - 24 (AEAD: 8 explicit nonce, 16 tag) - 13 (DTLS record header) - 4 (TURN channel)
	//
	// Over IPv4 the same packet is 1191+4+13+24+8+20 = 1260 bytes at most, and 1256 without TURN; who must stay within
	// 1200 there sets Config.MTU to 1131.
	defaultMTU = 1191

	minMTU = 128  // bytes
	maxMTU = 8192 // bytes; pion/sctp reads no larger packet

	defaultReceiveBuffer    = 1 << 20 // bytes; what the peer may have under way to us
	defaultMaxMessageSize   = 262144  // bytes; what Chromium announces as well
	defaultHandshakeTimeout = 30 * time.Second
	defaultRTOMax           = 3 * time.Second
	defaultPeerAckDelay     = 200 * time.Millisecond
	defaultMinRTTWindow     = 30 * time.Second
	defaultSendBuffer       = 1 << 20  // bytes per channel; a window full keeps a path of 1 MiB bandwidth x delay busy
	defaultChannelQueue     = 4 << 20  // bytes per channel
	defaultReceiveQueue     = 64 << 20 // bytes of all channels
	defaultStallTimeout     = 5 * time.Second
	defaultMaxChannels      = 4096
	defaultMaxUnaccepted    = 1024

	// absentMaxMessageSize is what a peer takes that announced nothing: "If the SDP "max-message-size" attribute is not
	// present, the default value is 64K." RFC 8841, Section 6.1.
	absentMaxMessageSize = 65536

	// maxReassemblyEntries bounds the fragments and messages that wait in pion/sctp for one stream. More than that ends
	// the association, so it is above what an honest peer can reach: messages are taken out as soon as they are whole,
	// which leaves the window of pion/sctp, 4*1 MiB/500 = 8388 chunks beyond the cumulative TSN, and one message in the
	// making, 262144/256 = 1024 fragments of the smallest sensible size.
	maxReassemblyEntries = 16384

	// maxRefused is how many streams may wait for the peer to reset its side after we refused them. Beyond that the
	// peer does not play by the rules, and the association ends: each costs about 2 KiB.
	maxRefused = 4096

	shutdownLinger = 10 * time.Second // after our first SHUTDOWN ACK, for the peer's SHUTDOWN COMPLETE
)

// Config is what an association needs to know. Only Role has no default. It is only read, and may be shared.
type Config struct {
	// Role is our side of the DTLS handshake below. It decides the stream ids of the channels that we open: even for
	// the client, odd for the server (RFC 8832, Section 6).
	Role keying.Role

	// MaxMessageSize is what we announced in SDP (a=max-message-size), in bytes. A larger message from the peer closes
	// its channel, one beyond twice that the association. Zero: 262144. It cannot be unlimited.
	MaxMessageSize int

	// PeerMaxMessageSize is what the peer announced, in bytes; larger messages are refused by Send. Zero: the attribute
	// was absent, 65536 is assumed (RFC 8841, Section 6.1). Negative: it announced 0, and there is no limit. See
	// ParseMaxMessageSize and SetPeerMaxMessageSize.
	PeerMaxMessageSize int

	// MTU is the largest SCTP packet to send, in bytes, DTLS not counted. Zero: what the connection below says by a method
	// MaxPayload() int, in bytes, when its handshake is done: that is what DTLS puts into its largest datagram. Without one: 1191.
	MTU int

	// Port and PeerPort are what we and the peer announced in SDP (a=sctp-port). Packets with others are dropped. Zero: 5000,
	// as everybody has it.
	Port, PeerPort uint16

	// OnEvent is told what happens to the association, in order, by a goroutine of its own, one call at a time. It may call
	// anything, but what comes while 64 events wait for it is lost, except for EventEnd; Stats counts it. Nil: nobody is told.
	OnEvent func(Event)

	// ReceiveBuffer is the window we announce: what the peer may have under way to all channels together, in bytes.
	// Zero: 1 MiB, which is also the least.
	ReceiveBuffer int

	// SendBuffer is how much of a channel's data may be unacknowledged before Send waits, in bytes. One message
	// may exceed it. Zero: 1 MiB.
	SendBuffer int

	// ChannelQueue is how much a channel keeps for Receive, in bytes with 64 for each message, before it narrows the
	// window of the association; ReceiveQueue is the same for all channels together. Zero: 4 MiB and 64 MiB.
	ChannelQueue, ReceiveQueue int

	// StallTimeout is how long a channel that narrows the window may go without Receive before it is closed with
	// ErrReceiveStalled, because the window is shared and the other channels wait. It is looked at once in that time, so
	// that it may take twice as long. Zero: 5 s. Negative: for ever.
	StallTimeout time.Duration

	// MaxChannels bounds the open channels, MaxUnaccepted those among them that the peer opened and nobody accepted
	// yet. What the peer opens beyond is closed at once. Zero: 4096 and 1024.
	MaxChannels, MaxUnaccepted int

	// HandshakeTimeout is how long the association may take to be established, that of DTLS below included. Zero: 30 s.
	HandshakeTimeout time.Duration

	// DisableInterleaving keeps us from offering user message interleaving (RFC 8260), by which a large message on one
	// channel does not hold up the others. It is used only if the peer offers it too.
	DisableInterleaving bool

	// DisableZeroChecksum has a CRC32c in every packet. Otherwise it is left out if the peer agrees and the connection is
	// DTLS, which finds errors better (RFC 9653); that is known by its method ExportKeyingMaterial.
	DisableZeroChecksum bool

	// Token and PeerToken are what NewToken returned for this Config, and what the peer sent. If both are there, the
	// association is established without a handshake. They make a Config good for one association.
	Token, PeerToken Token

	// RTOMax bounds the time after which lost data is sent again, and the time between such tries. The least is 1 s, fixed
	// in pion/sctp. Zero: 3 s, as in libwebrtc: RFC 9260, Section 16, recommends 60 s, but a connection that ICE watches is
	// given up much earlier, and one that was dark for 10 s should not wait another 10.
	RTOMax time.Duration

	// RACK tunes the detection of losses by time, which mostly comes long before RTOMax.
	RACK RACK

	refused int // see maxRefused; tests have less
}

// RACK are the parameters of loss detection by time, as in RFC 8985. Zero values are the defaults.
type RACK struct {
	// ReorderingWindow is by how much a packet may be overtaken at least before it is taken for lost. Zero: as measured, a
	// quarter of the shortest round-trip time at first.
	ReorderingWindow time.Duration

	// PeerAckDelay is how long the peer may delay the acknowledgement of a single packet; a tail loss probe waits for
	// it. Zero: 200 ms, RFC 9260, Section 6.2.
	PeerAckDelay time.Duration

	// MinRTTWindow is for how long a measured round-trip time counts as the shortest. Zero: 30 s.
	MinRTTWindow time.Duration
}

// withDefaults returns a copy of c in which nothing is zero, or says what is wrong with c.
func (c *Config) withDefaults() (Config, error) {
	if c == nil || c.Role != keying.RoleClient && c.Role != keying.RoleServer {
		return Config{}, fmt.Errorf("sctpdc: Config.Role is neither client nor server")
	}
	d := *c
	for _, f := range []struct {
		value   *int
		zero    int
		minimum int
		name    string
	}{
		{&d.MaxMessageSize, defaultMaxMessageSize, 1, "MaxMessageSize"},
		{&d.MTU, defaultMTU, minMTU, "MTU"},
		{&d.ReceiveBuffer, defaultReceiveBuffer, defaultReceiveBuffer, "ReceiveBuffer"},
		{&d.SendBuffer, defaultSendBuffer, 1, "SendBuffer"},
		{&d.ChannelQueue, defaultChannelQueue, 1, "ChannelQueue"},
		{&d.ReceiveQueue, defaultReceiveQueue, 1, "ReceiveQueue"},
		{&d.MaxChannels, defaultMaxChannels, 1, "MaxChannels"},
		{&d.MaxUnaccepted, defaultMaxUnaccepted, 1, "MaxUnaccepted"},
	} {
		if *f.value == 0 {
			*f.value = f.zero
		}
		if *f.value < f.minimum || *f.value > 1<<30 {
			return Config{}, fmt.Errorf("sctpdc: Config.%s is %d, not between %d and %d", f.name, *f.value, f.minimum, 1<<30)
		}
	}
	if d.refused == 0 {
		d.refused = maxRefused
	}
	if d.Port == 0 {
		d.Port = pionPort
	}
	if d.PeerPort == 0 {
		d.PeerPort = pionPort
	}
	if d.PeerMaxMessageSize == 0 {
		d.PeerMaxMessageSize = absentMaxMessageSize
	}
	if d.StallTimeout == 0 {
		d.StallTimeout = defaultStallTimeout
	}
	if d.HandshakeTimeout <= 0 {
		d.HandshakeTimeout = defaultHandshakeTimeout
	}
	for _, f := range []struct {
		value         *time.Duration
		zero, minimum time.Duration
		name          string
	}{
		{&d.RTOMax, defaultRTOMax, time.Second, "RTOMax"},
		{&d.RACK.ReorderingWindow, 0, 0, "RACK.ReorderingWindow"},
		{&d.RACK.PeerAckDelay, defaultPeerAckDelay, time.Millisecond, "RACK.PeerAckDelay"},
		{&d.RACK.MinRTTWindow, defaultMinRTTWindow, time.Second, "RACK.MinRTTWindow"},
	} {
		if *f.value == 0 {
			*f.value = f.zero
		}
		if *f.value < f.minimum {
			return Config{}, fmt.Errorf("sctpdc: Config.%s is %v, below %v", f.name, *f.value, f.minimum)
		}
	}
	return d, nil
}

package sctpdc

import (
	"fmt"
	"math"
	"time"

	"github.com/pion/sctp"
)

// Priorities; others may be used as well. RFC 8831, Section 6.4.
const (
	PriorityBelowNormal = 128
	PriorityNormal      = 256 // that of a channel whose options say nothing
	PriorityHigh        = 512
	PriorityExtraHigh   = 1024
)

// ChannelOptions say how a channel behaves. The zero value, and nil, is a reliable, ordered channel opened by DCEP with
// the next free id. It is only read.
type ChannelOptions struct {
	Protocol string // the subprotocol, at most 65535 bytes

	// Unordered lets messages overtake each other, once the peer has answered.
	Unordered bool

	// MaxRetransmits is how often a message is sent again before it is given up; nil: until it arrives.
	MaxRetransmits *uint16

	// MaxLifetime is how long a message may be sent again before it is given up, in whole milliseconds; nil: until it
	// arrives. Only one of the two may be set. It is kept to within about Config.RTOMax, and not below 1 s unless it is zero: what
	// is lost may always be sent again once.
	MaxLifetime *time.Duration

	// Priority is the channel's weight when several have something to send, here and, as far as it cares, at the peer: twice
	// the priority, twice the share. Zero: PriorityNormal. It needs interleaving. RFC 8831, Section 6.4.
	Priority uint16

	// Negotiated channels are agreed upon by other means: both sides open them, with the same ID, and nothing is sent to
	// say so. Call Open right after New: data that arrives for an id nobody opened closes the stream.
	Negotiated bool

	// ID is the stream id of a negotiated channel, 0 to 65534. For others it may be set too, and must then fit our role:
	// even for the DTLS client, odd for the server. Nil: the next free one.
	ID *uint16
}

// maxStreamID is the largest stream id: 65535 streams are negotiated, and 65535 "is reserved due to SCTP INIT and
// INIT-ACK chunks only allowing a maximum of 65535 streams to be negotiated (0-65534)". RFC 8832, Section 3.
const maxStreamID = 65534

func (o *ChannelOptions) check(label string) error {
	switch {
	case len(label) > math.MaxUint16 || len(o.Protocol) > math.MaxUint16:
		return fmt.Errorf("%w: label or protocol longer than 65535 bytes", ErrInvalidOptions)
	case o.MaxRetransmits != nil && o.MaxLifetime != nil:
		return fmt.Errorf("%w: both MaxRetransmits and MaxLifetime", ErrInvalidOptions)
	case o.MaxLifetime != nil && (*o.MaxLifetime < 0 || o.MaxLifetime.Milliseconds() > math.MaxUint32):
		return fmt.Errorf("%w: MaxLifetime %v", ErrInvalidOptions, *o.MaxLifetime)
	case o.Negotiated && o.ID == nil:
		return fmt.Errorf("%w: negotiated without ID", ErrInvalidOptions)
	case o.ID != nil && *o.ID > maxStreamID:
		return fmt.Errorf("%w: ID %d", ErrInvalidOptions, *o.ID)
	}
	return nil
}

// reliability returns the parameters for pion/sctp.
//
// The lifetime is turned into a number of retransmissions: pion/sctp measures the age of a chunk from its last
// transmission, not from the first, so that its own timed policy never gives anything up.
func (o *ChannelOptions) reliability(rtoMax time.Duration) (kind byte, value uint32) {
	switch {
	case o.MaxRetransmits != nil:
		return sctp.ReliabilityTypeRexmit, uint32(*o.MaxRetransmits)
	case o.MaxLifetime != nil && *o.MaxLifetime <= 0:
		return sctp.ReliabilityTypeRexmit, 0
	case o.MaxLifetime != nil:
		return sctp.ReliabilityTypeRexmit, retransmissionsIn(*o.MaxLifetime, rtoMax)
	}
	return sctp.ReliabilityTypeReliable, 0
}

// retransmissionsIn returns how often a message may be sent again in its lifetime: once after about two round trips (RACK, tail
// loss probe), and then by a timeout of 1 s, the least of pion/sctp, that doubles up to rtoMax. With 3 s, those are at 1 s,
// 3 s, 6 s, 9 s.
func retransmissionsIn(lifetime, rtoMax time.Duration) uint32 {
	n, at, timeout := 1, time.Second, time.Second
	for ; at <= lifetime && timeout < rtoMax; n++ {
		timeout = min(2*timeout, rtoMax)
		at += timeout
	}
	if at <= lifetime {
		n += 1 + int((lifetime-at)/rtoMax)
	}
	return uint32(n)
}

package keying

import "errors"

// Errors of a Protector, for errors.Is. None of them ends the association:
// what was received is dropped and counted, what was to be sent has not been sent.
var (
	// ErrMalformed says that bytes are too short for, or are not, what they should be: RTP, RTCP, SRTP, SRTCP.
	ErrMalformed = errors.New("keying: malformed packet")
	// ErrAuthentication says that the tag of a received packet is not the peer's. Nothing remembers the packet.
	ErrAuthentication = errors.New("keying: packet failed authentication")
	// ErrReplayed says that a packet with this index was received before, or is too old to tell.
	ErrReplayed = errors.New("keying: packet replayed or too old")
	// ErrIndexReused says that a packet with this SSRC and sequence number was protected before, or that the sequence number lies too far back to tell.
	ErrIndexReused = errors.New("keying: SSRC and sequence number were used before")
	// ErrKeyLimit says that the master key has protected as many packets as it may; only a new handshake brings another.
	ErrKeyLimit = errors.New("keying: master key used up")
	// ErrTooManySources says that an association has seen more SSRCs than a Protector is willing to remember.
	ErrTooManySources = errors.New("keying: too many SSRCs under one master key")
)

// A Protector protects and unprotects the media of one association: SRTP and SRTCP under one Material, both directions.
//
// Each method appends its result to dst and returns the extended slice, or nil and an error. dst must not overlap packet, with one
// exception: dst may be packet[:0], and then the work is done in place where the capacity allows (see RTPOverhead and RTCPOverhead
// for how much longer the result of protection is). packet is not kept. After an error the bytes between len(dst) and cap(dst) are undefined,
// so a packet given in place may be destroyed.
//
// A Protector is safe for concurrent use, and one direction does not wait for the other.
// Malformed bytes are an error whatever they are; no input makes a Protector panic or end.
type Protector interface {
	// ProtectRTP turns an RTP packet, header and payload, into an SRTP packet.
	ProtectRTP(dst, packet []byte) ([]byte, error)
	// UnprotectRTP turns an SRTP packet of the peer into the RTP packet it protects.
	UnprotectRTP(dst, packet []byte) ([]byte, error)
	// ProtectRTCP turns a compound RTCP packet into an SRTCP packet.
	ProtectRTCP(dst, packet []byte) ([]byte, error)
	// UnprotectRTCP turns an SRTCP packet of the peer into the compound RTCP packet it protects.
	UnprotectRTCP(dst, packet []byte) ([]byte, error)
}

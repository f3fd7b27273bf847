package pionsrtp

import (
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v2"

	"github.com/rtctransport/rtctransport/keying"
)

// A transform (the word of RFC 3711, Section 4) is an srtp.Context of which only the cryptography is used. Before each packet it is told the rollover counter or the SRTCP index,
// so what the Context remembers of an SSRC has no meaning beyond a call, and the Context can be replaced at any time. It must be
// replaced from time to time, because it keeps about 150 bytes for ever for every SSRC it is shown.
//
// Its replay lists are off (the windows of this package are on), because they would be lost with it.
type transform struct {
	profile srtp.ProtectionProfile
	key     []byte // shared with keying.Material
	salt    []byte
	max     int // SSRCs shown to a Context before it is replaced
	context *srtp.Context
	shown   int // SSRCs shown to context; an upper bound

	// What pion/srtp would allocate for each packet if it were not given.
	rtpHeader  rtp.Header
	rtcpHeader rtcp.Header
}

// newTransform takes key and salt of the lengths that profile has. The Context is made when it is first needed.
func newTransform(profile keying.SRTPProfile, key, salt []byte, max int) transform {
	return transform{profile: srtp.ProtectionProfile(profile), key: key, salt: salt, max: max}
}

// show makes the Context ready for a packet of an SSRC. newSSRC says that it counts as one more; SSRCs that were counted on an
// earlier Context enter a new one uncounted, so that a Context holds at most max and those that are active.
func (t *transform) show(newSSRC bool) error {
	if newSSRC {
		if t.shown >= t.max {
			t.context = nil
		}
		t.shown++
	}
	if t.context == nil {
		context, err := srtp.CreateContext(t.key, t.salt, t.profile, srtp.SRTPNoReplayProtection(), srtp.SRTCPNoReplayProtection())
		if err != nil {
			return err
		}
		t.context, t.shown = context, 1
	}
	return nil
}

// encryptRTP writes the SRTP packet to dst from its start, which must have the capacity.
func (t *transform) encryptRTP(dst, packet []byte, ssrc uint32, index uint64) ([]byte, error) {
	t.context.SetROC(ssrc, uint32(index>>16))
	out, err := t.context.EncryptRTP(dst, packet, &t.rtpHeader)
	clear(t.rtpHeader.Extensions) // They alias packet.
	return out, err
}

// decryptRTP writes the RTP packet to dst from its start, which must have the capacity of the SRTP packet.
func (t *transform) decryptRTP(dst, packet []byte, ssrc uint32, index uint64) ([]byte, error) {
	t.context.SetROC(ssrc, uint32(index>>16))
	out, err := t.context.DecryptRTP(dst, packet, &t.rtpHeader)
	clear(t.rtpHeader.Extensions)
	return out, err
}

// encryptRTCP turns the RTCP packet into SRTCP in place.
func (t *transform) encryptRTCP(packet []byte, ssrc uint32, index uint32) ([]byte, error) {
	t.context.SetIndex(ssrc, index-1) // EncryptRTCP adds one.
	return t.context.EncryptRTCP(packet, packet, &t.rtcpHeader)
}

// decryptRTCP turns the SRTCP packet, which says its index itself, into RTCP in place.
func (t *transform) decryptRTCP(packet []byte) ([]byte, error) {
	return t.context.DecryptRTCP(packet, packet, &t.rtcpHeader)
}

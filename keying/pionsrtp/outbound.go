package pionsrtp

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	"github.com/rtctransport/rtctransport/keying"
)

// outbound protects with the local side's keys. mu guards all of it.
type outbound struct {
	mu        sync.Mutex
	limits    limits
	transform transform
	rtp       sources
	rtcp      sources
	scratch   []byte // a packet whose header has to be rewritten first

	rtpPackets, rtcpPackets, refused uint64
}

// ProtectRTP implements keying.Protector. packet is not changed unless dst is packet[:0].
//
// A header extension with padding between its elements (what libwebrtc leaves behind when it strips an element) is put
// in order on the way: same elements, maybe shorter. Extensions with the reserved id 15, which RFC 8285 says not to use, are ErrMalformed.
func (p *Protector) ProtectRTP(dst, packet []byte) ([]byte, error) {
	o := &p.outbound
	o.mu.Lock()
	defer o.mu.Unlock()
	out, err := o.protectRTP(dst, packet, p.profile.RTPOverhead())
	if err != nil {
		o.refused++
		return nil, err
	}
	o.rtpPackets++
	return out, nil
}

func (o *outbound) protectRTP(dst, packet []byte, overhead int) ([]byte, error) {
	if o.exhausted() {
		return nil, keying.ErrKeyLimit
	}
	h, err := parseRTPHeader(packet)
	if err != nil {
		return nil, err
	}
	src, newSSRC, err := o.rtp.enter(h.ssrc)
	if err != nil {
		return nil, err
	}
	index := uint64(h.sequence)
	if src.used.any {
		var ok bool
		if index, ok = estimateIndex(src.used.highest, h.sequence); !ok {
			return nil, keying.ErrKeyLimit
		}
	}
	// "Any fixed keystream output, generated from the same key and index MUST only be used to encrypt once."
	// RFC 3711, Section 9.1. With AES-GCM a second use gives away the authentication key as well (RFC 7714, Section 8.4).
	if !src.used.fresh(index) {
		return nil, keying.ErrIndexReused
	}
	if err := o.transform.show(newSSRC); err != nil {
		return nil, err
	}
	size := len(packet) + overhead
	if h.extension != 0 && (!h.canonical || h.length == len(packet)) {
		// pion/srtp will move the payload, and may not do that over its own input.
		if h.length == len(packet) {
			o.scratch = withSpareWord(o.scratch[:0], packet, h)
		} else {
			o.scratch = append(o.scratch[:0], packet...)
		}
		packet = o.scratch
	}
	dst = slices.Grow(dst, size)
	out, err := o.transform.encryptRTP(dst[len(dst):], packet, h.ssrc, index)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", keying.ErrMalformed, err)
	}
	o.rtp.use(src, index)
	return dst[:len(dst)+len(out)], nil
}

// ProtectRTCP implements keying.Protector. packet is a compound packet, or one of reduced size (RFC 5506); its first SSRC has
// an index of its own, which counts from 1.
func (p *Protector) ProtectRTCP(dst, packet []byte) ([]byte, error) {
	o := &p.outbound
	o.mu.Lock()
	defer o.mu.Unlock()
	out, err := o.protectRTCP(dst, packet, p.profile.RTCPOverhead())
	if err != nil {
		o.refused++
		return nil, err
	}
	o.rtcpPackets++
	return out, nil
}

func (o *outbound) protectRTCP(dst, packet []byte, overhead int) ([]byte, error) {
	if o.exhausted() {
		return nil, keying.ErrKeyLimit
	}
	if len(packet) < rtcpHeaderLen || len(packet) > maxPacketLen || packet[0]>>6 != 2 {
		return nil, keying.ErrMalformed
	}
	ssrc := binary.BigEndian.Uint32(packet[4:])
	src, newSSRC, err := o.rtcp.enter(ssrc)
	if err != nil {
		return nil, err
	}
	index := src.used.highest + 1
	if index > maxRTCPIndex {
		return nil, keying.ErrKeyLimit
	}
	if err := o.transform.show(newSSRC); err != nil {
		return nil, err
	}
	start := len(dst)
	dst = extend(dst, packet, len(packet)+overhead)
	out, err := o.transform.encryptRTCP(dst[start:], ssrc, uint32(index))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", keying.ErrMalformed, err)
	}
	o.rtcp.use(src, index)
	return dst[:start+len(out)], nil
}

// exhausted reports whether the master key has protected all it may.
//
// "[...] when 2^48 SRTP packets or 2^31 SRTCP packets have been secured with the same key (whichever occurs before), the
// key management MUST be called to provide new master key(s) (previously stored and used keys MUST NOT be used again), or
// the session MUST be terminated."
// RFC 3711, Section 9.2. Packets of all SSRCs are added up, which is stricter than the text asks.
func (o *outbound) exhausted() bool {
	return o.rtpPackets >= o.limits.rtpPackets || o.rtcpPackets >= o.limits.rtcpPackets
}

// extend appends packet to dst, with a capacity for size bytes of it. If dst is packet[:0] that may copy nothing.
func extend(dst, packet []byte, size int) []byte {
	return append(slices.Grow(dst, size), packet...)
}

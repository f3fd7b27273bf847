package pionsrtp

import (
	"encoding/binary"
	"errors"
	"slices"
	"sync"

	"github.com/rtctransport/rtctransport/keying"
)

// inbound unprotects with the peer's keys. mu guards all of it.
type inbound struct {
	mu       sync.Mutex
	lasting  transform // shown only SSRCs of authenticated packets
	throwing transform // shown the others; its Context is thrown away after 64 of them, or when one was genuine
	rtp      sources
	rtcp     sources

	rtpPackets, rtcpPackets, malformed, unauthenticated, replayed, tooMany uint64
}

// UnprotectRTP implements keying.Protector. Errors are ErrMalformed, ErrAuthentication, ErrReplayed, ErrTooManySources.
func (p *Protector) UnprotectRTP(dst, packet []byte) ([]byte, error) {
	in := &p.inbound
	in.mu.Lock()
	defer in.mu.Unlock()
	out, err := in.unprotectRTP(dst, packet, p.profile.RTPOverhead())
	if err != nil {
		in.count(err)
		return nil, err
	}
	in.rtpPackets++
	return out, nil
}

func (in *inbound) unprotectRTP(dst, packet []byte, overhead int) ([]byte, error) {
	h, err := parseRTPHeader(packet)
	if err != nil {
		return nil, err
	}
	if len(packet) < h.length+overhead {
		return nil, keying.ErrMalformed
	}
	src := in.rtp.find(h.ssrc)
	index := uint64(h.sequence) // of the first packet we see of an SSRC: ROC 0.
	if highest, known := in.rtp.highest(h.ssrc, src); known {
		var ok bool
		if index, ok = estimateIndex(highest, h.sequence); !ok {
			return nil, keying.ErrReplayed // Beyond the last index there is nothing genuine.
		}
	}
	t, err := in.judge(&in.rtp, src, h.ssrc, index)
	if err != nil {
		return nil, err
	}
	dst = slices.Grow(dst, len(packet))
	out, err := t.decryptRTP(dst[len(dst):], packet, h.ssrc, index)
	if err != nil {
		return nil, keying.ErrAuthentication
	}
	if err := in.accept(&in.rtp, src, h.ssrc, index); err != nil {
		return nil, err
	}
	return dst[:len(dst)+len(out)], nil
}

// UnprotectRTCP implements keying.Protector. Errors are ErrMalformed, ErrAuthentication, ErrReplayed, ErrTooManySources.
// A packet whose E flag says that it is not encrypted is taken if it is authenticated (RFC 3711, Section 3.4): the flag is under the tag.
func (p *Protector) UnprotectRTCP(dst, packet []byte) ([]byte, error) {
	in := &p.inbound
	in.mu.Lock()
	defer in.mu.Unlock()
	out, err := in.unprotectRTCP(dst, packet, p.profile)
	if err != nil {
		in.count(err)
		return nil, err
	}
	in.rtcpPackets++
	return out, nil
}

func (in *inbound) unprotectRTCP(dst, packet []byte, profile keying.SRTPProfile) ([]byte, error) {
	if len(packet) < rtcpHeaderLen+profile.RTCPOverhead() || len(packet) > maxPacketLen || packet[0]>>6 != 2 {
		return nil, keying.ErrMalformed
	}
	ssrc := binary.BigEndian.Uint32(packet[4:])
	// The word with E flag and index is before the tag with HMAC (RFC 3711, Section 3.4), and at the end with GCM (RFC 7714, Section 9.2).
	word := packet[len(packet)-srtcpIndexLen:]
	switch profile {
	case keying.SRTPAES128CMHMACSHA1_80, keying.SRTPAES128CMHMACSHA1_32:
		word = packet[len(packet)-profile.RTCPOverhead():]
	}
	index := uint64(binary.BigEndian.Uint32(word) &^ (1 << 31))

	src := in.rtcp.find(ssrc)
	t, err := in.judge(&in.rtcp, src, ssrc, index)
	if err != nil {
		return nil, err
	}
	start := len(dst)
	dst = extend(dst, packet, len(packet))
	out, err := t.decryptRTCP(dst[start:])
	if err != nil {
		return nil, keying.ErrAuthentication
	}
	if err := in.accept(&in.rtcp, src, ssrc, index); err != nil {
		return nil, err
	}
	return dst[:start+len(out)], nil
}

// judge says what is to open a packet of an SSRC, whose source is src or nil. It changes nothing but the contexts of the throw-away transform.
func (in *inbound) judge(s *sources, src *source, ssrc uint32, index uint64) (*transform, error) {
	if src != nil {
		if !src.used.fresh(index) {
			return nil, keying.ErrReplayed
		}
		return &in.lasting, in.lasting.show(false)
	}
	if floor, retired := s.floor(ssrc); retired && index <= floor {
		return nil, keying.ErrReplayed
	}
	if !s.hasRoom(ssrc) {
		return nil, keying.ErrTooManySources
	}
	return &in.throwing, in.throwing.show(true)
}

// accept notes a packet whose tag was right, the only thing that makes an SSRC known or moves a window.
//
// "After the packet has been authenticated (if necessary the window is first moved ahead), the replay list SHALL be
// updated with the new index."
// RFC 3711, Section 3.3.2.
func (in *inbound) accept(s *sources, src *source, ssrc uint32, index uint64) error {
	if src == nil {
		var err error
		if src, err = s.add(ssrc); err != nil {
			return err
		}
		if err := in.lasting.show(true); err != nil {
			return err
		}
		in.throwing.context = nil // 2 KB that the next stranger may need, in minutes or never.
	}
	s.use(src, index)
	return nil
}

func (in *inbound) count(err error) {
	switch {
	case errors.Is(err, keying.ErrMalformed):
		in.malformed++
	case errors.Is(err, keying.ErrReplayed):
		in.replayed++
	case errors.Is(err, keying.ErrTooManySources):
		in.tooMany++
	default:
		in.unauthenticated++
	}
}

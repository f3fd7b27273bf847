package main

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"

	"github.com/rtctransport/rtctransport/dtlstransport"
)

// A Subscriber is one receiver of one Stream.
type Subscriber struct {
	stream    *Stream
	transport *dtlstransport.Transport

	payloadTypes [kinds]uint8 // as its offer has them; 0: it does not want that
	rtx          uint8        // of retransmitted video; 0: it does not know them
	connected    atomic.Bool
	rate         atomic.Uint64 // bits/s of video that it seems to be able to receive
	onFlood      func()        // called for each report above controlPerSecond; may be nil
	control      control

	mu     sync.Mutex
	rtxSeq uint16
	budget budget // of resent packets
}

// forward sends a packet on. The payload type in it is changed.
func (s *Subscriber) forward(kind Kind, b []byte) {
	pt := s.payloadTypes[kind]
	if pt == 0 || !s.connected.Load() {
		return
	}
	b[1] = b[1]&0x80 | pt
	_, _ = s.transport.WriteRTP(b) // what cannot be sent is lost, as on any path
}

func (s *Subscriber) writeRTCP(b []byte) {
	if s.connected.Load() {
		_, _ = s.transport.WriteRTCP(b)
	}
}

// onRTCP takes the receiver's feedback.
func (s *Subscriber) onRTCP(b []byte) {
	for _, p := range s.control.read(b, s.onFlood) {
		switch p := p.(type) {
		case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
			s.stream.requestKeyFrame(time.Now())
		case *rtcp.TransportLayerNack:
			if p.MediaSSRC == s.stream.Out[Video].SSRC {
				s.resendAll(p.Nacks)
			}
		case *rtcp.ReceiverReport:
			for _, r := range p.Reports {
				if r.SSRC == s.stream.Out[Video].SSRC {
					s.rate.Store(nextRate(s.rate.Load(), r.FractionLost))
				}
			}
		case *rtcp.ReceiverEstimatedMaximumBitrate:
			s.rate.Store(min(max(uint64(p.Bitrate), minRate), maxRate))
		}
	}
}

// resendAll sends what is asked for, as far as there is a budget for it.
func (s *Subscriber) resendAll(pairs []rtcp.NackPair) {
	if s.rtx == 0 || s.payloadTypes[Video] == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for _, pair := range pairs {
		for _, seq := range pair.PacketList() {
			if !s.budget.take(now, 1, resendsPerSecond) {
				return
			}
			s.resend(seq)
		}
	}
}

// resend sends a packet of video again, as RFC 4588 has it: on an SSRC of its own, the old sequence number in front of
// the payload. mu is held.
func (s *Subscriber) resend(seq uint16) {
	b, ok := s.stream.cache.get(make([]byte, 0, cachedSize+2), seq)
	header := rtpHeader + 4*int(b[:max(len(b), 1)][0]&0xf)
	if !ok || len(b) < header || b[0]&0x10 != 0 { // extensions are taken off
		return
	}
	b = append(b, 0, 0)
	copy(b[header+2:], b[header:])
	binary.BigEndian.PutUint16(b[header:], seq)
	b[1] = b[1]&0x80 | s.rtx
	s.rtxSeq++
	binary.BigEndian.PutUint16(b[2:], s.rtxSeq)
	binary.BigEndian.PutUint32(b[8:], s.stream.Out[Video].RTX)
	_, _ = s.transport.WriteRTP(b)
}

// A budget bounds how much of something there is in a second, and at once. The zero value is full.
type budget struct {
	used float64
	last time.Time
}

const resendsPerSecond = 500 // packets that a subscriber can have sent again

func (b *budget) take(now time.Time, n, perSecond float64) bool {
	b.used = max(0, b.used-now.Sub(b.last).Seconds()*perSecond)
	b.last = now
	if b.used+n > perSecond {
		return false
	}
	b.used += n
	return true
}

// flooded calls f, if it is there.
func flooded(f func()) {
	if f != nil {
		f()
	}
}

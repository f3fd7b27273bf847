package main

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
)

// A Stream is what one publisher sends, and to whom it goes. Its packets are handled one at a time, by the loop of the
// publisher's socket; all else may happen at any time.
type Stream struct {
	ID, Name string
	Out      Tracks // the numbers under which it is sent on

	payloadTypes [kinds]uint8              // at the publisher; 0: no such track
	in           [kinds]atomic.Uint32      // SSRCs at the publisher; 0: nothing has come yet
	writeRTCP    func([]byte) (int, error) // to the publisher
	cache        Cache                     // of video

	subscribers atomic.Pointer[[]*Subscriber]

	mu        sync.Mutex
	receivers [kinds]receiver
	lastPLI   time.Time
	wantsPLI  bool
}

// newStream returns a stream of the tracks of an offer.
func newStream(id, name string, o *Offer) *Stream {
	s := &Stream{ID: id, Name: name}
	for kind, section := range o.Used {
		if section != nil {
			s.payloadTypes[kind] = section.PayloadType
			s.Out[kind].SSRC, s.Out[kind].RTX = newSSRC(), newSSRC()
		}
	}
	s.subscribers.Store(new([]*Subscriber))
	return s
}

func newSSRC() uint32 { return rand.Uint32() | 1 }

func (s *Stream) has(k Kind) bool { return s.payloadTypes[k] != 0 }

// rtpHeader is the fixed part of an RTP header, in bytes (RFC 3550, Section 5.1).
const rtpHeader = 12

// onRTP takes a packet of the publisher and sends it on, changing its header in place.
func (s *Stream) onRTP(b []byte) {
	if len(b) < rtpHeader {
		return
	}
	kind := Kind(slices.Index(s.payloadTypes[:], b[1]&0x7f))
	if kind < 0 || b[1]&0x7f == 0 {
		return
	}
	if ssrc := binary.BigEndian.Uint32(b[8:]); s.in[kind].Load() != ssrc {
		s.in[kind].Store(ssrc)
	}
	s.received(time.Now(), kind, binary.BigEndian.Uint16(b[2:]))
	s.forward(kind, b)
}

// forward sends a packet on under the numbers of Out.
func (s *Stream) forward(kind Kind, b []byte) {
	binary.BigEndian.PutUint32(b[8:], s.Out[kind].SSRC)
	if kind == Video {
		s.cache.put(b)
	}
	for _, to := range *s.subscribers.Load() {
		to.forward(kind, b)
	}
}

// onRTCP takes reports of the publisher. Its sender reports go on: they say which times of audio and video belong
// together.
func (s *Stream) onRTCP(b []byte) {
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		return
	}
	for _, p := range packets {
		report, ok := p.(*rtcp.SenderReport)
		if !ok {
			continue
		}
		for kind := range s.in {
			if report.SSRC == s.in[kind].Load() && report.SSRC != 0 {
				s.mu.Lock()
				s.receivers[kind].reported(time.Now(), report.NTPTime)
				s.mu.Unlock()
				s.sendReport(Kind(kind), report)
			}
		}
	}
}

func (s *Stream) sendReport(kind Kind, report *rtcp.SenderReport) {
	onward := rtcp.SenderReport{
		SSRC: s.Out[kind].SSRC, NTPTime: report.NTPTime, RTPTime: report.RTPTime,
		PacketCount: report.PacketCount, OctetCount: report.OctetCount,
	}
	b, err := onward.Marshal()
	if err != nil {
		return
	}
	for _, to := range *s.subscribers.Load() {
		to.writeRTCP(b)
	}
}

func (s *Stream) subscribe(to *Subscriber) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := append(slices.Clone(*s.subscribers.Load()), to)
	s.subscribers.Store(&all)
}

func (s *Stream) unsubscribe(to *Subscriber) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.DeleteFunc(slices.Clone(*s.subscribers.Load()), func(x *Subscriber) bool { return x == to })
	s.subscribers.Store(&all)
}

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
	ID, Room, Name string
	Out            Tracks // the numbers under which it is sent on

	payloadTypes [kinds]uint8              // at the publisher; 0: no such track
	in           [kinds]atomic.Uint32      // SSRCs at the publisher; 0: nothing has come yet
	writeRTCP    func([]byte) (int, error) // to the publisher; nil if he is at another server
	askKeyFrame  func()                    // at the other server
	cache        Cache                     // of video
	remb         bool                      // the publisher takes rates (draft-alvestrand-rmcat-remb-03)
	inflow       float64                   // bytes/s that the publisher may send
	onFlood      func()                    // called for each packet above that, and reports above controlPerSecond; may be nil

	cluster       *Cluster     // to which it goes as well; nil: none
	wanted        atomic.Int64 // until when, in ns of the Unix time, another server wants it; 0: none ever has
	onSubscribers func()       // called when there are more or fewer; may be nil

	subscribers atomic.Pointer[[]*Subscriber]
	control     control

	mu        sync.Mutex
	ended     bool // nobody can subscribe any more
	budget    budget
	receivers [kinds]receiver
	arrivals  arrivals
	lastPLI   time.Time
	wantsPLI  bool
	rates     map[string]remoteRate // by server
}

// remoteRate is what the receivers at another server can take.
type remoteRate struct {
	rate uint64
	at   time.Time
}

// newStream returns a stream of the tracks of an offer.
func newStream(id, room, name string, o *Offer) *Stream {
	s := &Stream{ID: id, Room: room, Name: name, inflow: defaultInflow}
	for kind, section := range o.Used {
		if section != nil {
			s.payloadTypes[kind] = section.PayloadType
			s.Out[kind].SSRC, s.Out[kind].RTX = newSSRC(), newSSRC()
			s.remb = s.remb || slices.Contains(section.Feedback, remb)
		}
	}
	s.arrivals = newArrivals(o, s.Out[Audio].RTX|s.Out[Video].RTX)
	s.subscribers.Store(new([]*Subscriber))
	return s
}

// defaultInflow is eight times what publishers are told to send at most: one that does not listen is limited for itself, and
// takes nothing from others.
const defaultInflow = 8 * (maxRate / 8) // bytes/s

func newSSRC() uint32 { return rand.Uint32() | 1 }

// local reports whether the publisher is at this server.
func (s *Stream) local() bool { return s.writeRTCP != nil }

// isWanted reports whether another server wants the stream.
func (s *Stream) isWanted() bool { return s.wanted.Load() > time.Now().UnixNano() }

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
	if s.received(time.Now(), kind, b) {
		s.forward(kind, withoutExtensions(b))
	}
}

// forward sends a packet on under the numbers of Out.
func (s *Stream) forward(kind Kind, b []byte) {
	binary.BigEndian.PutUint32(b[8:], s.Out[kind].SSRC)
	if kind == Video {
		s.cache.put(b)
	}
	if s.cluster != nil {
		s.cluster.onward(s, kind, b)
	}
	for _, to := range *s.subscribers.Load() {
		to.forward(kind, b)
	}
}

// onRTCP takes reports of the publisher. Its sender reports go on: they say which times of audio and video belong
// together.
func (s *Stream) onRTCP(b []byte) {
	for _, p := range s.control.read(b, s.onFlood) {
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
	if s.cluster != nil {
		s.cluster.onwardReport(s, b)
	}
	for _, to := range *s.subscribers.Load() {
		to.writeRTCP(b)
	}
}

// subscribe adds a receiver. It reports whether the stream has not ended.
func (s *Stream) subscribe(to *Subscriber) bool {
	return s.changeSubscribers(func(all []*Subscriber) []*Subscriber { return append(all, to) })
}

func (s *Stream) unsubscribe(to *Subscriber) {
	s.changeSubscribers(func(all []*Subscriber) []*Subscriber {
		return slices.DeleteFunc(all, func(x *Subscriber) bool { return x == to })
	})
}

// changeSubscribers replaces the list: packets are on their way to those of the old one.
func (s *Stream) changeSubscribers(change func([]*Subscriber) []*Subscriber) bool {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return false
	}
	all := change(slices.Clone(*s.subscribers.Load()))
	s.subscribers.Store(&all)
	s.mu.Unlock()
	if s.onSubscribers != nil {
		s.onSubscribers()
	}
	return true
}

// end ends all who receive the stream.
func (s *Stream) end() {
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	for _, to := range *s.subscribers.Load() {
		to.transport.Close()
	}
}

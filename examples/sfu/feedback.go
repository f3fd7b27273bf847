package main

import (
	"encoding/binary"
	"time"

	"github.com/pion/rtcp"
)

// What a publisher is told. All of it is sent by the loop that delivers his packets, or by the server's one ticker.
const (
	tick             = 200 * time.Millisecond
	reportEvery      = time.Second
	keyFrameInterval = 300 * time.Millisecond // at most one request in that time
	maxMissing       = 64                     // packets that are asked for at a time
	askAgain         = 60 * time.Millisecond
	maxAsks          = 5

	maxNodes  = 1000    // servers whose rates are kept
	minRate   = 150_000 // bits/s of video
	startRate = 1_500_000
	maxRate   = 2_500_000
)

// nextRate is how fast video may go to a receiver that has lost this part (of 256) of it: the loss-based rule of
// draft-ietf-rmcat-gcc-02, Section 6.
func nextRate(rate uint64, lost uint8) uint64 {
	switch part := float64(lost) / 256; {
	case part > 0.10:
		rate = uint64(float64(rate) * (1 - 0.5*part))
	case part < 0.02:
		rate += rate / 20
	}
	return min(max(rate, minRate), maxRate)
}

// A receiver counts what comes of one track, for reports and to ask for what is missing.
type receiver struct {
	started  bool
	base     uint32 // the first sequence number, extended
	highest  uint32 // the highest one, extended
	received uint32

	expectedBefore, receivedBefore uint32 // at the last report
	senderReport                   uint32 // middle bits of its NTP time
	senderReportAt                 time.Time

	missing []missing // in the order of their numbers
}

type missing struct {
	seq  uint16
	asks int
	last time.Time
}

// packet takes a sequence number (RFC 3550, Appendix A.1, without its probation: SRTP has authenticated it).
func (r *receiver) packet(seq uint16) {
	if !r.started {
		*r = receiver{started: true, base: uint32(seq), highest: uint32(seq), senderReport: r.senderReport, senderReportAt: r.senderReportAt}
		r.received = 1
		return
	}
	r.received++
	ahead := seq - uint16(r.highest)
	switch {
	case ahead == 0:
	case ahead < 1<<15:
		if ahead > maxMissing { // a source that begins anew, or too much to ask for
			r.missing = r.missing[:0]
		} else {
			for lost := uint16(r.highest) + 1; lost != seq; lost++ {
				r.missing = append(r.missing, missing{seq: lost})
			}
			r.missing = r.missing[max(0, len(r.missing)-maxMissing):]
		}
		r.highest += uint32(ahead)
	default:
		for i, m := range r.missing {
			if m.seq == seq {
				r.missing = append(r.missing[:i], r.missing[i+1:]...)
				break
			}
		}
	}
}

// wanted returns what is to be asked for now.
func (r *receiver) wanted(now time.Time) (seqs []uint16) {
	kept := r.missing[:0]
	for _, m := range r.missing {
		if now.Sub(m.last) >= askAgain {
			if m.asks == maxAsks {
				continue
			}
			m.asks++
			m.last = now
			seqs = append(seqs, m.seq)
		}
		kept = append(kept, m)
	}
	r.missing = kept
	return seqs
}

func (r *receiver) reported(now time.Time, ntp uint64) {
	r.senderReport, r.senderReportAt = uint32(ntp>>16), now
}

// report makes a report block (RFC 3550, Section 6.4.1). It has no jitter: nobody reads ours.
func (r *receiver) report(now time.Time, ssrc uint32) rtcp.ReceptionReport {
	expected := r.highest - r.base + 1
	lost := int64(expected) - int64(r.received)
	expectedNow, receivedNow := expected-r.expectedBefore, r.received-r.receivedBefore
	r.expectedBefore, r.receivedBefore = expected, r.received
	fraction := uint8(0)
	if expectedNow > receivedNow {
		fraction = uint8(min(255, 256*(expectedNow-receivedNow)/expectedNow))
	}
	b := rtcp.ReceptionReport{
		SSRC: ssrc, FractionLost: fraction, TotalLost: uint32(min(max(lost, 0), 1<<23-1)), LastSequenceNumber: r.highest,
		LastSenderReport: r.senderReport,
	}
	if !r.senderReportAt.IsZero() {
		b.Delay = uint32(now.Sub(r.senderReportAt) * 65536 / time.Second)
	}
	return b
}

// received counts a packet, asks for those before it that are missing, and tells when packets came. It reports whether the
// packet may go on: whoever sends more than he may has the rest dropped.
func (s *Stream) received(now time.Time, kind Kind, b []byte) bool {
	s.mu.Lock()
	if !s.budget.take(now, float64(len(b)), s.inflow) {
		s.mu.Unlock()
		flooded(s.onFlood)
		return false
	}
	r := &s.receivers[kind]
	r.packet(binary.BigEndian.Uint16(b[2:]))
	came := s.arrivals.packet(now, kind, b)
	var lost []uint16
	if kind == Video && len(r.missing) > 0 {
		lost = r.wanted(now)
	}
	s.mu.Unlock()
	if len(came) > 0 {
		s.write(came...)
	}
	if len(lost) > 0 {
		s.write(&rtcp.TransportLayerNack{SenderSSRC: s.Out[Video].RTX, MediaSSRC: s.in[Video].Load(), Nacks: rtcp.NackPairsFromSequenceNumbers(lost)})
	}
	return true
}

// write sends RTCP to the publisher.
func (s *Stream) write(packets ...rtcp.Packet) {
	if b, err := rtcp.Marshal(packets); err == nil && s.writeRTCP != nil {
		_, _ = s.writeRTCP(b) // before the handshake is complete there is nobody to tell
	}
}

// tellArrivals tells of packets that came before a pause.
func (s *Stream) tellArrivals(now time.Time) {
	s.mu.Lock()
	came := s.arrivals.tell(now)
	s.mu.Unlock()
	if len(came) > 0 {
		s.write(came...)
	}
}

// requestKeyFrame asks the publisher for one, now or with the next tick.
func (s *Stream) requestKeyFrame(now time.Time) {
	s.mu.Lock()
	s.wantsPLI = true
	s.mu.Unlock()
	s.sendKeyFrameRequest(now)
}

func (s *Stream) sendKeyFrameRequest(now time.Time) {
	ssrc := s.in[Video].Load()
	s.mu.Lock()
	ask := s.wantsPLI && (ssrc != 0 || !s.local()) && now.Sub(s.lastPLI) >= keyFrameInterval
	if ask {
		s.wantsPLI, s.lastPLI = false, now
	}
	s.mu.Unlock()
	switch {
	case ask && s.local():
		s.write(&rtcp.PictureLossIndication{SenderSSRC: s.Out[Video].RTX, MediaSSRC: ssrc})
	case ask:
		s.askKeyFrame()
	}
}

// tell sends the publisher a report, with the rate that suits all receivers of his video.
func (s *Stream) tell(now time.Time) {
	report := &rtcp.ReceiverReport{SSRC: s.Out[Audio].RTX | s.Out[Video].RTX}
	var video []uint32
	s.mu.Lock()
	for kind := range s.receivers {
		if r := &s.receivers[kind]; r.started {
			report.Reports = append(report.Reports, r.report(now, s.in[kind].Load()))
			if Kind(kind) == Video {
				video = []uint32{s.in[kind].Load()}
			}
		}
	}
	s.mu.Unlock()
	if len(report.Reports) == 0 || !s.local() {
		return
	}
	packets := []rtcp.Packet{report}
	if video != nil && s.remb {
		packets = append(packets, &rtcp.ReceiverEstimatedMaximumBitrate{SenderSSRC: report.SSRC, Bitrate: float32(s.rate()), SSRCs: video})
	}
	s.write(packets...)
}

// rate is that of the slowest receiver.
func (s *Stream) rate() uint64 {
	rate := uint64(maxRate)
	for _, to := range *s.subscribers.Load() {
		if to.connected.Load() && to.payloadTypes[Video] != 0 {
			rate = min(rate, to.rate.Load())
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for node, r := range s.rates {
		if time.Since(r.at) > forgotten {
			delete(s.rates, node)
		} else {
			rate = min(rate, r.rate)
		}
	}
	return rate
}

// setRemoteRate notes what the receivers at another server can take.
func (s *Stream) setRemoteRate(node string, rate uint64, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rates == nil {
		s.rates = make(map[string]remoteRate)
	}
	if _, known := s.rates[node]; known || len(s.rates) < maxNodes {
		s.rates[node] = remoteRate{rate, at}
	}
}

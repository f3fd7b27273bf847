package main

import (
	"crypto/rand"
	"encoding/binary"
	"slices"
	"sync"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// maxStreams bounds the streams of one peer that are mirrored; packets of further ones are dropped.
const maxStreams = 32

// A Mirror sends a peer's media back: each stream that the peer sends becomes one of ours with another SSRC and the
// same sequence numbers, timestamps and payload, and what the peer reports about ours is told to the peer about its
// own. So the peer is sender and receiver of one stream, and the mirror has no buffer, no clock and no jitter:
//
//	peer                                   mirror
//	 RTP  ssrc 1000, seq 7   ────────────▶  RTP  ssrc 9000, seq 7   (to the peer)
//	 SR   of 1000            ────────────▶  SR   of 9000
//	 PLI, NACK 7, RR for 9000 ───────────▶  PLI, NACK 7, RR for 1000
//
// Several SSRCs in a section (the peer started anew) are several streams. A Mirror is safe for concurrent use.
type Mirror struct {
	sections []Section
	first    []uint32 // the SSRC that we announced for each section

	mu      sync.Mutex
	streams []stream
}

// A stream is one SSRC of the peer and the one it is sent back with.
type stream struct {
	section    int
	peer, ours uint32
}

// NewMirror draws an SSRC for each media section.
func NewMirror(sections []Section) *Mirror {
	m := &Mirror{sections: sections, first: make([]uint32, len(sections))}
	for i := range sections {
		if sections[i].IsMedia() {
			m.first[i] = m.newSSRC()
		}
	}
	return m
}

// SSRCs returns the announced stream of each section, 0 where there is none. The caller must not write to it.
func (m *Mirror) SSRCs() []uint32 { return m.first }

// newSSRC draws an identifier that neither side uses. RFC 3550, Section 8.1.
func (m *Mirror) newSSRC() uint32 {
	for {
		var b [4]byte
		rand.Read(b[:])
		ssrc := binary.BigEndian.Uint32(b[:])
		taken := slices.Contains(m.first, ssrc) ||
			slices.ContainsFunc(m.sections, func(s Section) bool { return slices.Contains(s.SSRCs, ssrc) }) ||
			slices.ContainsFunc(m.streams, func(s stream) bool { return s.peer == ssrc || s.ours == ssrc })
		if ssrc != 0 && !taken {
			return ssrc
		}
	}
}

// RTP appends to dst the packet that goes back for p, or returns false when p belongs nowhere. p is not kept and not
// written to.
func (m *Mirror) RTP(dst, p []byte) ([]byte, bool) {
	var h rtp.Header
	n, err := h.Unmarshal(p)
	if err != nil {
		return dst, false
	}
	m.mu.Lock()
	ours, ok := m.ours(&h)
	m.mu.Unlock()
	if !ok {
		return dst, false
	}
	h.SSRC = ours
	// The extensions' numbers are the peer's, and none but the section's name was negotiated for our direction.
	h.Extension, h.Extensions = false, nil
	start, size := len(dst), h.MarshalSize()
	dst = append(dst, make([]byte, size)...)
	if _, err := h.MarshalTo(dst[start:]); err != nil {
		return dst[:start], false
	}
	return append(dst, p[n:]...), true // padding, if any, is part of it, and the header still says so
}

// ours returns the SSRC with which the packet's stream is sent back, and starts a stream that is new.
func (m *Mirror) ours(h *rtp.Header) (uint32, bool) {
	for _, s := range m.streams {
		if s.peer == h.SSRC {
			return s.ours, true
		}
	}
	section, ok := m.find(h)
	if !ok || len(m.streams) == maxStreams {
		return 0, false
	}
	ours := m.first[section]
	if slices.ContainsFunc(m.streams, func(s stream) bool { return s.ours == ours }) {
		ours = m.newSSRC() // its sequence numbers start elsewhere: it cannot go on under the same SSRC
	}
	m.streams = append(m.streams, stream{section: section, peer: h.SSRC, ours: ours})
	return ours, true
}

// find returns the section that a packet of a new stream belongs to: by its MID, else by announced SSRC, else by payload
// type if only one section has it. RFC 9143, Section 9.2.
func (m *Mirror) find(h *rtp.Header) (int, bool) {
	for i := range m.sections {
		s := &m.sections[i]
		if s.IsMedia() && s.MIDID != 0 && s.MID != "" && string(h.GetExtension(s.MIDID)) == s.MID {
			return i, s.Codec.PayloadType == h.PayloadType
		}
	}
	for i := range m.sections {
		s := &m.sections[i]
		if s.IsMedia() && slices.Contains(s.SSRCs, h.SSRC) {
			return i, s.Codec.PayloadType == h.PayloadType
		}
	}
	found := -1
	for i := range m.sections {
		s := &m.sections[i]
		if s.IsMedia() && s.Codec.PayloadType == h.PayloadType {
			if found >= 0 {
				return 0, false
			}
			found = i
		}
	}
	return found, found >= 0
}

// RTCP returns the packets that go back for the packet p, which may be compound, or nil. p is not kept.
func (m *Mirror) RTCP(p []byte) []byte {
	packets, err := rtcp.Unmarshal(p)
	if err != nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var back []rtcp.Packet
	for _, packet := range packets {
		if packet = m.turn(packet); packet != nil {
			back = append(back, packet)
		}
	}
	if len(back) == 0 {
		return nil
	}
	// A compound packet begins with a report; what we turn keeps the peer's order, and so the peer's report leads.
	b, err := rtcp.Marshal(back)
	if err != nil {
		return nil
	}
	return b
}

// turn returns the packet as it goes back, or nil for one that says nothing about a mirrored stream.
func (m *Mirror) turn(packet rtcp.Packet) rtcp.Packet {
	switch p := packet.(type) {
	case *rtcp.SenderReport:
		ours, ok := m.toOurs(p.SSRC)
		if !ok {
			return nil
		}
		p.SSRC, p.Reports, p.ProfileExtensions = ours, m.turnReports(p.Reports), nil
	case *rtcp.ReceiverReport:
		p.SSRC, p.Reports, p.ProfileExtensions = m.reporter(), m.turnReports(p.Reports), nil
	case *rtcp.SourceDescription:
		p.Chunks = m.turnChunks(p.Chunks)
		if len(p.Chunks) == 0 {
			return nil
		}
	case *rtcp.PictureLossIndication:
		peer, ok := m.toPeer(p.MediaSSRC)
		if !ok {
			return nil
		}
		p.SenderSSRC, p.MediaSSRC = m.reporter(), peer
	case *rtcp.FullIntraRequest:
		p.FIR = slices.DeleteFunc(p.FIR, func(e rtcp.FIREntry) bool { _, ok := m.toPeer(e.SSRC); return !ok })
		if len(p.FIR) == 0 {
			return nil
		}
		for i := range p.FIR {
			p.FIR[i].SSRC, _ = m.toPeer(p.FIR[i].SSRC)
		}
		p.SenderSSRC, p.MediaSSRC = m.reporter(), p.FIR[0].SSRC
	case *rtcp.TransportLayerNack:
		peer, ok := m.toPeer(p.MediaSSRC)
		if !ok {
			return nil
		}
		p.SenderSSRC, p.MediaSSRC = m.reporter(), peer
	default:
		// Goodbye: the peer's stream may come back, and ours ends with the transport. Congestion feedback and
		// extended reports: they speak of the path.
		return nil
	}
	return packet
}

// turnReports turns what the peer saw of our streams into what we tell it of its own.
func (m *Mirror) turnReports(reports []rtcp.ReceptionReport) []rtcp.ReceptionReport {
	var back []rtcp.ReceptionReport
	for _, r := range reports {
		if peer, ok := m.toPeer(r.SSRC); ok {
			r.SSRC = peer
			back = append(back, r)
		}
	}
	return back
}

// turnChunks keeps one CNAME for all our streams, so that the peer plays them in time. RFC 8834, Section 4.9.
func (m *Mirror) turnChunks(chunks []rtcp.SourceDescriptionChunk) []rtcp.SourceDescriptionChunk {
	var back []rtcp.SourceDescriptionChunk
	for _, c := range chunks {
		if ours, ok := m.toOurs(c.Source); ok {
			cname := rtcp.SourceDescriptionItem{Type: rtcp.SDESCNAME, Text: streamName}
			back = append(back, rtcp.SourceDescriptionChunk{Source: ours, Items: []rtcp.SourceDescriptionItem{cname}})
		}
	}
	return back
}

// reporter is the SSRC under which we report: one that we announced.
func (m *Mirror) reporter() uint32 {
	for _, ssrc := range m.first {
		if ssrc != 0 {
			return ssrc
		}
	}
	return 0
}

func (m *Mirror) toOurs(peer uint32) (uint32, bool) {
	for _, s := range m.streams {
		if s.peer == peer {
			return s.ours, true
		}
	}
	return 0, false
}

func (m *Mirror) toPeer(ours uint32) (uint32, bool) {
	for _, s := range m.streams {
		if s.ours == ours {
			return s.peer, true
		}
	}
	return 0, false
}

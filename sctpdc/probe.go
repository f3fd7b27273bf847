package sctpdc

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/sctp"
)

// A tailProbe sends data once more when nothing moves for longer than it can be: the last packet, so that its SACK tells what
// is missing (a tail loss probe, RFC 8985, Section 7), and those that pion/sctp has sent again and nobody has acknowledged.
//
// Without it: pion/sctp, when its own probe is due, sends new data if there is any that waits. With a full window there is none
// that it may send, so nothing is sent. And what it has sent again and is lost again it never looks at before the timer
// runs out. In both cases nothing moves for the least RTO of 1 s.
type tailProbe struct {
	association atomic.Pointer[sctp.Association] // knows the round-trip time; nil until it is established

	mu      sync.Mutex
	packet  []byte    // the last one with new data; nil when the peer has it
	last    uint32    // the highest TSN in it
	again   []resent  // what was sent again and is not acknowledged, oldest first
	acked   uint32    // up to here the peer has our data
	started bool      // last and acked are known
	active  time.Time // when data was sent or a SACK came
	probed  bool      // packet was sent again, and nothing new was acknowledged since
	running bool      // timer will call
	timer   *time.Timer
	ended   bool
}

// A resent is a packet of data that was sent before, with the lowest TSN in it.
type resent struct {
	tsn    uint32
	packet []byte
}

// maxResent bounds tailProbe.again, and maxProbes what is sent of it at once.
const maxResent, maxProbes = 64, 4

// probeSlack is what is added to two round trips, for peers and machines that are busy.
const probeSlack = 30 * time.Millisecond

// wait returns after which silence a probe is due; zero: the round-trip time is not known.
func (p *tailProbe) wait() time.Duration {
	a := p.association.Load()
	if a == nil || a.SRTT() <= 0 {
		return 0
	}
	return 2*time.Duration(a.SRTT()*float64(time.Millisecond)) + probeSlack
}

// owed is whether the peer has to answer at once: "an acknowledgement SHOULD be generated for at least every second packet"
// (RFC 9260, Section 6.2), but a single one may wait 200 ms for another. The caller holds mu.
func (p *tailProbe) owed() bool {
	return p.started && !p.probed && !p.ended && int32(p.last-p.acked) >= 2
}

// sentNew is told of a packet with new data, of which first is the lowest TSN and tsn the highest.
func (g *gate) sentNew(packet []byte, first, tsn uint32) {
	p := &g.probe
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.started {
		p.started, p.acked = true, first-1
	}
	p.packet, p.last, p.probed, p.active = packet, tsn, false, time.Now()
	g.armProbe()
}

// sentAgain is told of a packet with data that was sent before.
func (g *gate) sentAgain(packet []byte, tsn uint32) {
	p := &g.probe
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.again) < maxResent && p.started && int32(tsn-p.acked) > 0 {
		p.again = append(p.again, resent{tsn, packet})
	}
	p.active = time.Now()
	g.armProbe()
}

// heardSACK is told up to where the peer has our data.
func (g *gate) heardSACK(tsn uint32) {
	p := &g.probe
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.started {
		return
	}
	if int32(tsn-p.acked) > 0 {
		p.acked, p.probed = tsn, false
		p.again = slices.DeleteFunc(p.again, func(r resent) bool { return int32(r.tsn-tsn) <= 0 })
	}
	if int32(p.last-p.acked) <= 0 {
		p.packet, p.again = nil, nil
	}
	p.active = time.Now()
	g.armProbe()
}

// armProbe starts the timer if it has to run. The caller holds probe.mu.
func (g *gate) armProbe() {
	p := &g.probe
	if p.running || !p.owed() {
		return
	}
	wait := p.wait()
	if wait == 0 {
		return
	}
	p.running = true
	if p.timer == nil {
		p.timer = time.AfterFunc(wait, g.probeDue)
	} else {
		p.timer.Reset(wait)
	}
}

// probeDue is what the timer calls. It looks whether there was silence in fact.
func (g *gate) probeDue() {
	p := &g.probe
	p.mu.Lock()
	wait := p.wait()
	if !p.owed() || wait == 0 {
		p.running = false
		p.mu.Unlock()
		return
	}
	if idle := time.Since(p.active); idle < wait {
		p.timer.Reset(wait - idle)
		p.mu.Unlock()
		return
	}
	p.running, p.probed = false, true
	packets := [][]byte{p.packet}
	for _, r := range p.again[:min(len(p.again), maxProbes)] {
		packets = append(packets, r.packet)
	}
	p.mu.Unlock()
	g.burst.repeated()
	if g.empty() != nil { // what is held back is sent before
		return
	}
	for _, packet := range packets {
		if !g.mayRepeat(packet) {
			continue
		}
		_, _ = g.conn.Write(packet) // its ports are right; an error is the end of the connection, which Read will see
		g.stats.packetsSent.Add(1)
		g.stats.retransmissions.Add(1)
	}
}

// mayRepeat is whether all that is in a packet is to be sent until it arrives: of the other kind each transmission counts.
func (g *gate) mayRepeat(packet []byte) bool {
	for rest := packet[commonHeaderLen:]; len(rest) > 0; {
		c, r, ok := nextChunk(rest)
		if !ok {
			return false
		}
		rest = r
		if d, ok := parseData(c); !ok || !g.owner.reliable(d.stream) {
			return false
		}
	}
	return true
}

// stopProbe ends it.
func (g *gate) stopProbe() {
	p := &g.probe
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended, p.packet, p.again = true, nil, nil
	if p.timer != nil {
		p.timer.Stop()
	}
}

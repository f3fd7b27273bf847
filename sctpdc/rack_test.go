package sctpdc

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

// A packet that others overtake by less than the window is not sent again.
func TestReorderingWindowIsHowFarAPacketMayBeOvertaken(t *testing.T) {
	again := map[time.Duration]uint64{}
	for _, window := range []time.Duration{0, 150 * time.Millisecond} {
		link := netsim.Config{Delay: 100 * time.Millisecond, Decide: func(d netsim.Direction, n int) netsim.Fate {
			if d == netsim.AtoB && n > 20 && n%10 == 0 {
				return netsim.Fate{Extra: 130 * time.Millisecond}
			}
			return netsim.Fate{}
		}}
		inPair(t, link, Config{RACK: RACK{ReorderingWindow: window}}, Config{}, func(p *pair) {
			c, d := p.open(p.client, p.server, "x", nil)
			for i := range 200 {
				p.send(c, fmt.Sprint(i))
				time.Sleep(60 * time.Millisecond)
			}
			for i := range 200 {
				p.want(d, fmt.Sprint(i))
			}
			again[window] = p.client.Stats().Retransmissions
		})
	}
	// The window counts once it is known that packets overtake each other, so the first time is not spared.
	if none, wide := again[0], again[150*time.Millisecond]; none < 10 || wide > none/4 {
		t.Errorf("%d retransmissions as measured, %d with a window of 150 ms", none, wide)
	}
}

// A single packet that is lost is sent again two round trips and the peer's delay after it.
func TestPeerAckDelayIsWaitedForBeforeATailLossProbe(t *testing.T) {
	took := map[time.Duration]time.Duration{}
	for _, delay := range []time.Duration{0, 20 * time.Millisecond, 600 * time.Millisecond} {
		inTapped(t, Config{RACK: RACK{PeerAckDelay: delay}}, Config{}, func(p *pair, x, _ *tap) {
			c, d := p.open(p.client, p.server, "x", nil)
			for range 20 { // the round-trip time is known
				p.send(c, "ping")
				p.want(d, "ping")
				p.send(d, "pong")
				p.want(c, "pong")
			}
			time.Sleep(time.Second)
			synctest.Wait()
			lost := false
			x.mu.Lock()
			x.drop = func([]byte) bool { first := !lost; lost = true; return first }
			x.mu.Unlock()
			began := time.Now()
			p.send(c, "lost once")
			p.want(d, "lost once")
			took[delay] = time.Since(began)
		})
	}
	if short, usual, long := took[20*time.Millisecond], took[0], took[600*time.Millisecond]; usual-short < 150*time.Millisecond || long-usual < 350*time.Millisecond {
		t.Errorf("sent again after %v, %v and %v with delays of 20, 200 and 600 ms", short, usual, long)
	}
}

// When a path has become longer, a packet may be overtaken by a quarter of its new round-trip time, once the window has
// gone by in which the old one counts as the shortest.
//
// It shows where the first TSN is below 2^31: pion/sctp takes the highest one so far for 0 at first, so that others seem to be
// overtaken from the beginning, and the shortest round-trip time is then the first, for ever.
func TestMinRTTWindowIsHowLongAShorterPathIsRemembered(t *testing.T) {
	again := map[time.Duration]uint64{}
	for windows := []time.Duration{time.Hour, time.Second}; len(windows) > 0; {
		window := windows[0]
		var longer atomic.Pointer[time.Time] // since when the path has been
		var overtaken atomic.Bool            // the next packet will be
		link := netsim.Config{Delay: 10 * time.Millisecond, Decide: func(d netsim.Direction, _ int) (f netsim.Fate) {
			if since := longer.Load(); since != nil { // so slowly that nobody takes it for a loss
				f.Extra = min(time.Since(*since)/15, 190*time.Millisecond)
			}
			if d == netsim.AtoB && overtaken.Swap(false) {
				f.Extra += 70 * time.Millisecond // by one packet, 60 ms younger
			}
			return f
		}}
		inPair(t, link, Config{RACK: RACK{MinRTTWindow: window}}, Config{}, func(p *pair) {
			c, d := p.open(p.client, p.server, "x", nil)
			if uint32(p.client.gate.sentTSN.Load()) >= 1<<30 {
				return // another will be chosen
			}
			windows = windows[1:]
			talk := func(messages int, pause time.Duration) {
				for range messages {
					p.send(c, "message")
					time.Sleep(pause)
					p.want(d, "message")
				}
			}
			talk(20, time.Second) // round trips of 20 ms
			now := time.Now()
			longer.Store(&now)
			talk(20, time.Second) // of 400 ms in the end
			for i := range 30 {
				if i == 10 { // it is known by now that packets overtake each other
					again[window] = p.client.Stats().Retransmissions
				}
				overtaken.Store(true)
				p.send(c, "first")
				time.Sleep(60 * time.Millisecond)
				p.send(c, "second")
				p.want(d, "first")
				p.want(d, "second")
				time.Sleep(2 * time.Second)
			}
			again[window] = p.client.Stats().Retransmissions - again[window]
		})
	}
	if long, short := again[time.Hour], again[time.Second]; long < 5 || short > 1 {
		t.Errorf("%d of 20 packets were sent again with a window of an hour, %d with one of 1 s", long, short)
	}
}

package sctpdc

import (
	"context"
	"encoding/binary"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/keying"
)

// A buffer that holds less than what is under way loses the ends of bursts, again and again. Nobody is silent for long.
// TestBarePionOverflowsASocketBufferAndFallsSilent is the same without the probe.
func TestLostEndOfABurstIsNoticedSoon(t *testing.T) {
	const n = 250
	for _, room := range []int{20, 30, 40} {
		for _, plain := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				x, b := fastPath()
				x.room = room
				p := &pair{t: t}
				p.client, p.server = p.start(x, keying.RoleClient, Config{DisableInterleaving: plain}), p.start(b, keying.RoleServer, Config{})
				c, d := p.open(p.client, p.server, "x", nil)
				go func() {
					for range n {
						_ = c.SendBinary(context.Background(), make([]byte, fastSize))
					}
				}()
				_, longest, err := silence(n, func() error { _, err := d.Receive(within(t, time.Minute)); return err })
				if err != nil || longest > 300*time.Millisecond || x.lost == 0 {
					t.Errorf("room for %d packets: longest silence %v, %d lost, %v", room, longest, x.lost, err)
				} else {
					t.Logf("room for %d packets: longest silence %v, %d lost", room, longest, x.lost)
				}
				_ = p.client.Close()
				_ = p.server.Close()
				time.Sleep(time.Second)
			})
		}
	}
}

// The last packets of a message are lost once each, while more waits than the window lets go: one probe tells.
func TestProbeIsTheLastPacketAndOnlyWhatIsOwed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := netsim.Pipe(netsim.Config{Delay: 5 * time.Millisecond})
		x := &tap{Conn: a}
		p := &pair{t: t}
		p.client, p.server = p.start(x, keying.RoleClient, Config{}), p.start(b, keying.RoleServer, Config{})
		c, d := p.open(p.client, p.server, "x", nil)
		p.send(c, "so that the round-trip time is known")
		p.want(d, "so that the round-trip time is known")
		p.send(c, "two of them")
		p.want(d, "two of them")
		time.Sleep(time.Second)
		if n := p.client.Stats().Retransmissions; n != 0 {
			t.Errorf("%d retransmissions without a loss: a single packet may wait 200 ms for its SACK", n)
		}
		lost := map[uint32]bool{}
		x.mu.Lock()
		x.drop = func(p []byte) bool { // all data, once
			if typ := chunkType(p[commonHeaderLen]); typ != chunkData && typ != chunkIData {
				return false
			}
			tsn := binary.BigEndian.Uint32(p[commonHeaderLen+chunkHeaderLen:])
			defer func() { lost[tsn] = true }()
			return !lost[tsn]
		}
		x.mu.Unlock()
		before := len(x.packets(chunkData))
		began := time.Now()
		if err := c.SendBinary(within(t, time.Minute), make([]byte, 4000)); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Receive(within(t, time.Minute)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 400*time.Millisecond {
			t.Errorf("it took %v", took)
		}
		all := x.packets(chunkData)[before:]
		if len(all) < 5 || string(all[4]) != string(all[3]) {
			t.Errorf("%d packets, the fifth is not the fourth again", len(all))
		}
		_ = p.client.Close()
		_ = p.server.Close()
		time.Sleep(time.Second)
	})
}

// A channel with maxRetransmits sends nothing more often than that.
func TestProbeRepeatsNothingThatMayBeLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := netsim.Pipe(netsim.Config{Delay: 5 * time.Millisecond})
		x := &tap{Conn: a}
		p := &pair{t: t}
		p.client, p.server = p.start(x, keying.RoleClient, Config{}), p.start(b, keying.RoleServer, Config{})
		none := uint16(0)
		c, d := p.open(p.client, p.server, "x", &ChannelOptions{MaxRetransmits: &none})
		p.send(c, "so that the round-trip time is known")
		p.want(d, "so that the round-trip time is known")
		time.Sleep(time.Second)
		x.mu.Lock()
		x.drop = func(p []byte) bool { return chunkType(p[commonHeaderLen]) == chunkIData }
		x.mu.Unlock()
		if err := c.SendBinary(within(t, time.Minute), make([]byte, 4000)); err != nil {
			t.Fatal(err)
		}
		before := len(x.packets(chunkData))
		time.Sleep(900 * time.Millisecond) // the probe would be due after 50 ms, the timer after 1 s
		if p.client.gate.mayRepeat(x.packets(chunkData)[before-1]) {
			t.Error("a packet of the channel may be repeated")
		}
		_ = p.client.Close()
		_ = p.server.Close()
		time.Sleep(time.Second)
	})
}

package sctpdc

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestMessagesTellWhatSCTPSaysOfThem(t *testing.T) {
	for _, plain := range []bool{false, true} {
		for _, unordered := range []bool{false, true} {
			inPair(t, rtt40, Config{DisableInterleaving: plain}, Config{}, func(p *pair) {
				c, d := p.open(p.client, p.server, "x", &ChannelOptions{Unordered: unordered})
				time.Sleep(time.Second) // the ACK has come, so what follows is unordered if it may
				ctx := within(t, time.Minute)
				first := uint32(1) // 0 is DATA_CHANNEL_OPEN
				if unordered && !plain {
					first = 0 // a count of its own
				}
				for i, m := range []Message{
					{Kind: Text, Data: []byte("a")}, {Data: make([]byte, 5000)}, {Kind: Text}, {},
				} {
					if err := c.Send(ctx, m); err != nil {
						t.Fatal(err)
					}
					got, err := d.Receive(ctx)
					if err != nil {
						t.Fatal(err)
					}
					want := MessageInfo{c.ID(), uint32([]ppid{ppidString, ppidBinary, ppidStringEmpty, ppidBinaryEmpty}[i]), unordered, first + uint32(i)}
					if unordered && plain {
						want.Sequence = got.Info.Sequence // without meaning
					}
					if got.Info != want {
						t.Errorf("interleaving %v, message %d: %+v, want %+v", !plain, i, got.Info, want)
					}
				}
			})
		}
	}
}

// A message that was given up leaves a gap in the numbers.
func TestSequenceShowsWhatWasGivenUp(t *testing.T) {
	inTapped(t, Config{}, Config{}, func(p *pair, x, _ *tap) {
		never := uint16(0)
		c, d := p.open(p.client, p.server, "x", &ChannelOptions{MaxRetransmits: &never})
		time.Sleep(time.Second)
		p.send(c, "one")
		p.want(d, "one")
		x.mu.Lock()
		x.drop = func(q []byte) bool { return chunkType(q[commonHeaderLen]) == chunkIData }
		x.mu.Unlock()
		p.send(c, "lost")
		time.Sleep(100 * time.Millisecond)
		x.mu.Lock()
		x.drop = nil
		x.mu.Unlock()
		p.send(c, "three")
		m, err := d.Receive(within(t, time.Minute))
		if err != nil || string(m.Data) != "three" || m.Info.Sequence != 3 {
			t.Errorf("%q, %+v, %v; want the message with number 3", m.Data, m.Info, err)
		}
	})
}

func TestTaggedPPIDKeepsWhatItSays(t *testing.T) {
	for range 1000 {
		d := dataChunk{begin: true, unordered: rand.N(2) == 0, sequence: rand.Uint32()}
		p := firstPPID + ppid(rand.N(uint32(lastPPID-firstPPID+1)))
		for _, typ := range []chunkType{chunkData, chunkIData} {
			value, at := make([]byte, 16), map[chunkType]int{chunkData: 8, chunkIData: 12}[typ]
			value[at+3] = byte(p)
			if !tagPPID(chunk{typ: typ, value: value}, d) {
				t.Fatal("unchanged")
			}
			got, unordered, low := taggedPPID(uint32(value[at])<<24 | uint32(value[at+1])<<16 | uint32(value[at+2])<<8 | uint32(value[at+3])).split()
			if got != p || unordered != d.unordered || low != d.sequence&tagSequence {
				t.Fatalf("PPID %d, %+v became %d, %v, %d", p, d, got, unordered, low)
			}
		}
	}
	for was, want := range map[uint32]ppid{0: 0, 49: 49, 58: 58, 0x7fffffff: 0x7fffffff, 0x80000000: unknownPPID, 0xffffffff: unknownPPID} {
		value := []byte{0, 0, 0, 0, 0, 0, 0, 0, byte(was >> 24), byte(was >> 16), byte(was >> 8), byte(was)}
		tagPPID(chunk{typ: chunkData, value: value}, dataChunk{begin: true})
		if got, _, _ := taggedPPID(uint32(value[8])<<24 | uint32(value[9])<<16 | uint32(value[10])<<8 | uint32(value[11])).split(); got != want {
			t.Errorf("PPID %#x became %#x, want %#x", was, got, want)
		}
	}
}

func TestSequenceIsCompletedFromItsLowBits(t *testing.T) {
	var s sequences
	for _, n := range []uint32{0, 1, 5, 3, 1 << 24, 1<<25 - 1, 1 << 25, 1<<25 + 7, 1<<25 - 2, 1<<25 + 1<<23} {
		if got := s.complete(false, n&tagSequence); got != n {
			t.Errorf("completed to %#x, want %#x", got, n)
		}
	}
	if got := s.complete(true, 2); got != 2 {
		t.Errorf("unordered ones are counted with the ordered: %#x", got)
	}
}

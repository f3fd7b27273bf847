package sctpdc

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"
)

// userMessages lists the chunks of data that were sent here: stream, PPID, whether ordered, and the last byte.
func (c *tap) userMessages() (all []string) {
	for _, q := range c.packets() {
		for k, rest, ok := nextChunk(q[commonHeaderLen:]); ok; k, rest, ok = nextChunk(rest) {
			if k.typ != chunkData && k.typ != chunkIData {
				continue
			}
			d, _ := parseData(k)
			at := 8 // where the PPID is
			if k.typ == chunkIData {
				at = 12
			}
			all = append(all, fmt.Sprintf("stream %d ppid %d ordered %v %q", d.stream, binary.BigEndian.Uint32(k.value[at:]), !d.unordered, d.user[len(d.user)-1:]))
		}
	}
	return all
}

// DC-01: both messages of DCEP go on the channel's stream with PPID 50, ordered, and until they arrive, whatever the channel is.
func TestDCEPIsOrderedAndReliableOnUnreliableChannels(t *testing.T) {
	zero, none := uint16(0), time.Duration(0)
	for _, o := range []ChannelOptions{{}, {Unordered: true, MaxRetransmits: &zero}, {Unordered: true, MaxLifetime: &none}, {MaxRetransmits: &zero}} {
		for _, plain := range []bool{false, true} {
			inTapped(t, Config{DisableInterleaving: plain}, Config{}, func(p *pair, x, y *tap) {
				if err := p.client.Handshake(within(t, time.Minute)); err != nil {
					t.Fatal(err)
				}
				lost := [2]int{}
				for i, side := range []*tap{x, y} {
					side.mu.Lock()
					side.drop = func(q []byte) bool {
						if typ := chunkType(q[commonHeaderLen]); typ != chunkData && typ != chunkIData || lost[i] == 3 {
							return false
						}
						lost[i]++
						return true
					}
					side.mu.Unlock()
				}
				id := uint16(6)
				o.ID = &id
				c, d := p.open(p.client, p.server, "x", &o)
				<-c.Opened()
				time.Sleep(time.Second)
				for _, side := range []*tap{x, y} {
					for i, m := range side.userMessages() {
						if want := "stream 6 ppid 50 ordered true"; m[:len(want)] != want {
							t.Errorf("options %+v, message %d: %s, want %s", o, i, m, want)
						}
					}
				}
				if lost != [2]int{3, 3} {
					t.Errorf("lost %v", lost)
				}
				p.send(c, "x")
				p.want(d, "x")
				p.send(d, "y")
				p.want(c, "y")
			})
		}
	}
}

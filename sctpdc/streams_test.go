package sctpdc

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/sctp"
)

// SCTP-24: the last id there is can be used like any other, by DCEP and without, and 65535 is none.
func TestHighestStreamIsUsableAndTheOneBehindItIsNot(t *testing.T) {
	last, secondLast, reserved := uint16(65534), uint16(65533), uint16(65535)
	inTapped(t, Config{}, Config{}, func(p *pair, x, _ *tap) {
		for _, o := range []*ChannelOptions{{ID: &last}, {ID: &last, Negotiated: true}} {
			c, err := p.client.Open(within(t, time.Minute), "x", o)
			if err != nil {
				t.Fatal(err)
			}
			var d *Channel
			if o.Negotiated {
				d, err = p.server.Open(within(t, time.Minute), "x", o)
			} else {
				d, err = p.server.Accept(within(t, time.Minute))
			}
			if err != nil || d.ID() != last {
				t.Fatal(err)
			}
			p.send(c, "ping")
			p.want(d, "ping")
			p.send(d, "pong")
			p.want(c, "pong")
			_ = c.Close()
			<-c.Done()
			<-d.Done()
		}
		if s, _ := p.open(p.server, p.client, "y", &ChannelOptions{ID: &secondLast}); s.ID() != secondLast {
			t.Errorf("id %d", s.ID())
		}
		for _, side := range []*Association{p.client, p.server} {
			for _, negotiated := range []bool{false, true} {
				if _, err := side.Open(within(t, time.Minute), "x", &ChannelOptions{ID: &reserved, Negotiated: negotiated}); !errors.Is(err, ErrInvalidOptions) {
					t.Errorf("id 65535: %v", err)
				}
			}
		}
		for _, typ := range []chunkType{chunkInit, chunkInitAck} {
			for _, q := range x.packets(typ) {
				if streams := q[24:28]; !bytes.Equal(streams, []byte{0xff, 0xff, 0xff, 0xff}) {
					t.Errorf("streams %x, want 65535 both ways", streams)
				}
			}
		}
	})
}

// SCTP-20: what comes on stream 65535 is acknowledged, reported and discarded, and keeps nothing.
func TestDataOnAStreamThatDoesNotExistIsReportedAndDiscarded(t *testing.T) {
	var log eventLog
	inTapped(t, Config{}, Config{OnEvent: log.add}, func(p *pair, x, y *tap) {
		p.open(p.client, p.server, "x", nil)
		log.want(t, Event{Kind: EventUp})
		tsn := y.lastTSN()
		open := string(open0)
		y.inject(y.tag(), chunkIData, flagBegin|flagEnd, iData(tsn+1, 65535, 0, ppidDCEP, open))
		y.inject(y.tag(), chunkIData, flagBegin|flagEnd|flagUnordered, iData(tsn+2, 65535, 0, ppidString, "hello"))
		log.want(t, Event{Kind: EventRemoteError, Cause: causeInvalidStream, Text: "invalid stream identifier"},
			Event{Kind: EventRemoteError, Cause: causeInvalidStream, Text: "invalid stream identifier"})
		y.inject(y.tag(), chunkIData, flagBegin|flagEnd|flagUnordered, iData(tsn+3, 65535, 1, ppidString, "h"))
		time.Sleep(time.Second)
		if got, _ := x.lastSACK(t); got != tsn+3 {
			t.Errorf("acknowledged %d of 3", got-tsn)
		}
		if n := len(x.packets(chunkReconfig)); n != 0 {
			t.Errorf("%d resets of a stream that does not exist", n)
		}
		acceptNothing(t, p.client)
		if s := p.client.Stats(); s.Channels != 1 || s.Queued != 0 {
			t.Errorf("%d channels, %d bytes queued", s.Channels, s.Queued)
		}
		last := x.packets(chunkSack)
		if window := binary.BigEndian.Uint32(last[len(last)-1][20:]); window < defaultReceiveBuffer-1 { // the last byte was on its way through
			t.Errorf("a window of %d, something is kept", window)
		}
		_ = p.server.Close() // the forger has used up its TSNs
	})
}

// SCTP-24: ids are used in turn up to the last one of their parity, then from the first again. All 65535 at the same time
// are a matter of patience: pion/sctp looks at every stream for each chunk that arrives.
func TestIDsGoRoundBehindTheLast(t *testing.T) {
	inPair(t, rtt40, Config{}, Config{}, func(p *pair) {
		for i, side := range []*Association{p.client, p.server} {
			first := uint16(i)
			c, _ := p.open(side, []*Association{p.server, p.client}[i], "", nil)
			if c.ID() != first {
				t.Errorf("the first id is %d", c.ID())
			}
			side.mu.Lock()
			side.nextID = 65532 - first // 65532 and 65531
			side.mu.Unlock()
			last := 65534 - first
			for _, want := range []uint16{last - 2, last, first + 2, first + 4} { // the first one is in use
				if c, _ := p.open(side, []*Association{p.server, p.client}[i], "", nil); c.ID() != want {
					t.Errorf("id %d, want %d", c.ID(), want)
				}
			}
		}
	})
}

// DC-05: also when the message is unordered, in pieces, empty, or of a deprecated kind, and before anything else.
func TestDataOnAnUnusedStreamClosesIt(t *testing.T) {
	for name, test := range map[string]struct {
		p         ppid
		b         []byte
		unordered bool
	}{
		"unordered":     {ppidBinary, []byte("hello"), true},
		"in pieces":     {ppidBinary, make([]byte, 5000), false},
		"both":          {ppidBinary, make([]byte, 5000), true},
		"empty":         {ppidStringEmpty, []byte{0}, false},
		"deprecated 52": {ppidBinaryPartial, []byte("hello"), false},
		"deprecated 54": {ppidStringPartial, []byte("hello"), false},
	} {
		t.Run(name, func(t *testing.T) {
			inRude(t, Config{}, func(a *Association, rude *sctp.Association) {
				s, err := rude.OpenStream(4, 0)
				if err != nil {
					t.Fatal(err)
				}
				s.SetReliabilityParams(test.unordered, sctp.ReliabilityTypeReliable, 0)
				_, _ = s.WriteSCTP(test.b, sctp.PayloadProtocolIdentifier(test.p))
				if got := readAll(t, s); len(got) != 0 {
					t.Errorf("answered with %v", got)
				}
				acceptNothing(t, a)
			})
		})
	}
}

// DC-11: what is received together was sent apart, whatever the sizes.
func TestMessagesThatWaitKeepTheirBoundaries(t *testing.T) {
	for _, plain := range []bool{false, true} {
		inPair(t, rtt40, Config{DisableInterleaving: plain}, Config{}, func(p *pair) {
			c, d := p.open(p.client, p.server, "x", nil)
			sizes := []int{1, 0, 1199, 16384, 2, 65535, 0, 65536, 3}
			for _, size := range sizes {
				if err := c.SendBinary(within(t, time.Minute), bytes.Repeat([]byte{byte(size)}, size)); err != nil {
					t.Fatal(err)
				}
			}
			_ = c.Close()
			<-c.Done()
			for i, size := range sizes {
				m, err := d.Receive(within(t, time.Minute))
				if err != nil || !bytes.Equal(m.Data, bytes.Repeat([]byte{byte(size)}, size)) {
					t.Errorf("message %d: %d bytes, %v; want %d", i, len(m.Data), err, size)
				}
			}
			if _, err := d.Receive(within(t, time.Minute)); err != io.EOF {
				t.Errorf("one more: %v", err)
			}
		})
	}
}

// DC-12: an id is free when both directions are reset, not sooner, whichever is first.
func TestStreamIDIsFreeAfterBothResets(t *testing.T) {
	for _, closer := range []string{"ours", "theirs", "both"} {
		t.Run(closer, func(t *testing.T) {
			inTapped(t, Config{}, Config{}, func(p *pair, x, y *tap) {
				id := uint16(8)
				c, d := p.open(p.client, p.server, "x", &ChannelOptions{ID: &id})
				time.Sleep(time.Second)
				if closer != "theirs" {
					_ = c.Close()
				}
				if closer != "ours" {
					_ = d.Close()
				}
				began := time.Now()
				// What is due at an instant is done before the channel is looked at: it cannot close in between.
				for synctest.Wait(); !isClosed(c.Done()); synctest.Wait() {
					if _, err := p.client.Open(context.Background(), "", &ChannelOptions{ID: &id}); err != ErrIDInUse {
						t.Fatalf("after %v: %v, want ErrIDInUse", time.Since(began), err)
					}
					time.Sleep(time.Millisecond)
				}
				// Each side has reset its stream, and has the answer of the other.
				for i, side := range []*tap{x, y} {
					var requests, answers int
					for _, q := range side.packets(chunkReconfig) {
						k, _, _ := nextChunk(q[commonHeaderLen:])
						for rest := k.value; len(rest) > 0; {
							typ, _, r, _ := nextParameter(rest)
							rest = r
							requests += map[bool]int{true: 1}[typ == parameterOutgoingReset]
							answers += map[bool]int{true: 1}[typ == parameterResetResponse]
						}
					}
					if requests == 0 || answers == 0 {
						t.Errorf("side %d: %d requests, %d answers", i, requests, answers)
					}
				}
				again, again2 := p.open(p.client, p.server, "again", &ChannelOptions{ID: &id})
				p.send(again, "of the new one")
				p.want(again2, "of the new one")
			})
		})
	}
}

// SCTP-26: the kind of DATA is agreed upon, and the other never sent; a peer that sends it is aborted.
func TestInterleavingIsUsedIfBothOfferIt(t *testing.T) {
	for _, off := range [][2]bool{{false, false}, {true, false}, {false, true}, {true, true}} {
		t.Run(fmt.Sprint("off ", off), func(t *testing.T) {
			inTapped(t, Config{DisableInterleaving: off[0]}, Config{DisableInterleaving: off[1]}, func(p *pair, x, y *tap) {
				c, d := p.open(p.client, p.server, "x", nil)
				if err := c.SendBinary(within(t, time.Minute), make([]byte, 50_000)); err != nil {
					t.Fatal(err)
				}
				p.send(d, "back")
				p.want(c, "back")
				time.Sleep(time.Second)
				want, other := chunkIData, chunkData
				if off[0] || off[1] {
					want, other = chunkData, chunkIData
				}
				for i, side := range []*tap{x, y} {
					n := 0
					for _, q := range side.packets() {
						for k, rest, ok := nextChunk(q[commonHeaderLen:]); ok; k, rest, ok = nextChunk(rest) {
							if k.typ == other {
								t.Errorf("side %d sent a chunk %d", i, other)
							}
							n += map[bool]int{true: 1}[k.typ == want]
						}
					}
					if n == 0 {
						t.Errorf("side %d sent no chunk %d", i, want)
					}
				}
				if got := p.client.Stats().Interleaving; got != (want == chunkIData) {
					t.Errorf("Stats.Interleaving %v", got)
				}
				value := iData(y.lastTSN()+1, c.ID(), 9, ppidString, "of the wrong kind")
				y.inject(y.tag(), other, flagBegin|flagEnd, value)
				wantEnd(t, p.client, ReasonAbort, false)
			})
		})
	}
}

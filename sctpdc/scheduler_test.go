package sctpdc

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/sctp"
)

// A fragment is a chunk as the scheduler sees it.
type fragment struct {
	sctp.StreamSchedulerChunk
	stream uint16
	size   int
	number int
}

func (f *fragment) StreamIdentifier() uint16 { return f.stream }
func (f *fragment) UserDataLen() int         { return f.size }

// next takes the next fragment out.
func next(t *testing.T, s *scheduler) *fragment {
	t.Helper()
	c := s.Peek()
	if c == nil {
		return nil
	}
	if err := s.Pop(c); err != nil {
		t.Fatal(err)
	}
	return c.(*fragment)
}

// While several streams have data waiting, each gets its share, whatever the sizes of its fragments.
func TestSchedulerSharesByWeight(t *testing.T) {
	var w weights
	priorities := map[uint16]uint16{0: 0, 1: 128, 2: 256, 3: 512, 4: 1024, 5: 65535}
	total := 0.0
	for id, p := range priorities {
		w.set(id, p)
		total += w.of(id)
	}
	s := newScheduler(&w)
	for id := range priorities {
		for range 200_000 / (100 + 200*int(id)) {
			s.Push(&fragment{stream: id, size: 100 + 200*int(id)})
		}
	}
	got, sum := map[uint16]int{}, 0
	for sum < 190_000 { // stream 5 has almost all the weight, and 200,000 bytes
		f := next(t, s)
		got[f.stream] += f.size
		sum += f.size
	}
	for id := range priorities {
		if share := w.of(id) / total * float64(sum); math.Abs(float64(got[id])-share) > 1200 {
			t.Errorf("stream %d got %d bytes of %d, its share is %.0f", id, got[id], sum, share)
		}
	}
}

// Fragments of a stream stay in order, none is lost or invented, and Peek tells what Pop takes.
func TestSchedulerKeepsTheOrderOfAStream(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 0))
		var w weights
		s := newScheduler(&w)
		pushed, popped := map[uint16]int{}, map[uint16]int{}
		waiting := 0
		for range 20_000 {
			if r.IntN(2) == 0 || waiting == 0 {
				id := uint16(r.IntN(5))
				w.set(id, uint16(r.Uint32()))
				s.Push(&fragment{stream: id, size: r.IntN(1200), number: pushed[id]}) // 0 is a reset
				pushed[id]++
				waiting++
				continue
			}
			f := next(t, s)
			if f == nil || f.number != popped[f.stream] {
				t.Fatalf("seed %d: %+v, want number %d", seed, f, popped[f.stream])
			}
			popped[f.stream]++
			waiting--
		}
		for ; waiting > 0; waiting-- {
			if next(t, s) == nil {
				t.Fatalf("seed %d: %d fragments are lost", seed, waiting)
			}
		}
		if s.Peek() != nil || len(s.flows) != 0 {
			t.Errorf("seed %d: something is left", seed)
		}
		if err := s.Pop(&fragment{}); err == nil {
			t.Error("Pop of nothing")
		}
	}
}

// A stream that was silent gets no credit for it, and one that begins does not wait for what others had before.
func TestSchedulerForgetsThePast(t *testing.T) {
	s := newScheduler(&weights{})
	for range 1000 {
		s.Push(&fragment{stream: 0, size: 1000})
	}
	for range 500 {
		next(t, s)
	}
	for range 100 {
		s.Push(&fragment{stream: 1, size: 1000})
	}
	got := 0
	for range 100 {
		got += int(next(t, s).stream)
	}
	if got < 49 || got > 51 {
		t.Errorf("the new stream got %d of 100 turns, want half", got)
	}
}

// A channel of higher priority gets the larger share, from the side that opened it and from the other.
func TestPriorityIsAShareOfTheAssociation(t *testing.T) {
	for _, priority := range []uint16{PriorityBelowNormal, PriorityNormal, PriorityHigh, PriorityExtraHigh} {
		for _, accepted := range []bool{false, true} {
			t.Run(fmt.Sprintf("priority %d, sent by the side that accepted %v", priority, accepted), func(t *testing.T) {
				config := Config{SendBuffer: 4 << 20}
				inTapped(t, config, config, func(p *pair, sender, y *tap) {
					normal, normal2 := p.open(p.client, p.server, "normal", nil)
					other, other2 := p.open(p.client, p.server, "other", &ChannelOptions{Priority: priority})
					if accepted {
						normal, normal2, other, other2, sender = normal2, normal, other2, other, y
					}
					const n = 100
					for range n {
						if normal.TrySend(Message{Data: make([]byte, 16384)}) != nil || other.TrySend(Message{Data: make([]byte, 16384)}) != nil {
							t.Fatal("the buffer is full")
						}
					}
					for range n {
						for _, c := range []*Channel{normal2, other2} {
							if _, err := c.Receive(within(t, time.Minute)); err != nil {
								t.Fatal(err)
							}
						}
					}
					// What one channel had sent when the other had sent all.
					sent := map[uint16]int{}
					for _, packet := range sender.packets(chunkData) {
						for c, rest, ok := nextChunk(packet[commonHeaderLen:]); ok; c, rest, ok = nextChunk(rest) {
							if d, ok := parseData(c); ok && sent[normal.ID()] < n*16384 && sent[other.ID()] < n*16384 {
								sent[d.stream] += len(d.user)
							}
						}
					}
					got, want := float64(sent[other.ID()])/float64(sent[normal.ID()]), float64(priority)/PriorityNormal
					if got < 0.9*want || got > 1.1*want {
						t.Errorf("shares %d and %d: ratio %.2f, want %.2f", sent[other.ID()], sent[normal.ID()], got, want)
					}
				})
			})
		}
	}
}

// A message of a stream that has nothing else waiting is scheduled without memory.
func TestSchedulerAllocatesNothingForAMessageThatDoesNotWait(t *testing.T) {
	s := newScheduler(&weights{})
	var c sctp.StreamSchedulerChunk = &fragment{stream: 7, size: 64}
	if n := testing.AllocsPerRun(100, func() {
		for range 20 {
			s.Push(c)
		}
		for range 20 {
			if err := s.Pop(s.Peek()); err != nil {
				t.Fatal(err)
			}
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkScheduler(b *testing.B) {
	for _, streams := range []int{1, 10, 1000} {
		b.Run(fmt.Sprint(streams, " streams"), func(b *testing.B) {
			s := newScheduler(&weights{})
			f := make([]fragment, streams)
			for i := range f {
				f[i] = fragment{stream: uint16(i), size: 1200}
				for range 8 {
					s.Push(&f[i])
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				c := s.Peek()
				_ = s.Pop(c)
				s.Push(c)
			}
		})
	}
}

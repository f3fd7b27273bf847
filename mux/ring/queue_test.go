package ring

import (
	"bytes"
	"io"
	"testing"
)

func TestQueueRefusesWhatDoesNotFit(t *testing.T) {
	q := New(100)
	if q.Push(make([]byte, 100)) {
		t.Error("100 bytes and their length fit into 100 bytes")
	}
	for i := range 10 {
		if !q.Push(make([]byte, 6)) {
			t.Fatalf("packet %d of 10 does not fit", i)
		}
	}
	if q.Push(nil) {
		t.Error("an eleventh packet fits")
	}
	if _, err := q.Pop(make([]byte, 6)); err != nil || !q.Push([]byte("123456")) {
		t.Error("no room after a packet has been read")
	}
	if len(q.ring) > q.limit {
		t.Errorf("the ring has %d bytes, the limit is %d", len(q.ring), q.limit)
	}
}

func TestQueueGivesMemoryBackThatItDoesNotNeedAnyMore(t *testing.T) {
	q := New(1 << 20)
	burst := func(packets int) {
		for range packets {
			q.Push(make([]byte, 1200))
		}
		for range packets {
			_, _ = q.Pop(nil)
		}
		if q.used != 0 {
			t.Fatalf("an empty queue has %d bytes in use", q.used)
		}
	}
	burst(500)
	if len(q.ring) < 500*1200 {
		t.Fatalf("a ring of %d bytes had 600,000", len(q.ring))
	}
	before := &q.ring[0]
	burst(300)
	if len(q.ring) == 0 || &q.ring[0] != before {
		t.Error("the next burst has other memory")
	}
	burst(1)
	if len(q.ring) > keptWhenDrained {
		t.Errorf("after one packet an empty queue has %d bytes of memory", len(q.ring))
	}
}

// The queue is compared with a slice of slices over any sequence of pushes and pops.
func FuzzQueueKeepsPacketsWholeAndInOrder(f *testing.F) {
	f.Add(uint16(100), []byte{3, 5, 200, 7, 200, 200})
	f.Add(uint16(9000), bytes.Repeat([]byte{250, 120, 200}, 300))
	f.Fuzz(func(t *testing.T, limit uint16, script []byte) {
		q := New(int(limit))
		var model [][]byte
		used := 0
		next := byte(0)
		dst := make([]byte, 100)
		for _, op := range script {
			if op < 128 { // push a packet of op*4 bytes
				b := make([]byte, int(op)*4)
				for i := range b {
					next++
					b[i] = next
				}
				fits := used+len(b)+lengthPrefix <= int(limit)
				if q.Push(b) != fits {
					t.Fatalf("push of %d bytes with %d of %d used: want %v", len(b), used, limit, fits)
				}
				if fits {
					model = append(model, b)
					used += len(b) + lengthPrefix
				}
			} else { // pop into up to 100 bytes
				into := dst[:min(int(op)-128, len(dst))]
				if len(model) == 0 {
					continue
				}
				n, err := q.Pop(into)
				want := model[0]
				model = model[1:]
				used -= len(want) + lengthPrefix
				short := len(want) > len(into)
				if n != min(len(want), len(into)) || (err == io.ErrShortBuffer) != short || !short && err != nil || !bytes.Equal(into[:n], want[:n]) {
					t.Fatalf("got % x, %v, want % x", into[:n], err, want)
				}
			}
			if q.used != used || q.Len() != len(model) || len(q.ring) > int(limit) {
				t.Fatalf("%d bytes, %d packets, ring of %d; want %d, %d, at most %d",
					q.used, q.Len(), len(q.ring), used, len(model), limit)
			}
		}
	})
}

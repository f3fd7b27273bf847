package datachannel

import (
	"slices"
	"testing"
	"time"
)

// BenchmarkDataChannelResume has a reader stop until nothing moves any more, and go on. An operation is one such stop;
// resume-ms is the time from when the reader goes on until a message that waited at the sender has crossed and is acknowledged:
// what was at the receiver, or under way, does not count. Half of the stops take less than the median, and none more than worst-ms.
func BenchmarkDataChannelResume(b *testing.B) {
	for _, s := range stacks() {
		b.Run("16KiB/"+s.name, func(b *testing.B) { resume(b, s, 16384) })
	}
}

func resume(b *testing.B, s stack, size int) {
	e := s.connect(b)
	defer e.close()
	x, y := e.open(b)
	gate := make(chan struct{}, 1)
	gate <- struct{}{}
	y.onMessage(func([]byte) {
		<-gate
		gate <- struct{}{}
	})
	done := make(chan struct{})
	defer close(done)
	go func() {
		message := make([]byte, size)
		for {
			select {
			case <-done:
				return
			default:
			}
			if x.send(message) != nil {
				return
			}
		}
	}()
	var took []float64
	for range b.N {
		<-gate // the reader stops
		// Of probes, which come every second or less often, a packet each gets through.
		for last := 0; ; {
			now := x.buffered()
			if now >= pionHigh/2 && now >= last-2000 && now <= last+2000 {
				break
			}
			last = now
			time.Sleep(300 * time.Millisecond)
		}
		full := x.buffered()
		began := time.Now()
		gate <- struct{}{}
		for x.buffered() > full-size {
			time.Sleep(20 * time.Microsecond)
		}
		took = append(took, float64(time.Since(began))/float64(time.Millisecond))
		time.Sleep(50 * time.Millisecond)
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2], "resume-ms")
	b.ReportMetric(took[len(took)-1], "worst-ms")
}

package datachannel

import (
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkDataChannelResume has a reader stop until the sender can send no more, and go on. An operation is one such stop;
// resume-ms is the time from when the reader goes on until something arrives that was not there: what was queued on the way
// is counted before.
func BenchmarkDataChannelResume(b *testing.B) {
	for _, s := range stacks() {
		b.Run("16KiB/"+s.name, func(b *testing.B) {
			e := s.connect(b)
			defer e.close()
			x, y := e.open(b)
			const size = 16384
			var sent, received atomic.Int64
			gate := make(chan struct{}, 1)
			gate <- struct{}{}
			y.onMessage(func([]byte) {
				<-gate
				gate <- struct{}{}
				received.Add(1)
			})
			done := make(chan struct{})
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
					sent.Add(1)
				}
			}()
			var sum, worst time.Duration
			for range b.N {
				<-gate // the reader stops
				for last := int64(-1); sent.Load() != last; {
					last = sent.Load()
					time.Sleep(300 * time.Millisecond)
				}
				full := sent.Load()
				began := time.Now()
				gate <- struct{}{}
				for sent.Load() == full {
					time.Sleep(50 * time.Microsecond)
				}
				took := time.Since(began)
				sum, worst = sum+took, max(worst, took)
				time.Sleep(50 * time.Millisecond)
			}
			b.ReportMetric(float64(sum)/float64(b.N)/float64(time.Millisecond), "resume-ms")
			b.ReportMetric(float64(worst)/float64(time.Millisecond), "worst-ms")
			close(done)
		})
	}
}

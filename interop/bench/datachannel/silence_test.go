package datachannel

import (
	"sync/atomic"
	"testing"
	"time"
)

// stockBuffer is what has Linux give a receive buffer of 208 KiB, as stock kernels do when nobody asks: it doubles the number.
const stockBuffer = 208 << 10 / 2 // bytes

// BenchmarkDataChannelSilence sends messages of 16 KiB one way as fast as they go, and looks for silences. An operation is a second of
// that, so that a minute of each stack is
//
//	go test -bench DataChannelSilence -benchtime 60x ./datachannel
//
// silence-ms is the longest time in which no message arrived, over-100ms how many were longer than 100 ms, silent-% their share
// of the time. awake-ms is the longest silence by a clock that stands still when the machine gives us no time: on a machine that
// others use too, it tells what is ours.
func BenchmarkDataChannelSilence(b *testing.B) {
	all := append(stacks(), stack{"rtctransport-208KiB", connectOurs(overUDP(stockBuffer))}, stack{"rtctransport-4MiB", connectOurs(overUDP(4 << 20))})
	for _, s := range all {
		b.Run("16KiB/"+s.name, func(b *testing.B) { silence(b, s, 16384) })
	}
	for _, stack := range nodeStacks {
		b.Run("16KiB/"+stack, func(b *testing.B) {
			const size = 16384
			r := runNode(b, stack, "throughput", float64(b.N), size)
			b.ReportMetric(r.Received*size/r.Wall*1000, "MB/s")
			b.ReportMetric(r.Silence, "silence-ms")
			b.ReportMetric(r.Over, "over-100ms")
			b.ReportMetric(r.Silent/r.Wall*1e8, "silent-%")
		})
	}
}

func silence(b *testing.B, s stack, size int) {
	e := s.connect(b)
	defer e.close()
	x, y := e.open(b)
	var received atomic.Int64
	var ended atomic.Bool
	var longest, silent time.Duration
	over := 0
	last := time.Now()
	began, limit := last, time.Duration(b.N)*time.Second
	done := make(chan struct{})
	y.onMessage(func(m []byte) {
		if ended.Load() {
			return
		}
		now := time.Now()
		gap := now.Sub(last)
		last = now
		longest = max(longest, gap)
		if gap > 100*time.Millisecond {
			over++
			silent += gap
		}
		received.Add(int64(len(m)))
		if now.Sub(began) >= limit {
			ended.Store(true)
			close(done)
		}
	})
	quiet := awake(&received, done)
	message := make([]byte, size)
	for !ended.Load() {
		if err := x.send(message); err != nil {
			b.Fatal(err)
		}
	}
	<-done
	took := last.Sub(began)
	b.ReportMetric(float64(received.Load())/took.Seconds()/1e6, "MB/s")
	b.ReportMetric(float64(longest)/float64(time.Millisecond), "silence-ms")
	b.ReportMetric(float64(over), "over-100ms")
	b.ReportMetric(100*silent.Seconds()/took.Seconds(), "silent-%")
	b.ReportMetric(float64(<-quiet)/float64(time.Millisecond), "awake-ms")
}

// awake looks every 5 ms whether anything has come, and tells, when done is closed, the longest time in which nothing had. A
// look that comes late counts for two at most: what the machine sleeps through is not our silence.
func awake(received *atomic.Int64, done <-chan struct{}) <-chan time.Duration {
	worst := make(chan time.Duration, 1)
	go func() {
		const nap = 5 * time.Millisecond
		var quiet, most time.Duration
		for last := int64(0); ; {
			select {
			case <-done:
				worst <- most
				return
			default:
			}
			began := time.Now()
			time.Sleep(nap)
			if now := received.Load(); now != last {
				last, quiet = now, 0
				continue
			}
			quiet += min(time.Since(began), 2*nap)
			most = max(most, quiet)
		}
	}()
	return worst
}

package datachannel

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/interop/bench/rounds"
)

// BenchmarkDataChannelThroughput sends messages of 16 KiB one way over one ordered channel. An operation is one message. Beside MB/s:
// CPU-ns/B is the time of all threads, both ends and the kernel included, for a byte; silence-ms is the longest time in
// which no message arrived.
func BenchmarkDataChannelThroughput(b *testing.B) {
	for _, s := range append(stacks(), stack{"rtctransport-4MiB", connectOurs(overUDP(4 << 20))}) {
		b.Run("16KiB/"+s.name, func(b *testing.B) { throughput(b, s, 16384) })
	}
	for _, stack := range nodeStacks {
		b.Run("16KiB/"+stack, func(b *testing.B) {
			const size = 16384
			r := runNode(b, stack, "throughput", benchTime(), size)
			bytes := r.Received * size
			b.ReportMetric(bytes/r.Wall*1000, "MB/s")
			b.ReportMetric(r.CPU/bytes, "CPU-ns/B")
			b.ReportMetric(r.Silence, "silence-ms")
		})
	}
}

func throughput(b *testing.B, s stack, size int) {
	e := s.connect(b)
	defer e.close()
	x, y := e.open(b)
	var received atomic.Int64
	var last time.Time
	var silence time.Duration
	done := make(chan struct{})
	y.onMessage(func(m []byte) {
		now := time.Now()
		if !last.IsZero() {
			silence = max(silence, now.Sub(last))
		}
		last = now
		if received.Add(int64(len(m))) == int64(b.N)*int64(size) {
			close(done)
		}
	})
	message := make([]byte, size)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	b.ResetTimer()
	before := rounds.CPUTime()
	for range b.N {
		if err := x.send(message); err != nil {
			b.Fatal(err)
		}
	}
	<-done
	b.StopTimer()
	b.ReportMetric(float64(rounds.CPUTime()-before)/float64(b.N)/float64(size), "CPU-ns/B")
	b.ReportMetric(float64(silence)/float64(time.Millisecond), "silence-ms")
}

package datachannel

import (
	"runtime"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/interop/bench/rounds"
)

// BenchmarkDataChannelIdle makes associations with 10 channels each and lets them rest. An operation is one association, both ends;
// heap, stacks and goroutines are those of one end. It is made for -benchtime 1000x:
//
//	go test -bench DataChannelIdle -benchtime 1000x ./datachannel
func BenchmarkDataChannelIdle(b *testing.B) {
	const channels = 10
	for _, s := range stacks() {
		b.Run("10channels/"+s.name, func(b *testing.B) {
			if b.N == 1 {
				return // the trial that comes before -benchtime 1000x
			}
			before, goroutines := memory(), runtime.NumGoroutine()
			all := make([]*ends, b.N)
			used := make([]channel, 0, 2*channels*b.N)
			for i := range all {
				all[i] = s.connect(b)
				for range channels {
					x, y := all[i].open(b)
					got := make(chan struct{})
					y.onMessage(func([]byte) { close(got) })
					x.onMessage(func([]byte) {})
					if err := x.send([]byte("used once")); err != nil {
						b.Fatal(err)
					}
					<-got
					used = append(used, x, y)
				}
			}
			b.StopTimer()
			time.Sleep(time.Second) // delayed acknowledgements
			after := memory()
			each := 2 * float64(b.N)
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/each/1000, "heap-kB/end")
			b.ReportMetric(float64(after.StackInuse-before.StackInuse)/each/1000, "stack-kB/end")
			b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/each, "goroutines/end")
			cpu := rounds.CPUTime()
			const rest = 5 * time.Second
			time.Sleep(rest)
			b.ReportMetric(float64(rounds.CPUTime()-cpu)/float64(rest/time.Second)/each/1000, "CPU-us/s/end")
			runtime.KeepAlive(used)
			for _, e := range all {
				e.close()
			}
		})
	}
}

// memory returns what is in use after the garbage is gone.
func memory() (m runtime.MemStats) {
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m
}

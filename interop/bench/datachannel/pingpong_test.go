package datachannel

import (
	"testing"

	"github.com/rtctransport/rtctransport/interop/bench/rounds"
)

// BenchmarkDataChannelPingPong sends 64 bytes and waits for their echo. Allocations are those of both ends.
func BenchmarkDataChannelPingPong(b *testing.B) {
	for _, s := range stacks() {
		b.Run("64B/"+s.name, func(b *testing.B) {
			e := s.connect(b)
			defer e.close()
			x, y := e.open(b)
			y.onMessage(func(m []byte) { _ = y.send(m) })
			echo := make(chan struct{}, 1)
			x.onMessage(func([]byte) { echo <- struct{}{} })
			message := make([]byte, 64)
			b.ReportAllocs()
			before := rounds.CPUTime()
			for b.Loop() {
				if err := x.send(message); err != nil {
					b.Fatal(err)
				}
				<-echo
			}
			b.ReportMetric(float64(rounds.CPUTime()-before)/float64(b.N)/1000, "CPU-us/op")
		})
	}
	for _, stack := range nodeStacks {
		b.Run("64B/"+stack, func(b *testing.B) {
			r := runNode(b, stack, "pingpong", benchTime(), 64)
			b.ReportMetric(r.CPU/r.Received/1000, "CPU-us/op")
		})
	}
}

package sctpdc

import (
	"context"
	"testing"

	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/keying"
)

// BenchmarkSend measures both sides of a channel in one process: ns/op and allocations are those of one message.
func BenchmarkSend(b *testing.B) {
	for _, bench := range []struct {
		name  string
		size  int
		plain bool
	}{{"16KiB", 16384, false}, {"16KiB DATA", 16384, true}, {"100B", 100, false}, {"100B DATA", 100, true}} {
		b.Run(bench.name, func(b *testing.B) {
			x, y := netsim.Pipe(netsim.Config{})
			client, err := New(x, &Config{Role: keying.RoleClient, DisableInterleaving: bench.plain})
			if err != nil {
				b.Fatal(err)
			}
			server, err := New(y, &Config{Role: keying.RoleServer})
			if err != nil {
				b.Fatal(err)
			}
			defer client.Close()
			defer server.Close()
			ctx := context.Background()
			c, err := client.Open(ctx, "x", nil)
			if err != nil {
				b.Fatal(err)
			}
			d, err := server.Accept(ctx)
			if err != nil {
				b.Fatal(err)
			}
			message := make([]byte, bench.size)
			b.SetBytes(int64(bench.size))
			b.ReportAllocs()
			b.ResetTimer()
			go func() {
				for range b.N {
					_ = c.SendBinary(ctx, message)
				}
			}()
			for range b.N {
				if _, err := d.Receive(ctx); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkGate measures what the gate adds to a full packet of data.
func BenchmarkGate(b *testing.B) {
	g := newGate(nil, nil, 1<<18)
	g.localTag = 1
	value := make([]byte, 12+1160)
	value[7] = 1 // not the first message
	p := onePacket(1, chunkData, flagBegin|flagEnd, value)
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	for b.Loop() {
		if g.inbound(p) != len(p) {
			b.Fatal("dropped")
		}
	}
}

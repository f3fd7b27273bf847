package sctpdc

import (
	"context"
	"fmt"
	"testing"

	"github.com/pion/sctp"

	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/keying"
)

// BenchmarkSend measures both sides of a channel in one process: ns/op and allocations are those of one message. DTLS means
// that no checksums are computed; there is none below.
func BenchmarkSend(b *testing.B) {
	for _, bench := range []struct {
		name        string
		size        int
		plain, dtls bool
	}{
		{"16KiB DTLS", 16384, false, true}, {"16KiB", 16384, false, false}, {"16KiB DATA", 16384, true, false},
		{"100B DTLS", 100, false, true}, {"100B DATA", 100, true, false},
	} {
		b.Run(bench.name, func(b *testing.B) {
			x, y := netsim.Pipe(netsim.Config{})
			if bench.dtls {
				x, y = dtlsConn{x}, dtlsConn{y}
			}
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
			b.ReportMetric(float64(client.Stats().Retransmissions)/float64(b.N), "retransmissions/op")
		})
	}
}

// BenchmarkBare is the same for pion/sctp alone, which is what BenchmarkSend is to be compared with.
func BenchmarkBare(b *testing.B) {
	for _, size := range []int{16384, 100} {
		b.Run(fmt.Sprint(size, "B"), func(b *testing.B) {
			x, y := netsim.Pipe(netsim.Config{})
			options := []sctp.ClientOption{silent(), sctp.WithEnableZeroChecksum(true), sctp.WithMaxReceiveBufferSize(1 << 20)}[:3:3]
			other := make(chan *sctp.Association, 1)
			go func() {
				a, err := sctp.ClientWithOptions(append(options, sctp.WithNetConn(y))...)
				if err != nil {
					b.Error(err)
				}
				other <- a
			}()
			client, err := sctp.ClientWithOptions(append(options, sctp.WithNetConn(x))...)
			if err != nil {
				b.Fatal(err)
			}
			server := <-other
			defer func() { go server.Close(); _ = client.Close() }()
			stream, err := client.OpenStream(0, sctp.PayloadTypeWebRTCBinary)
			if err != nil {
				b.Fatal(err)
			}
			room := make(chan struct{}, 1)
			stream.SetBufferedAmountLowThreshold(512 << 10)
			stream.OnBufferedAmountLow(func() { token(room) })
			message := make([]byte, size)
			if _, err := stream.Write(message); err != nil {
				b.Fatal(err)
			}
			incoming, err := server.AcceptStream()
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			b.ResetTimer()
			go func() {
				for range b.N {
					if stream.BufferedAmount() > 1<<20 {
						<-room
					}
					_, _ = stream.Write(message)
				}
			}()
			got := make([]byte, size)
			for range b.N {
				if _, err := incoming.Read(got); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPingPong is a round trip of 64 bytes: ns/op and allocations of both sides together.
func BenchmarkPingPong(b *testing.B) {
	x, y := netsim.Pipe(netsim.Config{})
	client, err := New(dtlsConn{x}, &Config{Role: keying.RoleClient})
	if err != nil {
		b.Fatal(err)
	}
	server, err := New(dtlsConn{y}, &Config{Role: keying.RoleServer})
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
	go func() {
		for {
			m, err := d.Receive(ctx)
			if err != nil || d.Send(ctx, m) != nil {
				return
			}
		}
	}()
	message := make([]byte, 64)
	b.ReportAllocs()
	for b.Loop() {
		if err := c.SendBinary(ctx, message); err != nil {
			b.Fatal(err)
		}
		if _, err := c.Receive(ctx); err != nil {
			b.Fatal(err)
		}
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

package dtlstransport

import (
	"context"
	"testing"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

// BenchmarkConn sends records of 1,200 bytes from one Conn to the other over an
// in-memory link, from Write to the return of Read: two lock rounds, two
// goroutine switches and the AEAD.
func BenchmarkConn(b *testing.B) {
	client, server := connPair(b, netsim.Config{}, nil)
	defer client.Close()
	defer server.Close()
	go server.Handshake(context.Background())
	if err := client.Handshake(context.Background()); err != nil {
		b.Fatal(err)
	}
	message, buf := make([]byte, 1200), make([]byte, 1500)
	b.ReportAllocs()
	b.SetBytes(int64(len(message)))
	for b.Loop() {
		if _, err := client.Write(message); err != nil {
			b.Fatal(err)
		}
		if _, err := server.Read(buf); err != nil {
			b.Fatal(err)
		}
	}
}

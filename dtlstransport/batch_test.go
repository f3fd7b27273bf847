package dtlstransport

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

func TestBatchArrivesAsRecordsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := connPair(t, netsim.Config{Delay: time.Millisecond}, nil)
		defer client.Close()
		defer server.Close()
		go server.Handshake(t.Context())
		if err := client.Handshake(t.Context()); err != nil {
			t.Fatal(err)
		}
		var packets [][]byte
		for i, n := range []int{1160, 1160, 1160, 40, 1, 500, 1160, 5000, 1160, 900, 901} {
			packets = append(packets, bytes.Repeat([]byte{byte(i)}, n))
		}
		for i := range 100 { // more than one batch holds
			packets = append(packets, bytes.Repeat([]byte{byte(i)}, 1000))
		}
		if err := client.WriteBatch(packets); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 1<<15)
		for i, want := range packets {
			if n, err := server.Read(b); err != nil || !bytes.Equal(b[:n], want) {
				t.Fatalf("record %d: %d bytes, want %d, %v", i, n, len(want), err)
			}
		}
		if err := client.WriteBatch(nil); err != nil {
			t.Errorf("nothing: %v", err)
		}
		if err := client.WriteBatch([][]byte{{1}, make([]byte, 1<<14+1)}); !errors.Is(err, ErrTooLarge) {
			t.Errorf("a packet over 2^14 bytes: %v", err)
		}
		_ = server.Close()
		<-client.Done()
		if err := client.WriteBatch([][]byte{{1}, {2}}); client.Err() != io.EOF || !errors.Is(err, ErrClosed) {
			t.Errorf("behind the peer's close_notify: %v", err)
		}
		_ = client.Close()
		if err := client.WriteBatch([][]byte{{1}, {2}}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestBatchOfFullRecordsAllocatesNothing(t *testing.T) {
	client, server := connPair(t, netsim.Config{}, nil)
	defer client.Close()
	defer server.Close()
	go server.Handshake(t.Context())
	if err := client.Handshake(t.Context()); err != nil {
		t.Fatal(err)
	}
	batch := new(batch)
	packets := [][]byte{make([]byte, 1160), make([]byte, 1160), make([]byte, 1160)}
	if n := testing.AllocsPerRun(100, func() {
		batch.b, batch.sizes = batch.b[:0], batch.sizes[:0]
		if _, err := client.sealSome(batch, packets); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%.0f allocations", n)
	}
}

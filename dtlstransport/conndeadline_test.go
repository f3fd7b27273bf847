package dtlstransport

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
)

// The link waits for its reader, as a stream does, and the reader for ours.
func TestAWriteDeadlineReleasesAWriteThatWaitsInTheLink(t *testing.T) { // API-04
	synctest.Test(t, func(t *testing.T) {
		clientConfig, serverConfig := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		clientConfig.ReliableTransport, serverConfig.ReliableTransport = true, true
		serverConfig.ReceiveBuffer = 1 // and so one record
		x, y := net.Pipe()
		client, err := Client(x, clientConfig)
		if err != nil {
			t.Fatal(err)
		}
		server, err := Server(y, serverConfig)
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		defer client.Close()
		go server.Handshake(t.Context())
		if err := client.Handshake(t.Context()); err != nil {
			t.Fatal(err)
		}
		sent := 0
		for name, set := range map[string]func(at time.Time){
			"a deadline that was set before": func(at time.Time) { client.SetWriteDeadline(at) },
			"a deadline that is set meanwhile": func(at time.Time) {
				client.SetWriteDeadline(time.Time{})
				time.AfterFunc(time.Until(at), func() { client.SetWriteDeadline(at) })
			},
		} {
			start := time.Now()
			set(start.Add(time.Second))
			var err error
			for err == nil {
				if _, err = client.Write(make([]byte, 1<<14)); err == nil {
					sent++
				}
			}
			netError, ok := errors.AsType[net.Error](err)
			if !errors.Is(err, os.ErrDeadlineExceeded) || !ok || !netError.Timeout() || time.Since(start) != time.Second {
				t.Errorf("%s: %v after %v, want a timeout after 1 s", name, err, time.Since(start))
			}
		}
		// What comes behind it goes its way.
		client.SetWriteDeadline(time.Time{})
		server.SetReadDeadline(time.Now().Add(time.Second))
		go func() {
			if _, err := client.Write([]byte("behind")); err != nil {
				t.Error(err)
			}
		}()
		buf := make([]byte, 1<<14)
		for range sent {
			if n, err := server.Read(buf); n != 1<<14 || err != nil {
				t.Fatalf("Read: %d bytes, %v", n, err)
			}
		}
		if n, err := server.Read(buf); err != nil || string(buf[:n]) != "behind" {
			t.Errorf("Read = %q, %v", buf[:n], err)
		}
	})
}

// What came early would be kept within bounds, and the rest lost: it is left to the transport.
func TestAReliableLinkIsNotReadBeforeTheHandshake(t *testing.T) { // R6083-01
	for _, reliable := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			_, config := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
			config.ReliableTransport = reliable
			x, y := net.Pipe()
			c, err := Server(y, config)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			x.SetWriteDeadline(time.Now().Add(time.Second))
			if _, err := x.Write([]byte{22}); (err == nil) == reliable {
				t.Errorf("ReliableTransport %v: written with %v", reliable, err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			go c.Handshake(ctx)
			x.SetWriteDeadline(time.Time{})
			if _, err := x.Write([]byte{22}); err != nil {
				t.Errorf("ReliableTransport %v: written with %v during the handshake", reliable, err)
			}
			cancel()
		})
	}
}

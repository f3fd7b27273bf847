package dtlstransport

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

// "All methods may be called concurrently": all of them are, by many, from before the
// handshake until after Close. The race detector looks on; and no message comes twice, or
// in part, or with an error that is not one of those that are documented.
func TestEveryMethodOfAConnMayBeCalledAtTheSameTime(t *testing.T) { // API-04
	synctest.Test(t, func(t *testing.T) {
		client, server := connPair(t, netsim.Config{Seed: 3, Delay: 5 * time.Millisecond, Loss: 0.05, Duplicate: 0.05, Reorder: 0.1}, func(client, server *Config) {
			client.ReplayWindow, server.ReplayWindow = MaxReplayWindow, MaxReplayWindow // they come in bursts
		})
		const callers, messages, end = 4, 200, time.Minute
		var running sync.WaitGroup
		check := func(err error) {
			if err != nil && err != io.EOF && !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, net.ErrClosed) && !errors.Is(err, ErrClosed) && !errors.Is(err, ErrNotConnected) {
				t.Errorf("%v", err)
			}
		}
		for _, c := range []*Conn{client, server} {
			var mu sync.Mutex
			got := map[uint64]bool{}
			closed := time.Now().Add(end)
			for caller := range uint64(callers) {
				running.Go(func() {
					check(c.Handshake(t.Context()))
				})
				running.Go(func() { // writes what tells its own length
					for i := range uint64(messages) {
						b := binary.BigEndian.AppendUint64(nil, caller*messages+i)
						b = append(b, make([]byte, i)...)
						n, err := c.Write(b)
						if check(err); err == nil && n != len(b) {
							t.Errorf("%d bytes written of %d", n, len(b))
						}
						time.Sleep(time.Millisecond * time.Duration(caller))
					}
				})
				running.Go(func() {
					b := make([]byte, 2*messages)
					for {
						n, err := c.Read(b)
						check(err)
						if err == io.EOF || errors.Is(err, net.ErrClosed) {
							return
						}
						if err != nil {
							time.Sleep(time.Millisecond)
							continue
						}
						m := binary.BigEndian.Uint64(b)
						mu.Lock()
						if got[m] || uint64(n) != 8+m%messages {
							t.Errorf("message %d with %d bytes, again: %v", m, n, got[m])
						}
						got[m] = true
						mu.Unlock()
					}
				})
				running.Go(func() {
					for time.Now().Before(closed) {
						check(c.SetReadDeadline(time.Now().Add(10 * time.Millisecond)))
						check(c.SetWriteDeadline(time.Now().Add(time.Second)))
						time.Sleep(7 * time.Millisecond)
						check(c.SetDeadline(time.Time{}))
						c.SetMaxDatagramSize(1000 + int(caller))
						_, err := c.ExportKeyingMaterial("EXPERIMENTAL test", nil, 32)
						check(err)
						if state := c.ConnectionState(); state.Connected && c.MaxPayload() == 0 {
							t.Error("connected, and nothing fits")
						}
						_, _, _ = c.Stats(), c.Buffered(), c.RecordOverhead()
						_, _, _ = c.Err(), c.LocalAddr(), c.RemoteAddr()
						time.Sleep(time.Second)
					}
				})
				running.Go(func() {
					time.Sleep(end)
					check(c.Close())
				})
			}
			running.Go(func() {
				time.Sleep(end)
				<-c.Done()
				mu.Lock()
				defer mu.Unlock()
				if len(got) < callers*messages/2 { // a burst that overtakes the Finished is kept in part
					t.Errorf("%d messages of %d arrived", len(got), callers*messages)
				}
			})
		}
		running.Wait()
	})
}

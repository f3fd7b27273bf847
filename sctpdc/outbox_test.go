package sctpdc

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/keying"
)

// A batchConn takes packets together, and counts.
type batchConn struct {
	net.Conn
	refuses atomic.Bool // CanBatch
	fails   atomic.Bool

	mu      sync.Mutex
	batches int
	largest int // packets
}

func (c *batchConn) CanBatch() bool { return !c.refuses.Load() }

func (c *batchConn) WriteBatch(packets [][]byte) error {
	if c.fails.Load() {
		return errors.New("no way out")
	}
	c.mu.Lock()
	c.batches++
	c.largest = max(c.largest, len(packets))
	c.mu.Unlock()
	for _, p := range packets {
		if _, err := c.Conn.Write(p); err != nil {
			return err
		}
	}
	return nil
}

func inBatches(t *testing.T, f func(p *pair, x *batchConn)) {
	synctest.Test(t, func(t *testing.T) {
		a, b := netsim.Pipe(rtt40)
		x := &batchConn{Conn: a}
		p := &pair{t: t}
		p.client, p.server = p.start(x, keying.RoleClient, Config{}), p.start(b, keying.RoleServer, Config{})
		defer p.server.Close()
		defer p.client.Close()
		f(p, x)
	})
}

func TestPacketsOfABurstAreWrittenTogether(t *testing.T) {
	for _, refuses := range []bool{false, true} {
		inBatches(t, func(p *pair, x *batchConn) {
			x.refuses.Store(refuses)
			c, d := p.open(p.client, p.server, "x", nil)
			const n = 50
			go func() {
				for i := range n {
					_ = c.SendBinary(context.Background(), make([]byte, 16384+i))
				}
			}()
			for i := range n {
				if m, err := d.Receive(within(t, time.Minute)); err != nil || len(m.Data) != 16384+i {
					t.Fatalf("message %d: %d bytes, %v", i, len(m.Data), err)
				}
			}
			if s := p.client.Stats(); s.Retransmissions > 0 {
				t.Errorf("%d retransmissions", s.Retransmissions)
			}
			x.mu.Lock()
			defer x.mu.Unlock()
			if refuses != (x.batches == 0) || x.largest > maxOutbox || !refuses && x.largest < 10 {
				t.Errorf("the connection batches %v: %d batches of up to %d packets", !refuses, x.batches, x.largest)
			}
		})
	}
}

// A packet that no other one follows goes at once: by itself if it is small, else when pion/sctp waits.
func TestSinglePacketsDoNotWait(t *testing.T) {
	inBatches(t, func(p *pair, x *batchConn) {
		c, d := p.open(p.client, p.server, "x", nil)
		time.Sleep(time.Second)
		for _, size := range []int{1, 1100, 1140, 1159} {
			began := time.Now()
			if err := c.SendBinary(within(t, time.Minute), make([]byte, size)); err != nil {
				t.Fatal(err)
			}
			if _, err := d.Receive(within(t, time.Minute)); err != nil || time.Since(began) > 20*time.Millisecond {
				t.Errorf("%d bytes took %v, %v", size, time.Since(began), err)
			}
		}
	})
}

func TestFailureToWriteABatchEndsTheAssociation(t *testing.T) {
	inBatches(t, func(p *pair, x *batchConn) {
		c, _ := p.open(p.client, p.server, "x", nil)
		x.fails.Store(true)
		_ = c.SendBinary(within(t, time.Minute), make([]byte, 1159)) // a full packet, written by the goroutine
		wantEnd(t, p.client, ReasonConn, false)
	})
}

package sctpdc

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/keying"
)

// slowReader is a connection that holds packets back until several are there, as a busy machine does, and tells how many.
type slowReader struct {
	*tap
	packets chan []byte
}

func newSlowReader(c *tap) *slowReader {
	s := &slowReader{c, make(chan []byte, 1000)}
	go func() {
		for {
			b := make([]byte, 2000)
			n, err := c.Conn.Read(b)
			if err != nil {
				close(s.packets)
				return
			}
			s.packets <- b[:n]
		}
	}()
	return s
}

func (s *slowReader) Buffered() int { return len(s.packets) }

func (s *slowReader) Read(b []byte) (int, error) {
	time.Sleep(20 * time.Microsecond) // packets come every 5
	p, ok := <-s.packets
	if !ok {
		return 0, context.Canceled
	}
	return copy(b, p), nil
}

// While packets wait, one SACK answers up to eight of them; when none is left the last one is answered as always.
func TestSACKsAreFewerWhilePacketsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := netsim.Pipe(netsim.Config{Delay: 100 * time.Microsecond})
		x, y := &tap{Conn: &bottleneck{Conn: a, gap: 5 * time.Microsecond, room: 1000}}, &tap{Conn: b}
		p := &pair{t: t}
		p.client, p.server = p.start(x, keying.RoleClient, Config{}), p.start(newSlowReader(y), keying.RoleServer, Config{})
		defer p.server.Close()
		defer p.client.Close()
		c, d := p.open(p.client, p.server, "x", nil)
		const n = 100
		go func() {
			for range n {
				_ = c.SendBinary(context.Background(), make([]byte, 16384))
			}
		}()
		for range n {
			if _, err := d.Receive(within(t, time.Minute)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		data, sacks := len(x.packets(chunkData)), len(y.packets(chunkSack))
		if sacks > data/3 || sacks < data/9 {
			t.Errorf("%d SACKs for %d packets", sacks, data)
		}
		if s := p.client.Stats(); s.Unacknowledged != 0 || s.Retransmissions != 0 {
			t.Errorf("%d bytes unacknowledged, %d retransmissions", s.Unacknowledged, s.Retransmissions)
		}
		sentLast := time.Now()
		p.send(c, "one more")
		for c.Queued() > 0 {
			time.Sleep(time.Millisecond)
		}
		if took := time.Since(sentLast); took > 250*time.Millisecond {
			t.Errorf("a single message was acknowledged after %v", took)
		}
	})
}

package sctpdc

import (
	"context"
	"encoding/binary"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/sctp"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

// A bottleneck sends packets on one after the other, each taking its time, and holds few: like a socket buffer and the
// process that reads it.
type bottleneck struct {
	net.Conn
	gap  time.Duration // for each packet
	room int           // packets

	mu      sync.Mutex
	waiting int
	free    time.Time // when the last one is gone
	lost    int
}

func (c *bottleneck) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting == c.room {
		c.lost++
		return len(p), nil
	}
	c.waiting++
	now := time.Now()
	if c.free.Before(now) {
		c.free = now
	}
	c.free = c.free.Add(c.gap)
	q := append([]byte(nil), p...)
	time.AfterFunc(c.free.Sub(now), func() {
		c.mu.Lock()
		c.waiting--
		c.mu.Unlock()
		_, _ = c.Conn.Write(q)
	})
	return len(p), nil
}

// silence reads n times and returns how long it took, and the longest time between two reads.
func silence(n int, read func() error) (total, longest time.Duration, err error) {
	began := time.Now()
	for range n {
		last := time.Now()
		if err := read(); err != nil {
			return 0, 0, err
		}
		longest = max(longest, time.Since(last))
	}
	return time.Since(began), longest, nil
}

// Over a fast path to a socket buffer of 208 KiB, which holds 90 packets, nothing is lost and nobody falls silent.
func TestBurstsDoNotOverflowASocketBuffer(t *testing.T) {
	const n, size = 250, 16384
	const gap, room = 10 * time.Microsecond, 90 // some 100 MB/s
	for _, plain := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			a, b := netsim.Pipe(netsim.Config{Delay: 50 * time.Microsecond})
			x := &bottleneck{Conn: a, gap: gap, room: room}
			p := &pair{t: t}
			p.client, p.server = p.start(x, 1, Config{DisableInterleaving: plain}), p.start(b, 2, Config{})
			c, d := p.open(p.client, p.server, "x", nil)
			go func() {
				for range n {
					_ = c.SendBinary(context.Background(), make([]byte, size))
				}
			}()
			took, longest, err := silence(n, func() error { _, err := d.Receive(within(t, time.Minute)); return err })
			rate := float64(n*size) / took.Seconds() / 1e6
			if err != nil || longest > 100*time.Millisecond || x.lost > 0 || rate < 80 {
				t.Errorf("%.1f MB/s, longest silence %v, %d packets lost, %v", rate, longest, x.lost, err)
			}
			_ = p.client.Close()
			_ = p.server.Close()
			time.Sleep(time.Second)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		a, b := netsim.Pipe(netsim.Config{Delay: 50 * time.Microsecond})
		x := &bottleneck{Conn: a, gap: gap, room: room}
		other := make(chan *sctp.Association, 1)
		go func() { other <- bare(t, b) }()
		client, server := bare(t, x), <-other
		s := rudeStream(t, client, 0, ppidBinary, []byte("x"))
		r, err := server.AcceptStream()
		if err != nil {
			t.Fatal(err)
		}
		for range n {
			if _, err := s.WriteSCTP(make([]byte, size), sctp.PayloadTypeWebRTCBinary); err != nil {
				t.Fatal(err)
			}
		}
		buffer := make([]byte, size)
		_, longest, err := silence(n, func() error { _, err := r.Read(buffer); return err })
		if err != nil || x.lost == 0 {
			t.Errorf("pion/sctp lost nothing, %v: the shield may go", err)
		}
		t.Logf("pion/sctp: %d packets lost, longest silence %v", x.lost, longest) // over a real socket mostly 1 s
		_ = server.Close()
		_ = client.Close()
		time.Sleep(time.Second)
	})
}

func TestBurstFollowsTheShortestRoundTrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var u burst
		tsn := uint32(0xffffff00) // it will wrap
		roundTrip := func(rtt time.Duration, repeated bool) uint32 {
			tsn += 50
			u.packetSent(tsn)
			u.packetSent(tsn + 1) // only one is timed
			if repeated {
				u.repeated()
			}
			time.Sleep(rtt)
			value := binary.BigEndian.AppendUint32(nil, tsn)
			value = append(value, 0, 16, 0, 0, 0, 0, 0, 0) // 1 MiB
			changed := u.limit(chunk{typ: chunkSack, value: value})
			window := binary.BigEndian.Uint32(value[4:])
			if changed != (window != 1<<20) {
				t.Errorf("changed %v, window %d", changed, window)
			}
			return window
		}
		for i, step := range []struct {
			rtt      time.Duration
			repeated bool
			want     uint32
		}{
			{time.Millisecond, true, 1 << 20},              // not measured
			{200 * time.Millisecond, false, 1 << 20},       // the first, delayed
			{time.Millisecond, false, 49152 + 125_000},     // 1 Gbit/s for 1 ms
			{4 * time.Millisecond, false, 49152 + 125_000}, // a queue
			{100 * time.Microsecond, false, 49152 + 12_500},
			{100 * time.Nanosecond, true, 49152 + 12_500},
		} {
			if got := roundTrip(step.rtt, step.repeated); got != step.want {
				t.Errorf("step %d: window %d, want %d", i, got, step.want)
			}
		}
		// The path has changed. After 10 s at most the new one counts.
		for range 110 {
			roundTrip(100*time.Millisecond, false)
		}
		if got := roundTrip(100*time.Millisecond, false); got != 1<<20 {
			t.Errorf("window %d on the longer path", got)
		}
		// A smaller window is the peer's, and a short SACK is not ours to judge.
		value := []byte{0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0}
		if u.limit(chunk{typ: chunkSack, value: value}) || u.limit(chunk{typ: chunkSack, value: value[:7]}) || value[6] != 1 {
			t.Error("changed")
		}
	})
}

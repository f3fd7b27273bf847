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

// A fast path, some 100 MB/s, to a socket buffer of 208 KiB, which holds 90 packets.
const (
	fastGap  = 10 * time.Microsecond
	fastRoom = 90
	fastSize = 16384 // bytes of a message
)

func fastPath() (x *bottleneck, y net.Conn) {
	a, y := netsim.Pipe(netsim.Config{Delay: 50 * time.Microsecond})
	return &bottleneck{Conn: a, gap: fastGap, room: fastRoom}, y
}

// Nothing is lost and nobody falls silent.
func TestBurstsDoNotOverflowASocketBuffer(t *testing.T) {
	const n = 250
	for _, plain := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			x, b := fastPath()
			p := &pair{t: t}
			p.client, p.server = p.start(x, 1, Config{DisableInterleaving: plain}), p.start(b, 2, Config{})
			c, d := p.open(p.client, p.server, "x", nil)
			go func() {
				for range n {
					_ = c.SendBinary(context.Background(), make([]byte, fastSize))
				}
			}()
			took, longest, err := silence(n, func() error { _, err := d.Receive(within(t, time.Minute)); return err })
			rate := float64(n*fastSize) / took.Seconds() / 1e6
			if err != nil || longest > 100*time.Millisecond || x.lost > 0 || rate < 80 {
				t.Errorf("%.1f MB/s, longest silence %v, %d packets lost, %v", rate, longest, x.lost, err)
			}
			_ = p.client.Close()
			_ = p.server.Close()
			time.Sleep(time.Second)
		})
	}
}

// Without the bound: the end of a burst is lost, and with nothing behind it to tell of that, only the timer of 1 s does.
func TestBarePionOverflowsASocketBufferAndFallsSilent(t *testing.T) {
	const n, tries = 250, 40 // it happens in every third, over a real socket more often
	for try := range tries {
		var longest time.Duration
		lost := 0
		synctest.Test(t, func(t *testing.T) {
			x, b := fastPath()
			other := make(chan *sctp.Association, 1)
			go func() { other <- bare(t, b) }()
			client, server := bare(t, x), <-other
			s := rudeStream(t, client, 0, ppidBinary, []byte("x"))
			r, err := server.AcceptStream()
			if err != nil {
				t.Fatal(err)
			}
			for range n {
				if _, err := s.WriteSCTP(make([]byte, fastSize), sctp.PayloadTypeWebRTCBinary); err != nil {
					t.Fatal(err)
				}
			}
			buffer := make([]byte, fastSize)
			if _, longest, err = silence(n, func() error { _, err := r.Read(buffer); return err }); err != nil {
				t.Fatal(err)
			}
			lost = x.lost
			_ = server.Close()
			_ = client.Close()
			time.Sleep(time.Second)
		})
		if lost == 0 {
			t.Fatal("pion/sctp lost nothing: the shield may go")
		}
		if longest >= time.Second {
			t.Logf("pion/sctp: %d packets lost, longest silence %v, try %d", lost, longest, try+1)
			return
		}
	}
	t.Errorf("pion/sctp was never silent for 1 s in %d tries: the shield may go", tries)
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

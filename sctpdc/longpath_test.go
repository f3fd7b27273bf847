package sctpdc

import (
	"io"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/sctp"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

// A longPath has 100 Mbit/s and a round trip of 50 ms: 1191 bytes in 95 us are 12.5 MB/s.
type longPath struct {
	loss     float64
	seed     uint64
	messages int // of 16 KiB
	warm     int // messages before the clock starts
}

const longMessage = 16384

func (l longPath) link() (x *bottleneck, y *netsim.End) {
	a, b := netsim.Pipe(netsim.Config{Seed: l.seed, Delay: 25 * time.Millisecond, Loss: l.loss})
	return &bottleneck{Conn: a, gap: 95 * time.Microsecond, room: 2000}, b.(*netsim.End)
}

// measure has receive take all messages, and returns how fast they came, in MB/s of virtual time.
func (l longPath) measure(t *testing.T, receive func() error) float64 {
	t.Helper()
	began := time.Now()
	for i := range l.messages {
		if i == l.warm {
			began = time.Now()
		}
		if err := receive(); err != nil {
			t.Fatal(err)
		}
	}
	return float64((l.messages-l.warm)*longMessage) / time.Since(began).Seconds() / 1e6
}

// ours measures a channel with everything as it is by default.
func (l longPath) ours(t *testing.T) (rate float64) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		x, y := l.link()
		p := &pair{t: t}
		p.client, p.server = p.start(x, 1, Config{}), p.start(y, 2, Config{})
		c, d := p.open(p.client, p.server, "x", nil)
		go func() { _, _ = io.Copy(c.Stream(), io.LimitReader(zeros{}, int64(l.messages*longMessage))) }()
		rate = l.measure(t, func() error { _, err := d.Receive(within(t, 10*time.Minute)); return err })
		_ = p.client.Close()
		_ = p.server.Close()
		time.Sleep(time.Second)
	})
	return rate
}

// alone measures pion/sctp, with options or without.
func (l longPath) alone(t *testing.T, options ...sctp.ClientOption) (rate float64) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		x, y := l.link()
		other := make(chan *sctp.Association, 1)
		go func() { other <- bare(t, y) }()
		client, server := bare(t, x, options...), <-other
		s := rudeStream(t, client, 0, ppidBinary, []byte("x"))
		r, err := server.AcceptStream()
		if err != nil {
			t.Fatal(err)
		}
		for range l.messages {
			if _, err := s.WriteSCTP(make([]byte, longMessage), sctp.PayloadTypeWebRTCBinary); err != nil {
				t.Fatal(err)
			}
		}
		buffer := make([]byte, longMessage)
		rate = l.measure(t, func() error { _, err := r.Read(buffer); return err })
		_ = server.Close()
		_ = client.Close()
		time.Sleep(time.Second)
	})
	return rate
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

// What bounds a burst does not reach paths that need more: a path without loss is used to the full after slow start.
func TestLongPathIsFilled(t *testing.T) {
	l := longPath{messages: 800, warm: 400}
	ours, alone := l.ours(t), l.alone(t)
	t.Logf("100 Mbit/s, 50 ms, no loss: %.1f MB/s, pion/sctp alone %.1f", ours, alone)
	if ours < 10 {
		t.Errorf("%.1f MB/s", ours)
	}
}

// With 1 % loss we are no slower than pion/sctp alone. Neither can be faster than the congestion control of RFC 9260, Section
// 7.2, lets them: a window that grows by one packet in each round trip and is halved by each loss sends, with MSS bytes in
// a packet and a share p of packets lost,
//
//	MSS/RTT * sqrt(3/(2p)) = 1160 B / 50 ms * 12.2 = 0.28 MB/s
//
// in the mean (Mathis and others, 1997). It is the rule and not the recovery of losses that stands in the way of 1 MB/s: with
// a window that grows by 12 packets, 2.5 times as much is sent. That is not ours to choose: an endpoint "MUST NOT be more
// aggressive" than the rule (after RFC 9260, Section 7.2), for the sake of those who share the path.
func TestLossyLongPathIsUsedAsByBarePion(t *testing.T) {
	const seeds = 4
	var ours, alone, aggressive float64
	for seed := range uint64(seeds) {
		l := longPath{loss: 0.01, seed: seed, messages: 180, warm: 30}
		ours += l.ours(t) / seeds
		alone += l.alone(t) / seeds
		l.messages *= 2
		aggressive += l.alone(t, sctp.WithCwndCAStep(12*defaultMTU)) / seeds
	}
	const mss, rtt, loss = 1160, 0.05, 0.01
	bound := mss / rtt * math.Sqrt(1.5/loss) / 1e6
	t.Logf("100 Mbit/s, 50 ms, 1 %% loss: %.2f MB/s, pion/sctp alone %.2f, RFC 9260 allows %.2f; pion/sctp with 12 times the step %.2f",
		ours, alone, bound, aggressive)
	if ours < alone*0.8 {
		t.Errorf("%.2f MB/s, pion/sctp alone %.2f", ours, alone)
	}
	if aggressive < 1.5*alone {
		t.Errorf("12 times the step makes it %.2f MB/s from %.2f: something else stands in the way", aggressive, alone)
	}
}

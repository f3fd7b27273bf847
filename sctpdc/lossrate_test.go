package sctpdc

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/sctp"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

// rateOver returns how fast n messages of 16 KiB come through, in MB/s of virtual time; receive takes one.
func rateOver(n int, receive func() error) (float64, error) {
	const size = 16384
	began := time.Now()
	for range n {
		if err := receive(); err != nil {
			return 0, err
		}
	}
	return float64(n*size) / time.Since(began).Seconds() / 1e6, nil
}

// At 100 Mbit/s, a round trip of 50 ms and 1 % loss we are no slower than pion/sctp alone.
func TestLossyPathIsUsedAsByBarePion(t *testing.T) {
	const messages = 150
	var ours, alone float64
	for seed := range uint64(3) {
		link := netsim.Config{Seed: seed, Delay: 25 * time.Millisecond, Loss: 0.01}
		synctest.Test(t, func(t *testing.T) {
			a, b := netsim.Pipe(link)
			p := &pair{t: t}
			p.client, p.server = p.start(&bottleneck{Conn: a, gap: 95 * time.Microsecond, room: 2000}, 1, Config{}), p.start(b, 2, Config{})
			c, d := p.open(p.client, p.server, "x", nil)
			go func() { _, _ = io.Copy(c.Stream(), io.LimitReader(zeros{}, messages*16384)) }()
			rate, err := rateOver(messages, func() error { _, err := d.Receive(within(t, 10*time.Minute)); return err })
			if err != nil {
				t.Fatal(err)
			}
			ours += rate / 3
			_ = p.client.Close()
			_ = p.server.Close()
			time.Sleep(time.Second)
		})
		synctest.Test(t, func(t *testing.T) {
			a, b := netsim.Pipe(link)
			other := make(chan *sctp.Association, 1)
			go func() { other <- bare(t, b) }()
			client, server := bare(t, &bottleneck{Conn: a, gap: 95 * time.Microsecond, room: 2000}), <-other
			s := rudeStream(t, client, 0, ppidBinary, []byte("x"))
			r, err := server.AcceptStream()
			if err != nil {
				t.Fatal(err)
			}
			for range messages {
				if _, err := s.WriteSCTP(make([]byte, 16384), sctp.PayloadTypeWebRTCBinary); err != nil {
					t.Fatal(err)
				}
			}
			buffer := make([]byte, 16384)
			rate, err := rateOver(messages, func() error { _, err := r.Read(buffer); return err })
			if err != nil {
				t.Fatal(err)
			}
			alone += rate / 3
			_ = server.Close()
			_ = client.Close()
			time.Sleep(time.Second)
		})
	}
	t.Logf("%.2f MB/s, pion/sctp alone %.2f", ours, alone)
	if ours < alone*0.8 {
		t.Errorf("%.2f MB/s, pion/sctp alone %.2f", ours, alone)
	}
}

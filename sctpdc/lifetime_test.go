package sctpdc

import (
	"testing"
	"time"
)

// A message with a long lifetime outlives a path that is dark for most of it, however often it is sent again meanwhile, and is
// given up in a longer darkness.
// SCTP-25
func TestAMessageIsSentAgainForItsLifetime(t *testing.T) {
	for _, test := range []struct{ rtoMax, lifetime, dark, given time.Duration }{
		{0, 20 * time.Second, 14 * time.Second, 30 * time.Second},
		{time.Second, 20 * time.Second, 16 * time.Second, 30 * time.Second},
		{60 * time.Second, 20 * time.Second, 10 * time.Second, 70 * time.Second},
		{0, 3 * time.Second, 2 * time.Second, 12 * time.Second},
	} {
		for _, arrives := range []bool{true, false} {
			inTapped(t, Config{RTOMax: test.rtoMax}, Config{}, func(p *pair, x, _ *tap) {
				c, d := p.open(p.client, p.server, "x", &ChannelOptions{MaxLifetime: &test.lifetime})
				p.send(c, "before")
				p.want(d, "before")
				dark := func(drop bool) {
					x.mu.Lock()
					defer x.mu.Unlock()
					x.drop = func([]byte) bool { return drop }
				}
				dark(true)
				p.send(c, "in the dark")
				if arrives {
					time.Sleep(test.dark)
				} else {
					time.Sleep(test.given)
				}
				dark(false)
				time.Sleep(65 * time.Second)
				p.send(c, "behind")
				want := []string{"behind"}
				if arrives {
					want = []string{"in the dark", "behind"}
				}
				for _, text := range want {
					if m, err := d.Receive(within(t, time.Minute)); err != nil || string(m.Data) != text {
						p.t.Fatalf("RTOMax %v, lifetime %v, arrives %v: received %q, %v; want %q", test.rtoMax, test.lifetime, arrives, m.Data, err, text)
					}
				}
			})
		}
	}
}

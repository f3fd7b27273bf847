package dtlstransport

import (
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

func TestHandshakeIsFourDatagramsWhenNothingIsLost(t *testing.T) { // HS-20, HS-21
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	p := newPair(t, client, server, netsim.Config{Delay: 25 * time.Millisecond})
	p.connect()
	if p.client.datagrams != 2 || p.server.datagrams != 2 {
		t.Errorf("datagrams: client %d, server %d, want 2 and 2", p.client.datagrams, p.server.datagrams)
	}
	if elapsed := p.now.Sub(epochZero); elapsed != 100*time.Millisecond {
		t.Errorf("connected after %v, want two round trips of 50 ms", elapsed)
	}
	p.send(p.client, []byte("hello"))
	p.send(p.server, []byte("welcome"))
	p.run(time.Second, func() bool { return len(p.client.received)+len(p.server.received) == 2 })
	if len(p.server.received) != 1 || string(p.server.received[0]) != "hello" || len(p.client.received) != 1 || string(p.client.received[0]) != "welcome" {
		t.Errorf("received %q and %q", p.server.received, p.client.received)
	}
}

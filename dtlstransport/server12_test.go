package dtlstransport

import (
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// strangerHello returns the first datagram of a client that nobody knows.
func strangerHello(t *testing.T) []byte {
	t.Helper()
	config, _ := configs(t, fingerprint.ECDSAP384, fingerprint.ECDSAP256)
	e, err := NewEngine(RoleClient, config)
	if err != nil {
		t.Fatal(err)
	}
	e.Start(epochZero)
	b, _ := e.AppendDatagram(nil)
	return b
}

func TestAForgedHelloThatComesFirstDoesNotKeepTheGenuineClientOut(t *testing.T) {
	for seq := range byte(5) {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		p := newPair(t, client, server, netsim.Config{Delay: 25 * time.Millisecond})
		forged := strangerHello(t)
		forged[18] = seq // message_seq
		p.server.note(p.server.HandleDatagram(p.now, forged))
		p.flush(p.server)
		p.connect()
		if elapsed := p.now.Sub(epochZero); elapsed > 500*time.Millisecond {
			t.Errorf("message_seq %d: connected after %v; the forged hello should cost a round trip or two", seq, elapsed)
		}
		p.checkTraffic(t)
	}
}

func TestForgedHellosDuringTheHandshakeAreAskedForCookiesOnly(t *testing.T) {
	for _, cookies := range []*Cookies{nil, NewCookies()} {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		server.Cookies = cookies
		p := newPair(t, client, server, netsim.Config{Delay: 25 * time.Millisecond})
		p.start()
		for steps := 0; !p.bothConnected() && p.step(epochZero.Add(time.Minute)); steps++ {
			for range max(0, 20-steps) { // each has an answer, which is a step
				p.server.note(p.server.HandleDatagram(p.now, strangerHello(t)))
				p.flush(p.server)
			}
		}
		if !p.bothConnected() {
			t.Errorf("cookies %v: client %v (%v), server %v (%v)", cookies != nil, p.client.connected, p.client.err, p.server.connected, p.server.err)
		}
	}
}

func TestAClientThatHasProvedItselfIsNotReplaced(t *testing.T) {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	p := newPair(t, client, server, netsim.Config{Delay: 25 * time.Millisecond})
	p.start()
	p.run(time.Second, func() bool { return p.client.flight() == "client12Flight6" })
	p.client.out.Rewind()
	flight5, _ := p.client.AppendDatagram(nil)
	for b := flight5; len(b) > 0; {
		r, rest, _ := record.Next(b)
		if r.Type == record.TypeHandshake && r.Number.Epoch == 0 {
			p.server.note(p.server.HandleDatagram(p.now, r.Raw))
		}
		b = rest
	}
	if p.server.flight() != "server12Finished" {
		t.Fatalf("the server awaits %s", p.server.flight())
	}
	if err := p.server.HandleDatagram(p.now, strangerHello(t)); err != nil || p.server.verify != nil {
		t.Errorf("a stranger's hello is answered (%v)", err)
	}
}

// flight names what an end awaits.
func (e *end) flight() string {
	if e.side == nil {
		return ""
	}
	return e.side.flight()
}

func TestAClientThatBeginsOverAndOverGetsNoMoreSignaturesThanOthers(t *testing.T) { // ALERT-10
	_, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	stranger, _ := configs(t, fingerprint.ECDSAP384, fingerprint.ECDSAP256)
	p := newPair(t, stranger, server, netsim.Config{})
	if err := p.server.HandleDatagram(p.now, strangerHello(t)); err != nil {
		t.Fatal(err)
	}
	randoms := map[wire.Random]bool{p.server.hs.serverRandom: true}
	for range 100 { // without time passing; each returns its cookie
		c := p.newEnd("client", RoleClient, stranger, netsim.AtoB)
		c.Start(p.now)
		for range 2 {
			hello, _ := c.AppendDatagram(nil)
			if err := p.server.HandleDatagram(p.now, hello); err != nil {
				t.Fatal(err)
			}
			if answer, ok := p.server.AppendDatagram(nil); ok {
				c.HandleDatagram(p.now, answer)
			}
		}
		if r := p.server.hs.serverRandom; r != (wire.Random{}) {
			randoms[r] = true
		}
	}
	if n := len(randoms); n < 2 || n > verifyTokens {
		t.Errorf("%d flights were signed, want 2 to %d", n, verifyTokens)
	}
	p.server.HandleTimeout(p.server.Deadline()) // brings new ones
	if p.server.hs.serverRandom == (wire.Random{}) {
		t.Error("the last client is not answered after a timeout")
	}
}

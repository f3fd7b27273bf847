package dtlstransport

import (
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// drained returns what an engine has to send.
func drained(e *Engine) (datagrams [][]byte) {
	for {
		b, ok := e.AppendDatagram(nil)
		if !ok {
			return datagrams
		}
		datagrams = append(datagrams, b)
	}
}

// talk hands over what one engine has to send to the other.
func talk(t testing.TB, now time.Time, from, to *Engine) {
	t.Helper()
	for _, b := range drained(from) {
		if err := to.HandleDatagram(now, b); err != nil {
			t.Fatal(err)
		}
	}
}

// Somebody whom the server knows as well resumes a session from the client's address, and sends data before his
// Finished. It must not be delivered as the client's.
func TestEarlyDataOfAClientThatGaveWayIsNotDelivered(t *testing.T) {
	for name, sameRandom := range map[string]bool{"another random": false, "the client's random": true} {
		t.Run(name, func(t *testing.T) {
			known, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
			server.RemoteFingerprints, server.VerifyPeer = nil, func([][]byte) error { return nil }
			known.Sessions, server.Sessions, known.NoTickets = sessionMap{}, sessionMap{}, true
			shakenHands(t, known, server)

			genuine, _ := configs(t, fingerprint.Ed25519, fingerprint.ECDSAP256)
			p := newPair(t, genuine, server, netsim.Config{Delay: sceneDelay})
			p.start()
			other := p.newEnd("other", RoleClient, known, netsim.AtoB)
			_ = other.Start(p.now)
			if sameRandom {
				random := p.client.hs.clientRandom
				rewriteHello(other, func(m *wire.ClientHello) { m.Random = random }, nil)
				other.hs.clientRandom = random
			}
			talk(t, p.now, other.Engine, p.server.Engine)
			talk(t, p.now, p.server.Engine, other.Engine)
			early, err := other.AppendApplicationData(nil, []byte("of another client"))
			if err != nil || !other.ConnectionState().Resumed {
				t.Fatal("no session was resumed: the test shows nothing")
			}
			p.server.note(p.server.HandleDatagram(p.now, early))
			if p.server.opened == 0 {
				t.Fatal("the early data was not opened: the test shows nothing")
			}

			if !p.run(10*time.Second, p.bothConnected) {
				t.Fatalf("client %v, server %v", p.client.err, p.server.err)
			}
			if len(p.server.received) > 0 {
				t.Errorf("received %q", p.server.received)
			}
			if got := p.server.ConnectionState().PeerCertificates[0]; string(got) != string(genuine.Certificates[0].Chain()[0]) {
				t.Error("connected to another client")
			}
			p.checkTraffic(t)
		})
	}
}

// Somebody answers the hello of a client that does not know its peer's fingerprint yet, and sends data. It must not be
// delivered as that of the genuine server, whose flight comes a moment later.
func TestEarlyDataOfAServerThatGaveWayIsNotDelivered(t *testing.T) {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	remote := client.RemoteFingerprints
	client.RemoteFingerprints = nil
	_, forger := configs(t, fingerprint.ECDSAP256, fingerprint.Ed25519)

	p := newPair(t, client, server, netsim.Config{Delay: sceneDelay})
	other := p.newEnd("other", RoleServer, forger, netsim.BtoA)
	p.start()
	p.client.out.Rewind()
	talk(t, p.now, p.client.Engine, other.Engine)
	talk(t, p.now, other.Engine, p.client.Engine)
	for _, b := range drained(p.client.Engine) { // flight 5, for whoever was first
		other.note(other.HandleDatagram(p.now, b))
	}
	if !other.finished {
		t.Fatal("the forger has no keys: the test shows nothing")
	}
	early, err := other.AppendApplicationData(nil, []byte("of another server"))
	if err != nil {
		t.Fatal(err)
	}
	p.client.note(p.client.HandleDatagram(p.now, early))
	if p.client.opened == 0 {
		t.Fatal("the early data was not opened: the test shows nothing")
	}

	p.run(5*time.Second, func() bool { return p.client.finished && p.server.finished })
	if p.client.finished && string(p.client.chain[0]) != string(server.Certificates[0].Chain()[0]) {
		t.Fatal("shook hands with the forger")
	}
	p.client.note(p.client.SetRemote(p.now, remote))
	p.flush(p.client)
	if !p.run(5*time.Second, p.bothConnected) {
		t.Fatalf("client %v, server %v", p.client.err, p.server.err)
	}
	if len(p.client.received) > 0 {
		t.Errorf("received %q", p.client.received)
	}
	p.checkTraffic(t)
}

package dtlstransport

import (
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// epochZero is when virtual time begins.
var epochZero = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// pair is two engines and a link between them, stepped by hand in virtual time.
type pair struct {
	t              testing.TB
	now            time.Time
	link           *netsim.Link
	client, server *end
	tap            func(b []byte) // sees each datagram that arrives; nil: nobody looks
}

// end is one engine of a pair and what came out of it.
type end struct {
	*Engine
	name      string
	direction netsim.Direction // in which it sends
	connected bool
	closed    bool
	received  [][]byte
	probed    []Event // what became of probes
	err       error
	datagrams int // sent
	largest   int // of them, in bytes
}

// testCertificates are made once: keys are slow, and every test may share them.
var testCertificates = map[fingerprint.KeyType]*fingerprint.Certificate{}

func testCertificate(t testing.TB, k fingerprint.KeyType) *fingerprint.Certificate {
	t.Helper()
	if c := testCertificates[k]; c != nil {
		return c
	}
	c, err := fingerprint.Generate(k)
	if err != nil {
		t.Fatal(err)
	}
	testCertificates[k] = c
	return c
}

// configs returns a client's and a server's configuration that trust each other.
func configs(t testing.TB, client, server fingerprint.KeyType) (*Config, *Config) {
	a, b := testCertificate(t, client), testCertificate(t, server)
	return &Config{Certificates: []*fingerprint.Certificate{a}, RemoteFingerprints: fingerprint.Set{b.Fingerprint()}},
		&Config{Certificates: []*fingerprint.Certificate{b}, RemoteFingerprints: fingerprint.Set{a.Fingerprint()}}
}

func newPair(t testing.TB, client, server *Config, link netsim.Config) *pair {
	t.Helper()
	p := &pair{t: t, now: epochZero, link: netsim.New(link)}
	p.client = p.newEnd("client", RoleClient, client, netsim.AtoB)
	p.server = p.newEnd("server", RoleServer, server, netsim.BtoA)
	return p
}

func (p *pair) newEnd(name string, role Role, config *Config, d netsim.Direction) *end {
	p.t.Helper()
	e, err := NewEngine(role, config)
	if err != nil {
		p.t.Fatal(err)
	}
	e.SetRemoteAddr("peer")
	return &end{Engine: e, name: name, direction: d}
}

// start starts both ends.
func (p *pair) start() {
	p.server.note(p.server.Start(p.now))
	p.client.note(p.client.Start(p.now))
	p.flush(p.client)
	p.flush(p.server)
}

func (e *end) note(err error) {
	if err != nil && e.err == nil {
		e.err = err
	}
}

// flush takes what an end has to say after a call.
func (p *pair) flush(e *end) {
	for {
		event := e.NextEvent()
		switch event.Kind {
		case NoEvent:
			for {
				b, ok := e.AppendDatagram(nil)
				if !ok {
					return
				}
				e.datagrams++
				e.largest = max(e.largest, len(b))
				p.link.Send(p.now, e.direction, b)
			}
		case EventConnected:
			e.connected = true
		case EventClosed:
			e.closed = true
		case EventProbeAnswered, EventProbeLost:
			e.probed = append(e.probed, event)
		case EventData:
			e.received = append(e.received, append([]byte(nil), event.Data...))
		}
	}
}

// step goes on to the next thing that happens; false if nothing will until limit.
func (p *pair) step(limit time.Time) bool {
	next := firstTime(p.link.NextArrival(), firstTime(p.client.Deadline(), p.server.Deadline()))
	if next.IsZero() || next.After(limit) {
		return false
	}
	if next.After(p.now) {
		p.now = next
	}
	if d, b, ok := p.link.Receive(p.now, nil); ok {
		if p.tap != nil {
			p.tap(b)
		}
		to := p.server
		if d == netsim.BtoA {
			to = p.client
		}
		to.note(to.HandleDatagram(p.now, b))
		p.flush(to)
		return true
	}
	for _, e := range []*end{p.client, p.server} {
		if d := e.Deadline(); !d.IsZero() && !d.After(p.now) {
			e.note(e.HandleTimeout(p.now))
			p.flush(e)
		}
	}
	return true
}

// run steps until done says so or the time is up, and reports which.
func (p *pair) run(limit time.Duration, done func() bool) bool {
	until := p.now.Add(limit)
	for !done() {
		if !p.step(until) {
			return done()
		}
	}
	return true
}

func (p *pair) bothConnected() bool { return p.client.connected && p.server.connected }

// connect runs the handshake and fails the test if it does not complete.
func (p *pair) connect() {
	p.t.Helper()
	p.start()
	if !p.run(time.Minute, p.bothConnected) {
		p.t.Fatalf("not connected after %v: client %v (%v), server %v (%v)",
			p.now.Sub(epochZero), p.client.connected, p.client.err, p.server.connected, p.server.err)
	}
}

// send sends data from one end.
func (p *pair) send(e *end, data []byte) {
	p.t.Helper()
	b, err := e.AppendApplicationData(nil, data)
	if err != nil {
		p.t.Fatalf("%s: %v", e.name, err)
	}
	p.link.Send(p.now, e.direction, b)
}

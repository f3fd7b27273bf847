package dtlstransport

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// A scene is a pair with somebody on the path: whoever is there sees each
// datagram as it arrives and may put others in front of it.
type scene struct {
	*pair
	arrived [2]int // by direction: how many genuine datagrams have come

	// before, if not nil, returns what arrives just before datagram n of to.
	before func(to *end, n int, b []byte) [][]byte
	// instead, if not nil, returns what arrives in its place.
	instead func(to *end, n int, b []byte) [][]byte
}

// sceneDelay is the one-way delay of most scenes.
const sceneDelay = 25 * time.Millisecond

func newScene(t testing.TB, client, server *Config, link netsim.Config) *scene {
	t.Helper()
	return &scene{pair: newPair(t, client, server, link)}
}

// newQuickScene is a scene of two P-256 ends over a perfect link.
func newQuickScene(t testing.TB) *scene {
	t.Helper()
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	return newScene(t, client, server, netsim.Config{Delay: sceneDelay})
}

// inject hands a datagram to an end, out of the blue.
func (s *scene) inject(to *end, b []byte) {
	to.note(to.HandleDatagram(s.now, append([]byte(nil), b...)))
	s.flush(to)
}

// step is pair.step with before and instead.
func (s *scene) step(limit time.Time) bool {
	next := firstTime(s.link.NextArrival(), firstTime(s.client.Deadline(), s.server.Deadline()))
	if next.IsZero() || next.After(limit) {
		return false
	}
	if next.After(s.now) {
		s.now = next
	}
	d, b, ok := s.link.Receive(s.now, nil)
	if !ok {
		for _, e := range []*end{s.client, s.server} {
			if d := e.Deadline(); !d.IsZero() && !d.After(s.now) {
				e.note(e.HandleTimeout(s.now))
				s.flush(e)
			}
		}
		return true
	}
	to := s.server
	if d == netsim.BtoA {
		to = s.client
	}
	n := s.arrived[d]
	s.arrived[d]++
	if s.before != nil {
		for _, x := range s.before(to, n, b) {
			s.inject(to, x)
		}
	}
	datagrams := [][]byte{b}
	if s.instead != nil {
		datagrams = s.instead(to, n, b)
	}
	for _, b := range datagrams {
		to.note(to.HandleDatagram(s.now, b))
		s.flush(to)
	}
	return true
}

// run is pair.run over scene.step.
func (s *scene) run(limit time.Duration, done func() bool) bool {
	until := s.now.Add(limit)
	for !done() {
		if !s.step(until) {
			if s.now.Before(until) {
				s.now = until
			}
			return done()
		}
	}
	return true
}

// rest lets time pass with whatever happens in it.
func (s *scene) rest(d time.Duration) { s.run(d, func() bool { return false }) }

// connect runs the handshake and fails the test if it does not complete.
func (s *scene) connect() {
	s.t.Helper()
	s.start()
	if !s.run(time.Minute, s.bothConnected) {
		s.t.Fatalf("not connected after %v: client %v (%v), server %v (%v)",
			s.now.Sub(epochZero), s.client.connected, s.client.err, s.server.connected, s.server.err)
	}
	s.rest(sceneDelay)
}

// other returns the other end.
func (s *scene) other(e *end) *end {
	if e == s.client {
		return s.server
	}
	return s.client
}

// seal returns a record in epoch 1 as e would send it.
func (e *end) seal(t testing.TB, typ record.ContentType, content []byte) []byte {
	t.Helper()
	b, err := e.write[1].Append(nil, typ, record.Version12, content)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// plainRecord returns a record as anybody can make it.
func plainRecord(typ record.ContentType, epoch uint16, seq uint64, body []byte) []byte {
	b := []byte{byte(typ), 0xfe, 0xfd}
	b = binary.BigEndian.AppendUint64(b, uint64(epoch)<<48|seq)
	b = binary.BigEndian.AppendUint16(b, uint16(len(body)))
	return append(b, body...)
}

// plainFragment returns a record of epoch 0 with one handshake fragment, whose
// header says what it likes.
func plainFragment(h wire.Header, fragment []byte) []byte {
	return plainRecord(record.TypeHandshake, 0, 1000, append(wire.AppendHeader(nil, h), fragment...))
}

// wantHandshakeError checks that err is a HandshakeError whose verdict is alert.
func wantHandshakeError(t testing.TB, who string, err error, alert AlertDescription, fromPeer bool) {
	t.Helper()
	var h *HandshakeError
	var a *AlertError
	if !errors.As(err, &h) || !errors.As(err, &a) {
		t.Errorf("%s: error %v (%T), want a HandshakeError around an AlertError", who, err, err)
		return
	}
	if a.Alert != alert || a.FromPeer != fromPeer {
		t.Errorf("%s: alert %v, from the peer %v; want %v, %v (%v)", who, a.Alert, a.FromPeer, alert, fromPeer, err)
	}
}

// rewriteHello changes the ClientHello that a started client is about to send.
// The client believes that it sent it so.
func rewriteHello(e *end, change func(m *wire.ClientHello), raw func(body []byte) []byte) {
	c := e.side.(*client12)
	m, err := wire.ParseClientHello(c.hellos[0][wire.HeaderLen:])
	if err != nil {
		panic(err)
	}
	if change != nil {
		change(m)
	}
	body := m.Append(nil)
	if raw != nil {
		body = raw(body)
	}
	n := uint32(len(body))
	b := wire.AppendHeader(nil, wire.Header{Type: wire.TypeClientHello, Length: n, FragmentLength: n})
	c.hellos[0] = append(b, body...)
	sent := c.h.message(wire.TypeClientHello, func(b []byte) []byte { return append(b, body...) })
	sent.Version, sent.Bytes = record.Version10, c.hellos[0]
	c.h.sendSeq--
	e.out.Begin(sent)
}

// startWith starts both ends, with another ClientHello than the client's own.
func (s *scene) startWith(change func(m *wire.ClientHello), raw func(body []byte) []byte) {
	s.server.note(s.server.Start(s.now))
	s.client.note(s.client.Start(s.now))
	rewriteHello(s.client, change, raw)
	s.flush(s.client)
	s.flush(s.server)
}

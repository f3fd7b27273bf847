package main

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// epochZero is when virtual time begins.
var epochZero = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// oneWay is the delay of the simulated path: half a round-trip time of 50 ms.
const oneWay = 25 * time.Millisecond

// patience is how long a handshake may take, in virtual time.
const patience = 60 * time.Second

// A kind is a way to shake hands.
type kind int

const (
	plain kind = iota
	cookie
	small // datagrams of smallMTU bytes
	resumed
	numKinds
)

const smallMTU = 220

func (k kind) String() string { return [...]string{"plain", "cookie", "small MTU", "resumed"}[k] }

// Which end is which.
const (
	client = 0
	server = 1
)

// A scene is a handshake that is to be played.
type scene struct {
	kind      kind
	mtu       int // zero: what the kind says
	classical [2]bool
	knowsRTT  bool          // both ends know the round-trip time
	late      time.Duration // until then nobody listens where the server will be
	link      netsim.Config
	change    func(client, server *dtlstransport.Config) // nil: nothing
}

// end is one engine on the stage.
type end struct {
	*dtlstransport.Engine
	role      int
	connected bool
	received  [][]byte
	err       error
}

// A stage is a scene being played.
type stage struct {
	scene
	seed uint64
	now  time.Time
	link *netsim.Link
	ends [2]*end
	sent [2][][]byte // by who sent them

	deliveries int // of the link so far
	script     []line
}

// A line is one thing that happened, for the file of a failure.
type line struct {
	at     time.Duration
	to     int
	forged bool
	bytes  []byte
}

//go:embed testdata/client.pem
var clientPEM []byte

//go:embed testdata/server.pem
var serverPEM []byte

//go:embed testdata/attacker.pem
var attackerPEM []byte

func mustParse(text []byte) *fingerprint.Certificate {
	c, err := fingerprint.ParsePEM(text)
	if err != nil {
		panic(err)
	}
	return c
}

var certificates = [2]*fingerprint.Certificate{mustParse(clientPEM), mustParse(serverPEM)}
var attacker = mustParse(attackerPEM)

// store is a dtlstransport.SessionStore.
type store map[string][]byte

func (s store) Get(key string) []byte                       { return s[key] }
func (s store) Put(key string, session []byte, _ time.Time) { s[key] = session }
func (s store) Delete(key string)                           { delete(s, key) }

// sessions are what both ends have of a handshake before, for the kind resumed, and sessionMaster is its secret.
var (
	sessions      [2]store
	sessionMaster []byte
)

func rememberedSessions() [2]store {
	if sessions[client] == nil {
		sessions = [2]store{{}, {}}
		var log strings.Builder
		s := &stage{now: epochZero}
		s.change = func(_, server *dtlstransport.Config) { server.KeyLogWriter = &log }
		s.set(sessions[:])
		s.run(patience, s.bothConnected)
		if !s.bothConnected() {
			panic("no session")
		}
		sessionMaster = secretsOf(log.String())
	}
	return [2]store{maps.Clone(sessions[client]), maps.Clone(sessions[server])}
}

// play puts a scene on the stage; everything random follows from seed. Nothing has arrived yet.
func (c scene) play(seed uint64) *stage {
	var stores []store
	if c.kind == resumed {
		reseed(0)
		both := rememberedSessions()
		stores = both[:]
	}
	reseed(seed)
	s := &stage{scene: c, seed: seed, now: epochZero}
	s.set(stores)
	return s
}

func (s *stage) set(stores []store) {
	var configs [2]*dtlstransport.Config
	for i := range configs {
		c := &dtlstransport.Config{
			Certificates:       []*fingerprint.Certificate{certificates[i]},
			RemoteFingerprints: fingerprint.Set{certificates[1-i].Fingerprint()},
			Conformance:        s.classical[i],
			NoTickets:          true,
		}
		if s.scene.mtu == 0 && s.kind == small {
			s.scene.mtu = smallMTU
		}
		c.MaxDatagramSize = s.scene.mtu
		if stores != nil {
			c.Sessions = stores[i]
		}
		configs[i] = c
	}
	if s.kind == cookie {
		configs[server].Cookies = dtlstransport.NewCookies()
	}
	if s.change != nil {
		s.change(configs[client], configs[server])
	}
	link := s.scene.link
	if link.Delay == 0 {
		link.Delay = oneWay
	}
	if link.MTU == 0 {
		link.MTU = s.scene.mtu
	}
	s.link = netsim.New(link)
	for i, role := range []dtlstransport.Role{dtlstransport.RoleClient, dtlstransport.RoleServer} {
		e, err := dtlstransport.NewEngine(role, configs[i])
		if err != nil {
			panic(err)
		}
		e.SetRemoteAddr("peer")
		if s.knowsRTT {
			e.SetRTT(2 * oneWay)
		}
		s.ends[i] = &end{Engine: e, role: i}
	}
	for _, e := range []*end{s.ends[server], s.ends[client]} {
		s.after(e, e.Start(s.now))
	}
}

// after notes what a call to an end has led to.
func (s *stage) after(e *end, err error) {
	if err != nil && e.err == nil {
		e.err = err
	}
	for event := e.NextEvent(); event.Kind != dtlstransport.NoEvent; event = e.NextEvent() {
		switch event.Kind {
		case dtlstransport.EventConnected:
			e.connected = true
		case dtlstransport.EventData:
			e.received = append(e.received, bytes.Clone(event.Data))
		}
	}
	for {
		b, ok := e.AppendDatagram(nil)
		if !ok {
			return
		}
		s.sent[e.role] = append(s.sent[e.role], b)
		s.link.Send(s.now, netsim.Direction(e.role), b)
	}
}

// deliver gives a datagram to an end.
func (s *stage) deliver(to int, b []byte, forged bool) {
	s.script = append(s.script, line{s.now.Sub(epochZero), to, forged, bytes.Clone(b)})
	e := s.ends[to]
	s.after(e, e.HandleDatagram(s.now, b))
}

// forge gives an end a datagram that the other has not sent.
func (s *stage) forge(to int, b []byte) { s.deliver(to, bytes.Clone(b), true) }

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// step goes on to the next thing that happens; false if nothing will until limit.
func (s *stage) step(limit time.Time) bool {
	next := earlier(s.link.NextArrival(), earlier(s.ends[client].Deadline(), s.ends[server].Deadline()))
	if next.IsZero() || next.After(limit) {
		return false
	}
	if next.After(s.now) {
		s.now = next
	}
	if d, b, ok := s.link.Receive(s.now, nil); ok {
		s.deliveries++
		if to := 1 - int(d); to == client || s.elapsed() >= s.late {
			s.deliver(to, b, false)
		}
		return true
	}
	for _, e := range s.ends {
		if d := e.Deadline(); !d.IsZero() && !d.After(s.now) {
			s.after(e, e.HandleTimeout(s.now))
		}
	}
	return true
}

// run steps until done says so or the time is up.
func (s *stage) run(limit time.Duration, done func() bool) {
	until := s.now.Add(limit)
	for !done() && s.step(until) {
	}
}

// arrive steps until n datagrams have arrived, or nothing happens any more.
func (s *stage) arrive(n int) bool {
	s.run(patience, func() bool { return s.deliveries >= n })
	return s.deliveries >= n
}

func (s *stage) bothConnected() bool { return s.ends[client].connected && s.ends[server].connected }

// over reports whether nothing more will happen to the handshake.
func (s *stage) over() bool {
	return s.bothConnected() || s.ends[client].err != nil && s.ends[server].err != nil
}

func (s *stage) elapsed() time.Duration { return s.now.Sub(epochZero) }

// Why a handshake has failed.
var (
	errIncomplete = errors.New("not complete")
	errWrong      = errors.New("WRONG SUCCESS")
)

// finish plays to the end and returns nil, errIncomplete with the reasons, or errWrong.
func (s *stage) finish() error {
	s.run(epochZero.Add(patience).Sub(s.now), s.over)
	if err := s.agreed(); err != nil {
		return err
	}
	if !s.bothConnected() {
		return fmt.Errorf("%w after %v: client %v, server %v", errIncomplete, s.elapsed(), state(s.ends[client]), state(s.ends[server]))
	}
	return nil
}

func state(e *end) string {
	switch {
	case e.err != nil:
		return e.err.Error()
	case e.connected:
		return "connected"
	}
	return "waiting"
}

// agreed looks for a wrong success: an end that is connected to somebody else, or on terms that are not the other's.
func (s *stage) agreed() error {
	var exported [2][]byte
	for i, e := range s.ends {
		if !e.connected || e.err != nil {
			continue
		}
		c := e.ConnectionState()
		if len(c.PeerCertificates) == 0 || !bytes.Equal(c.PeerCertificates[0], certificates[1-i].Chain()[0]) {
			return fmt.Errorf("%w: end %d is connected with another certificate", errWrong, i)
		}
		exported[i], _ = e.ExportKeyingMaterial("EXTRACTOR-dtls_srtp", nil, 60)
		if exported[i] == nil {
			return fmt.Errorf("%w: end %d is connected without keys", errWrong, i)
		}
	}
	if !s.bothConnected() || s.ends[client].err != nil || s.ends[server].err != nil {
		return nil
	}
	a, b := s.ends[client].ConnectionState(), s.ends[server].ConnectionState()
	if !bytes.Equal(exported[client], exported[server]) || a.CipherSuite != b.CipherSuite || a.SRTPProfile != b.SRTPProfile || a.ALPN != b.ALPN ||
		a.Group != b.Group || a.Resumed != b.Resumed || a.ExtendedMasterSecret != b.ExtendedMasterSecret || a.ServerScheme != b.ServerScheme || a.ClientScheme != b.ClientScheme {
		return fmt.Errorf("%w: the ends disagree: %+v and %+v", errWrong, a, b)
	}
	for i, e := range s.ends {
		hello := []byte{'h', 'i', byte(i)}
		b, err := e.AppendApplicationData(nil, hello)
		if err != nil {
			return fmt.Errorf("%w: end %d is connected and cannot send: %v", errWrong, i, err)
		}
		other := s.ends[1-i]
		s.deliver(1-i, b, false)
		if !slices.ContainsFunc(other.received, func(got []byte) bool { return bytes.Equal(got, hello) }) {
			return fmt.Errorf("%w: data does not arrive at end %d: %v", errWrong, 1-i, other.err)
		}
	}
	return nil
}

// random draws from the seeded randomness: what a forger makes up.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

package main

import (
	"bytes"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

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

package dtlstransport

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
)

// fuzzEnd is one engine of a fuzzed pair, and what must hold for it.
type fuzzEnd struct {
	*Engine
	t         *testing.T
	genuine   fingerprint.Fingerprint // of the peer's certificate
	deceived  bool                    // it was told another one: it must never connect
	connected bool
	ended     error
	closed    bool // by us
}

// fuzzPair is a client and a server, what they have said, and what is on its way.
type fuzzPair struct {
	ends  [2]*fuzzEnd // client, server
	now   time.Time
	queue [2][][]byte // by who sent it
	said  [][]byte    // the latest datagrams of both
}

// The bits of a fuzz program's first byte.
const (
	fuzzCookies = 1 << iota
	fuzzConformance
	fuzzLateClient
	fuzzLateServer
	fuzzDeceivedClient
	fuzzDeceivedServer
	fuzzSmallDatagrams
	fuzzSessions
)

func newFuzzPair(t *testing.T, bits byte) *fuzzPair {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	p := &fuzzPair{now: epochZero}
	if bits&fuzzCookies > 0 {
		server.Cookies = NewCookies()
	}
	if bits&fuzzSmallDatagrams > 0 {
		client.MaxDatagramSize, server.MaxDatagramSize = MinDatagramSize, 300
	}
	if bits&fuzzSessions > 0 {
		client.Sessions, server.Sessions = sessionMap{}, sessionMap{}
		shakenHands(t, client, server)
	}
	client.Conformance, server.Conformance = bits&fuzzConformance > 0, bits&fuzzConformance > 0
	late, deceived := [2]byte{fuzzLateClient, fuzzLateServer}, [2]byte{fuzzDeceivedClient, fuzzDeceivedServer}
	for i, config := range []*Config{client, server} {
		e := &fuzzEnd{t: t, genuine: config.RemoteFingerprints[0], deceived: bits&deceived[i] > 0}
		switch {
		case bits&late[i] > 0:
			config.RemoteFingerprints = nil
		case e.deceived:
			config.RemoteFingerprints = strangers(t)
		}
		var err error
		if e.Engine, err = NewEngine([]Role{RoleClient, RoleServer}[i], config); err != nil {
			t.Fatal(err)
		}
		p.ends[i] = e
	}
	return p
}

// check looks at an engine after a call that took now and returned err.
func (e *fuzzEnd) check(now time.Time, err error) {
	t := e.t
	t.Helper()
	if e.ended != nil && (err != e.ended || e.Err() != e.ended) {
		t.Fatalf("%v: %v and %v after the end with %v", e.role, err, e.Err(), e.ended)
	}
	if err != nil && err != e.Err() {
		t.Fatalf("%v: returned %v, Err is %v", e.role, err, e.Err())
	}
	e.ended = e.Err()
	for event := e.NextEvent(); event.Kind != NoEvent; event = e.NextEvent() {
		switch {
		case event.Kind == EventConnected && e.connected:
			t.Fatalf("%v: connected twice", e.role)
		case event.Kind == EventConnected:
			e.connected = true
		case !e.connected:
			t.Fatalf("%v: event %v before the gate opened", e.role, event.Kind)
		case event.Kind == EventData && len(event.Data) == 0:
			t.Fatalf("%v: empty data", e.role)
		}
	}
	state := e.ConnectionState()
	if state.Connected && !e.connected {
		t.Fatalf("%v: connected without an event", e.role)
	}
	if state.Connected && (e.deceived || e.ended != nil || (fingerprint.Set{e.genuine}).Verify(state.PeerCertificates[0]) != nil) {
		t.Fatalf("%v: connected, although deceived (%v), ended (%v), or with another certificate", e.role, e.deceived, e.ended)
	}
	if _, err := e.ExportKeyingMaterial("EXPORTER-fuzz", nil, 16); !errors.Is(err, ErrClosed) && (err == nil) != state.Connected {
		t.Fatalf("%v: export %v, connected %v", e.role, err, state.Connected)
	}
	if d := e.Deadline(); !d.IsZero() && (e.ended != nil || e.closed) {
		t.Fatalf("%v: deadline after %v of an ended association", e.role, d.Sub(now))
	}
}

// call checks an engine after a call and takes what it has to say.
func (p *fuzzPair) call(i int, err error) {
	e := p.ends[i]
	e.t.Helper()
	e.check(p.now, err)
	for n := 0; ; n++ {
		b, ok := e.AppendDatagram(nil)
		if !ok {
			return
		}
		if len(b) > e.datagram || len(b) == 0 || n > 100 {
			e.t.Fatalf("%v: datagram %d of %d bytes, at most %d", e.role, n, len(b), e.datagram)
		}
		p.queue[i] = append(p.queue[i], b)
		if p.said = append(p.said, b); len(p.said) > 16 {
			p.said = p.said[1:]
		}
	}
}

func (p *fuzzPair) give(i int, b []byte) {
	p.call(i, p.ends[i].HandleDatagram(p.now, bytes.Clone(b)))
}

// expire goes on to the next deadline.
func (p *fuzzPair) expire() {
	next := firstTime(p.ends[0].Deadline(), p.ends[1].Deadline())
	if next.After(p.now) {
		p.now = next
	}
	for i, e := range p.ends {
		if d := e.Deadline(); !d.IsZero() && !d.After(p.now) {
			p.call(i, e.HandleTimeout(p.now))
			if d := e.Deadline(); !d.IsZero() && !d.After(p.now) {
				e.t.Fatalf("%v: the deadline is %v ago after HandleTimeout", e.role, p.now.Sub(d))
			}
		}
	}
}

// fuzzProgram reads what to do from bytes; it gives zeros at its end.
type fuzzProgram []byte

func (x *fuzzProgram) next() (b byte) {
	if len(*x) > 0 {
		b, *x = (*x)[0], (*x)[1:]
	}
	return b
}

func (x *fuzzProgram) take(n int) (b []byte) {
	n = min(n, len(*x))
	b, *x = (*x)[:n], (*x)[n:]
	return b
}

// step does what the next bytes say to one end, or to both.
func (p *fuzzPair) step(x *fuzzProgram) {
	op := x.next()
	i := int(op >> 7)
	e := p.ends[i]
	switch op & 15 {
	case 0, 1: // what the peer sent arrives
		if q := p.queue[1-i]; len(q) > 0 {
			p.queue[1-i] = q[1:]
			p.give(i, q[0])
		}
	case 2: // or does not
		if q := p.queue[1-i]; len(q) > 0 {
			p.queue[1-i] = q[1:]
		}
	case 3, 4: // somebody alters a copy
		if len(p.said) > 0 {
			b := bytes.Clone(p.said[int(x.next())%len(p.said)])
			for n := op >> 4 & 7; n > 0; n-- {
				b[(int(x.next())<<8|int(x.next()))%len(b)] ^= x.next()
			}
			p.give(i, b)
		}
	case 5: // or cuts it
		if len(p.said) > 0 {
			b := p.said[int(x.next())%len(p.said)]
			p.give(i, b[:(int(x.next())<<8|int(x.next()))%len(b)])
		}
	case 6: // or makes up a datagram
		p.give(i, x.take(int(x.next())))
	case 7: // or a handshake message
		body := x.take(int(x.next()))
		h := wire.Header{Type: wire.HandshakeType(x.next() % 24), Seq: uint16(x.next() % 16), Length: uint32(len(body)), FragmentLength: uint32(len(body))}
		if op&16 > 0 {
			h.FragmentOffset, h.Length = uint32(x.next()), h.Length+uint32(x.next())<<8
		}
		p.give(i, plainFragment(h, body))
	case 8: // the peer itself says something strange
		if from := p.ends[1-i]; from.write[1] != nil {
			typ := record.ContentType(20 + x.next()%8)
			if b, err := from.write[1].Append(nil, typ, record.Version12, x.take(int(x.next()))); err == nil {
				p.give(i, b)
			}
		}
	case 9, 10:
		p.expire()
	case 11: // time passes, and nobody looks
		p.now = p.now.Add(time.Duration(x.next()) * time.Millisecond << (op >> 4 & 7))
		p.call(i, e.HandleTimeout(p.now))
	case 12:
		if b, err := e.AppendApplicationData(nil, x.take(int(x.next()))); err == nil {
			if !e.connected || e.closed {
				e.t.Fatalf("%v sends data: connected %v, closed %v", e.role, e.connected, e.closed)
			}
			p.queue[i] = append(p.queue[i], b)
		} else if len(b) > 0 {
			e.t.Fatalf("%v: %d bytes with error %v", e.role, len(b), err)
		}
	case 13: // signalling is slow
		set := fingerprint.Set{e.genuine}
		if e.deceived {
			set = strangers(e.t)
		}
		if err := e.SetRemote(p.now, set); err != nil && e.Err() == nil {
			err = nil // it was set already
			p.call(i, err)
		} else {
			p.call(i, err)
		}
	case 14:
		e.SetMaxDatagramSize(int(x.next()) << 4)
		e.SetInitialTimeout(time.Duration(x.next()) * time.Millisecond)
		e.SetRTT(time.Duration(x.next()) * time.Millisecond)
	case 15:
		switch op >> 4 & 7 {
		case 0:
			p.call(i, e.Close(p.now))
			e.closed = true
		case 1:
			p.call(i, e.SendAlert(p.now, AlertDescription(x.next())))
		default:
			p.call(i, e.Start(p.now))
		}
	}
}

// FuzzEngine has two engines meet, with somebody on the path and owners who call
// whatever they like.
func FuzzEngine(f *testing.F) {
	const toClient, toServer = 0, 0x80
	meet := []byte{toServer, toClient, toServer, toClient}
	with := func(bits byte, parts ...[]byte) { f.Add(bits, bytes.Join(parts, nil)) }
	with(0, meet, []byte{12, 3, 1, 2, 3, toServer, 0x8c, 1, 9, toClient})
	with(fuzzCookies, meet, meet, []byte{0x0f}, meet)
	with(fuzzConformance, meet, []byte{8, 1, 2, 2, 40}, meet)
	with(fuzzLateClient|fuzzLateServer, meet, []byte{12, 1, 1, 13, 0x8d, toServer, toClient})
	with(fuzzLateClient|fuzzDeceivedClient, meet, []byte{13})
	with(fuzzDeceivedClient, meet, []byte{9, 9, 9, 9, 9, 9, 9, 9, 9})
	with(fuzzDeceivedServer, meet, []byte{9, 9, 9, 9, 9, 9, 9, 9, 9})
	with(fuzzSmallDatagrams, meet, meet, meet, meet, meet, meet, meet)
	with(fuzzSessions, meet, []byte{8, 0, 5, 1, 2, 3, 4, 5}, meet)
	with(fuzzSessions|fuzzCookies, meet, meet, []byte{0x8f, 0x1f, 40}, meet)
	with(0, []byte{toServer, 0x13, 1, 0, 60, 1, 0x33, 1, 0, 99, 7, 0, 200, 8, 1, 0, 3}, meet, []byte{9, 9}, meet)
	with(0, []byte{7, 5, 1, 2, 3, 4, 5, 2, 0, 0x97, 4, 0, 0, 0, 0, 11, 1, 9, 9}, meet, meet)
	with(0, []byte{toServer, 5, 1, 2, 9, 6, 15, 22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 1, 1}, meet, meet)
	with(0, []byte{0x7b, 255, 0xfb, 255, 14, 255, 0, 1, 0x8e, 0, 1, 0}, meet, []byte{2, 2, 9, 9, 9}, meet)
	with(0, meet, []byte{8, 2, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x88, 2, 12, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x88, 1, 2, 1, 0}, meet)
	f.Fuzz(func(t *testing.T, bits byte, program []byte) {
		p := newFuzzPair(t, bits)
		for i, e := range p.ends {
			p.call(i, e.Start(p.now))
		}
		x := fuzzProgram(program)
		for n := 0; len(x) > 0 && n < 300; n++ {
			p.step(&x)
		}
		// Whatever happened, time brings every handshake to an end.
		for range 400 {
			if p.ends[0].Deadline().IsZero() && p.ends[1].Deadline().IsZero() {
				return
			}
			p.expire()
		}
		t.Errorf("deadlines go on for ever: %v, %v", p.ends[0].Deadline(), p.ends[1].Deadline())
	})
}

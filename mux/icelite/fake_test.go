package icelite

import (
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun"
)

// fakeConn is a packetConn in memory. What the server sends is in sent, as single datagrams.
type fakeConn struct {
	in     chan []train
	closed chan struct{}
	sent   chan sentDatagram
	mute   bool // nothing is sent
}

type sentDatagram struct {
	b  string
	to netip.AddrPort
}

func newFakeConn() *fakeConn {
	return &fakeConn{in: make(chan []train), closed: make(chan struct{}), sent: make(chan sentDatagram, 1000)}
}

func (f *fakeConn) receive() ([]train, error) {
	select {
	case t := <-f.in:
		return t, nil
	case <-f.closed:
		return nil, net.ErrClosed
	}
}

func (f *fakeConn) send(trains []train) (calls, failed int) {
	if f.mute {
		return 1, 0
	}
	for _, t := range trains {
		for len(t.b) > 0 {
			f.sent <- sentDatagram{string(t.next()), t.addr}
		}
	}
	return 1, 0
}

func (f *fakeConn) sendOne(b []byte, to netip.AddrPort) error {
	f.sent <- sentDatagram{string(b), to}
	return nil
}

func (f *fakeConn) localAddr() netip.AddrPort        { return netip.MustParseAddrPort("192.0.2.1:3478") }
func (f *fakeConn) buffers() (receive, send int)     { return 1, 2 }
func (f *fakeConn) offloads() (segment, coales bool) { return true, true }
func (f *fakeConn) close() error                     { close(f.closed); return nil }

// A harness is a server in a bubble of virtual time.
type harness struct {
	*testing.T
	*Server
	conn *fakeConn
}

func inBubble(t *testing.T, config *Config, f func(h *harness)) {
	synctest.Test(t, func(t *testing.T) {
		conn := newFakeConn()
		h := &harness{t, serve([]packetConn{conn}, config.filled()), conn}
		f(h)
		h.Server.Close()
		h.loops.Wait()
	})
}

// arrive gives the server datagrams from one address and returns what it sends.
func (h *harness) arrive(from netip.AddrPort, datagrams ...[]byte) (sent []sentDatagram) {
	h.Helper()
	var trains []train
	for _, b := range datagrams {
		trains = append(trains, train{from, append([]byte(nil), b...), len(b)})
	}
	h.conn.in <- trains
	synctest.Wait()
	return h.drain()
}

func (h *harness) drain() (sent []sentDatagram) {
	for {
		select {
		case s := <-h.conn.sent:
			sent = append(sent, s)
		default:
			return sent
		}
	}
}

func (h *harness) peer() *Peer {
	h.Helper()
	p, err := h.AddPeer(nil)
	if err != nil {
		h.Fatal(err)
	}
	return p
}

// binding makes a connectivity check for a peer; setters come before MESSAGE-INTEGRITY.
func binding(c Credentials, setters ...stun.Setter) []byte {
	all := append([]stun.Setter{
		stun.TransactionID, stun.BindingRequest, stun.NewUsername(c.Ufrag + ":them"), priority,
	}, setters...)
	return build(append(all, stun.NewShortTermIntegrity(c.Password), stun.Fingerprint)...)
}

func build(setters ...stun.Setter) []byte {
	m, err := stun.Build(setters...)
	if err != nil {
		panic(err)
	}
	return m.Raw
}

var (
	priority     = stun.RawAttribute{Type: stun.AttrPriority, Value: []byte{1, 2, 3, 4}}
	useCandidate = stun.RawAttribute{Type: stun.AttrUseCandidate}
)

// response parses what the server has answered, which has to be one datagram to that address.
func (h *harness) response(sent []sentDatagram, to netip.AddrPort) *stun.Message {
	h.Helper()
	if len(sent) != 1 || sent[0].to != to {
		h.Fatalf("sent %v, want one datagram to %v", sent, to)
	}
	m := &stun.Message{Raw: []byte(sent[0].b)}
	if err := m.Decode(); err != nil {
		h.Fatal(err)
	}
	return m
}

func code(m *stun.Message) stun.ErrorCode {
	var e stun.ErrorCodeAttribute
	if e.GetFrom(m) != nil {
		return 0
	}
	return e.Code
}

var (
	alice   = netip.MustParseAddrPort("198.51.100.1:1000")
	bob     = netip.MustParseAddrPort("[2001:db8::2]:2000")
	mallory = netip.MustParseAddrPort("203.0.113.9:666")
)

func sleep(d time.Duration) {
	time.Sleep(d) // of the bubble
	synctest.Wait()
}

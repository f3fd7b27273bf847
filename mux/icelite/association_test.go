package icelite

import (
	"bytes"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun"
	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
)

// A remote is the other agent, as the link of its DTLS: it sends from its address of the moment, and gets what is
// sent there.
type remote struct {
	h      *harness
	in     chan string
	closed chan struct{}
	close  sync.Once

	mu   sync.Mutex
	addr netip.AddrPort
}

func newRemote(h *harness, addr netip.AddrPort) *remote {
	r := &remote{h: h, in: make(chan string, 100), closed: make(chan struct{}), addr: addr}
	go func() {
		for {
			select {
			case d := <-h.conn.sent:
				if d.to == r.at() {
					r.in <- d.b
				}
			case <-r.closed:
				return
			}
		}
	}()
	return r
}

func (r *remote) at() netip.AddrPort {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.addr
}

// checks sends a connectivity check from an address, which is that of the remote from now on.
func (r *remote) checks(p *Peer, from netip.AddrPort, setters ...stun.Setter) {
	r.mu.Lock()
	r.addr = from
	r.mu.Unlock()
	_, _ = r.Write(binding(p.Credentials(), setters...))
	synctest.Wait()
}

func (r *remote) Read(b []byte) (int, error) {
	select {
	case datagram := <-r.in:
		return copy(b, datagram), nil
	case <-r.closed:
		return 0, net.ErrClosed
	}
}

func (r *remote) Write(b []byte) (int, error) {
	select {
	case r.h.conn.in <- []train{{r.at(), bytes.Clone(b), len(b)}}:
		return len(b), nil
	case <-r.closed:
		return 0, net.ErrClosed
	}
}

func (r *remote) Close() error {
	r.close.Do(func() { close(r.closed) })
	return nil
}

// The keys are of the association, not of an address: whatever pair ICE selects, it goes on.
func TestAnAssociationSurvivesAChangeOfThePath(t *testing.T) { // ICE-03
	inBubble(t, nil, func(h *harness) {
		p, r := h.peer(), newRemote(h, alice)
		var certificates [2]*fingerprint.Certificate
		for i := range certificates {
			c, err := fingerprint.Generate(fingerprint.ECDSAP256)
			if err != nil {
				t.Fatal(err)
			}
			certificates[i] = c
		}
		config := func(own, peer int) *dtlstransport.Config {
			return &dtlstransport.Config{Certificates: certificates[own : own+1], RemoteFingerprints: fingerprint.Set{certificates[peer].Fingerprint()}}
		}
		server, err := dtlstransport.Server(p, config(0, 1))
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		client, err := dtlstransport.Client(r, config(1, 0))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		r.checks(p, alice, useCandidate)
		go server.Handshake(h.Context())
		if err := client.Handshake(h.Context()); err != nil {
			t.Fatal(err)
		}
		for i, addr := range []netip.AddrPort{alice, bob, mallory, alice} {
			r.checks(p, addr, useCandidate)
			deadline := time.Now().Add(time.Second)
			for _, way := range []struct{ from, to *dtlstransport.Conn }{{client, server}, {server, client}} {
				way.to.SetReadDeadline(deadline)
				if _, err := way.from.Write([]byte(addr.String())); err != nil {
					t.Fatal(err)
				}
				got := make([]byte, 100)
				if n, err := way.to.Read(got); err != nil || string(got[:n]) != addr.String() {
					t.Errorf("by path %d: read %q, %v", i, got[:n], err)
				}
			}
		}
		if n := p.Stats().PathChanges; n != 3 {
			t.Errorf("the path has changed %d times", n)
		}
	})
}

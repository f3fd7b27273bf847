package icelite

import (
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/rtctransport/rtctransport/mux"
)

// twoSockets makes a harness with two sockets.
func twoSockets(t *testing.T, f func(h *harness, second *fakeConn)) {
	synctest.Test(t, func(t *testing.T) {
		first, second := newFakeConn(), newFakeConn()
		h := &harness{t, serve([]packetConn{first, second}, (&Config{Sockets: 2}).filled()), first}
		f(h, second)
		h.Server.Close()
		h.loops.Wait()
	})
}

// over has the harness use another socket for a while.
func (h *harness) over(c *fakeConn) *harness { return &harness{h.T, h.Server, c} }

// The kernel may give a peer's packets to another socket than before: it picks by a hash, and by how many sockets there are.
func TestAPeerIsKnownOnEverySocket(t *testing.T) {
	twoSockets(t, func(h *harness, second *fakeConn) {
		p := h.peer()
		got := collect(p)
		other := h.over(second)
		h.arrive(alice, binding(p.Credentials(), useCandidate))
		other.arrive(alice, []byte("\x16by the other"))
		h.arrive(alice, []byte("\x16by the first"))
		if !slices.Equal(*got, []string{"\x16by the other", "\x16by the first"}) {
			t.Errorf("%q was delivered", *got)
		}
		write := func(want *harness) {
			t.Helper()
			p.Write([]byte("\x16answer"))
			if sent := want.drain(); len(sent) != 1 || sent[0] != (sentDatagram{"\x16answer", alice}) {
				t.Errorf("sent %v", sent)
			}
		}
		write(h)
		h.response(other.arrive(alice, binding(p.Credentials(), useCandidate)), alice)
		write(other)
		// What waits on the socket that was left behind still leaves.
		h.Batch(func() {
			p.Write([]byte("\x16one"))
			p.proved(h.now(), &path{addr: alice, socket: h.sockets[0]}, []byte(p.Credentials().Ufrag), true)
			p.Write([]byte("\x16two"))
		})
		if one, two := other.drain(), h.drain(); len(one) != 1 || one[0].b != "\x16one" || len(two) != 1 || two[0].b != "\x16two" {
			t.Errorf("sent %v and %v", one, two)
		}
		if s := p.Stats(); s.PathChanges != 0 || p.paths.next != nil || h.Stats().UnknownSource != 0 {
			t.Errorf("%+v, paths %v and %v: the address has not changed", s, p.paths, p.paths.next)
		}
		p.Close()
		if n := len(h.registry.byAddr); n != 0 {
			t.Errorf("%d addresses are left", n)
		}
	})
}

// What a handler of one socket's packets writes to peers of another leaves as one as well.
func TestABurstToPeersOfAnotherSocketLeavesAsOne(t *testing.T) {
	twoSockets(t, func(h *harness, second *fakeConn) {
		p, q := h.peer(), h.peer()
		other := h.over(second)
		h.arrive(alice, binding(p.Credentials()))
		other.arrive(bob, binding(q.Credentials()))
		mux.New(p, nil).Handle(func(b []byte) { q.Write(b) }, mux.DTLS)
		before := h.Stats().Sends
		h.arrive(alice, []byte("\x16a"), []byte("\x16b"), []byte("\x16c"))
		if sent, calls := other.drain(), h.Stats().Sends-before; len(sent) != 3 || calls != 1 {
			t.Errorf("%v in %d calls", sent, calls)
		}
	})
}

// Loops that follow one another without a break keep nothing waiting for long.
func TestNothingWaitsForHoldersWithoutEnd(t *testing.T) {
	inBubble(t, nil, func(h *harness) {
		p := h.peer()
		h.arrive(alice, binding(p.Credentials()))
		h.hold(h.now())
		p.Write([]byte("\x16"))
		for range 3 {
			h.hold(h.now())
			h.release()
		}
		if sent := h.drain(); len(sent) != 0 {
			t.Error("left at once")
		}
		sleep(maxWait)
		h.hold(h.now())
		h.release()
		if sent := h.drain(); len(sent) != 1 {
			t.Errorf("%d datagrams have left", len(sent))
		}
		h.release()
	})
}

// Many peers on real sockets that share a port, all sending at once: each gets what is its own, in order, and the sockets
// share the work.
func TestPeersOnSeveralSocketsDoNotDisturbEachOther(t *testing.T) {
	s, err := Listen("udp4", "127.0.0.1:0", &Config{Sockets: 3})
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const copies, burst = 3, 8
	var visitors []*visitor
	for range 24 {
		visitors = append(visitors, visit(t, s, copies))
	}
	used := make(map[*socket]bool)
	var going sync.WaitGroup
	for _, v := range visitors {
		used[v.peer.selected.Load().socket] = true
		going.Go(func() {
			for range 20 {
				if !v.echo(burst, copies) {
					return
				}
			}
		})
	}
	going.Wait()
	// Each goes on from a new address, which most likely is another socket's.
	moved := 0
	for _, v := range visitors {
		before := v.peer.selected.Load().socket
		v.move(s, net.IPv4(127, 0, 0, 1))
		if v.peer.selected.Load().socket != before {
			moved++
		}
		v.echo(burst, copies)
	}
	// 24 peers by a hash on three sockets: all on one in one case of 3^23.
	if len(used) < 2 || moved == 0 {
		t.Errorf("%d sockets were used, %d peers have moved to another", len(used), moved)
	}
	if stats := s.Stats(); stats.UnknownSource+stats.Unattached+stats.SendErrors != 0 {
		t.Errorf("%+v", stats)
	}
}

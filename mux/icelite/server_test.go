package icelite

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun"
	"github.com/rtctransport/rtctransport/mux"
)

// collect makes a Mux of p and returns what comes as DTLS.
func collect(p *Peer) *[]string {
	got := new([]string)
	mux.New(p, nil).Handle(func(b []byte) { *got = append(*got, string(b)) }, mux.DTLS)
	return got
}

// MUX-07
func TestACheckBindsItsAddressToThePeer(t *testing.T) {
	inBubble(t, nil, func(h *harness) {
		p, q := h.peer(), h.peer()
		got, other := collect(p), collect(q)
		if _, err := p.Write([]byte("\x16early")); !errors.Is(err, ErrNoPath) {
			t.Errorf("Write: %v", err)
		}
		h.arrive(alice, []byte("\x16stranger"))
		connected := 0
		p.OnConnected(func() { connected++ })
		m := h.response(h.arrive(alice, binding(p.Credentials())), alice)
		if m.Type != stun.BindingSuccess {
			t.Errorf("answered by %v", m)
		}
		h.response(h.arrive(bob, binding(q.Credentials(), useCandidate)), bob)
		h.arrive(alice, []byte("\x16one"), []byte("\x16two"))
		h.arrive(bob, []byte("\x16three"))
		h.arrive(mallory, []byte("\x16four"))
		if !slices.Equal(*got, []string{"\x16one", "\x16two"}) || !slices.Equal(*other, []string{"\x16three"}) {
			t.Errorf("%q and %q were delivered", *got, *other)
		}
		if n, err := p.Write([]byte("\x16answer")); n != 7 || err != nil {
			t.Errorf("Write: %d, %v", n, err)
		}
		if sent := h.drain(); !slices.Equal(sent, []sentDatagram{{"\x16answer", alice}}) {
			t.Errorf("sent %v", sent)
		}
		p.OnConnected(func() { connected++ })
		if s := h.Stats(); connected != 2 || s.UnknownSource != 2 || s.Checks != 2 || s.Peers != 2 || s.DatagramsReceived != 7 {
			t.Errorf("connected %d times, %+v", connected, s)
		}
		if s := p.Stats(); s.Checks != 1 || s.DatagramsReceived != 2 || s.BytesSent != 7 || p.RemoteAddr().String() != alice.String() {
			t.Errorf("%+v, %v", s, p.RemoteAddr())
		}
	})
}

// ICE-01
func TestWhatIsNoCheckOfAPeerLeavesNothing(t *testing.T) {
	inBubble(t, nil, func(h *harness) {
		p := h.peer()
		p.SetRemoteUfrag("them")
		c := p.Credentials()
		wrong := Credentials{c.Ufrag, c.Password + "x"}
		theirs := build(stun.TransactionID, stun.BindingRequest, stun.NewUsername(c.Ufrag+":notthem"), priority,
			stun.NewShortTermIntegrity(c.Password), stun.Fingerprint)
		for _, test := range []struct {
			name string
			b    []byte
			code stun.ErrorCode
		}{
			{"wrong password", binding(wrong), stun.CodeUnauthorized},
			{"wrong ufrag", binding(Credentials{"nobody", c.Password}), stun.CodeUnauthorized},
			{"wrong ufrag of the sender", theirs, stun.CodeUnauthorized},
			{"no integrity", build(stun.TransactionID, stun.BindingRequest, stun.NewUsername(c.Ufrag+":them"), priority, stun.Fingerprint), stun.CodeBadRequest},
		} {
			if m := h.response(h.arrive(mallory, test.b), mallory); code(m) != test.code || len(m.Raw) > len(test.b) {
				t.Errorf("%s: code %d in %d bytes for %d", test.name, code(m), len(m.Raw), len(test.b))
			}
		}
		for name, b := range map[string][]byte{
			"response":     build(stun.TransactionID, stun.BindingSuccess, stun.Fingerprint),
			"indication":   build(stun.TransactionID, stun.NewType(stun.MethodBinding, stun.ClassIndication), stun.Fingerprint),
			"short":        {0, 1, 2},
			"tiny request": build(stun.TransactionID, stun.BindingRequest),
		} {
			if sent := h.arrive(mallory, b); len(sent) != 0 {
				t.Errorf("%s is answered by %v", name, sent)
			}
		}
		if h.registry.addr(mallory) != nil || p.RemoteAddr().String() != "0.0.0.0:0" {
			t.Error("the stranger is known")
		}
		s := h.Stats()
		if s.Unauthenticated != 4 || s.UnknownUfrag != 1 || s.OtherSTUN != 2 || s.NotSTUN != 1 || s.Checks != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestStrangersAreAnsweredSeldom(t *testing.T) {
	inBubble(t, nil, func(h *harness) {
		flood := make([][]byte, 1000)
		for i := range flood {
			flood[i] = binding(Credentials{"nobody", "0123456789012345678901"})
		}
		if n := len(h.arrive(mallory, flood...)); n != refusalsPerSecond {
			t.Errorf("%d of %d are answered", n, len(flood))
		}
		sleep(time.Second / 2)
		if n := len(h.arrive(mallory, flood...)); n != refusalsPerSecond/2 {
			t.Errorf("%d half a second later", n)
		}
	})
}

func TestThePathIsWhatThePeerNominates(t *testing.T) {
	inBubble(t, nil, func(h *harness) {
		p := h.peer()
		c := p.Credentials()
		at := func(want netip.AddrPort) {
			t.Helper()
			if got := p.RemoteAddr().String(); got != want.String() {
				t.Errorf("sent to %v, want %v", got, want)
			}
		}
		h.arrive(alice, binding(c))
		at(alice)
		h.arrive(bob, binding(c))
		at(alice) // no nomination
		h.arrive(bob, binding(c, useCandidate))
		at(bob)
		h.arrive(alice, binding(c))
		at(bob)
		// The address of a NAT has changed, and its peer cannot know.
		sleep(pathSilence - time.Second)
		h.arrive(mallory, binding(c))
		at(bob)
		sleep(time.Second)
		h.arrive(mallory, binding(c))
		at(mallory)
		if n := p.Stats().PathChanges; n != 2 {
			t.Errorf("%d changes", n)
		}
	})
}

// SCTP-32: what comes over a pair that was checked is taken, whichever is selected.
func TestDataIsTakenOnEveryPathThatWasChecked(t *testing.T) {
	inBubble(t, nil, func(h *harness) {
		p := h.peer()
		got := collect(p)
		h.arrive(alice, binding(p.Credentials(), useCandidate))
		h.arrive(bob, binding(p.Credentials()))
		h.arrive(bob, []byte("\x16to bob's address"))
		h.arrive(alice, []byte("\x16to alice's"))
		h.arrive(bob, binding(p.Credentials(), useCandidate))
		h.arrive(alice, []byte("\x16and again"))
		if n := len(*got); n != 3 || p.RemoteAddr().String() != bob.String() {
			t.Errorf("%d of 3 datagrams were taken, sent to %v", n, p.RemoteAddr())
		}
	})
}

func TestARepeatedCheckDoesNotDrawThePathAway(t *testing.T) {
	inBubble(t, nil, func(h *harness) {
		p := h.peer()
		check := binding(p.Credentials(), useCandidate)
		h.arrive(alice, check)
		if sent := h.arrive(mallory, check); len(sent) != 0 || p.RemoteAddr().String() != alice.String() {
			t.Errorf("answered by %v, sent to %v", sent, p.RemoteAddr())
		}
		if sent := h.arrive(alice, check); len(sent) != 1 {
			t.Error("a retransmission is not answered")
		}
		if s := h.Stats(); s.Replayed != 1 || h.registry.addr(mallory) != nil {
			t.Errorf("%+v", s)
		}
	})
}

func TestAddressesOfAPeerAreBounded(t *testing.T) {
	inBubble(t, nil, func(h *harness) {
		p := h.peer()
		h.arrive(alice, binding(p.Credentials(), useCandidate))
		for i := range 100 {
			sleep(time.Millisecond)
			h.arrive(netip.AddrPortFrom(bob.Addr(), uint16(3000+i)), binding(p.Credentials()))
		}
		if n := len(h.registry.byAddr); n != maxPaths || h.registry.addr(alice) != p {
			t.Errorf("%d addresses", n)
		}
		p.Close()
		if n := len(h.registry.byAddr) + len(h.registry.byUfrag) + h.registry.peers; n != 0 {
			t.Errorf("%d entries are left", n)
		}
	})
}

func TestAPeerThatFloodsWithChecksIsLimitedAlone(t *testing.T) {
	inBubble(t, nil, func(h *harness) {
		p, q := h.peer(), h.peer()
		flood := make([][]byte, 1000)
		for i := range flood {
			flood[i] = binding(p.Credentials(), useCandidate)
		}
		if n := len(h.arrive(alice, flood...)); n != checksPerSecond {
			t.Errorf("%d of %d are answered", n, len(flood))
		}
		if n := len(h.arrive(bob, binding(q.Credentials(), useCandidate))); n != 1 {
			t.Error("the other peer is not answered")
		}
		used := q.checks // what is not authentic uses nothing up
		h.arrive(mallory, binding(Credentials{q.Credentials().Ufrag, someone.Password}), binding(Credentials{q.Credentials().Ufrag, someone.Password}))
		sleep(time.Second)
		if n := len(h.arrive(alice, flood[:10]...)); n != 10 {
			t.Errorf("%d of 10 are answered a second later", n)
		}
		if s := h.Stats(); s.TooMany != 1000-checksPerSecond || s.Unauthenticated != 2 || q.checks != used {
			t.Errorf("%+v", s)
		}
	})
}

func TestDataForAPeerWithoutATransportIsDroppedAndCounted(t *testing.T) {
	inBubble(t, nil, func(h *harness) {
		p := h.peer()
		h.arrive(alice, binding(p.Credentials(), useCandidate), []byte("\x16nobody is there"))
		if s := h.Stats(); s.Unattached != 1 {
			t.Errorf("%+v", s)
		}
		// A Mux keeps what comes before its handler, and no more than its bound.
		m := mux.New(p, &mux.Config{EarlyBytes: 1000})
		for range 100 {
			h.arrive(alice, append([]byte{22}, make([]byte, 99)...))
		}
		got := 0
		m.Handle(func([]byte) { got++ }, mux.DTLS)
		if s := m.Stats(); got == 0 || got > 10 || s.EarlyFull[mux.DTLS] != uint64(100-got) {
			t.Errorf("%d were kept, %+v", got, s)
		}
	})
}

// Who is registered too can send checks with a forged source. That must not cut another peer off.
func TestAnAddressIsNotTakenFromAPeerThatIsThere(t *testing.T) {
	inBubble(t, nil, func(h *harness) {
		p, q := h.peer(), h.peer()
		gotP, gotQ := collect(p), collect(q)
		for range 5 {
			h.arrive(alice, binding(p.Credentials(), useCandidate))
			sleep(pathSilence / 2)
			if sent := h.arrive(alice, binding(q.Credentials(), useCandidate)); len(sent) != 0 {
				t.Errorf("answered by %v", sent)
			}
			h.arrive(alice, []byte("\x16"))
		}
		if s := h.Stats(); len(*gotP) != 5 || len(*gotQ) != 0 || s.Contested != 5 || q.RemoteAddr().String() == alice.String() {
			t.Errorf("%d and %d datagrams, %+v", len(*gotP), len(*gotQ), s)
		}
	})
}

func TestAnAddressGoesToWhoProvesItWhenItIsFree(t *testing.T) {
	for name, leave := range map[string]func(h *harness, p *Peer){
		"closed":    func(_ *harness, p *Peer) { p.Close() },
		"silent":    func(*harness, *Peer) { sleep(pathSilence + time.Millisecond) },
		"elsewhere": func(h *harness, p *Peer) { h.arrive(bob, binding(p.Credentials(), useCandidate)) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(h *harness) {
				p, q := h.peer(), h.peer()
				got := collect(q)
				h.arrive(alice, binding(p.Credentials(), useCandidate))
				leave(h, p)
				h.arrive(alice, binding(q.Credentials(), useCandidate))
				p.Close() // takes nothing from q
				h.arrive(alice, []byte("\x16"))
				if len(*got) != 1 {
					t.Errorf("%d datagrams", len(*got))
				}
			})
		})
	}
}

// A clock that is set must not end everybody: times are compared as what has passed.
func TestTimesAreNotThoseOfTheWallClock(t *testing.T) {
	config := new(Config).filled()
	s := serve([]packetConn{newFakeConn()}, config) // in no bubble, whose clock is never set
	defer s.Close()
	if !strings.Contains(s.began.String(), " m=") {
		t.Errorf("counted from %v, which is of the wall clock alone", s.began)
	}
}

// ICE-01, ICE-02
func TestAPeerEndsWhenItsChecksStop(t *testing.T) {
	inBubble(t, nil, func(h *harness) {
		p, never := h.peer(), h.peer()
		var why error
		m := mux.New(p, nil)
		m.OnEnd(func(err error) { why = err })
		for range 10 {
			h.arrive(alice, binding(p.Credentials()))
			sleep(5 * time.Second)
		}
		sleep(25*time.Second - time.Millisecond)
		if err := p.Err(); err != nil {
			t.Errorf("almost 30 s after the last check: %v", err)
		}
		if _, err := p.Write([]byte{22}); err != nil {
			t.Errorf("Write: %v", err)
		}
		sleep(2*wheelTick + time.Millisecond)
		if !errors.Is(p.Err(), ErrConsent) || !errors.Is(why, ErrConsent) || !errors.Is(never.Err(), ErrNoCheck) {
			t.Errorf("30.5 s after the last check: %v, %v; %v", p.Err(), why, never.Err())
		}
		if _, err := p.Write([]byte{22}); !errors.Is(err, ErrConsent) {
			t.Errorf("Write: %v", err)
		}
		if s := h.Stats(); s.Expired != 2 || s.Peers != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestTheOldCredentialsAreGoodUntilTheNewAreUsed(t *testing.T) {
	inBubble(t, nil, func(h *harness) {
		p := h.peer()
		old := p.Credentials()
		h.arrive(alice, binding(old, useCandidate))
		p.Restart("")
		fresh, err := p.Restart("them") // again, before it was used
		if err != nil || fresh == old {
			t.Fatal(fresh, err)
		}
		if m := h.response(h.arrive(alice, binding(old)), alice); m.Type != stun.BindingSuccess {
			t.Error("the old ones are not good")
		}
		if m := h.response(h.arrive(bob, binding(fresh, useCandidate)), bob); m.Type != stun.BindingSuccess {
			t.Error("the new ones are not good")
		}
		if m := h.response(h.arrive(alice, binding(old)), alice); code(m) != stun.CodeUnauthorized {
			t.Error("the old ones are still good")
		}
		if n := len(h.registry.byUfrag); n != 1 || p.RemoteAddr().String() != bob.String() {
			t.Errorf("%d ufrags, sent to %v", n, p.RemoteAddr())
		}
		p.Close()
		if _, err := p.Restart(""); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Restart: %v", err)
		}
	})
}

func TestWhatIsWrittenDuringADeliveryLeavesAsOne(t *testing.T) {
	inBubble(t, nil, func(h *harness) {
		p, q := h.peer(), h.peer()
		h.arrive(alice, binding(p.Credentials()))
		h.arrive(bob, binding(q.Credentials()))
		mux.New(p, nil).Handle(func(b []byte) {
			for range 3 {
				p.Write(b)
				q.Write(b)
			}
		}, mux.DTLS)
		before := h.Stats().Sends
		sent := h.arrive(alice, []byte("\x16aaa"), []byte("\x16bb"), []byte("\x16cccccc"))
		if calls := h.Stats().Sends - before; len(sent) != 18 || calls != 1 {
			t.Errorf("%d datagrams in %d calls", len(sent), calls)
		}
		var order []string
		for _, s := range sent {
			if s.to == alice {
				order = append(order, strings.TrimPrefix(s.b, "\x16"))
			}
		}
		if got := strings.Join(order, " "); got != "aaa aaa aaa bb bb bb cccccc cccccc cccccc" {
			t.Errorf("to one peer: %s", got)
		}
		h.Batch(func() {
			p.Write([]byte("\x16one"))
			p.Write([]byte("\x16two"))
			if sent := h.drain(); len(sent) != 0 {
				t.Errorf("%v left early", sent)
			}
		})
		if sent := h.drain(); len(sent) != 2 {
			t.Errorf("a batch of %d", len(sent))
		}
	})
}

func TestMoreThanAQueueHoldsLeavesAtOnce(t *testing.T) {
	inBubble(t, nil, func(h *harness) {
		p := h.peer()
		h.arrive(alice, binding(p.Credentials()))
		big := make([]byte, 1200)
		h.Batch(func() {
			for range 30 {
				p.Write(big)
			}
			p.Write(make([]byte, pendingBytes+1)) // never waits
			if n := len(h.drain()); n != 26+1 {
				t.Errorf("%d datagrams have left", n)
			}
		})
		if n := len(h.drain()); n != 4 {
			t.Errorf("%d at the end", n)
		}
		if s := h.Stats(); s.DatagramsSent != 32 || s.Sends != 5 {
			t.Errorf("%+v", s)
		}
		h.Batch(func() {
			for i := range maxWaiting + 1 {
				h.sockets[0].queue.write(&path{addr: netip.AddrPortFrom(bob.Addr(), uint16(i))}, big)
			}
			if n := len(h.drain()); n != maxWaiting {
				t.Errorf("to %d addresses something has left", n)
			}
		})
	})
}

// The answer to a check is no call of its own, and what is written because of the check does not overtake it.
func TestAnAnswerLeavesWithTheBatch(t *testing.T) {
	inBubble(t, nil, func(h *harness) {
		p := h.peer()
		mux.New(p, nil).Handle(func([]byte) { p.Write([]byte("\x16answer")) }, mux.DTLS)
		p.OnConnected(func() { p.Write([]byte("\x16first")) })
		nobody := binding(Credentials{"nobody", someone.Password})
		sent := h.arrive(alice, nobody, binding(p.Credentials()), []byte("\x16question"))
		if len(sent) != 4 || sent[0].b[0] != 1 || sent[1].b[0] != 1 || sent[2].b != "\x16first" || sent[3].b != "\x16answer" {
			t.Errorf("sent %v", sent)
		}
		if s := h.Stats(); s.Sends != 1 || s.DatagramsSent != 4 {
			t.Errorf("%+v", s)
		}
	})
}

func TestShutdownWaitsForThePeers(t *testing.T) {
	inBubble(t, nil, func(h *harness) {
		p, q := h.peer(), h.peer()
		done := make(chan error, 1)
		go func() { done <- h.Shutdown(context.Background()) }()
		synctest.Wait()
		if _, err := h.AddPeer(nil); !errors.Is(err, ErrDraining) {
			t.Errorf("AddPeer: %v", err)
		}
		p.Close()
		synctest.Wait()
		if len(done) != 0 {
			t.Error("did not wait")
		}
		q.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	inBubble(t, nil, func(h *harness) {
		p := h.peer()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := h.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(p.Err(), net.ErrClosed) {
			t.Errorf("%v; the peer: %v", err, p.Err())
		}
	})
}

func TestPeersAreBounded(t *testing.T) {
	inBubble(t, &Config{MaxPeers: 2}, func(h *harness) {
		p := h.peer()
		h.peer()
		if _, err := h.AddPeer(nil); !errors.Is(err, ErrTooManyPeers) {
			t.Errorf("a third: %v", err)
		}
		p.Close()
		if _, err := h.AddPeer(&PeerConfig{Credentials: Credentials{Ufrag: "mine"}}); err != nil {
			t.Error(err)
		}
	})
	inBubble(t, nil, func(h *harness) {
		for _, c := range []Credentials{{"abc", someone.Password}, {"ab:cd", someone.Password}, {"abcd", "short"}, {"abcd", strings.Repeat("ü", 30)}} {
			if _, err := h.AddPeer(&PeerConfig{Credentials: c}); !errors.Is(err, ErrCredentials) {
				t.Errorf("%v: %v", c, err)
			}
		}
		if _, err := h.AddPeer(&PeerConfig{Credentials: someone}); err != nil {
			t.Error(err)
		}
		if _, err := h.AddPeer(&PeerConfig{Credentials: someone}); !errors.Is(err, ErrCredentials) {
			t.Errorf("a ufrag twice: %v", err)
		}
	})
}

func TestPeersThatEndAreForgotten(t *testing.T) {
	inBubble(t, nil, func(h *harness) {
		for range 100 {
			p := h.peer()
			h.arrive(alice, binding(p.Credentials(), useCandidate))
			p.Close()
		}
		left := h.registry.peers + len(h.registry.byAddr) + len(h.registry.byUfrag)
		for _, first := range h.wheel.slots {
			if first != nil {
				left++
			}
		}
		if left != 0 {
			t.Errorf("%d entries are left", left)
		}
	})
}

package relay

import (
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

// patience is how long a test waits for what has to come. Nothing is concluded from less.
const patience = 20 * time.Second

// scene is an echo server, a relay to it and a client.
type scene struct {
	t      *testing.T
	relay  *Relay
	client net.Conn

	mu   sync.Mutex
	seen []Datagram
}

func newScene(t *testing.T, c Config) *scene {
	t.Helper()
	echo, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { echo.Close() })
	go func() {
		b := make([]byte, 1<<16)
		for {
			n, from, err := echo.ReadFrom(b)
			if err != nil {
				return
			}
			_, _ = echo.WriteTo(b[:n], from)
		}
	}()
	s := &scene{t: t}
	c.Target = echo.LocalAddr().String()
	c.Observe = func(d Datagram) {
		d.Bytes = slices.Clone(d.Bytes)
		s.mu.Lock()
		s.seen = append(s.seen, d)
		s.mu.Unlock()
	}
	if s.relay, err = New(c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.relay.Close() })
	if s.client, err = net.Dial("udp", s.relay.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.client.Close() })
	return s
}

func (s *scene) send(texts ...string) {
	for _, text := range texts {
		if _, err := s.client.Write([]byte(text)); err != nil {
			s.t.Fatal(err)
		}
	}
}

// want fails unless these datagrams come next.
func (s *scene) want(texts ...string) {
	s.t.Helper()
	b := make([]byte, 1<<16)
	for _, text := range texts {
		_ = s.client.SetReadDeadline(time.Now().Add(patience))
		n, err := s.client.Read(b)
		if err != nil || string(b[:n]) != text {
			s.t.Fatalf("received %q (%v), want %q", b[:n], err, text)
		}
	}
}

func mustParse(t *testing.T, script string) []Fault {
	t.Helper()
	faults, err := Parse(script)
	if err != nil {
		t.Fatal(err)
	}
	return faults
}

func TestDatagramsGoThereAndBack(t *testing.T) {
	s := newScene(t, Config{})
	s.send("one")
	s.want("one")
	s.send("two")
	s.want("two")
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seen) != 4 || s.seen[0].Direction != netsim.AtoB || s.seen[1].Direction != netsim.BtoA || s.seen[2].Number != 1 || string(s.seen[3].Bytes) != "two" {
		t.Errorf("observed %+v", s.seen)
	}
}

func TestScriptedFaultsHappen(t *testing.T) {
	// One datagram at a time, so that only the relay decides about their order.
	s := newScene(t, Config{Faults: mustParse(t, "drop A1, dup A2, drop B3")})
	s.send("lost")
	s.send("twice")
	s.want("twice", "twice")
	s.send("its answer is lost")
	s.send("last")
	s.want("last")
	if a, b := s.relay.Stats(netsim.AtoB), s.relay.Stats(netsim.BtoA); a.Dropped != 1 || a.Duplicated != 1 || b.Dropped != 1 {
		t.Errorf("counts %+v and %+v", a, b)
	}
}

func TestADelayedDatagramIsOvertaken(t *testing.T) {
	s := newScene(t, Config{Faults: mustParse(t, "delay A1 200ms")})
	s.send("first", "second")
	s.want("second", "first")
}

func TestWhatIsLargerThanTheMTUIsLost(t *testing.T) {
	s := newScene(t, Config{Link: netsim.Config{MTU: 5}})
	s.send("too large", "small")
	s.want("small")
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.seen[0].Lost() || s.seen[1].Lost() {
		t.Errorf("observed %+v", s.seen)
	}
}

func TestWhatIsInADatagramMayDecide(t *testing.T) {
	s := newScene(t, Config{Lose: func(d netsim.Direction, b []byte) bool { return d == netsim.AtoB && string(b) == "doomed" }})
	s.send("doomed", "well")
	s.want("well")
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.seen[0].Lost() || s.seen[1].Lost() {
		t.Errorf("observed %+v", s.seen)
	}
}

func TestTheSeedDecidesAsInASimulation(t *testing.T) {
	link := netsim.Config{Seed: 7, Loss: 0.5}
	s := newScene(t, Config{Link: link})
	for n := range 20 {
		text := string(rune('a' + n))
		s.send(text)
		// What passes both ways comes back before the next one goes.
		if !link.Fate(netsim.AtoB, n).Drop {
			answer := 0
			for i := range n {
				if !link.Fate(netsim.AtoB, i).Drop {
					answer++
				}
			}
			if !link.Fate(netsim.BtoA, answer).Drop {
				s.want(text)
			}
		}
	}
}

func TestCloseEndsIt(t *testing.T) {
	s := newScene(t, Config{Link: netsim.Config{Delay: time.Hour}})
	s.send("never")
	if err := s.relay.Close(); err != nil {
		t.Error(err)
	}
	if err := s.relay.Close(); err != nil {
		t.Error(err)
	}
}

func TestParse(t *testing.T) {
	got := mustParse(t, " drop A2,dup B1 , delay A1 300ms,corrupt B3,")
	want := []Fault{
		{netsim.AtoB, 1, netsim.Fate{Drop: true}},
		{netsim.BtoA, 0, netsim.Fate{Copies: 1}},
		{netsim.AtoB, 0, netsim.Fate{Extra: 300 * time.Millisecond}},
		{netsim.BtoA, 2, netsim.Fate{Corrupt: true}},
	}
	if !slices.Equal(got, want) {
		t.Errorf("parsed %+v", got)
	}
	for _, bad := range []string{"drop", "drop C1", "drop A0", "drop Ax", "delay A1", "delay A1 soon", "lose A1", "drop A1 now", "drop A"} {
		if _, err := Parse(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

package pionice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/ice/v2"
	"github.com/pion/logging"
	"github.com/pion/transport/v2"
	"github.com/pion/transport/v2/vnet"
	"github.com/rtctransport/rtctransport/mux"
)

// A network is a virtual one with two hosts and a third, all in virtual time.
type network struct {
	router  *vnet.Router
	hosts   [3]*vnet.Net
	severed atomic.Bool  // nothing gets through any more
	toThird atomic.Int64 // datagrams for the third host
}

const oneWay = 20 * time.Millisecond

func newNetwork(t *testing.T) *network {
	t.Helper()
	logs := logging.NewDefaultLoggerFactory()
	logs.Writer = io.Discard
	router, err := vnet.NewRouter(&vnet.RouterConfig{CIDR: "192.0.2.0/24", MinDelay: oneWay, LoggerFactory: logs})
	if err != nil {
		t.Fatal(err)
	}
	n := &network{router: router}
	for i := range n.hosts {
		n.hosts[i], err = vnet.NewNet(&vnet.NetConfig{StaticIPs: []string{fmt.Sprintf("192.0.2.%d", i+1)}})
		if err != nil {
			t.Fatal(err)
		}
		if err := router.AddNet(n.hosts[i]); err != nil {
			t.Fatal(err)
		}
	}
	router.AddChunkFilter(func(c vnet.Chunk) bool {
		if strings.HasPrefix(c.DestinationAddr().String(), "192.0.2.3:") {
			n.toThird.Add(1)
		}
		return !n.severed.Load()
	})
	if err := router.Start(); err != nil {
		t.Fatal(err)
	}
	return n
}

func quiet(c *ice.AgentConfig) {
	logs := logging.NewDefaultLoggerFactory()
	logs.Writer = io.Discard
	c.LoggerFactory = logs
}

// inNetwork runs f in virtual time with a network, which has ended when it returns.
func inNetwork(t *testing.T, f func(t *testing.T, n *network)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		f(t, n)
		if err := n.router.Stop(); err != nil {
			t.Error(err)
		}
	})
}

func gather(t *testing.T, on transport.Net) *Agent {
	t.Helper()
	a, err := Gather(t.Context(), &Config{Net: on, Adjust: quiet})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// connect returns the two ends of a connection, after their descriptions went through JSON.
func connect(t *testing.T, n *network) (dialed, accepted *Link) {
	t.Helper()
	a, b := gather(t, n.hosts[0]), gather(t, n.hosts[1])
	var both sync.WaitGroup
	both.Go(func() {
		var err error
		if accepted, err = b.Accept(t.Context(), throughJSON(t, a.Description())); err != nil {
			t.Error(err)
		}
	})
	both.Go(func() {
		var err error
		if dialed, err = a.Dial(t.Context(), throughJSON(t, b.Description())); err != nil {
			t.Error(err)
		}
	})
	both.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return dialed, accepted
}

func throughJSON(t *testing.T, d Description) (copied Description) {
	t.Helper()
	b, err := json.Marshal(d)
	if err == nil {
		err = json.Unmarshal(b, &copied)
	}
	if err != nil {
		t.Error(err)
	}
	return copied
}

func TestTwoAgentsConnectAndAMuxRunsOverThem(t *testing.T) {
	inNetwork(t, func(t *testing.T, n *network) {
		start := time.Now()
		dialed, accepted := connect(t, n)
		if took := time.Since(start); took > time.Second {
			t.Errorf("connecting took %v of virtual time", took)
		}
		a, b := mux.New(dialed, nil), mux.New(accepted, nil)
		defer a.Close()
		defer b.Close()
		got := b.Endpoint(mux.DTLS)
		if _, err := a.Write([]byte{22, 1, 2, 3}); err != nil {
			t.Error(err)
		}
		buf := make([]byte, 100)
		got.SetReadDeadline(time.Now().Add(time.Second))
		if k, err := got.Read(buf); err != nil || k != 4 || buf[0] != 22 {
			t.Errorf("got % x, %v", buf[:k], err)
		}
		got.SetReadDeadline(time.Now().Add(time.Second)) // unlike that of an ice.Conn
		if _, err := got.Read(buf); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v, want os.ErrDeadlineExceeded", err)
		}
		for name, m := range map[string]*mux.Mux{"192.0.2.1 192.0.2.2": a, "192.0.2.2 192.0.2.1": b} {
			local, remote := m.LocalAddr().(*net.UDPAddr), m.RemoteAddr().(*net.UDPAddr)
			if pair := local.IP.String() + " " + remote.IP.String(); pair != name {
				t.Errorf("addresses %s, want %s", pair, name)
			}
			if rtt := m.RTT(); rtt < 2*oneWay || rtt > 2*oneWay+20*time.Millisecond {
				t.Errorf("%s: RTT %v, want about %v", name, rtt, 2*oneWay)
			}
		}
	})
}

// MUX-07: a ClientHello from an address that ICE does not know reaches nobody.
func TestDatagramsOfAStrangerReachNobody(t *testing.T) {
	inNetwork(t, func(t *testing.T, n *network) {
		dialed, accepted := connect(t, n)
		defer accepted.Close()
		m := mux.New(dialed, nil)
		defer m.Close()
		m.Endpoint(mux.DTLS)
		stranger, err := n.hosts[2].ListenPacket("udp4", "192.0.2.3:0")
		if err != nil {
			t.Fatal(err)
		}
		defer stranger.Close()
		hello := []byte{22, 0xfe, 0xff, 0}
		if _, err := stranger.WriteTo(hello, dialed.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if got := m.Stats().Received.Total(); got != 0 {
			t.Errorf("%d datagrams of a stranger were received", got)
		}
		if answered := n.toThird.Load(); answered != 0 {
			t.Errorf("%d datagrams answer a stranger", answered)
		}
		if _, err := accepted.Write(hello); err != nil { // the same bytes from the peer
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if got := m.Stats().Received[mux.DTLS]; got != 1 {
			t.Errorf("%d datagrams of the peer were received, want 1", got)
		}
	})
}

// MUX-11, through ice/v2. From a socket it reads 8,192 bytes at a time, and what was larger arrives with 8,192.
func TestWhatICEMayHaveCutIsOversized(t *testing.T) {
	inNetwork(t, func(t *testing.T, n *network) {
		dialed, accepted := connect(t, n)
		defer accepted.Close()
		m := mux.New(dialed, nil)
		defer m.Close()
		e := m.Endpoint(mux.DTLS)
		big := make([]byte, 8192)
		big[0] = 22
		for _, size := range []int{8192, 8191} {
			if _, err := accepted.Write(big[:size]); err != nil {
				t.Fatal(err)
			}
		}
		if k, err := e.Read(make([]byte, 9000)); k != 8191 || err != nil {
			t.Errorf("got %d bytes, %v; want 8191", k, err)
		}
		if s := m.Stats(); s.Oversized != 1 || s.Received[mux.DTLS] != 1 {
			t.Errorf("%d oversized, %d received; want 1 and 1", s.Oversized, s.Received[mux.DTLS])
		}
	})
}

func TestLinkEndsWhenThePeerIsGone(t *testing.T) {
	inNetwork(t, func(t *testing.T, n *network) {
		dialed, accepted := connect(t, n)
		m := mux.New(dialed, nil)
		defer m.Close()
		e := m.Endpoint(mux.DTLS)
		defer accepted.Close()
		start := time.Now()
		n.severed.Store(true)
		if _, err := e.Read(make([]byte, 10)); !errors.Is(err, ErrFailed) {
			t.Errorf("got %v, want ErrFailed", err)
		}
		if waited := time.Since(start); waited < 25*time.Second || waited > 40*time.Second {
			t.Errorf("it took %v, want about 30s", waited)
		}
		if _, err := dialed.Write([]byte{22}); !errors.Is(err, ErrFailed) {
			t.Errorf("Write got %v, want ErrFailed", err)
		}
		if dialed.RTT() != 0 {
			t.Errorf("RTT %v of a dead link", dialed.RTT())
		}
	})
}

// MUX-10
func TestLinkMayBeClosedByMany(t *testing.T) {
	inNetwork(t, func(t *testing.T, n *network) {
		dialed, accepted := connect(t, n)
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := dialed.Read(make([]byte, 10)); !errors.Is(err, net.ErrClosed) {
				t.Errorf("a waiting Read got %v, want net.ErrClosed", err)
			}
		})
		synctest.Wait()
		for range 50 {
			all.Go(func() { dialed.Close() })
			all.Go(func() { accepted.Close() })
		}
		all.Wait()
		if _, err := dialed.Write([]byte{22}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write got %v, want net.ErrClosed", err)
		}
		if dialed.LocalAddr() == nil && mux.New(dialed, nil).LocalAddr() == nil {
			t.Error("a mux without an address")
		}
	})
}

func TestDialEndsWithItsContext(t *testing.T) {
	inNetwork(t, func(t *testing.T, n *network) {
		a, b := gather(t, n.hosts[0]), gather(t, n.hosts[1])
		defer b.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if _, err := a.Dial(ctx, b.Description()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want context.DeadlineExceeded", err)
		}
		if _, err := a.Dial(t.Context(), b.Description()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("a second Dial got %v, want net.ErrClosed", err)
		}
	})
}

func TestDialFailsWhenNobodyAnswers(t *testing.T) {
	inNetwork(t, func(t *testing.T, n *network) {
		a, b := gather(t, n.hosts[0]), gather(t, n.hosts[1])
		defer b.Close()
		if _, err := a.Dial(t.Context(), b.Description()); !errors.Is(err, ErrFailed) {
			t.Errorf("got %v, want ErrFailed", err)
		}
	})
}

func TestCandidatesNobodyUnderstandsAreSkippedUnlessThereIsNoOther(t *testing.T) {
	inNetwork(t, func(t *testing.T, n *network) {
		a := gather(t, n.hosts[0])
		defer a.Close()
		good := gather(t, n.hosts[1])
		defer good.Close()
		for _, c := range append(good.Description().Candidates, "", "a="+good.Description().Candidates[0]) {
			if err := a.AddRemoteCandidate(c); err != nil {
				t.Error(err)
			}
		}
		if !strings.HasPrefix(good.Description().Candidates[0], "candidate:") {
			t.Errorf("candidate %q", good.Description().Candidates[0])
		}
		if _, err := a.Dial(t.Context(), Description{Ufrag: "u", Password: "p", Candidates: []string{"carrier pigeon"}}); err == nil {
			t.Error("Dial understands a carrier pigeon")
		}
	})
}

func TestSecureURLsAreRefused(t *testing.T) {
	for _, url := range []string{"turns:turn.example.org", "stuns:stun.example.org", "http://example.org"} {
		if _, err := Gather(t.Context(), &Config{URLs: []string{url}}); err == nil {
			t.Errorf("%s was accepted", url)
		}
	}
}

// dataIndication is a TURN Data indication (RFC 8656, Section 11.6) whose XOR-PEER-ADDRESS is empty.
func dataIndication() []byte {
	b := success(xorPeerAddress)
	b[0], b[1] = 0x00, 0x17
	return b
}

// gatherFromForger gathers candidates at a STUN and TURN server that answers each request with a harmful
// message. (So could anybody else: turn/v2 takes Data indications from all addresses.)
func gatherFromForger(t *testing.T, adjust func(*ice.AgentConfig, *network)) {
	inNetwork(t, func(t *testing.T, n *network) {
		conn, err := n.hosts[2].ListenPacket("udp4", "192.0.2.3:3478")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		go func() {
			buf := make([]byte, 1500)
			for {
				_, from, err := conn.ReadFrom(buf)
				if err != nil {
					return
				}
				for _, b := range [][]byte{success(xorMapped), dataIndication()} {
					if _, err := conn.WriteTo(b, from); err != nil {
						return
					}
				}
			}
		}()
		a, err := Gather(t.Context(), &Config{
			Net:  n.hosts[0],
			URLs: []string{"stun:192.0.2.3:3478", "turn:192.0.2.3:3478?transport=udp"}, Username: "u", Password: "p",
			Adjust: func(c *ice.AgentConfig) { quiet(c); adjust(c, n) },
		})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		t.Log("survived")
		if k := len(a.Description().Candidates); k != 1 {
			t.Errorf("%d candidates, want the host's alone", k)
		}
	})
}

// ICE-05: the agent's own sockets are behind the shield too.
func TestGatheringSurvivesForgedAnswers(t *testing.T) {
	gatherFromForger(t, func(*ice.AgentConfig, *network) {})
}

func TestGatheringDiesOfForgedAnswersWithoutTheShield(t *testing.T) {
	if os.Getenv(unshielded) == "gather" {
		gatherFromForger(t, func(c *ice.AgentConfig, n *network) { c.Net = n.hosts[0] })
		return
	}
	out := runUnshielded(t, "gather")
	if !strings.Contains(out, "panic: runtime error: slice bounds out of range") || strings.Contains(out, "survived") {
		t.Errorf("ice/v2 did not panic; is the shield still needed?\n%s", out)
	}
}

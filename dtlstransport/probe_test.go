package dtlstransport

import (
	"context"
	"errors"
	"net"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

// probingPair returns two connected Conns with heartbeats.
func probingPair(t *testing.T, link netsim.Config) (a, b *Conn) {
	t.Helper()
	a, b = connPair(t, link, func(client, server *Config) { client.Heartbeat, server.Heartbeat = HeartbeatAnswer, HeartbeatAnswer })
	go b.Handshake(t.Context())
	if err := a.Handshake(t.Context()); err != nil {
		t.Fatal(err)
	}
	return a, b
}

func TestProbeFindsThePathMTUAndTheRoundTrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := probingPair(t, netsim.Config{Delay: 30 * time.Millisecond, MTU: 1357})
		defer a.Close()
		defer b.Close()
		if rtt, err := a.Probe(t.Context(), 0); err != nil || rtt != 60*time.Millisecond {
			t.Errorf("%v, %v", rtt, err)
		}
		low, high := 500, 1500
		for high-low > 1 {
			middle := (low + high) / 2
			switch _, err := a.Probe(t.Context(), middle); {
			case err == nil:
				low = middle
			case errors.Is(err, ErrProbeLost):
				high = middle
			default:
				t.Fatal(err)
			}
		}
		if low != 1357 {
			t.Errorf("the path takes %d", low)
		}
	})
}

func TestProbesWaitForEachOtherAndForNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := probingPair(t, netsim.Config{Delay: 30 * time.Millisecond})
		defer b.Close()
		began := time.Now()
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				if _, err := a.Probe(t.Context(), 0); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if took := time.Since(began); took != 300*time.Millisecond {
			t.Errorf("five probes took %v", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if _, err := a.Probe(ctx, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		if _, err := a.Probe(t.Context(), 0); err != nil {
			t.Errorf("after one that was given up: %v", err)
		}
		result := make(chan error)
		go func() {
			_, err := a.Probe(t.Context(), 0)
			result <- err
		}()
		synctest.Wait()
		a.Close()
		if err := <-result; !errors.Is(err, net.ErrClosed) {
			t.Errorf("closed meanwhile: %v", err)
		}
	})
}

func TestAProbeThatTheLinkRefusesIsTooLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := configs(t, 0, 0)
		client.Heartbeat, server.Heartbeat = HeartbeatAnswer, HeartbeatAnswer
		x, y := netsim.Pipe(netsim.Config{Delay: time.Millisecond})
		a, err := Client(&pickyLink{Conn: x, mtu: 1300, writes: 100}, client)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		b, err := Server(y, server)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		go b.Handshake(t.Context())
		if err := a.Handshake(t.Context()); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if _, err := a.Probe(t.Context(), 1301); !errors.Is(err, ErrTooLarge) || !errors.Is(err, syscall.EMSGSIZE) || time.Since(began) > 0 {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		if _, err := a.Probe(t.Context(), 1300); err != nil {
			t.Error(err)
		}
	})
}

func TestAListenerFollowsAClientThatAnswersWhereItIs(t *testing.T) { // REC-37
	heartbeats := func(c *ListenConfig) {
		c.ConnectionIDLength = 8
		c.Config.Heartbeat = HeartbeatRefuse
	}
	listen(t, heartbeats, func(t *testing.T, l *listening) {
		l.client.ConnectionID, l.client.Heartbeat = []byte{}, HeartbeatAnswer
		client, server, r := l.roam(listenAddr, netsim.Config{Delay: 10 * time.Millisecond})
		defer client.Close()
		const to = "198.51.100.1:6000"
		r.moveTo(to)
		l.carries(client, server, "from elsewhere")
		synctest.Wait()
		if server.RemoteAddr().String() != listenAddr {
			t.Error("the listener has followed before the client has answered")
		}
		time.Sleep(30 * time.Millisecond)
		if server.RemoteAddr().String() != to {
			t.Errorf("the client is at %v", server.RemoteAddr())
		}
		l.carries(server, client, "to elsewhere")

		// Somebody on the path has a record of the client's come from a third address,
		// where nobody answers.
		client.mu.Lock()
		b, err := client.engine.AppendApplicationData(nil, []byte("diverted"))
		client.mu.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		l.socket.inject("203.0.113.1:1", b)
		time.Sleep(10 * time.Second)
		if s := l.Stats(); server.RemoteAddr().String() != to || s.Moved != 1 {
			t.Errorf("the client is at %v, %+v", server.RemoteAddr(), s)
		}
		l.carries(server, client, "still there")
	})
}

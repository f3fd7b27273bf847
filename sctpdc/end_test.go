package sctpdc

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

// wantEnd checks why an association ended.
func wantEnd(t *testing.T, a *Association, reason Reason, peer bool) {
	t.Helper()
	select {
	case <-a.Done():
	case <-time.After(time.Minute):
		t.Fatal("the association did not end")
	}
	var e *AssociationError
	if err := a.Err(); !errors.As(err, &e) || e.Reason != reason || e.Peer != peer {
		t.Errorf("ended with %v; want %v, by the peer %v", err, reason, peer)
	}
}

// SCTP-29, R6083-03
func TestShutdownDeliversWhatWasSent(t *testing.T) {
	for seed := range uint64(10) {
		link := netsim.Config{Seed: seed, Delay: 20 * time.Millisecond, Loss: 0.05 * float64(seed%3)}
		inPair(t, link, Config{SendBuffer: 2 << 20}, Config{}, func(p *pair) {
			c, d := p.open(p.client, p.server, "x", nil)
			before, before2 := p.open(p.client, p.server, "closed before", nil)
			if err := before.Err(); err != nil {
				t.Errorf("Err of an open channel: %v", err)
			}
			_ = before.Close()
			<-before2.Done()
			for range 64 {
				if err := c.SendBinary(within(t, time.Minute), make([]byte, 16<<10)); err != nil {
					t.Fatal(err)
				}
			}
			if n := c.Queued(); n < 512<<10 {
				t.Errorf("only %d bytes are unacknowledged, the test shows little", n)
			}
			if err := p.client.Shutdown(within(t, 2*time.Minute)); err != nil {
				t.Fatalf("seed %d: Shutdown: %v", seed, err)
			}
			if n := c.Queued(); n != 0 {
				t.Errorf("%d bytes unacknowledged after Shutdown", n)
			}
			n := 0
			for ; ; n++ {
				if _, err := d.Receive(within(t, time.Minute)); err == io.EOF {
					break
				} else if err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
			}
			if n != 64 {
				t.Errorf("seed %d: %d messages, want 64", seed, n)
			}
			wantEnd(t, p.client, ReasonShutdown, false)
			wantEnd(t, p.server, ReasonShutdown, true)
			if err := c.SendText(context.Background(), "x"); !errors.Is(err, net.ErrClosed) || c.Err() != p.client.Err() {
				t.Errorf("Send after Shutdown: %v, Err %v", err, c.Err())
			}
			if before.Err() != ErrChannelClosed || before2.Err() != ErrChannelClosed {
				t.Errorf("Err of closed channels: %v and %v", before.Err(), before2.Err())
			}
			if err := p.server.Shutdown(within(t, time.Minute)); err != nil {
				t.Errorf("second Shutdown: %v", err)
			}
		})
	}
}

func TestBothSidesMayShutDownAtOnce(t *testing.T) {
	for seed := range uint64(10) {
		inPair(t, netsim.Config{Seed: seed, Delay: 20 * time.Millisecond, Loss: 0.2 * float64(seed&1)}, Config{}, Config{}, func(p *pair) {
			p.open(p.client, p.server, "x", nil)
			var wg sync.WaitGroup
			for _, a := range []*Association{p.client, p.server} {
				wg.Go(func() {
					if err := a.Shutdown(within(t, time.Minute)); err != nil {
						t.Errorf("Shutdown: %v", err)
					}
				})
			}
			wg.Wait()
		})
	}
}

// SCTP-29
func TestShutdownEndsWithItsContext(t *testing.T) {
	var dead atomic.Bool
	link := netsim.Config{Delay: time.Millisecond, Decide: func(netsim.Direction, int) netsim.Fate { return netsim.Fate{Drop: dead.Load()} }}
	inPair(t, link, Config{}, Config{}, func(p *pair) {
		p.open(p.client, p.server, "x", nil)
		dead.Store(true)
		began := time.Now()
		if err := p.client.Shutdown(within(t, 7*time.Second)); err != context.DeadlineExceeded {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took > 8*time.Second {
			t.Errorf("took %v", took)
		}
		wantEnd(t, p.client, ReasonClosed, false)
	})
}

// SCTP-28
func TestCloseAbortsBothSides(t *testing.T) {
	inPair(t, rtt40, Config{}, Config{}, func(p *pair) {
		_, d := p.open(p.client, p.server, "x", nil)
		began := time.Now()
		_ = p.client.Close()
		if took := time.Since(began); took > 0 {
			t.Errorf("Close took %v", took)
		}
		wantEnd(t, p.client, ReasonClosed, false)
		wantEnd(t, p.server, ReasonAbort, true)
		_, err := d.Receive(context.Background())
		var e *AssociationError
		if !errors.As(err, &e) || e.Text != "closed" || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
			t.Errorf("Receive at the other side: %v", err)
		}
	})
}

// SCTP-28: an end of the connection below is an error, whatever it calls itself: data may be missing.
func TestEndOfTheConnectionEndsTheAssociation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, y := netsim.Pipe(rtt40)
		p := &pair{t: t}
		conn := &endingConn{Conn: x, ended: make(chan struct{})}
		p.client, p.server = p.start(conn, 1, Config{}), p.start(y, 2, Config{})
		defer p.server.Close()
		c, _ := p.open(p.client, p.server, "x", nil)
		close(conn.ended)
		_ = x.SetReadDeadline(time.Now())
		wantEnd(t, p.client, ReasonConn, false)
		_, err := c.Receive(context.Background())
		var e *AssociationError
		if !errors.As(err, &e) || e.Err != io.EOF || errors.Is(err, io.EOF) || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("Receive: %#v", err)
		}
		_ = p.client.Close()
	})
}

// An endingConn says io.EOF once ended is closed, like DTLS after close_notify.
type endingConn struct {
	net.Conn
	ended chan struct{}
}

func (c *endingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	select {
	case <-c.ended:
		return 0, io.EOF
	default:
		return n, err
	}
}

// Every call that waits gets a typed error, and the bubble shows that no goroutine is left.
func TestWaitingCallsEndWithTheAssociation(t *testing.T) {
	for name, finish := range map[string]func(p *pair, x net.Conn){
		"Close":      func(p *pair, _ net.Conn) { _ = p.client.Close() },
		"ABORT":      func(p *pair, _ net.Conn) { _ = p.server.Close() },
		"connection": func(_ *pair, x net.Conn) { _ = x.Close() },
		"Shutdown":   func(p *pair, _ net.Conn) { _ = p.server.Shutdown(within(nil, time.Minute)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var dark atomic.Bool
				x, y := netsim.Pipe(netsim.Config{Delay: time.Millisecond, Decide: func(d netsim.Direction, _ int) netsim.Fate {
					return netsim.Fate{Drop: dark.Load() && d == netsim.AtoB}
				}})
				p := &pair{t: t}
				p.client, p.server = p.start(x, 1, Config{SendBuffer: 10}), p.start(y, 2, Config{})
				c, _ := p.open(p.client, p.server, "x", nil)
				full, _ := p.open(p.client, p.server, "full", nil)
				dark.Store(name != "Shutdown")
				if name != "Shutdown" {
					p.send(full, "more than the buffer takes")
				}
				errs := make(chan error, 10)
				waits := []func() error{
					func() error { _, err := p.client.Accept(context.Background()); return err },
					func() error { _, err := c.Receive(context.Background()); return err },
					func() error { _, err := c.Receive(context.Background()); return err },
					func() error { _, err := full.Stream().Read(make([]byte, 1)); return err },
				}
				if name != "Shutdown" {
					waits = append(waits,
						func() error { return full.SendText(context.Background(), "waits for room") },
						func() error { return full.SendText(context.Background(), "waits for its turn") },
						func() error { _, err := full.Stream().Write([]byte("the same")); return err })
				}
				for _, wait := range waits {
					go func() { errs <- wait() }()
				}
				synctest.Wait()
				if len(errs) != 0 {
					t.Fatalf("a call did not wait: %v", <-errs)
				}
				dark.Store(false)
				finish(p, x)
				for range waits {
					err := <-errs
					var e *AssociationError
					if !errors.As(err, &e) && err != io.EOF {
						t.Errorf("got %v", err)
					}
				}
				<-c.Done()
				_ = p.client.Close()
				_ = p.server.Close()
			})
		})
	}
}

func TestHandshakeThatNobodyAnswersEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, _ := netsim.Pipe(rtt40)
		p := &pair{t: t}
		p.client = p.start(x, 1, Config{HandshakeTimeout: 10 * time.Second})
		began := time.Now()
		_, err := p.client.Open(context.Background(), "x", nil)
		var e *AssociationError
		if !errors.As(err, &e) || e.Reason != ReasonHandshake || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Open: %v", err)
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("took %v", took)
		}
		if s := p.client.Stats(); s.Channels != 0 || s.RoundTrips != 0 {
			t.Errorf("stats %+v", s)
		}
		_ = p.client.Close()

		x, _ = netsim.Pipe(rtt40)
		p.client = p.start(x, 1, Config{HandshakeTimeout: time.Hour}) // pion/sctp gives up first
		_, err = p.client.Accept(context.Background())
		if !errors.As(err, &e) || e.Reason != ReasonHandshake {
			t.Errorf("Accept: %v", err)
		}

		x, _ = netsim.Pipe(rtt40)
		p.client = p.start(x, 1, Config{})
		time.Sleep(time.Second)
		_ = p.client.Close()
		wantEnd(t, p.client, ReasonClosed, false)

		x, _ = netsim.Pipe(rtt40)
		p.client = p.start(x, 1, Config{})
		time.Sleep(time.Second)
		if err := p.client.Shutdown(context.Background()); err != nil {
			t.Errorf("Shutdown before the handshake: %v", err)
		}
	})
}

func TestConfigIsChecked(t *testing.T) {
	x, _ := netsim.Pipe(netsim.Config{})
	for _, c := range []*Config{
		nil, {}, {Role: 3}, {Role: 1, ReceiveBuffer: 1 << 19}, {Role: 1, MTU: 100}, {Role: 1, MaxMessageSize: -1}, {Role: 1, MaxChannels: -1},
	} {
		if _, err := New(x, c); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
	if _, err := New(nil, &Config{Role: 1}); err == nil {
		t.Error("no connection is taken")
	}
}

// Close may come at the very moment when the association is established.
func TestCloseWhileTheAssociationComesUp(t *testing.T) {
	for range 30 {
		inPair(t, rtt40, Config{}, Config{}, func(p *pair) {
			if err := p.server.Handshake(context.Background()); err != nil {
				t.Fatal(err)
			}
			_ = p.client.Close() // returns; that the peer hears of it is up to the connection below
		})
	}
}

// A closedConn is DTLS whose peer has closed: nothing can be written any more.
type closedConn struct {
	net.Conn
	closed atomic.Bool
}

func (c *closedConn) Write(b []byte) (int, error) {
	if c.closed.Load() {
		return 0, net.ErrClosed
	}
	return c.Conn.Write(b)
}

func (c *closedConn) Err() error {
	if c.closed.Load() {
		return io.EOF
	}
	return nil
}

// Whether a Read or a Write finds out first, a close_notify is the reason.
func TestCloseNotifyIsTheReasonWhoeverSeesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := netsim.Pipe(rtt40)
		x := &closedConn{Conn: a}
		p := &pair{t: t}
		p.client, p.server = p.start(x, 1, Config{}), p.start(b, 2, Config{})
		defer p.server.Close()
		defer p.client.Close()
		c, _ := p.open(p.client, p.server, "x", nil)
		x.closed.Store(true)
		p.send(c, "nobody takes it")
		<-p.client.Done()
		if err := p.client.Err(); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("got %v, want io.ErrUnexpectedEOF", err)
		}
	})
}

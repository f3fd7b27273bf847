package sctpdc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

// count receives until the end and returns how many messages came.
func count(t *testing.T, c *Channel) (n int, err error) {
	t.Helper()
	for {
		if _, err = c.Receive(within(t, 5*time.Minute)); err != nil {
			return n, err
		}
		n++
	}
}

// SCTP-29: what Send took arrives, whoever shuts down, while senders of both sides go on until they are told to stop, and
// on channels that are closed at the same time.
func TestShutdownLosesNothingThatWasAccepted(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			link := netsim.Config{Seed: seed, Delay: 20 * time.Millisecond, Loss: 0.03 * float64(seed%4)}
			config := Config{DisableInterleaving: seed%2 == 1}
			inPair(t, link, config, config, func(p *pair) {
				c, d := p.open(p.client, p.server, "both ways", &ChannelOptions{Unordered: seed%3 == 0})
				closing, closing2 := p.open(p.client, p.server, "closed before", nil)
				for range 20 {
					if err := closing.SendBinary(within(t, time.Minute), make([]byte, 10_000)); err != nil {
						t.Fatal(err)
					}
				}
				_ = closing.Close()
				var accepted [2]atomic.Int32
				var senders sync.WaitGroup
				for i, side := range []*Channel{c, d, c, d} {
					senders.Go(func() {
						for {
							err := side.SendBinary(context.Background(), make([]byte, 1+3000*i))
							var e *AssociationError
							if err == nil {
								accepted[i%2].Add(1)
							} else if !errors.As(err, &e) || e.Reason != ReasonShutdown {
								t.Errorf("Send: %v", err)
							}
							if err != nil {
								return
							}
							time.Sleep(time.Millisecond)
						}
					})
				}
				var received [3]int
				var receivers sync.WaitGroup
				for i, side := range []*Channel{d, c, closing2} {
					receivers.Go(func() {
						n, err := count(t, side)
						var e *AssociationError
						if err != io.EOF && !(errors.As(err, &e) && e.Reason == ReasonShutdown) {
							t.Errorf("Receive: %v", err)
						}
						received[i] = n
					})
				}
				time.Sleep(300 * time.Millisecond)
				var wg sync.WaitGroup
				for i, side := range []*Association{p.client, p.server} {
					if seed%3 == uint64(i) || seed%3 == 2 { // one, the other, or both
						wg.Go(func() {
							if err := side.Shutdown(within(t, 4*time.Minute)); err != nil {
								t.Errorf("Shutdown: %v", err)
							}
						})
					}
				}
				wg.Wait()
				<-p.client.Done()
				<-p.server.Done()
				senders.Wait()
				receivers.Wait()
				if want := [3]int{int(accepted[0].Load()), int(accepted[1].Load()), 20}; received != want || want[0] < 20 || want[1] < 20 {
					t.Errorf("%v messages received, %v accepted", received, want)
				}
			})
		})
	}
}

// A shutdown that waits for acknowledgements ends with a typed error when it cannot be completed.
func TestShutdownThatIsInterruptedSaysWhy(t *testing.T) {
	for name, test := range map[string]struct {
		interrupt func(p *pair, x net.Conn)
		reason    Reason
		peer      bool
	}{
		"abort of the peer":      {func(p *pair, _ net.Conn) { _ = p.server.Close() }, ReasonAbort, true},
		"local close":            {func(p *pair, _ net.Conn) { _ = p.client.Close() }, ReasonClosed, false},
		"end of the connection":  {func(_ *pair, x net.Conn) { _ = x.Close() }, ReasonConn, false},
		"failure of the writing": {func(_ *pair, x net.Conn) { x.(*failingConn).failing.Store(true) }, ReasonConn, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var dark atomic.Bool
				a, b := netsim.Pipe(netsim.Config{Delay: time.Millisecond, Decide: func(d netsim.Direction, _ int) netsim.Fate {
					return netsim.Fate{Drop: dark.Load() && d == netsim.AtoB}
				}})
				x := &failingConn{Conn: a}
				p := &pair{t: t}
				p.client, p.server = p.start(x, 1, Config{}), p.start(b, 2, Config{})
				c, _ := p.open(p.client, p.server, "x", nil)
				dark.Store(true)
				p.send(c, "never acknowledged")
				errs := make(chan error, 2)
				for range 2 {
					go func() { errs <- p.client.Shutdown(context.Background()) }()
				}
				time.Sleep(10 * time.Second)
				if len(errs) > 0 {
					t.Fatalf("Shutdown did not wait: %v", <-errs)
				}
				test.interrupt(p, x)
				for range 2 {
					err := <-errs
					var e *AssociationError
					if !errors.As(err, &e) || e.Reason != test.reason || e.Peer != test.peer {
						t.Errorf("got %v", err)
					}
					if name == "failure of the writing" && !errors.Is(err, errNoBuffers) {
						t.Errorf("%v does not tell the cause", err)
					}
				}
				_ = p.client.Close()
				_ = p.server.Close()
			})
		})
	}
}

var errNoBuffers = errors.New("the writing failed")

// A failingConn fails to write once failing is set.
type failingConn struct {
	net.Conn
	failing atomic.Bool
}

func (c *failingConn) Write(b []byte) (int, error) {
	if c.failing.Load() {
		return 0, errNoBuffers
	}
	return c.Conn.Write(b)
}

// Whoever waits for the association to come up is told why it does not.
func TestCallsThatWaitForTheAssociationEndWithIt(t *testing.T) {
	for name, test := range map[string]struct {
		finish func(a *Association, x net.Conn)
		reason Reason
	}{
		"Close":      {func(a *Association, _ net.Conn) { _ = a.Close() }, ReasonClosed},
		"Shutdown":   {func(a *Association, _ net.Conn) { _ = a.Shutdown(context.Background()) }, ReasonClosed},
		"connection": {func(_ *Association, x net.Conn) { _ = x.Close() }, ReasonConn},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x, _ := netsim.Pipe(rtt40)
				p := &pair{t: t}
				a := p.start(x, 1, Config{})
				errs := make(chan error, 3)
				go func() { errs <- a.Handshake(context.Background()) }()
				go func() { _, err := a.Open(context.Background(), "x", nil); errs <- err }()
				go func() { _, err := a.Accept(context.Background()); errs <- err }()
				time.Sleep(time.Second)
				test.finish(a, x)
				for range 3 {
					err := <-errs
					var e *AssociationError
					if !errors.As(err, &e) || e.Reason != test.reason {
						t.Errorf("got %v", err)
					}
				}
				_ = a.Close()
			})
		})
	}
}

// A closingConn notes what had been written when it was closed.
type closingConn struct {
	*tap
	packets atomic.Int32 // zero: not closed
}

func (c *closingConn) Close() error {
	c.packets.CompareAndSwap(0, int32(len(c.tap.packets())))
	return c.tap.Close()
}

// R6083-03: data acknowledged, SCTP shut down, and only then the connection closed, which is close_notify if it is DTLS.
func TestShutdownClosesTheConnectionLast(t *testing.T) {
	for seed := range uint64(4) {
		synctest.Test(t, func(t *testing.T) {
			a, b := netsim.Pipe(netsim.Config{Seed: seed, Delay: 20 * time.Millisecond, Loss: 0.03 * float64(seed)})
			x, y := &closingConn{tap: &tap{Conn: a}}, &tap{Conn: b}
			p := &pair{t: t}
			p.client, p.server = p.start(x, 1, Config{}), p.start(y, 2, Config{})
			defer p.server.Close()
			defer p.client.Close()
			c, d := p.open(p.client, p.server, "x", nil)
			for range 50 {
				if err := c.SendBinary(within(t, time.Minute), make([]byte, 10_000)); err != nil {
					t.Fatal(err)
				}
			}
			if err := p.client.Shutdown(within(t, 5*time.Minute)); err != nil {
				t.Fatal(err)
			}
			if n, err := count(t, d); n != 50 || err != io.EOF {
				t.Errorf("seed %d: %d messages, %v", seed, n, err)
			}
			all := x.tap.packets()
			if n := int(x.packets.Load()); n != len(all) || chunkType(all[n-1][commonHeaderLen]) != chunkShutdownComplete {
				t.Errorf("seed %d: closed behind packet %d of %d; the last one is %x", seed, n, len(all), all[len(all)-1])
			}
			if tsn, _ := y.lastSACK(t); tsn != x.lastTSN() {
				t.Errorf("seed %d: %d chunks not acknowledged", seed, x.lastTSN()-tsn)
			}
		})
	}
}

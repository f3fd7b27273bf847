package dtlstransport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// listening is a Listener in a bubble, and whoever connects to it.
type listening struct {
	*Listener
	t      *testing.T
	socket *testSocket
	client *Config
}

// listen runs test with a listener, inside a bubble, which must be empty in the
// end: no goroutine and no timer may be left over. change may be nil.
func listen(t *testing.T, change func(*ListenConfig), test func(t *testing.T, l *listening)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		config := &ListenConfig{Config: server}
		if change != nil {
			change(config)
		}
		socket := newTestSocket()
		l, err := NewListener(socket, config)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		test(t, &listening{l, t, socket, client})
	})
}

// dial starts a client; connect completes it.
func (l *listening) dial(addr string, link netsim.Config) *Conn {
	l.t.Helper()
	c, err := Client(l.socket.link(addr, link), l.client)
	if err != nil {
		l.t.Fatal(err)
	}
	return c
}

// connect returns both ends of a new association.
func (l *listening) connect(addr string, link netsim.Config) (client, server *Conn) {
	l.t.Helper()
	client = l.dial(addr, link)
	if err := client.Handshake(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	server, err := l.AcceptContext(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	if server.RemoteAddr().String() != addr {
		l.t.Fatalf("accepted %v, want %v", server.RemoteAddr(), addr)
	}
	return client, server
}

// carries checks that data gets from one end to the other.
func (l *listening) carries(from, to *Conn, text string) {
	l.t.Helper()
	if _, err := from.Write([]byte(text)); err != nil {
		l.t.Fatal(err)
	}
	buf := make([]byte, 100)
	to.SetReadDeadline(time.Now().Add(time.Minute))
	if n, err := to.Read(buf); err != nil || string(buf[:n]) != text {
		l.t.Fatalf("Read = %q, %v, want %q", buf[:n], err, text)
	}
}

const listenAddr = "192.0.2.1:5000"

func TestAListenerServesManyClientsOnOneSocketWithOneGoroutine(t *testing.T) { // COOK-01
	const clients = 20
	listen(t, nil, func(t *testing.T, l *listening) {
		done := make(chan *Conn)
		for i := range clients {
			go func() {
				c := l.dial(fmt.Sprintf("192.0.2.%d:5000", i+1), netsim.Config{Seed: uint64(i), Delay: 20 * time.Millisecond, Loss: 0.2})
				if err := c.Handshake(t.Context()); err != nil {
					t.Error(err)
				}
				if n := c.ConnectionState().RoundTrips; n != 3 {
					t.Errorf("%d round trips, want 3, one of them for the cookie", n)
				}
				done <- c
			}()
		}
		ends := map[string]*Conn{}
		for range clients {
			var c net.Conn
			var err error
			if c, err = l.Accept(); err != nil {
				t.Fatal(err)
			}
			ends[c.RemoteAddr().String()] = c.(*Conn)
			if !c.(*Conn).ConnectionState().Connected {
				t.Errorf("%v was accepted and is not connected", c.RemoteAddr())
			}
		}
		for range clients {
			c := <-done
			defer c.Close()
		}
		synctest.Wait()
		if n := goroutinesOf("NewListener", "(*Listener)", "(*association)", "(*Conn)", "newConn"); n != 1 {
			t.Errorf("%d goroutines for %d associations, want 1", n, clients)
		}
		if s := l.Stats(); len(ends) != clients || s.Connected != clients || s.Open != clients || s.HalfOpen != 0 || s.Waiting != 0 || s.HelloVerifyRequests < clients {
			t.Errorf("%d clients, %+v", len(ends), s)
		}
	})
}

// goroutinesOf counts the goroutines that functions of this package have begun.
func goroutinesOf(creators ...string) (n int) {
	buf := make([]byte, 1<<20)
	stacks := string(buf[:runtime.Stack(buf, true)])
	for _, c := range creators {
		n += strings.Count(stacks, "created by github.com/rtctransport/rtctransport/dtlstransport."+c)
	}
	return n
}

func TestAcceptedConnsCarryDataBothWaysAndCloseAlone(t *testing.T) {
	listen(t, nil, func(t *testing.T, l *listening) {
		link := netsim.Config{Delay: 10 * time.Millisecond}
		client, server := l.connect(listenAddr, link)
		other, otherServer := l.connect("192.0.2.1:5001", link)
		l.carries(client, server, "up")
		l.carries(server, client, "down")
		server.Close()
		if _, err := client.Read(make([]byte, 10)); err != io.EOF {
			t.Errorf("Read = %v, want the server's close_notify", err)
		}
		client.Close()
		l.carries(other, otherServer, "still up")
		// The address is free again.
		client, server = l.connect(listenAddr, link)
		l.carries(client, server, "again")
		if s := l.Stats(); s.Open != 2 || s.Replaced != 0 || s.Refused[RefusedFailed] != 0 {
			t.Errorf("%+v", s)
		}
		client.Close()
		synctest.Wait()
		time.Sleep(time.Second)
		if s := l.Stats(); s.Open != 1 {
			t.Errorf("%d open after the client's close_notify, want 1", s.Open)
		}
		other.Close()
	})
}

func TestAHelloInManyFragmentsGetsThroughTheCookie(t *testing.T) {
	listen(t, nil, func(t *testing.T, l *listening) {
		l.client.MaxDatagramSize = MinDatagramSize
		l.client.ALPN = []string{strings.Repeat("a", 200), strings.Repeat("b", 200)}
		for seed := range uint64(20) {
			client, server := l.connect(fmt.Sprintf("192.0.2.1:%d", 5000+seed), netsim.Config{Seed: seed, Delay: 10 * time.Millisecond, Loss: 0.1, Reorder: 0.1})
			client.Close()
			server.Close()
		}
	})
}

func TestARestartedClientMaySendItsHelloInManyFragments(t *testing.T) { // RENEG-05
	listen(t, nil, func(t *testing.T, l *listening) {
		l.client.MaxDatagramSize = MinDatagramSize
		l.client.ALPN = []string{strings.Repeat("a", 200), strings.Repeat("b", 200)}
		for range 3 {
			client, server := l.connect(listenAddr, netsim.Config{Delay: 10 * time.Millisecond})
			defer client.Close()
			if a, b := client.Stats().Retransmissions, server.Stats().Retransmissions; a+b > 0 {
				t.Errorf("%d retransmissions of the client and %d of the server without loss", a, b)
			}
		}
		if s := l.Stats(); s.Replaced != 2 || s.Open != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestClientsOfAListenerResume(t *testing.T) { // RES-09
	for _, tickets := range []bool{false, true} {
		listen(t, func(c *ListenConfig) {
			config := *c.Config
			config.Sessions = sessionMap{}
			if tickets {
				config.Tickets = NewTicketKeys([32]byte{1})
			}
			c.Config = &config
		}, func(t *testing.T, l *listening) {
			l.client.Sessions = sessionMap{}
			for i := range 3 { // from another address each time, behind a cookie each time
				client, server := l.connect(fmt.Sprintf("192.0.2.1:%d", 5000+i), netsim.Config{Delay: 10 * time.Millisecond})
				if a, b := client.ConnectionState().Resumed, server.ConnectionState().Resumed; a != (i > 0) || b != a {
					t.Errorf("tickets %v, association %d: resumed %v at the client, %v at the server", tickets, i, a, b)
				}
				l.carries(client, server, "up")
				client.Close()
			}
		})
	}
}

func TestWithoutCookiesAHandshakeTakesTwoRoundTrips(t *testing.T) { // COOK-01
	listen(t, func(c *ListenConfig) { c.InsecureNoCookies = true }, func(t *testing.T, l *listening) {
		client, _ := l.connect(listenAddr, netsim.Config{})
		defer client.Close()
		if s := l.Stats(); s.HelloVerifyRequests != 0 || client.ConnectionState().RoundTrips != 2 {
			t.Errorf("%d round trips, %d cookies", client.ConnectionState().RoundTrips, s.HelloVerifyRequests)
		}
	})
}

func TestForgedHellosDoNotDisturbAnAssociation(t *testing.T) { // RENEG-05
	for _, noCookies := range []bool{false, true} {
		listen(t, func(c *ListenConfig) { c.InsecureNoCookies = noCookies }, func(t *testing.T, l *listening) {
			client, server := l.connect(listenAddr, netsim.Config{})
			defer client.Close()
			for i := range 10_000 {
				l.socket.inject(listenAddr, strangerHello(t))
				if i%100 == 0 {
					l.carries(client, server, "up")
					l.carries(server, client, "down")
				}
			}
			synctest.Wait()
			s := l.Stats()
			if want := map[bool]int{false: 0, true: 1}[noCookies]; s.HalfOpen != want || s.Open != 1 {
				t.Errorf("cookies %v: %d half-open, want %d; %d open", !noCookies, s.HalfOpen, want, s.Open)
			}
			// The forged handshake ends, and the association does not.
			time.Sleep(2 * DefaultHandshakeTimeout)
			l.carries(client, server, "up")
			if s := l.Stats(); s.HalfOpen != 0 || s.Open != 1 || s.Replaced != 0 {
				t.Errorf("cookies %v: %+v", !noCookies, s)
			}
		})
	}
}

func TestARestartedClientTakesOverWhenItHasProvedItself(t *testing.T) { // RENEG-05, RENEG-06
	listen(t, nil, func(t *testing.T, l *listening) {
		old, oldServer := l.connect(listenAddr, netsim.Config{})
		defer old.Close()
		// The new handshake is held up before flight 5: the client's third datagram.
		var stuck atomic.Bool
		stuck.Store(true)
		client := l.dial(listenAddr, netsim.Config{Delay: 10 * time.Millisecond, Decide: func(d netsim.Direction, n int) netsim.Fate {
			return netsim.Fate{Drop: stuck.Load() && d == netsim.AtoB && n >= 2}
		}})
		defer client.Close()
		done := make(chan error)
		go func() { done <- client.Handshake(t.Context()) }()
		for range 20 {
			time.Sleep(20 * time.Millisecond)
			l.carries(old, oldServer, "of the old one")
		}
		if s := l.Stats(); s.HalfOpen != 1 || s.Open != 1 {
			t.Fatalf("%d half-open, %d open, want one of each", s.HalfOpen, s.Open)
		}
		stuck.Store(false)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		server, err := l.AcceptContext(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := oldServer.Read(make([]byte, 10)); !errors.Is(err, ErrReplaced) {
			t.Errorf("Read of the old association = %v, want ErrReplaced", err)
		}
		if _, err := oldServer.Write([]byte("x")); !errors.Is(err, ErrReplaced) {
			t.Errorf("Write of the old association = %v, want ErrReplaced", err)
		}
		oldServer.Close()
		if d := server.Stats().Dropped; d[DropEarly]+d[DropForged]+d[DropReplayed] > 0 {
			t.Error("the new handshake got what was the old association's")
		}
		l.carries(client, server, "up")
		l.carries(server, client, "down")
		// The old keys are of no use.
		old.Write([]byte("of the old one"))
		synctest.Wait()
		server.SetReadDeadline(time.Now().Add(time.Second))
		if n, err := server.Read(make([]byte, 100)); err == nil {
			t.Errorf("%d bytes under the old keys arrived", n)
		}
		if server.Stats().Dropped[DropForged]+server.Stats().Dropped[DropReplayed] == 0 {
			t.Error("the record under the old keys was not counted")
		}
		if s := l.Stats(); s.HalfOpen != 0 || s.Open != 1 || s.Replaced != 1 || s.Connected != 2 {
			t.Errorf("%+v", s)
		}
	})
}

func TestARestartedClientNeedsNoDatagramTwice(t *testing.T) { // RENEG-05
	listen(t, nil, func(t *testing.T, l *listening) {
		for range 5 {
			client, server := l.connect(listenAddr, netsim.Config{Delay: 10 * time.Millisecond})
			defer client.Close()
			if a, b := client.Stats().Retransmissions, server.Stats().Retransmissions; a+b > 0 {
				t.Errorf("%d retransmissions of the client and %d of the server without loss", a, b)
			}
		}
	})
}

func TestWhatTheOpenAssociationCannotDecryptReachesTheHandshakeWhole(t *testing.T) { // RENEG-05
	listen(t, nil, func(t *testing.T, l *listening) {
		old, _ := l.connect(listenAddr, netsim.Config{})
		defer old.Close()
		// The Finished that arrives is record 1, which the old association has not seen
		// yet, and tries to decrypt.
		client, _ := l.connect(listenAddr, netsim.Config{Delay: 10 * time.Millisecond, Decide: func(d netsim.Direction, n int) netsim.Fate {
			return netsim.Fate{Drop: d == netsim.AtoB && n == 2}
		}})
		defer client.Close()
		if n := client.Stats().Retransmissions; n != 1 {
			t.Errorf("%d retransmissions, want the one of what was lost", n)
		}
	})
}

func TestTheEndOfTheOpenAssociationLeavesTheHandshakeBesideItAlone(t *testing.T) {
	listen(t, nil, func(t *testing.T, l *listening) {
		old, oldServer := l.connect(listenAddr, netsim.Config{})
		defer old.Close()
		client := l.dial(listenAddr, netsim.Config{Delay: time.Second})
		defer client.Close()
		done := make(chan error)
		go func() { done <- client.Handshake(t.Context()) }()
		time.Sleep(3500 * time.Millisecond)
		oldServer.Close()
		if s := l.Stats(); s.HalfOpen != 1 || s.Open != 0 {
			t.Errorf("%d half-open, %d open, want the handshake alone", s.HalfOpen, s.Open)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		if s := l.Stats(); s.Refused[RefusedFailed] != 0 || s.Open != 1 || s.Replaced != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestAClientRestartedManyTimesIsServedUnderLoss(t *testing.T) { // RENEG-06
	listen(t, nil, func(t *testing.T, l *listening) {
		var last *Conn
		for seed := range uint64(30) {
			client, server := l.connect(listenAddr, netsim.Config{Seed: seed, Delay: 10 * time.Millisecond, Loss: 0.15, Duplicate: 0.1, Reorder: 0.1})
			for range 5 { // some of them arrive
				client.Write([]byte("up"))
			}
			buf := make([]byte, 10)
			if n, err := server.Read(buf); err != nil || string(buf[:n]) != "up" {
				t.Fatalf("Read = %q, %v", buf[:n], err)
			}
			client.abandon(net.ErrClosed) // as if its host had lost power
			client.carrier.Close()
			last = server
		}
		last.Close()
		if s := l.Stats(); s.Connected != 30 || s.Replaced != 29 || s.Open != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestAHelloOfTheOpenAssociationIsNotAnother(t *testing.T) {
	listen(t, nil, func(t *testing.T, l *listening) {
		var hello []byte
		client, server := l.connect(listenAddr, netsim.Config{Duplicate: 0})
		client.Close()
		server.Close()
		// The same by hand, to have the second hello.
		e, err := NewEngine(RoleClient, l.client)
		if err != nil {
			t.Fatal(err)
		}
		link := l.socket.link(listenAddr, netsim.Config{})
		defer link.Close()
		e.Start(time.Now())
		buf := make([]byte, 2048)
		for !e.ConnectionState().Connected {
			for {
				b, ok := e.AppendDatagram(nil)
				if !ok {
					break
				}
				if h, _, ok := findHello(b); ok && len(h.cookie) > 0 {
					hello = b
				}
				link.Write(b)
			}
			n, err := link.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			if err := e.HandleDatagram(time.Now(), buf[:n]); err != nil {
				t.Fatal(err)
			}
		}
		before := l.Stats()
		for range 100 {
			l.socket.inject(listenAddr, hello)
		}
		synctest.Wait()
		s := l.Stats()
		if s.Handshakes != before.Handshakes || s.HalfOpen != 0 || s.Refused[RefusedRepeated] != 100 {
			t.Errorf("%+v", s)
		}
	})
}

func TestGetConfigChoosesForEachClient(t *testing.T) {
	listen(t, func(c *ListenConfig) {
		one, two := *c.Config, *c.Config
		one.ALPN, two.ALPN = []string{"one"}, []string{"two"}
		c.Config, c.GetConfig = nil, func(remote net.Addr) (*Config, error) {
			switch remote.String() {
			case "192.0.2.1:5000":
				return &one, nil
			case "192.0.2.2:5000":
				return &two, nil
			case "192.0.2.3:5000":
				return nil, nil // nothing to use
			}
			return nil, errors.New("unknown")
		}
	}, func(t *testing.T, l *listening) {
		l.client.ALPN = []string{"one", "two"}
		for addr, want := range map[string]string{"192.0.2.1:5000": "one", "192.0.2.2:5000": "two"} {
			client, server := l.connect(addr, netsim.Config{})
			if got := server.ConnectionState().ALPN; got != want {
				t.Errorf("%s: ALPN %q, want %q", addr, got, want)
			}
			client.Close()
		}
		for _, addr := range []string{"192.0.2.3:5000", "192.0.2.4:5000"} {
			before := l.Stats()
			client := l.dial(addr, netsim.Config{})
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if err := client.Handshake(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v", addr, err)
			}
			cancel()
			client.Close()
			if s := l.Stats(); s.Refused[RefusedConfig] == before.Refused[RefusedConfig] || s.HalfOpen != 0 {
				t.Errorf("%s: %+v", addr, s)
			}
		}
	})
}

func TestAClientThatCannotBeVerifiedIsNeverAccepted(t *testing.T) {
	listen(t, nil, func(t *testing.T, l *listening) {
		l.client.Certificates = []*fingerprint.Certificate{testCertificate(t, fingerprint.ECDSAP384)}
		client := l.dial(listenAddr, netsim.Config{})
		defer client.Close()
		if err := client.Handshake(t.Context()); err == nil {
			t.Error("a stranger is connected")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := l.AcceptContext(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Accept = %v", err)
		}
		if s := l.Stats(); s.Refused[RefusedFailed] != 1 || s.HalfOpen != 0 || s.Connected != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestAFloodOfHandshakesKeepsToItsBoundAndAGenuineClientGetsIn(t *testing.T) {
	listen(t, func(c *ListenConfig) { c.InsecureNoCookies, c.MaxHandshakes = true, 8 }, func(t *testing.T, l *listening) {
		hello := strangerHello(t)
		stop := make(chan struct{})
		go func() { // 200 a second; a genuine handshake takes 40 ms
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				case <-time.After(5 * time.Millisecond):
					l.socket.inject(fmt.Sprintf("198.51.100.%d:%d", n%250+1, 1000+n), hello)
				}
			}
		}()
		time.Sleep(time.Second)
		for i := range 20 {
			client, _ := l.connect(fmt.Sprintf("192.0.2.1:%d", 5000+i), netsim.Config{Delay: 10 * time.Millisecond})
			defer client.Close()
			if s := l.Stats(); s.HalfOpen > 8 {
				t.Fatalf("%d half-open, want 8 at most", s.HalfOpen)
			}
		}
		close(stop)
		if s := l.Stats(); s.Refused[RefusedCrowded] < 100 {
			t.Errorf("%+v", s)
		}
		time.Sleep(2 * DefaultHandshakeTimeout)
		if s := l.Stats(); s.HalfOpen != 0 {
			t.Errorf("%d half-open in the end", s.HalfOpen)
		}
	})
}

func TestTheBacklogIsBoundedAndMovesOnWithAccept(t *testing.T) {
	listen(t, func(c *ListenConfig) { c.Backlog = 3 }, func(t *testing.T, l *listening) {
		for i := range 6 {
			client := l.dial(fmt.Sprintf("192.0.2.1:%d", 5000+i), netsim.Config{})
			defer client.Close()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if err := client.Handshake(ctx); (err == nil) != (i < 3) {
				t.Errorf("client %d: %v", i, err)
			}
			cancel()
		}
		if s := l.Stats(); s.Waiting != 3 || s.Refused[RefusedBacklog] == 0 {
			t.Errorf("%+v", s)
		}
		for i := range 6 { // the others go on asking
			if _, err := l.AcceptContext(t.Context()); err != nil {
				t.Fatalf("%d: %v", i, err)
			}
		}
	})
}

func TestCloseEndsEverything(t *testing.T) {
	listen(t, nil, func(t *testing.T, l *listening) {
		client, server := l.connect(listenAddr, netsim.Config{})
		waiting := l.dial("192.0.2.2:5000", netsim.Config{})
		if err := waiting.Handshake(t.Context()); err != nil {
			t.Fatal(err)
		}
		// One is under way.
		half := l.dial("192.0.2.3:5000", netsim.Config{Decide: func(d netsim.Direction, n int) netsim.Fate {
			return netsim.Fate{Drop: d == netsim.AtoB && n >= 2}
		}})
		go half.Handshake(t.Context())
		read := make(chan error)
		go func() {
			_, err := server.Read(make([]byte, 10))
			read <- err
		}()
		l.AcceptContext(t.Context())
		accepted := make(chan error)
		go func() {
			_, err := l.Accept()
			accepted <- err
		}()
		synctest.Wait()
		if s := l.Stats(); s.HalfOpen != 1 || s.Open != 2 {
			t.Errorf("%+v", s)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if err := <-accepted; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept = %v", err)
		}
		if err := <-read; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Read of an accepted Conn = %v", err)
		}
		for _, c := range []*Conn{client, waiting} {
			if _, err := c.Read(make([]byte, 10)); err != io.EOF {
				t.Errorf("Read of a client = %v, want the close_notify", err)
			}
			c.Close()
		}
		half.Close()
		if s := l.Stats(); s.HalfOpen != 0 || s.Open != 0 {
			t.Errorf("%+v", s)
		}
		if err := l.Close(); err != nil {
			t.Errorf("second Close: %v", err)
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept after Close = %v", err)
		}
	})
}

func TestASocketClosedByOthersEndsTheListener(t *testing.T) {
	listen(t, nil, func(t *testing.T, l *listening) {
		client, server := l.connect(listenAddr, netsim.Config{})
		defer client.Close()
		l.socket.Close()
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept = %v", err)
		}
		if _, err := server.Read(make([]byte, 10)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Read = %v", err)
		}
	})
}

func TestAcceptEndsWithItsContext(t *testing.T) {
	listen(t, nil, func(t *testing.T, l *listening) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := l.AcceptContext(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("AcceptContext = %v", err)
		}
	})
}

func TestErrorsOfTheSocketAreCountedAndEndNothing(t *testing.T) {
	listen(t, nil, func(t *testing.T, l *listening) {
		client, server := l.connect(listenAddr, netsim.Config{})
		defer client.Close()
		refused := &net.OpError{Op: "read", Net: "udp", Err: syscall.ECONNREFUSED}
		l.socket.mu.Lock()
		for range 50 {
			l.socket.failRead = append(l.socket.failRead, refused, errors.New("never seen before"))
		}
		l.socket.mu.Unlock()
		start := time.Now()
		l.carries(client, server, "up")
		l.carries(client, server, "up, after the errors")
		if s := l.Stats(); s.SocketErrors != 100 {
			t.Errorf("%d errors, want 100", s.SocketErrors)
		}
		if time.Since(start) < 10*time.Second {
			t.Error("an error that comes again and again makes the loop spin")
		}
		// Sending: an ICMP message is the loss of a datagram, others are told.
		l.socket.mu.Lock()
		l.socket.failSend = refused
		l.socket.mu.Unlock()
		if _, err := server.Write([]byte("lost")); err != nil {
			t.Errorf("Write = %v", err)
		}
		l.socket.mu.Lock()
		l.socket.failSend = syscall.EMSGSIZE
		l.socket.mu.Unlock()
		if _, err := server.Write([]byte("told")); !errors.Is(err, syscall.EMSGSIZE) {
			t.Errorf("Write = %v", err)
		}
		l.socket.mu.Lock()
		l.socket.failSend = nil
		l.socket.mu.Unlock()
		l.carries(server, client, "down")
		if s := l.Stats(); s.SocketErrors != 102 {
			t.Errorf("%d errors, want 102", s.SocketErrors)
		}
	})
}

func TestWhatIsNotAHelloOfAStrangerIsCounted(t *testing.T) {
	listen(t, nil, func(t *testing.T, l *listening) {
		client, server := l.connect(listenAddr, netsim.Config{})
		defer client.Close()
		for _, b := range [][]byte{nil, {22}, bytes.Repeat([]byte{22}, 100), {23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0}} {
			l.socket.inject("192.0.2.9:1", b)
			l.socket.inject(listenAddr, b)
		}
		l.carries(client, server, "up")
		if s := l.Stats(); s.Refused[RefusedStranger] != 4 || s.HelloVerifyRequests != 1 || s.Open != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestListenRefusesConfigurationsThatLetNobodyIn(t *testing.T) {
	_, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	anonymous := *server
	anonymous.RemoteFingerprints = nil
	for name, c := range map[string]*ListenConfig{
		"none": nil, "empty": {}, "without a certificate": {Config: &Config{RemoteFingerprints: server.RemoteFingerprints}},
		"without a judge": {Config: &anonymous},
	} {
		if _, err := NewListener(newTestSocket(), c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	anonymous.ClientAuth = InsecureClientAuthNone
	if _, err := newListener(packetSocket{newTestSocket()}, &ListenConfig{Config: &anonymous}); err != nil {
		t.Errorf("anonymous clients: %v", err)
	}
	if _, err := Listen("tcp", "127.0.0.1:0", &ListenConfig{Config: server}); err == nil {
		t.Error("Listen on TCP")
	}
	if _, err := Dial(t.Context(), "tcp", "127.0.0.1:1", server); err == nil {
		t.Error("Dial to TCP")
	}
}

func TestRefusalsHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for r := range numRefusals {
		if seen[r.String()] || r.String() == "" {
			t.Errorf("%d: %q", r, r)
		}
		seen[r.String()] = true
	}
}

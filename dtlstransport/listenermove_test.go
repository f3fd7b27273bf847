package dtlstransport

import (
	"fmt"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

// roamer is the link of a client that goes from address to address. What is sent
// to an address that it has left does not arrive.
type roamer struct {
	l      *listening
	config netsim.Config

	mu      sync.Mutex
	current net.Conn
	arrived chan []byte
	closed  chan struct{}
}

func (l *listening) roamer(addr string, config netsim.Config) *roamer {
	r := &roamer{l: l, config: config, arrived: make(chan []byte, 1000), closed: make(chan struct{})}
	r.moveTo(addr)
	return r
}

func (r *roamer) moveTo(addr string) {
	link := r.l.socket.link(addr, r.config)
	r.mu.Lock()
	old := r.current
	r.current = link
	r.mu.Unlock()
	if old != nil {
		old.Close()
	}
	go func() {
		for {
			buf := make([]byte, 2048)
			n, err := link.Read(buf)
			if err != nil {
				return
			}
			r.arrived <- buf[:n]
		}
	}()
}

func (r *roamer) Read(b []byte) (int, error) {
	select {
	case d := <-r.arrived:
		return copy(b, d), nil
	case <-r.closed:
		return 0, net.ErrClosed
	}
}

func (r *roamer) link() net.Conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current
}

func (r *roamer) Write(b []byte) (int, error) { return r.link().Write(b) }

func (r *roamer) Close() error {
	close(r.closed)
	return r.link().Close()
}

// roam connects a client that may go from address to address.
func (l *listening) roam(addr string, config netsim.Config) (client, server *Conn, r *roamer) {
	l.t.Helper()
	r = l.roamer(addr, config)
	client, err := Client(r, l.client)
	if err != nil {
		l.t.Fatal(err)
	}
	if err := client.Handshake(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	if server, err = l.AcceptContext(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	return client, server, r
}

// identifying makes a listener with connection IDs and a MayMove that says yes.
func identifying(t *testing.T, mayMove func(*Conn, net.Addr) bool, test func(t *testing.T, l *listening)) {
	listen(t, func(c *ListenConfig) { c.ConnectionIDLength, c.MayMove = 8, mayMove }, func(t *testing.T, l *listening) {
		l.client.ConnectionID = []byte{}
		test(t, l)
	})
}

func anywhere(*Conn, net.Addr) bool { return true }

func TestAListenerFollowsAClientByItsConnectionID(t *testing.T) { // REC-37
	identifying(t, anywhere, func(t *testing.T, l *listening) {
		client, server, r := l.roam(listenAddr, netsim.Config{Delay: 10 * time.Millisecond})
		defer client.Close()
		for i := range 5 {
			addr := fmt.Sprintf("198.51.100.%d:6000", i)
			r.moveTo(addr)
			l.carries(client, server, "from elsewhere")
			synctest.Wait()
			if server.RemoteAddr().String() != addr {
				t.Errorf("the client is at %v, want %s", server.RemoteAddr(), addr)
			}
			l.carries(server, client, "to elsewhere")
		}
		if s := l.Stats(); s.Moved != 5 || s.Open != 1 || s.NotFollowed != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestAListenerStaysWhereMayMoveSaysNo(t *testing.T) { // REC-37
	for _, mayMove := range []func(*Conn, net.Addr) bool{nil, func(*Conn, net.Addr) bool { return false }} {
		identifying(t, mayMove, func(t *testing.T, l *listening) {
			client, server, r := l.roam(listenAddr, netsim.Config{Delay: 10 * time.Millisecond})
			defer client.Close()
			r.moveTo("198.51.100.1:6000")
			// "[...] datagrams that [...] do not trigger a change of peer address are still
			// valid DTLS records and are still to be passed to the application" (after RFC 9146, Section 6).
			l.carries(client, server, "from elsewhere")
			synctest.Wait()
			if s := l.Stats(); server.RemoteAddr().String() != listenAddr || s.Moved != 0 || s.NotFollowed != 1 {
				t.Errorf("the client is at %v, %+v", server.RemoteAddr(), s)
			}
		})
	}
}

func TestAnOldOrReplayedOrForgedRecordMovesNobody(t *testing.T) { // REC-37
	identifying(t, anywhere, func(t *testing.T, l *listening) {
		client, server, _ := l.roam(listenAddr, netsim.Config{Delay: 10 * time.Millisecond})
		defer client.Close()
		seal := func(text string) []byte {
			client.mu.Lock()
			defer client.mu.Unlock()
			b, err := client.engine.AppendApplicationData(nil, []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		late, newer := seal("late"), seal("newer")
		l.socket.inject(listenAddr, newer)
		const stranger = "198.51.100.9:6000"
		l.socket.inject(stranger, newer) // a replay
		l.socket.inject(stranger, late)  // authentic, and older than the newest
		forged := append([]byte(nil), newer...)
		forged[8]++ // another number
		l.socket.inject(stranger, forged)
		l.socket.inject(stranger, forged[:len(forged)-1])
		l.socket.inject(stranger, forged[:15]) // ends within the connection ID
		synctest.Wait()
		if s := l.Stats(); server.RemoteAddr().String() != listenAddr || s.Moved != 0 {
			t.Errorf("the client is at %v, %+v", server.RemoteAddr(), s)
		}
		buf := make([]byte, 100)
		for _, want := range []string{"newer", "late"} {
			if n, err := server.Read(buf); err != nil || string(buf[:n]) != want {
				t.Errorf("read %q, %v, want %q", buf[:n], err, want)
			}
		}
	})
}

func TestAClientThatMovesTakesNobodysPlace(t *testing.T) {
	identifying(t, anywhere, func(t *testing.T, l *listening) {
		const other = "198.51.100.1:6000"
		// One without a connection ID is known by its address alone.
		l.client.ConnectionID = nil
		plain, plainServer := l.connect(other, netsim.Config{})
		defer plain.Close()
		l.client.ConnectionID = []byte{}
		client, server, _ := l.roam(listenAddr, netsim.Config{})
		defer client.Close()
		client.mu.Lock()
		b, err := client.engine.AppendApplicationData(nil, []byte("from the other's address"))
		client.mu.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		l.socket.inject(other, b)
		synctest.Wait()
		l.carries(plain, plainServer, "still known")
		if s := l.Stats(); s.Moved != 1 || s.Open != 2 || server.RemoteAddr().String() != other {
			t.Errorf("%+v, the client is at %v", s, server.RemoteAddr())
		}
	})
}

func TestAnotherClientAtTheAddressThatOneHasLeftDoesNotEndIt(t *testing.T) {
	identifying(t, anywhere, func(t *testing.T, l *listening) {
		client, server, r := l.roam(listenAddr, netsim.Config{Delay: 10 * time.Millisecond})
		defer client.Close()
		r.moveTo("198.51.100.1:6000") // and says nothing yet
		second, secondServer := l.connect(listenAddr, netsim.Config{Delay: 10 * time.Millisecond})
		defer second.Close()
		l.carries(second, secondServer, "the second")
		l.carries(client, server, "the first")
		synctest.Wait() // the data is read a moment before it is known where it came from
		l.carries(server, client, "is followed")
		l.carries(secondServer, second, "and the second is not")
		if s := l.Stats(); s.Open != 2 || s.Replaced != 0 || s.Moved != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestEndedAssociationsAreForgottenWhereverTheyAre(t *testing.T) {
	identifying(t, anywhere, func(t *testing.T, l *listening) {
		client, server, r := l.roam(listenAddr, netsim.Config{Delay: 10 * time.Millisecond})
		r.moveTo("198.51.100.1:6000")
		l.carries(client, server, "moved")
		client.Close()
		synctest.Wait()
		time.Sleep(time.Second)
		l.mu.Lock()
		defer l.mu.Unlock()
		if n := len(l.all) + len(l.byID) + len(l.open) + len(l.halfOpen); n != 0 {
			t.Errorf("%d entries are left", n)
		}
	})
}

func TestConnectionIDsOfAListenerAreOfTheSizeAskedFor(t *testing.T) {
	for _, n := range []int{-1, 1, MinListenerConnectionID - 1, 256} {
		_, server := configs(t, 0, 0)
		if _, err := NewListener(newTestSocket(), &ListenConfig{Config: server, ConnectionIDLength: n}); err == nil {
			t.Errorf("connection IDs of %d bytes", n)
		}
	}
	identifying(t, anywhere, func(t *testing.T, l *listening) {
		seen := map[string]bool{}
		for i := range 10 {
			client, server := l.connect(fmt.Sprintf("192.0.2.1:%d", 5000+i), netsim.Config{})
			defer client.Close()
			id := string(server.ConnectionState().LocalConnectionID)
			if len(id) != 8 || seen[id] {
				t.Errorf("connection ID %x", id)
			}
			seen[id] = true
		}
	})
}

package dtlstransport

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// pickyLink refuses datagrams over a size, as a socket that must not fragment,
// and some of the others for passing reasons.
type pickyLink struct {
	net.Conn
	mtu    int
	writes int
}

func (l *pickyLink) Write(b []byte) (int, error) {
	l.writes++
	passing := []error{syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ENETDOWN, syscall.EHOSTDOWN, syscall.ENOBUFS, syscall.EPERM}
	switch {
	case len(b) > l.mtu:
		return 0, &net.OpError{Op: "write", Net: "udp", Err: syscall.EMSGSIZE}
	case l.writes <= len(passing):
		return 0, &net.OpError{Op: "write", Net: "udp", Err: passing[l.writes-1]}
	}
	return l.Conn.Write(b)
}

func TestTheLinkTellsTheHandshakeItsMTU(t *testing.T) { // REC-32
	for _, mtu := range []int{1000, 600, 500, 200, MinDatagramSize} {
		t.Run(fmt.Sprint(mtu), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, server := configs(t, fingerprint.RSA2048, fingerprint.RSA2048)
				x, y := netsim.Pipe(netsim.Config{Delay: 10 * time.Millisecond})
				a, err := Client(&pickyLink{Conn: x, mtu: mtu}, client)
				if err != nil {
					t.Fatal(err)
				}
				defer a.Close()
				b, err := Server(&pickyLink{Conn: y, mtu: mtu}, server)
				if err != nil {
					t.Fatal(err)
				}
				defer b.Close()
				began := time.Now()
				go b.Handshake(t.Context())
				if err := a.Handshake(t.Context()); err != nil {
					t.Fatal(err)
				}
				// Each of the two loses its first two or three datagrams to passing errors;
				// what is too large costs no timeout of its own.
				if took := time.Since(began); took > 4*time.Second {
					t.Errorf("took %v", took)
				}
				if n := a.Stats().LinkErrors; n == 0 {
					t.Error("no link errors are counted")
				}
				// Data is the caller's to make smaller.
				if _, err := a.Write(make([]byte, mtu)); !errors.Is(err, ErrTooLarge) || !errors.Is(err, syscall.EMSGSIZE) {
					t.Errorf("data of %d bytes: %v", mtu, err)
				}
				fits := mtu - a.RecordOverhead()
				if _, err := a.Write(make([]byte, fits)); err != nil {
					t.Errorf("data of %d bytes: %v", fits, err)
				}
				if n, err := b.Read(make([]byte, 2000)); err != nil || n != fits {
					t.Errorf("read %d bytes, %v", n, err)
				}
			})
		})
	}
}

func TestADatagramThatWasRefusedIsSentInPiecesAtOnce(t *testing.T) { // REC-32
	client, server := configs(t, fingerprint.RSA2048, fingerprint.RSA2048)
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	s.start()
	s.run(time.Second, func() bool { return s.server.datagrams > 0 })
	for _, refused := range []int{1200, 548, 274, 137} {
		before := s.server.limit()
		s.server.DatagramRefused(refused)
		b, ok := s.server.AppendDatagram(nil)
		if !ok || len(b) > s.server.limit() || s.server.limit() >= before && before > MinDatagramSize {
			t.Errorf("refused %d: sent %d bytes, limit %d after %d", refused, len(b), s.server.limit(), before)
		}
		// Of the flight before it was cut anew: nothing new.
		s.server.DatagramRefused(before + 1)
		if limit := s.server.limit(); limit != max(limit, MinDatagramSize) {
			t.Errorf("limit %d", limit)
		}
	}
	if s.server.limit() != MinDatagramSize {
		t.Errorf("limit %d in the end", s.server.limit())
	}
	s.flush(s.server)
	if !s.run(time.Minute, s.bothConnected) {
		t.Fatalf("not connected: %v, %v", s.client.err, s.server.err)
	}
	s.client.DatagramRefused(2000) // nothing is being sent
	if _, ok := s.client.AppendDatagram(nil); ok {
		t.Error("something was sent for it")
	}
}

func TestConnSendsAlerts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := transportPair(t, netsim.Config{Delay: time.Millisecond}, nil)
		defer a.Close()
		defer b.Close()
		mustShakeHands(t, a, b)
		if err := a.Conn().SendWarning(AlertUserCanceled); err != nil {
			t.Error(err)
		}
		var own, peers *AlertError
		if err := a.Conn().SendAlert(AlertAccessDenied); !errors.As(err, &own) || own.FromPeer {
			t.Errorf("SendAlert returned %v", err)
		}
		<-a.Done()
		<-b.Done()
		if !errors.As(b.Err(), &peers) || !peers.FromPeer || peers.Alert != AlertAccessDenied {
			t.Errorf("the peer has %v", b.Err())
		}
		if n := b.Stats().DTLS.Dropped[DropAlert]; n != 1 {
			t.Errorf("%d warnings came", n)
		}
	})
}

func TestTheReplayWindowIsAsWideAsAskedFor(t *testing.T) { // REC-18, REC-19
	for _, size := range []int{0, MinReplayWindow, 500, MaxReplayWindow} {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		server.ReplayWindow = size
		s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
		s.connect()
		want := size
		if size == 0 {
			want = 256
		}
		var sent [][]byte
		for range want + 1 {
			sent = append(sent, s.client.seal(t, record.TypeApplicationData, []byte("data")))
		}
		s.inject(s.server, sent[want])
		for i, late := range sent[:2] {
			n := len(s.server.received)
			s.inject(s.server, bytes.Clone(late))
			if fresh := len(s.server.received) > n; fresh != (i == 1) {
				t.Errorf("window of %d: the record %d behind the newest is taken: %v", want, want-i, fresh)
			}
		}
	}
	for _, size := range []int{-1, 1, MinReplayWindow - 1, MaxReplayWindow + 1} {
		client, _ := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		client.ReplayWindow = size
		if _, err := NewEngine(RoleClient, client); err == nil {
			t.Errorf("a window of %d", size)
		}
	}
}

// A link that takes nothing, as a stream whose peer has stopped reading, does not keep Close.
func TestCloseDoesNotWaitForALinkThatIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _ := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		client.ReliableTransport = true
		x, y := net.Pipe() // which nobody reads
		defer y.Close()
		c, err := Client(x, client)
		if err != nil {
			t.Fatal(err)
		}
		shaken := make(chan error, 1)
		go func() { shaken <- c.Handshake(t.Context()) }()
		synctest.Wait()
		closed := make(chan error, 1)
		go func() { closed <- c.Close() }()
		for _, end := range []chan error{closed, shaken} {
			select {
			case <-end:
			case <-time.After(time.Minute):
				x.Close()
				t.Fatal("it still waits after a minute")
			}
		}
	})
}

// Nothing may be dropped over a link that loses nothing, however little a Conn is to hold for its reader.
func TestASmallReceiveBufferLosesNothingOverAReliableTransport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		client.ReliableTransport, server.ReliableTransport, server.ReceiveBuffer = true, true, 100
		x, y := netsim.Pipe(netsim.Config{Delay: 10 * time.Millisecond})
		a, errA := Client(x, client)
		b, errB := Server(y, server)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		defer a.Close()
		defer b.Close()
		go b.Handshake(t.Context())
		if err := a.Handshake(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{1000, record.MaxPlaintext, 1} {
			if _, err := a.Write(make([]byte, n)); err != nil {
				t.Fatal(err)
			}
		}
		_ = b.SetReadDeadline(time.Now().Add(time.Second))
		buf := make([]byte, record.MaxPlaintext)
		for _, want := range []int{1000, record.MaxPlaintext, 1} {
			if n, err := b.Read(buf); n != want || err != nil {
				t.Errorf("read %d bytes, %v; want %d", n, err, want)
			}
		}
	})
}

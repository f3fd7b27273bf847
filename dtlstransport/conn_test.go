package dtlstransport

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/mux/ring"
)

// connPair returns both ends of an association over a simulated link, inside a
// bubble.
func connPair(t testing.TB, link netsim.Config, change func(client, server *Config)) (client, server *Conn) {
	t.Helper()
	c, s := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	if change != nil {
		change(c, s)
	}
	a, b := netsim.Pipe(link)
	client, err := Client(a, c)
	if err != nil {
		t.Fatal(err)
	}
	if server, err = Server(b, s); err != nil {
		t.Fatal(err)
	}
	return client, server
}

func TestReadAndWriteRunTheHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := connPair(t, netsim.Config{Delay: 5 * time.Millisecond}, nil)
		defer client.Close()
		defer server.Close()
		go func() {
			buf := make([]byte, 100)
			n, err := server.Read(buf)
			if err != nil {
				t.Error(err)
			}
			server.Write(buf[:n])
		}()
		if _, err := client.Write([]byte("echo me")); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 100)
		if n, err := client.Read(buf); err != nil || string(buf[:n]) != "echo me" {
			t.Errorf("Read = %q, %v", buf[:n], err)
		}
	})
}

func TestDeadlinesEndWaitsAndCanBeMoved(t *testing.T) { // API-04
	synctest.Test(t, func(t *testing.T) {
		client, server := connPair(t, netsim.Config{}, nil)
		defer client.Close()
		defer server.Close()
		go server.Handshake(t.Context())
		if err := client.Handshake(t.Context()); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 100)
		start := time.Now()
		client.SetReadDeadline(start.Add(time.Second))
		_, err := client.Read(buf)
		var netError net.Error
		if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &netError) || !netError.Timeout() || time.Since(start) != time.Second {
			t.Errorf("Read = %v after %v, want a timeout after 1 s", err, time.Since(start))
		}
		// A waiting Read hears of an earlier deadline, and of none.
		client.SetReadDeadline(time.Time{})
		result := make(chan error)
		go func() { _, err := client.Read(buf); result <- err }()
		synctest.Wait()
		client.SetReadDeadline(time.Now().Add(time.Hour))
		synctest.Wait()
		client.SetReadDeadline(time.Now())
		if err := <-result; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read = %v, want the deadline", err)
		}
		client.SetDeadline(time.Time{})
		server.Write([]byte("still there"))
		if n, err := client.Read(buf); err != nil || string(buf[:n]) != "still there" {
			t.Errorf("Read = %q, %v after the deadline was lifted", buf[:n], err)
		}
		client.SetWriteDeadline(time.Now().Add(-time.Second))
		if _, err := client.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write = %v, want the deadline", err)
		}
	})
}

func TestAReadDeadlineHoldsDuringTheHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := connPair(t, netsim.Config{Loss: 1}, nil)
		defer client.Close()
		defer server.Close()
		start := time.Now()
		client.SetDeadline(start.Add(300 * time.Millisecond))
		if _, err := client.Read(make([]byte, 10)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != 300*time.Millisecond {
			t.Errorf("Read = %v after %v", err, time.Since(start))
		}
		if _, err := client.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write = %v", err)
		}
	})
}

func TestACancelledContextEndsHandshakeAtOnce(t *testing.T) { // API-03
	synctest.Test(t, func(t *testing.T) {
		client, server := connPair(t, netsim.Config{Loss: 1}, nil)
		defer client.Close()
		defer server.Close()
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		if err := client.Handshake(ctx); !errors.Is(err, context.Canceled) || time.Since(start) != time.Second {
			t.Errorf("Handshake = %v after %v", err, time.Since(start))
		}
	})
}

func TestAHandshakeWithNobodyTimesOut(t *testing.T) { // RTX-06
	synctest.Test(t, func(t *testing.T) {
		client, server := connPair(t, netsim.Config{Loss: 1}, func(client, _ *Config) { client.HandshakeTimeout = 5 * time.Second })
		defer server.Close()
		start := time.Now()
		err := client.Handshake(context.Background())
		var failure *HandshakeError
		if !errors.Is(err, ErrTimeout) || !errors.As(err, &failure) || time.Since(start) != 5*time.Second {
			t.Fatalf("Handshake = %v after %v", err, time.Since(start))
		}
		if failure.Flight != "client12Flight4" || failure.Sends < 5 || failure.Elapsed != 5*time.Second {
			t.Errorf("HandshakeError = %+v", failure)
		}
		if _, err := client.Read(make([]byte, 10)); !errors.Is(err, ErrTimeout) {
			t.Errorf("Read = %v, want the same reason", err)
		}
		client.Close()
	})
}

func TestAWrongFingerprintEndsBothSides(t *testing.T) { // FP-01
	synctest.Test(t, func(t *testing.T) {
		client, server := connPair(t, netsim.Config{Delay: time.Millisecond}, func(client, _ *Config) {
			client.RemoteFingerprints = fingerprint.Set{testCertificate(t, fingerprint.ECDSAP384).Fingerprint()}
		})
		defer client.Close()
		defer server.Close()
		result := make(chan error)
		go func() { result <- server.Handshake(context.Background()) }()
		err := client.Handshake(context.Background())
		var mismatch *fingerprint.MismatchError
		var alert *AlertError
		if !errors.As(err, &mismatch) || !errors.As(err, &alert) || alert.Alert != AlertBadCertificate || alert.FromPeer {
			t.Errorf("client: %v", err)
		}
		if err := <-result; !errors.As(err, &alert) || alert.Alert != AlertBadCertificate || !alert.FromPeer {
			t.Errorf("server: %v, want the client's bad_certificate", err)
		}
	})
}

func TestCloseReleasesEverybodyAndIsIdempotent(t *testing.T) { // API-02, API-04
	synctest.Test(t, func(t *testing.T) {
		client, server := connPair(t, netsim.Config{}, nil)
		go server.Handshake(context.Background())
		if err := client.Handshake(context.Background()); err != nil {
			t.Fatal(err)
		}
		result := make(chan error)
		for range 4 {
			go func() { _, err := client.Read(make([]byte, 10)); result <- err }()
		}
		synctest.Wait()
		var closers sync.WaitGroup
		for range 10 {
			closers.Go(func() {
				if err := client.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		for range 4 {
			if err := <-result; !errors.Is(err, net.ErrClosed) {
				t.Errorf("Read = %v, want net.ErrClosed", err)
			}
		}
		closers.Wait()
		if _, err := client.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write = %v, want net.ErrClosed", err)
		}
		if err := client.Handshake(context.Background()); err != nil {
			t.Errorf("Handshake = %v after it was complete", err)
		}
		<-server.Done()
		if server.Err() != io.EOF {
			t.Errorf("the server's end: %v, want io.EOF", server.Err())
		}
		server.Close()
	}) // the bubble fails if a goroutine is left
}

func TestCloseBeforeTheHandshakeReleasesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := connPair(t, netsim.Config{Loss: 1}, nil)
		result := make(chan error)
		go func() { result <- client.Handshake(context.Background()) }()
		synctest.Wait()
		client.Close()
		if err := <-result; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Handshake = %v, want net.ErrClosed", err)
		}
		server.Close() // never used
	})
}

// brokenLink fails when told to.
type brokenLink struct {
	net.Conn
	fail chan error
}

func (l *brokenLink) Read(b []byte) (int, error) { return 0, <-l.fail }

func TestTheEndOfTheLinkIsTheEndOfTheAssociation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config, _ := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		a, _ := netsim.Pipe(netsim.Config{})
		link := &brokenLink{a, make(chan error)}
		client, err := Client(link, config)
		if err != nil {
			t.Fatal(err)
		}
		result := make(chan error)
		go func() { result <- client.Handshake(context.Background()) }()
		synctest.Wait()
		unplugged := errors.New("unplugged")
		link.fail <- unplugged
		if err := <-result; !errors.Is(err, unplugged) {
			t.Errorf("Handshake = %v, want the link's error", err)
		}
		client.Close()
	})
}

func TestAShortBufferLosesTheRestOfTheRecordOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := connPair(t, netsim.Config{}, nil)
		defer client.Close()
		defer server.Close()
		go server.Handshake(t.Context())
		client.Write([]byte("first"))
		client.Write([]byte("second"))
		buf := make([]byte, 2)
		if n, err := server.Read(buf); n != 2 || err != io.ErrShortBuffer {
			t.Errorf("Read = %d, %v", n, err)
		}
		buf = make([]byte, 100)
		if n, err := server.Read(buf); err != nil || string(buf[:n]) != "second" {
			t.Errorf("Read = %q, %v", buf[:n], err)
		}
	})
}

func TestAReaderThatIsSlowLosesTheNewestAndTheyAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := connPair(t, netsim.Config{}, func(_, server *Config) { server.ReceiveBuffer = 10 * ring.Size(100) })
		defer client.Close()
		defer server.Close()
		go server.Handshake(t.Context())
		for i := range 30 {
			client.Write([]byte(strings.Repeat(string(rune('a'+i)), 100)))
		}
		synctest.Wait()
		buf := make([]byte, 200)
		for i := range 10 {
			n, err := server.Read(buf)
			if err != nil || string(buf[:n]) != strings.Repeat(string(rune('a'+i)), 100) {
				t.Fatalf("Read = %q, %v", buf[:n], err)
			}
		}
		if got := server.Stats().Dropped[DropQueueFull]; got != 20 {
			t.Errorf("%d records dropped, want 20", got)
		}
	})
}

func TestAConnAddsOneGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := connPair(t, netsim.Config{}, nil)
		done := make(chan error)
		go func() { done <- server.Handshake(context.Background()) }()
		client.Handshake(context.Background())
		<-done
		synctest.Wait()
		// Counted by what they run, for goroutines of other tests may be dying.
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		ours := 0
		for _, stack := range strings.Split(string(stacks), "\n\n") {
			if strings.Contains(stack, "synctest bubble") && strings.Contains(stack, "rtctransport/") && !strings.Contains(stack, "TestAConnAddsOneGoroutine") {
				ours++
			}
		}
		if ours != 2 {
			t.Errorf("two connected Conns hold %d goroutines, want 2", ours)
		}
		client.Close()
		server.Close()
	})
}

func TestALateFingerprintOpensTheGate(t *testing.T) { // FP-09
	synctest.Test(t, func(t *testing.T) {
		client, server := connPair(t, netsim.Config{}, func(client, _ *Config) { client.RemoteFingerprints = nil })
		defer client.Close()
		defer server.Close()
		if err := server.Handshake(waitUntilShaken(client)); err != nil {
			t.Fatal(err)
		}
		server.Write([]byte("early"))
		synctest.Wait()
		if s := client.ConnectionState(); !s.HandshakeComplete || s.Connected {
			t.Fatalf("state %+v, want a complete handshake behind a closed gate", s)
		}
		if _, err := client.SRTPMaterial(); !errors.Is(err, ErrNotConnected) {
			t.Errorf("SRTPMaterial = %v, want ErrNotConnected", err)
		}
		if err := client.SetRemoteFingerprints(fingerprint.Set{testCertificate(t, fingerprint.ECDSAP256).Fingerprint()}); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 100)
		if n, err := client.Read(buf); err != nil || string(buf[:n]) != "early" {
			t.Errorf("Read = %q, %v", buf[:n], err)
		}
	})
}

// waitUntilShaken starts a client that cannot become connected yet.
func waitUntilShaken(client *Conn) context.Context {
	go client.Handshake(context.Background())
	return context.Background()
}

func TestConnUnderLossKeepsMessagesWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := connPair(t, netsim.Config{Seed: 7, Delay: 10 * time.Millisecond, Loss: 0.2, Duplicate: 0.1, Reorder: 0.2}, nil)
		defer client.Close()
		defer server.Close()
		go server.Handshake(t.Context())
		if err := client.Handshake(t.Context()); err != nil {
			t.Fatal(err)
		}
		sent := map[string]bool{}
		for i := range 200 {
			m := strings.Repeat(string(rune('A'+i%26)), i+1)
			sent[m] = true
			client.Write([]byte(m))
		}
		buf := make([]byte, 1000)
		got := map[string]bool{}
		server.SetReadDeadline(time.Now().Add(5 * time.Second))
		for {
			n, err := server.Read(buf)
			if err != nil {
				break
			}
			if m := string(buf[:n]); !sent[m] || got[m] {
				t.Fatalf("received %q, which was not sent or came twice", m)
			}
			got[string(buf[:n])] = true
		}
		if len(got) < 120 {
			t.Errorf("%d of 200 messages arrived at 20 %% loss", len(got))
		}
	})
}

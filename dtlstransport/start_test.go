package dtlstransport

import (
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/keying/pionsrtp"
	"github.com/rtctransport/rtctransport/mux"
)

func TestStartTellsWhatBecomesOfTheAssociation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := transportPair(t, netsim.Config{Delay: 10 * time.Millisecond}, nil)
		news := make(chan string, 10)
		note := func(who string) (func(), func(error)) {
			return func() {
					time.Sleep(time.Second) // should not be: it holds up what comes, but nobody who waits
					news <- who + " connected"
				}, func(err error) {
					news <- fmt.Sprint(who, " ended: ", errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed))
				}
		}
		before := runtime.NumGoroutine()
		b.Start(note("server"))
		synctest.Wait()
		if n := runtime.NumGoroutine() - before; n > 1 {
			t.Errorf("%d goroutines wait, want the reader of the link", n)
		}
		a.Start(nil, nil)
		mustShakeHands(t, a, b)
		if len(news) != 0 {
			t.Error("Handshake waited for the caller of Start")
		}
		if _, err := b.WriteRTP(rtpPacket(1, "media")); err != nil {
			t.Error(err)
		}
		a.Close()
		if got, want := <-news, "server connected"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if got, want := <-news, "server ended: true false"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		b.Close()
		synctest.Wait()
		if len(news) != 0 {
			t.Errorf("and %q", <-news)
		}
	})
}

// pushing is a link that calls, as a peer of a server's socket does.
type pushing struct{ net.Conn }

func (p pushing) Push(deliver func(b []byte), end func(err error)) {
	go func() {
		b := make([]byte, 2048)
		for {
			n, err := p.Conn.Read(b)
			if err != nil {
				end(err)
				return
			}
			deliver(b[:n])
		}
	}()
}

func TestConnectedIsCalledBeforeWhatComesNextAndMayCallBack(t *testing.T) {
	links := map[string]func(net.Conn) mux.Link{
		"read":   func(c net.Conn) mux.Link { return c },
		"pushed": func(c net.Conn) mux.Link { return pushing{c} },
	}
	for name, link := range links {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
				client.NewProtector, server.NewProtector = pionsrtp.New, pionsrtp.New
				x, y := netsim.Pipe(netsim.Config{Delay: 10 * time.Millisecond})
				a, errA := NewTransport(x, RoleClient, client)
				b, errB := NewTransport(link(y), RoleServer, server)
				if errA != nil || errB != nil {
					t.Fatal(errA, errB)
				}
				defer a.Close()
				var order []string
				ended := make(chan error, 1)
				b.Start(func() {
					order = append(order, "connected")
					if _, err := b.WriteRTP(rtpPacket(1, "from inside")); err != nil {
						t.Errorf("WriteRTP: %v", err)
					}
					time.Sleep(time.Second)
					b.OnRTP(func(packet []byte) {
						order = append(order, string(packet[12:]))
						if err := b.Close(); err != nil {
							t.Errorf("Close: %v", err)
						}
					})
					order = append(order, "told")
				}, func(err error) { ended <- err })
				if err := a.Handshake(t.Context()); err != nil {
					t.Fatal(err)
				}
				if _, err := a.WriteRTP(rtpPacket(1, "media")); err != nil {
					t.Fatal(err)
				}
				if err := <-ended; !errors.Is(err, net.ErrClosed) {
					t.Errorf("ended: %v", err)
				}
				if want := []string{"connected", "told", "media"}; !slices.Equal(order, want) {
					t.Errorf("%q, want %q", order, want)
				}
				packet := make([]byte, 100)
				if n, err := a.ReadRTP(packet); err != nil || string(packet[12:n]) != "from inside" {
					t.Errorf("%q, %v", packet[:n], err)
				}
			})
		})
	}
}

func TestTransportThatIsClosedWhenItIsConnectedEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := transportPair(t, netsim.Config{}, nil)
		ended := make(chan error, 1)
		b.Start(func() { b.Close() }, func(err error) { ended <- err })
		if err := a.Handshake(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("ended: %v", err)
		}
		<-a.Done()
		if err := a.Err(); err != io.EOF {
			t.Errorf("the peer got %v, want io.EOF", err)
		}
		a.Close()
	})
}

func TestStartAfterTheEventTellsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := transportPair(t, netsim.Config{}, nil)
		mustShakeHands(t, a, b)
		a.Close()
		news := make(chan string, 2)
		a.Start(func() { news <- "connected" }, func(err error) { news <- fmt.Sprint(errors.Is(err, net.ErrClosed)) })
		if first, second := <-news, <-news; first != "connected" || second != "true" {
			t.Errorf("%q, %q", first, second)
		}
		b.Close()
	})
}

package dtlstransport

import (
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

func TestStartTellsWhatBecomesOfTheAssociation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := transportPair(t, netsim.Config{Delay: 10 * time.Millisecond}, nil)
		news := make(chan string, 10)
		note := func(who string) (func(), func(error)) {
			return func() {
					time.Sleep(time.Second) // holds nobody up but its own end
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

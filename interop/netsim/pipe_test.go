package netsim

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// read reads one datagram and tells when, since from, it came.
func read(c net.Conn, from time.Time) string {
	b := make([]byte, 100)
	n, err := c.Read(b)
	return fmt.Sprintf("%s %v at %v", b[:n], err, time.Since(from))
}

func wantText(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestPipeDeliversAfterItsDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := time.Now()
		a, b := Pipe(Config{Delay: 30 * time.Millisecond})
		a.Write([]byte("one"))
		time.Sleep(10 * time.Millisecond)
		a.Write([]byte("two"))
		b.Write([]byte("back"))
		wantText(t, read(b, from), "one <nil> at 30ms")
		wantText(t, read(b, from), "two <nil> at 40ms")
		wantText(t, read(a, from), "back <nil> at 40ms")
	})
}

func TestPipeWithoutDelayDeliversAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := time.Now()
		a, b := Pipe(Config{Loss: 0})
		for i := range 3 {
			fmt.Fprint(b, i)
		}
		for i := range 3 {
			wantText(t, read(a, from), fmt.Sprint(i, " <nil> at 0s"))
		}
	})
}

// An earlier arrival that is sent later must move the timer forward.
func TestPipeDeliversAnOvertakerFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := time.Now()
		a, b := Pipe(Config{Delay: time.Second, Decide: func(_ Direction, n int) Fate {
			return Fate{Extra: -time.Duration(n) * 300 * time.Millisecond}
		}})
		a.Write([]byte("slow"))
		a.Write([]byte("fast"))
		wantText(t, read(b, from), "fast <nil> at 700ms")
		wantText(t, read(b, from), "slow <nil> at 1s")
	})
}

func TestPipeReadDeadlineEndsAPendingReadAndCanBeMoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := time.Now()
		a, b := Pipe(Config{Delay: 5 * time.Second})
		b.Write([]byte("late"))
		a.SetReadDeadline(from.Add(time.Second))
		wantText(t, read(a, from), " i/o timeout at 1s")
		wantText(t, read(a, from), " i/o timeout at 1s")

		a.SetReadDeadline(from.Add(time.Hour))
		go func() {
			time.Sleep(time.Second)
			a.SetReadDeadline(time.Now()) // the usual way to wake a reader
		}()
		wantText(t, read(a, from), " i/o timeout at 2s")

		a.SetReadDeadline(time.Time{})
		wantText(t, read(a, from), "late <nil> at 5s")

		b.Write([]byte("kept"))
		time.Sleep(6 * time.Second)
		a.SetDeadline(from)
		wantText(t, read(a, from), " i/o timeout at 11s")
		_, err := a.Write([]byte("x"))
		var timeout net.Error
		if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("Write after its deadline: %v", err)
		}
		a.SetDeadline(time.Time{})
		wantText(t, read(a, from), "kept <nil> at 11s")
	})
}

func TestPipeCloseEndsItsOwnCallsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := time.Now()
		a, b := Pipe(Config{Delay: time.Second})
		a.Write([]byte("sent before"))
		a.SetReadDeadline(from.Add(time.Hour))
		go func() {
			time.Sleep(time.Millisecond)
			a.Close()
		}()
		wantText(t, read(a, from), " use of closed network connection at 1ms")
		if _, err := a.Write(nil); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write after Close: %v", err)
		}
		if err := errors.Join(a.SetDeadline(from), a.SetWriteDeadline(from)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("SetDeadline after Close: %v", err)
		}
		if err := a.Close(); err != nil {
			t.Errorf("second Close: %v", err)
		}
		wantText(t, read(b, from), "sent before <nil> at 1s")
		if _, err := b.Write([]byte("to nobody")); err != nil {
			t.Errorf("Write to a closed end: %v", err)
		}
		time.Sleep(time.Minute)
		if got := b.(*End).Stats(BtoA); got != (Stats{Sent: 1, Bytes: 9, Overflowed: 1}) {
			t.Errorf("stats %+v", got)
		}
	})
}

func TestPipeShortReadLosesTheRest(t *testing.T) {
	a, b := Pipe(Config{})
	a.Write([]byte("123456"))
	a.Write([]byte("next"))
	p := make([]byte, 4)
	if n, err := b.Read(p); n != 4 || !errors.Is(err, io.ErrShortBuffer) || string(p) != "1234" {
		t.Errorf("Read = %d, %v, %q", n, err, p)
	}
	if n, err := b.Read(p); n != 4 || err != nil || string(p) != "next" {
		t.Errorf("Read = %d, %v, %q", n, err, p)
	}
}

func TestPipeQueueIsBounded(t *testing.T) {
	a, b := Pipe(Config{})
	for i := range queueLimit + 10 {
		if _, err := a.Write([]byte{byte(i >> 8), byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	p := make([]byte, 2)
	for i := range queueLimit {
		if n, err := b.Read(p); n != 2 || err != nil || p[0] != byte(i>>8) || p[1] != byte(i) {
			t.Fatalf("datagram %d: %x, %v", i, p[:n], err)
		}
	}
	b.SetReadDeadline(time.Unix(1, 0))
	if _, err := b.Read(p); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Read of an empty queue: %v", err)
	}
	want := Stats{Sent: queueLimit + 10, Bytes: 2 * (queueLimit + 10), Overflowed: 10, Delivered: queueLimit}
	if got := a.(*End).Stats(AtoB); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
}

func TestPipeCarriesBothWaysFromManyGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const writers, each = 4, 50
		a, b := Pipe(Config{Seed: 9, Delay: 10 * time.Millisecond, Jitter: 5 * time.Millisecond, Duplicate: .1})
		var wg sync.WaitGroup
		for _, c := range []net.Conn{a, b} {
			for range writers {
				wg.Go(func() {
					for i := range each {
						c.Write([]byte{byte(i)})
						time.Sleep(time.Millisecond)
					}
				})
			}
			for range 2 {
				wg.Go(func() {
					for {
						if _, err := c.Read(make([]byte, 10)); err != nil {
							return
						}
					}
				})
			}
		}
		time.Sleep(time.Minute)
		for _, d := range []Direction{AtoB, BtoA} {
			s := a.(*End).Stats(d)
			if s.Sent != writers*each || s.Duplicated == 0 || s.Delivered != s.Sent+s.Duplicated {
				t.Errorf("%v: %+v", d, s)
			}
		}
		a.Close()
		b.Close()
		wg.Wait()
	})
}

func TestPipeEndsAreNamed(t *testing.T) {
	a, b := Pipe(Config{})
	got := fmt.Sprintf("%v%v %v%v %s", a.LocalAddr(), a.RemoteAddr(), b.LocalAddr(), b.RemoteAddr(), a.LocalAddr().Network())
	wantText(t, got, "AB BA netsim")
}

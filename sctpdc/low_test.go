package sctpdc

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestTrySendTakesWhatSendWouldNotWaitFor(t *testing.T) {
	inPair(t, rtt40, Config{SendBuffer: 100_000}, Config{}, func(p *pair) {
		c, d := p.open(p.client, p.server, "x", nil)
		time.Sleep(time.Second) // the DATA_CHANNEL_OPEN is acknowledged
		began := time.Now()
		taken := 0
		for ; ; taken++ {
			if err := c.TrySend(Message{Data: make([]byte, 10_000)}); err == ErrBufferFull {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("TrySend waited %v", took)
		}
		if taken != 10 || c.Queued() != 100_000 {
			t.Errorf("%d messages taken, %d bytes queued", taken, c.Queued())
		}
		for range taken {
			if _, err := d.Receive(within(t, time.Minute)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		if err := c.TrySend(Message{}); err != nil || c.Queued() != 1 {
			t.Errorf("with an empty buffer: %v, %d bytes queued", err, c.Queued())
		}
		if err := c.TrySend(Message{Kind: Text, Data: []byte{0xff}}); err != ErrInvalidUTF8 {
			t.Errorf("text that is none: %v", err)
		}
		var e *MessageSizeError
		if err := c.TrySend(Message{Data: make([]byte, 65537)}); !errors.As(err, &e) {
			t.Errorf("too large: %v", err)
		}
		_ = c.Close()
		if err := c.TrySend(Message{}); err != ErrChannelClosed {
			t.Errorf("closed: %v", err)
		}
	})
}

// A sender that only uses TrySend and OnLow gets everything through, and is called once for each time the amount falls.
func TestOnLowTellsWhenToGoOn(t *testing.T) {
	for _, threshold := range []int{0, 1000, 60_000, 90_000} { // below and above what wakes Send
		inPair(t, rtt40, Config{SendBuffer: 100_000}, Config{}, func(p *pair) {
			c, d := p.open(p.client, p.server, "x", nil)
			time.Sleep(time.Second)
			const n = 500
			var mu sync.Mutex
			var sent, calls int
			fill := func() {
				mu.Lock()
				defer mu.Unlock()
				for sent < n && c.TrySend(Message{Data: make([]byte, 5000)}) == nil {
					sent++
				}
			}
			c.OnLow(threshold, func() {
				fill()
				mu.Lock()
				calls++
				mu.Unlock()
			})
			synctest.Wait()
			if mu.Lock(); calls != 0 {
				t.Fatal("called although nothing had been queued")
			}
			mu.Unlock()
			fill()
			for i := range n {
				if _, err := d.Receive(within(t, time.Minute)); err != nil {
					t.Fatalf("threshold %d: message %d: %v", threshold, i, err)
				}
			}
			time.Sleep(time.Second)
			synctest.Wait()
			// Each call fills up 100,000 bytes less the threshold, so fewer calls would not do.
			if least := n * 5000 / 100_000; calls < least {
				t.Errorf("threshold %d: %d calls, want %d at least", threshold, calls, least)
			}
			if limit := 2 * n; calls > limit {
				t.Errorf("threshold %d: %d calls", threshold, calls)
			}
		})
	}
}

// The application's threshold does not change when Send is woken.
func TestOnLowAndSendThatWaitsGoTogether(t *testing.T) {
	for _, threshold := range []int{-1, 0, 99_999} {
		inPair(t, rtt40, Config{SendBuffer: 100_000}, Config{}, func(p *pair) {
			c, d := p.open(p.client, p.server, "x", nil)
			var calls atomic.Int32
			if threshold >= 0 {
				c.OnLow(threshold, func() { calls.Add(1) })
			}
			highest := make(chan int, 1)
			go func() {
				most := 0
				for range 200 {
					began := time.Now()
					if err := c.SendBinary(within(t, time.Minute), make([]byte, 10_000)); err != nil {
						t.Error(err)
					}
					if time.Since(began) > 0 {
						most = max(most, c.Queued()-10_000)
					}
				}
				highest <- most
			}()
			for range 200 {
				if _, err := d.Receive(within(t, time.Minute)); err != nil {
					t.Fatal(err)
				}
			}
			if most := <-highest; most < 20_000 || most > 50_000 {
				t.Errorf("OnLow(%d): Send was woken at %d bytes, want about 50,000", threshold, most)
			}
			time.Sleep(time.Second)
			if threshold >= 0 && calls.Load() == 0 {
				t.Errorf("OnLow(%d): not called", threshold)
			}
		})
	}
}

func TestOnLowCanBeReplacedAndEnded(t *testing.T) {
	inPair(t, rtt40, Config{}, Config{}, func(p *pair) {
		c, d := p.open(p.client, p.server, "x", nil)
		var first, second atomic.Int32
		c.OnLow(0, func() { first.Add(1) })
		p.send(c, "one")
		c.OnLow(0, func() { second.Add(1) }) // after the send, and before the acknowledgement
		p.want(d, "one")
		time.Sleep(time.Second)
		if first.Load() != 0 || second.Load() != 1 {
			t.Errorf("%d and %d calls, want 0 and 1", first.Load(), second.Load())
		}
		c.OnLow(0, nil)
		p.send(c, "two")
		time.Sleep(time.Second)
		if second.Load() != 1 {
			t.Error("called after its end")
		}
	})
}

// The callback may close the whole association.
func TestOnLowMayCallAnything(t *testing.T) {
	inPair(t, rtt40, Config{}, Config{}, func(p *pair) {
		c, _ := p.open(p.client, p.server, "x", nil)
		c.OnLow(0, func() { _ = p.client.Close() })
		p.send(c, "x")
		wantEnd(t, p.client, ReasonClosed, false)
	})
}

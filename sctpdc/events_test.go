package sctpdc

import (
	"errors"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

// An eventLog is a Config.OnEvent.
type eventLog struct {
	mu  sync.Mutex
	all []Event
}

func (l *eventLog) add(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, e)
}

// want waits until nothing happens, and compares what was told since the last call, errors left out.
func (l *eventLog) want(t *testing.T, want ...Event) {
	t.Helper()
	time.Sleep(time.Second)
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	got := append([]Event(nil), l.all...)
	l.all = nil
	for i := range got {
		got[i].Err = nil
	}
	if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
}

// first returns the first event of a kind, once nothing moves any more.
func (l *eventLog) first(k EventKind) Event {
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.all {
		if e.Kind == k {
			return e
		}
	}
	return Event{}
}

func TestEventsTellWhatHappens(t *testing.T) {
	var client, server eventLog
	inTapped(t, Config{OnEvent: client.add}, Config{OnEvent: server.add}, func(p *pair, x, _ *tap) {
		c, _ := p.open(p.client, p.server, "x", nil)
		client.want(t, Event{Kind: EventUp})
		server.want(t, Event{Kind: EventUp})

		_ = c.Close()
		server.want(t, Event{Kind: EventStreamReset, Stream: c.ID()})
		client.want(t, Event{Kind: EventStreamReset, Stream: c.ID()})

		tag := x.tag()
		x.inject(tag, chunkError, 0, []byte{0, 1, 0, 8, 0, 9, 0, 0}) // Invalid Stream Identifier: 9
		x.inject(tag, chunkError, 0, []byte{0, 13, 0, 8, 'o', 'o', 'p', 's'})
		server.want(t, Event{Kind: EventRemoteError, Cause: 1, Text: "invalid stream identifier"}, Event{Kind: EventRemoteError, Cause: 13, Text: "oops"})

		x.inject(0, chunkInit, 0, goodInit)
		server.want(t, Event{Kind: EventRestartRefused})

		if err := p.client.Shutdown(within(t, time.Minute)); err != nil {
			t.Fatal(err)
		}
		server.want(t, Event{Kind: EventShutdown}, Event{Kind: EventEnd})
		client.want(t, Event{Kind: EventEnd})
	})
}

func TestEndIsToldWithItsReason(t *testing.T) {
	var log eventLog
	inPair(t, rtt40, Config{}, Config{OnEvent: log.add}, func(p *pair) {
		p.open(p.client, p.server, "x", nil)
		_ = p.client.Close()
		<-p.server.Done()
		synctest.Wait()
		var e *AssociationError
		if got := log.all[len(log.all)-1]; got.Kind != EventEnd || !errors.As(got.Err, &e) || e.Reason != ReasonAbort || !e.Peer {
			t.Errorf("the last event is %v: %v", got.Kind, got.Err)
		}
	})
}

// A peer can send more than an application wants to hear.
func TestEventsThatNobodyTakesAreCountedAndTheEndIsTold(t *testing.T) {
	var log eventLog
	slow := func(e Event) {
		if e.Kind == EventUp {
			time.Sleep(time.Minute)
		}
		log.add(e)
	}
	inTapped(t, Config{}, Config{OnEvent: slow}, func(p *pair, x, _ *tap) {
		p.open(p.client, p.server, "x", nil)
		for range 200 {
			x.inject(x.tag(), chunkError, 0, []byte{0, 1, 0, 8, 0, 9, 0, 0})
		}
		time.Sleep(time.Second)
		// One call waits, 64 events behind it.
		if got := p.server.Stats().EventsDropped; got != 200-maxEvents {
			t.Errorf("%d events dropped, want %d", got, 200-maxEvents)
		}
		_ = p.server.Close()
		time.Sleep(time.Minute)
		synctest.Wait()
		log.mu.Lock()
		defer log.mu.Unlock()
		if n := len(log.all); n != 1+maxEvents+1 || log.all[n-1].Kind != EventEnd {
			t.Errorf("%d events told, the last is %v", n, log.all[n-1].Kind)
		}
	})
}

func TestOnEventMayCallAnything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, y := netsim.Pipe(rtt40)
		var client *Association
		made, ended := make(chan struct{}), make(chan struct{})
		client = (&pair{t: t}).start(x, 1, Config{OnEvent: func(e Event) {
			<-made
			switch e.Kind {
			case EventUp:
				_ = client.Close()
			case EventEnd:
				close(ended)
			}
		}})
		close(made)
		server := (&pair{t: t}).start(y, 2, Config{})
		defer server.Close()
		<-ended
	})
}

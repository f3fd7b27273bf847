package mux

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
)

// datagram returns a datagram of a class, with a text to recognise it by.
func datagram(class Class, text string) []byte {
	head := map[Class][]byte{
		Unknown: {9}, STUN: stunMessage(), ZRTP: {16}, DTLS: {22, 0xfe, 0xfd}, TURNChannel: {64},
		QUIC: {0xc0}, RTP: {0x80, 96}, RTCP: {0x80, 200},
	}[class]
	return append(append([]byte(nil), head...), text...)
}

// A recorder is a handler that copies what it gets.
type recorder struct {
	mu  sync.Mutex
	got []string
}

func (r *recorder) handle(b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, string(b))
}

func (r *recorder) want(t *testing.T, want ...[]byte) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var texts []string
	for _, b := range want {
		texts = append(texts, string(b))
	}
	if !reflect.DeepEqual(r.got, texts) {
		t.Errorf("the handler got %q, want %q", r.got, texts)
	}
}

// inBubble runs f in virtual time with a Mux, which is closed in the end. The bubble fails if a goroutine is
// left over.
func inBubble(t *testing.T, config *Config, f func(t *testing.T, m *Mux, link *fakeLink)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		link := newFakeLink()
		m := New(link, config)
		defer m.Close()
		f(t, m, link)
	})
}

// wantStats compares the counters of drops with want.
func wantDrops(t *testing.T, m *Mux, want Stats) {
	t.Helper()
	got := m.Stats()
	want.Received = got.Received
	if got != want {
		t.Errorf("counters\n got %+v\nwant %+v", got, want)
	}
}

func TestEachClassReachesItsHandlerAlone(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		var recorders [numClasses]recorder
		for class := STUN; class < numClasses; class++ {
			m.Handle(recorders[class].handle, class)
		}
		for class := range Class(numClasses) {
			link.arrive(datagram(class, "one"), datagram(class, "two"))
		}
		synctest.Wait()
		for class := STUN; class < numClasses; class++ {
			recorders[class].want(t, datagram(class, "one"), datagram(class, "two"))
		}
		stats := m.Stats()
		for class, n := range stats.Received {
			if n != 2 {
				t.Errorf("%v: %d received, want 2", Class(class), n)
			}
		}
		if stats.Unknown != 2 || stats.Dropped() != 2 {
			t.Errorf("%d unknown of %d dropped, want 2 of 2", stats.Unknown, stats.Dropped())
		}
	})
}

// MUX-02, MUX-04
func TestUnknownAndEmptyDatagramsAreCountedAndReachNobody(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		var r recorder
		m.Handle(r.handle, STUN, ZRTP, DTLS, TURNChannel, QUIC, RTP, RTCP)
		for first := byte(4); first <= 15; first++ {
			link.arrive([]byte{first, 1, 2, 3})
		}
		link.arrive(nil, []byte{})
		synctest.Wait()
		r.want(t)
		wantDrops(t, m, Stats{Unknown: 12, Empty: 2})
	})
}

// MUX-03
func TestQUICIsRoutedOnlyToWhoAskedForIt(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		var dtls, quic recorder
		m.Handle(dtls.handle, DTLS)
		link.arrive(datagram(QUIC, "long header"), []byte{80}, []byte{127})
		synctest.Wait()
		wantDrops(t, m, Stats{Unrouted: ClassCounts{QUIC: 3}})
		m.Handle(quic.handle, QUIC) // nothing of what came before was kept
		link.arrive([]byte{81, 5}, datagram(QUIC, "x"))
		synctest.Wait()
		quic.want(t, []byte{81, 5}, datagram(QUIC, "x"))
		dtls.want(t)
	})
}

// MUX-06
func TestSTUNWithoutCookieReachesNobody(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		var stun, dtls recorder
		m.Handle(stun.handle, STUN)
		m.Handle(dtls.handle, DTLS)
		for first := range byte(4) {
			b := stunMessage()
			b[0], b[4] = first, 0
			link.arrive(b, []byte{first})
		}
		link.arrive(stunMessage())
		synctest.Wait()
		stun.want(t, stunMessage())
		dtls.want(t)
		wantDrops(t, m, Stats{NotSTUN: 8})
	})
}

// MUX-08
func TestEarlyDatagramsReachAHandlerInOrder(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		var dtls, media recorder
		m.Handle(func([]byte) {}, ZRTP) // starts the read loop
		link.arrive(datagram(RTP, "1"), datagram(DTLS, "hello"), datagram(RTCP, "2"), datagram(RTP, "3"))
		synctest.Wait()
		m.Handle(dtls.handle, DTLS)
		dtls.want(t, datagram(DTLS, "hello")) // before Handle returns
		m.Handle(media.handle, RTP, RTCP)
		media.want(t, datagram(RTP, "1"), datagram(RTCP, "2"), datagram(RTP, "3"))
		link.arrive(datagram(DTLS, "more"))
		synctest.Wait()
		dtls.want(t, datagram(DTLS, "hello"), datagram(DTLS, "more"))
		wantDrops(t, m, Stats{})
	})
}

func TestDatagramsThatComeDuringReplayFollowIt(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		m.Handle(func([]byte) {}, ZRTP)
		link.arrive(datagram(DTLS, "1"), datagram(DTLS, "2"))
		synctest.Wait()

		var r recorder
		calls := 0 // no mutex: the race detector sees overlapping calls
		m.Handle(func(b []byte) {
			calls++
			if calls == 1 {
				link.arrive(datagram(DTLS, "3"), datagram(DTLS, "4"))
				synctest.Wait()
			}
			r.handle(b)
		}, DTLS)
		link.arrive(datagram(DTLS, "5"))
		synctest.Wait()
		r.want(t, datagram(DTLS, "1"), datagram(DTLS, "2"), datagram(DTLS, "3"), datagram(DTLS, "4"), datagram(DTLS, "5"))
	})
}

// A handshake that completes inside the DTLS handler attaches media there.
func TestHandlerMayAttachAnother(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		var media recorder
		m.Handle(func([]byte) { m.Handle(media.handle, RTP) }, DTLS)
		link.arrive(datagram(RTP, "early"), datagram(DTLS, "finished"), datagram(RTP, "late"))
		synctest.Wait()
		media.want(t, datagram(RTP, "early"), datagram(RTP, "late"))
	})
}

func TestHandlerMayReplaceItself(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		var second recorder
		m.Handle(func([]byte) {}, ZRTP)
		link.arrive(datagram(DTLS, "1"))
		synctest.Wait()
		m.Handle(func([]byte) { m.Handle(second.handle, DTLS) }, DTLS)
		link.arrive(datagram(DTLS, "2"))
		synctest.Wait()
		second.want(t, datagram(DTLS, "2"))
	})
}

// MUX-08: "bounded". A flood of media before its keys must not push out the ClientHello, nor grow.
func TestEarlyMediaIsBoundedAndLeavesRoomForDTLS(t *testing.T) {
	const size = 1000
	const room = 10
	inBubble(t, &Config{EarlyBytes: room * (size + packetOverhead)}, func(t *testing.T, m *Mux, link *fakeLink) {
		m.Handle(func([]byte) {}, ZRTP)
		var media, dtls recorder
		var want [][]byte
		for i := range 1000 {
			b := append(datagram(RTP, fmt.Sprint(i)), make([]byte, size)...)[:size]
			if i < room {
				want = append(want, b)
			}
			link.arrive(b)
		}
		link.arrive(datagram(DTLS, "hello"))
		synctest.Wait()
		wantDrops(t, m, Stats{EarlyFull: ClassCounts{RTP: 1000 - room}})
		m.Handle(dtls.handle, DTLS)
		dtls.want(t, datagram(DTLS, "hello"))
		m.Handle(media.handle, RTP)
		media.want(t, want...)
	})
}

func TestNothingIsKeptEarlyWhenTheBoundIsNegative(t *testing.T) {
	inBubble(t, &Config{EarlyBytes: -1}, func(t *testing.T, m *Mux, link *fakeLink) {
		m.Handle(func([]byte) {}, ZRTP)
		link.arrive(datagram(DTLS, "hello"))
		synctest.Wait()
		var dtls recorder
		m.Handle(dtls.handle, DTLS)
		dtls.want(t)
		wantDrops(t, m, Stats{EarlyFull: ClassCounts{DTLS: 1}})
	})
}

func TestNilHandlerGivesAClassUp(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		m.Handle(func([]byte) {}, ZRTP)
		link.arrive(datagram(RTP, "kept"))
		synctest.Wait()
		m.Handle(nil, RTP, RTCP)
		link.arrive(datagram(RTP, "refused"), datagram(RTCP, "refused"))
		synctest.Wait()
		wantDrops(t, m, Stats{Unrouted: ClassCounts{RTP: 2, RTCP: 1}})
		var media recorder
		m.Handle(media.handle, RTP)
		link.arrive(datagram(RTP, "wanted after all"))
		synctest.Wait()
		media.want(t, datagram(RTP, "wanted after all"))
	})
}

func TestHandlerMayWriteIntoTheDatagramButNotBehindIt(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		m.Handle(func(b []byte) {
			if cap(b) != len(b) {
				t.Errorf("%d bytes with room for %d: an append would write into the read buffer", len(b), cap(b))
			}
			clear(b)
		}, DTLS)
		e := m.Endpoint(RTP)
		link.arrive(datagram(DTLS, "first"), datagram(RTP, "second"))
		buf := make([]byte, 100)
		n, err := e.Read(buf)
		if err != nil || string(buf[:n]) != string(datagram(RTP, "second")) {
			t.Errorf("got %q, %v", buf[:n], err)
		}
	})
}

// MUX-11
func TestOversizedDatagramsAreCountedAndNotDelivered(t *testing.T) {
	for _, config := range []*Config{nil, {MaxReceiveSize: 1200}, {MaxReceiveSize: 1 << 20}} {
		inBubble(t, config, func(t *testing.T, m *Mux, link *fakeLink) {
			limit := config.limits().receive
			if limit > 65535 {
				t.Fatalf("a limit of %d bytes is more than a datagram has", limit)
			}
			var r recorder
			m.Handle(r.handle, DTLS)
			fits := append(datagram(DTLS, ""), make([]byte, limit)...)[:limit]
			link.arrive(fits, append(fits, 0), append(fits, make([]byte, 9000)...), datagram(DTLS, "next"))
			synctest.Wait()
			r.want(t, fits, datagram(DTLS, "next"))
			wantDrops(t, m, Stats{Oversized: 2})
		})
	}
}

// A link that reports the cut itself.
func TestShortBufferFromTheLinkMeansOversized(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		var r recorder
		m.Handle(r.handle, DTLS)
		link.in <- arrival{b: datagram(DTLS, "cut"), err: io.ErrShortBuffer}
		link.arrive(datagram(DTLS, "whole"))
		synctest.Wait()
		r.want(t, datagram(DTLS, "whole"))
		wantDrops(t, m, Stats{Oversized: 1})
	})
}

func TestICMPMessagesDoNotEndTheMux(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		var r recorder
		m.Handle(r.handle, DTLS)
		for _, err := range []error{syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.ENETUNREACH} {
			link.fail(&net.OpError{Op: "read", Net: "udp", Err: err})
		}
		link.arrive(datagram(DTLS, "still here"))
		synctest.Wait()
		r.want(t, datagram(DTLS, "still here"))
		wantDrops(t, m, Stats{LinkErrors: 3})
	})
}

func TestWriteIsSentAgainAfterAnICMPMessage(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		link.writeErr = []error{syscall.ECONNREFUSED, nil, syscall.ECONNREFUSED, syscall.ECONNREFUSED, syscall.EMSGSIZE}
		if n, err := m.Write([]byte("one")); n != 3 || err != nil {
			t.Errorf("after one error: %d, %v", n, err)
		}
		if n, err := m.Write([]byte("two")); n != 3 || err != nil {
			t.Errorf("after two errors: %d, %v; want a lost datagram", n, err)
		}
		var failed *LinkError
		if _, err := m.Write([]byte("large")); !errors.Is(err, syscall.EMSGSIZE) || !errors.As(err, &failed) || failed.Op != "write" {
			t.Errorf("got %v, want EMSGSIZE in a LinkError", err)
		}
		if _, err := m.Write([]byte("three")); err != nil {
			t.Errorf("a failed write ended the mux: %v", err)
		}
		if want := []string{"one", "three"}; !reflect.DeepEqual(link.sent, want) {
			t.Errorf("sent %q, want %q", link.sent, want)
		}
		wantDrops(t, m, Stats{LinkErrors: 2})
	})
}

// MUX-10
func TestCloseByManyReleasesEverybody(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		m.Handle(func([]byte) {}, RTP)
		e := m.Endpoint(DTLS)
		var readers, closers sync.WaitGroup
		for range 10 {
			readers.Go(func() {
				if _, err := e.Read(make([]byte, 10)); !errors.Is(err, net.ErrClosed) {
					t.Errorf("a waiting Read got %v, want net.ErrClosed", err)
				}
			})
		}
		synctest.Wait()
		for range 100 {
			closers.Go(func() {
				if err := m.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
			closers.Go(func() { e.Close() })
		}
		closers.Wait()
		readers.Wait()
		<-m.Done()
		if n := link.closes.Load(); n != 1 {
			t.Errorf("the link was closed %d times", n)
		}
		if err := m.Err(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Err is %v, want net.ErrClosed", err)
		}
		for _, w := range []io.Writer{m, e} {
			if _, err := w.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
				t.Errorf("%T: Write got %v, want net.ErrClosed", w, err)
			}
		}
		if err := e.SetDeadline(testStart); !errors.Is(err, net.ErrClosed) {
			t.Errorf("SetDeadline got %v, want net.ErrClosed", err)
		}
		if _, err := m.Endpoint(DTLS).Read(nil); !errors.Is(err, net.ErrClosed) {
			t.Errorf("a new endpoint got %v, want net.ErrClosed", err)
		}
		m.Handle(func([]byte) {}, DTLS) // harmless
	})
}

func TestWhoeverAskedIsToldOfTheEndOnce(t *testing.T) {
	for name, end := range map[string]struct {
		by   func(m *Mux, link *fakeLink)
		want error
	}{
		"Close": {func(m *Mux, _ *fakeLink) { m.Close() }, net.ErrClosed},
		"link":  {func(_ *Mux, link *fakeLink) { link.fail(io.EOF) }, io.EOF},
	} {
		inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
			var told [3][]error
			tell := func(i int) func(error) {
				return func(err error) {
					told[i] = append(told[i], err)
					if link.closes.Load() != 1 {
						t.Errorf("%s: told before the link was closed", name)
					}
					m.Stats()
					m.Err() // no lock is held
				}
			}
			m.Handle(nil, RTP)
			m.OnEnd(tell(0))
			m.OnEnd(tell(1))
			end.by(m, link)
			<-m.Done()
			m.Close()
			m.OnEnd(tell(2))
			for i, errs := range told {
				if len(errs) != 1 || !errors.Is(errs[0], end.want) {
					t.Errorf("%s: function %d was told %v, want %v once", name, i, errs, end.want)
				}
			}
		})
	}
}

func TestHandlerMayClose(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		m.Handle(func([]byte) { m.Close() }, DTLS)
		link.arrive(datagram(DTLS, "close_notify"))
		<-m.Done()
	})
}

func TestDoneWaitsForTheHandler(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		leave := make(chan struct{})
		m.Handle(func([]byte) { <-leave }, DTLS)
		link.arrive(datagram(DTLS, "x"))
		synctest.Wait()
		m.Close()
		synctest.Wait()
		select {
		case <-m.Done():
			t.Error("Done is closed while a handler runs")
		default:
		}
		close(leave)
		<-m.Done()
	})
}

func TestUnusedMuxStartsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		New(newFakeLink(), nil) // the bubble fails if there is a goroutine
		m := New(newFakeLink(), nil)
		if _, err := m.Write([]byte("x")); err != nil {
			t.Errorf("Write before anybody attached: %v", err)
		}
		m.Close()
		<-m.Done()
	})
}

// MUX-10: "typed error".
func TestFailureOfTheLinkReachesReadersAfterTheirData(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		e, idle := m.Endpoint(DTLS), m.Endpoint(RTP)
		link.arrive(datagram(DTLS, "last words"))
		link.fail(io.EOF)
		<-m.Done()
		buf := make([]byte, 100)
		if n, err := e.Read(buf); err != nil || string(buf[:n]) != string(datagram(DTLS, "last words")) {
			t.Errorf("got %q, %v", buf[:n], err)
		}
		var failed *LinkError
		for name, read := range map[string]func([]byte) (int, error){"reader": e.Read, "idle": idle.Read, "writer": m.Write} {
			if _, err := read(buf); !errors.Is(err, io.EOF) || !errors.As(err, &failed) || failed.Op != "read" {
				t.Errorf("%s: got %v, want the link's io.EOF", name, err)
			}
		}
		if err := m.Err(); !errors.Is(err, io.EOF) {
			t.Errorf("Err is %v", err)
		}
		if link.closes.Load() != 1 {
			t.Error("the link was not closed")
		}
		if err := m.Close(); err != nil {
			t.Errorf("Close afterwards: %v", err)
		}
		if err := m.Err(); !errors.Is(err, io.EOF) {
			t.Errorf("Err after Close is %v, want the first reason", err)
		}
		e.Close()
		if _, err := e.Read(buf); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the closed endpoint got %v, want net.ErrClosed", err)
		}
	})
}

// Handlers come and go while datagrams arrive and the end comes at any point; the race detector watches.
func TestAttachingWhileReadingIsSafe(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, m *Mux, link *fakeLink) {
		m.Handle(nil, ZRTP)
		var all sync.WaitGroup
		all.Go(func() {
			for i := range 2000 {
				select {
				case link.in <- arrival{b: datagram(Class(i%numClasses), "x")}:
				case <-link.closed:
					return
				}
			}
		})
		for class := STUN; class < numClasses; class++ {
			all.Go(func() {
				for range 50 {
					m.Handle(func(b []byte) { clear(b) }, class)
					e := m.Endpoint(class, RTP)
					e.Stats()
					m.Handle(nil, class)
					e.Close()
				}
			})
		}
		all.Wait()
		m.Close()
	})
}

func TestEveryDatagramIsCountedOnce(t *testing.T) {
	inBubble(t, &Config{QueueBytes: 64, EarlyBytes: 200, MaxReceiveSize: 100}, func(t *testing.T, m *Mux, link *fakeLink) {
		var handled recorder
		m.Handle(handled.handle, STUN)
		e := m.Endpoint(RTP)
		const rounds = 20
		for range rounds {
			for class := range Class(numClasses) {
				link.arrive(datagram(class, "x"))
			}
			link.arrive(nil, []byte{1}, bytes.Repeat([]byte{22}, 101))
		}
		synctest.Wait()
		stats := m.Stats()
		if got, want := stats.Received.Total()+stats.Oversized, uint64(rounds*(numClasses+3)); got != want {
			t.Errorf("%d received or oversized, want %d", got, want)
		}
		delivered := uint64(len(handled.got)) + uint64(e.Stats().Queued)
		var kept uint64
		m.mu.Lock()
		kept = uint64(len(m.early.packets))
		m.mu.Unlock()
		if got, want := delivered+kept+stats.Dropped(), uint64(rounds*(numClasses+3)); got != want {
			t.Errorf("%d delivered, %d kept, %d dropped: %d, want %d", delivered, kept, stats.Dropped(), got, want)
		}
	})
}

func TestOnEndIsCalledOnceWithTheReason(t *testing.T) {
	m := New(newFakeLink(), nil)
	var got []error
	m.OnEnd(func(err error) { got = append(got, err) })
	m.Close()
	m.Close()
	m.OnEnd(func(err error) { got = append(got, err) })
	if len(got) != 2 || !errors.Is(got[0], net.ErrClosed) || !errors.Is(got[1], net.ErrClosed) {
		t.Errorf("OnEnd was told %v, want net.ErrClosed twice: one for each function", got)
	}
}

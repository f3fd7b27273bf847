package dtlstransport

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// A lossCase is a way to shake hands that is then disturbed in every way.
type lossCase struct {
	mtu     int
	cookies bool
}

var lossCases = []lossCase{{1200, false}, {1200, true}, {300, false}, {300, true}}

func (c lossCase) String() string { return fmt.Sprintf("mtu=%d/cookies=%t", c.mtu, c.cookies) }

func (c lossCase) pair(t testing.TB, link netsim.Config) *pair {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	client.MaxDatagramSize, server.MaxDatagramSize = c.mtu, c.mtu
	if c.cookies {
		server.Cookies = NewCookies()
	}
	link.Delay, link.MTU = sceneDelay, c.mtu
	return newPair(t, client, server, link)
}

// undisturbed returns how many datagrams each direction has if nothing happens,
// and how long the handshake takes.
func (c lossCase) undisturbed(t testing.TB) (n [2]int, elapsed time.Duration) {
	p := c.pair(t, netsim.Config{})
	p.connect()
	return [2]int{p.link.Sent(netsim.AtoB), p.link.Sent(netsim.BtoA)}, p.now.Sub(epochZero)
}

// A spot is one datagram of a direction.
type spot struct {
	d netsim.Direction
	n int
}

func spots(n [2]int) (all []spot) {
	for d := range n {
		for i := range n[d] {
			all = append(all, spot{netsim.Direction(d), i})
		}
	}
	return all
}

// try runs a handshake in which the datagrams at the spots have the fate, and
// checks that it completes within limit and that both ends then are at rest.
func (c lossCase) try(t *testing.T, limit time.Duration, fate netsim.Fate, at ...spot) {
	t.Helper()
	over := false
	p := c.pair(t, netsim.Config{Decide: func(d netsim.Direction, n int) netsim.Fate {
		if !over && slices.Contains(at, spot{d, n}) {
			return fate
		}
		return netsim.Fate{}
	}})
	p.start()
	if !p.run(time.Minute, p.bothConnected) {
		t.Errorf("%v: not connected: client %v, server %v", at, p.client.err, p.server.err)
		return
	}
	if elapsed := p.now.Sub(epochZero); elapsed > limit {
		t.Errorf("%v: connected after %v, want at most %v", at, elapsed, limit)
	}
	if a, b := p.client.largest, p.server.largest; a > c.mtu || b > c.mtu {
		t.Errorf("%v: datagrams of %d and %d bytes", at, a, b)
	}
	p.run(time.Second, func() bool { return false }) // what is under way arrives
	sent := p.client.datagrams + p.server.datagrams
	p.run(time.Hour, func() bool { return false })
	if n := p.client.datagrams + p.server.datagrams; n != sent || p.client.err != nil || p.server.err != nil {
		t.Errorf("%v: %d more datagrams afterwards; client %v, server %v", at, n-sent, p.client.err, p.server.err)
	}
	over = true
	p.send(p.client, []byte("up"))
	p.send(p.server, []byte("down"))
	p.run(time.Second, func() bool { return false })
	if len(p.server.received) != 1 || len(p.client.received) != 1 {
		t.Errorf("%v: data was not delivered", at)
	}
}

// RTX-08: "every single drop/dup/reorder of handshake datagrams completes".
func TestHandshakeSurvivesEverySingleDisturbance(t *testing.T) {
	for _, c := range lossCases {
		t.Run(c.String(), func(t *testing.T) {
			n, elapsed := c.undisturbed(t)
			for _, at := range spots(n) {
				// One timeout of the default 200 ms, a tenth of jitter, and what was to come.
				c.try(t, elapsed+250*time.Millisecond, netsim.Fate{Drop: true}, at)
				c.try(t, elapsed, netsim.Fate{Copies: 1}, at)
				c.try(t, elapsed, netsim.Fate{Copies: 3, CopyDelay: 10 * time.Millisecond}, at)
				c.try(t, elapsed+250*time.Millisecond, netsim.Fate{Copies: 2, CopyDelay: 300 * time.Millisecond}, at)
				c.try(t, elapsed+250*time.Millisecond, netsim.Fate{Extra: 10 * time.Millisecond}, at)
				c.try(t, elapsed+500*time.Millisecond, netsim.Fate{Extra: 400 * time.Millisecond}, at)
			}
		})
	}
}

// Every two losses, those of the first answers to a loss included.
func TestHandshakeSurvivesEveryPairOfLosses(t *testing.T) {
	for _, c := range lossCases {
		t.Run(c.String(), func(t *testing.T) {
			n, elapsed := c.undisturbed(t)
			if c.mtu == 1200 {
				n[0], n[1] = 2*n[0]+1, 2*n[1]+1
			}
			all := spots(n)
			for i, first := range all {
				for _, second := range all[i+1:] {
					c.try(t, elapsed+time.Second, netsim.Fate{Drop: true}, first, second)
				}
			}
		})
	}
}

// Every two of the datagrams of one direction change places.
func TestHandshakeSurvivesEverySwap(t *testing.T) { // RTX-08
	for _, c := range lossCases {
		t.Run(c.String(), func(t *testing.T) {
			n, elapsed := c.undisturbed(t)
			for _, first := range spots(n) {
				for second := first.n + 1; second < n[first.d]; second++ {
					p := c.pair(t, netsim.Config{Decide: func(d netsim.Direction, n int) netsim.Fate {
						// Those between arrive in the middle of it.
						switch {
						case d == first.d && n == first.n:
							return netsim.Fate{Extra: 3 * time.Millisecond}
						case d == first.d && n == second:
							return netsim.Fate{Extra: time.Millisecond}
						case d == first.d && n > first.n && n < second:
							return netsim.Fate{Extra: 2 * time.Millisecond}
						}
						return netsim.Fate{}
					}})
					p.start()
					if !p.run(time.Minute, p.bothConnected) || p.now.Sub(epochZero) > elapsed+500*time.Millisecond {
						t.Errorf("%v with %d: %v; client %v, server %v", first, second, p.now.Sub(epochZero), p.client.err, p.server.err)
					}
				}
			}
		})
	}
}

// lossRuns is the sum of many handshakes over a link that loses a share of the
// datagrams, of which both ends know the round-trip time.
func lossRuns(t *testing.T, loss float64, runs int) (took []time.Duration) {
	for seed := range runs {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		p := newPair(t, client, server, netsim.Config{Seed: uint64(seed), Delay: sceneDelay, Loss: loss})
		p.client.SetRTT(2 * sceneDelay)
		p.server.SetRTT(2 * sceneDelay)
		p.start()
		if !p.run(time.Minute, p.bothConnected) {
			t.Errorf("seed %d: client %v, server %v", seed, p.client.err, p.server.err)
			continue
		}
		took = append(took, p.now.Sub(epochZero))
	}
	slices.Sort(took)
	return took
}

// What loss costs: with a round trip of 50 ms, ends that know it, and nothing
// lost, a handshake takes 100 ms.
func TestHandshakeTimeUnderRandomLoss(t *testing.T) {
	const runs = 1000
	for _, test := range []struct {
		loss     float64
		p50, p99 time.Duration // bounds
	}{
		{0, 100 * time.Millisecond, 100 * time.Millisecond},
		{0.2, 250 * time.Millisecond, 550 * time.Millisecond},
		{0.3, 300 * time.Millisecond, time.Second},
	} {
		took := lossRuns(t, test.loss, runs)
		if len(took) != runs {
			t.Fatalf("%v loss: %d of %d handshakes completed", test.loss, len(took), runs)
		}
		p50, p99 := took[runs/2], took[runs*99/100]
		t.Logf("%2.0f %% loss: p50 %v, p99 %v, worst %v", 100*test.loss, p50.Round(time.Millisecond), p99.Round(time.Millisecond), took[runs-1].Round(time.Millisecond))
		if p50 > test.p50 || p99 > test.p99 {
			t.Errorf("%v loss: p50 %v, p99 %v; want at most %v and %v", test.loss, p50, p99, test.p50, test.p99)
		}
	}
}

// REC-35: a path that swallows large datagrams without a word.
func TestHandshakeCompletesOverAPathWithSmallDatagrams(t *testing.T) {
	for _, key := range allKeyTypes {
		for _, cookies := range []bool{false, true} {
			t.Run(fmt.Sprint(key, "/cookies=", cookies), func(t *testing.T) {
				client, server := configs(t, key, key)
				if cookies {
					server.Cookies = NewCookies()
				}
				p := newPair(t, client, server, netsim.Config{Delay: sceneDelay, MTU: 600})
				p.connect()
				elapsed := p.now.Sub(epochZero)
				t.Logf("connected after %v", elapsed.Round(time.Millisecond))
				// Both sides find out at about the same time, with three timeouts of 200,
				// 400 and 800 ms and a tenth of jitter, and the next flight is small at
				// once, also of a client that has met with two timeouts only.
				if elapsed > 2500*time.Millisecond {
					t.Errorf("connected after %v", elapsed)
				}
			})
		}
	}
}

// REC-34: no datagram is larger than MaxDatagramSize, and all of a flight but
// the last are as large as records and fragment headers let them be.
func TestFlightsFillDatagramsExactly(t *testing.T) {
	for _, key := range allKeyTypes {
		for mtu := MinDatagramSize; mtu <= 1500; mtu += 49 {
			client, server := configs(t, key, key)
			client.MaxDatagramSize, server.MaxDatagramSize = mtu, mtu
			s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
			type sent struct {
				size int
				at   time.Time
			}
			var flights [2][]sent
			s.before = func(to *end, n int, b []byte) [][]byte {
				d := to.direction.Reverse()
				flights[d] = append(flights[d], sent{len(b), s.now})
				return nil
			}
			s.connect()
			for d, all := range flights {
				for i, x := range all {
					if x.size > mtu {
						t.Errorf("%v: %d bytes at %d", key, x.size, mtu)
					}
					// The last one of a flight is as long as it is. The others end
					// where no further byte of a message fits: 13 + 12 bytes of headers
					// and the byte itself, or before a Finished, which is as large as
					// 13 + 24 + 12 + 12 with its AEAD and would be cut at 13 + 24 + 12.
					last := i == len(all)-1 || all[i+1].at.After(x.at)
					if slack := mtu - x.size; !last && slack > 13+24+12 {
						t.Errorf("%v: direction %d, datagram %d of %v leaves %d bytes at %d", key, d, i, all, slack, mtu)
					}
				}
			}
		}
	}
}

// RTX-02, REC-09: what is sent again has the same message_seq and new record
// numbers, none of which comes twice.
func TestRetransmissionHasNewRecordNumbers(t *testing.T) {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay, Seed: 5, Loss: 0.5})
	var last [2][2]int
	for i := range last {
		last[i] = [2]int{-1, -1}
	}
	s.before = func(to *end, n int, b []byte) [][]byte {
		for len(b) > 0 {
			r, rest, _ := record.Next(b)
			seen := &last[to.direction][r.Number.Epoch]
			if int(r.Number.Seq) <= *seen {
				t.Errorf("to %s: record %v after %d", to.name, r.Number, *seen)
			}
			*seen = int(r.Number.Seq)
			b = rest
		}
		return nil
	}
	s.connect()
	if n := s.client.Stats().Retransmissions + s.server.Stats().Retransmissions; n == 0 {
		t.Error("nothing was sent again")
	}
}

// RTX-03: the server, who had the last word, says it again for a client that
// missed it; and only so often (RTX-04). The client stays silent.
func TestServerAnswersRepeatedFinished(t *testing.T) {
	s := newQuickScene(t)
	var flight5 []byte
	s.before = func(to *end, n int, b []byte) [][]byte {
		if to == s.server && n == 1 {
			flight5 = bytes.Clone(b)
		}
		return nil
	}
	s.connect()

	// The very same datagram is a replay, and not answered.
	sent := s.server.datagrams
	for range 100 {
		s.inject(s.server, flight5)
	}
	if n := s.server.datagrams - sent; n != 0 {
		t.Errorf("%d answers to replayed records", n)
	}
	// A repeated Finished has another record number.
	finished := make([]byte, wire.HeaderLen+12)
	wire.AppendHeader(finished[:0], wire.Header{Type: wire.TypeFinished, Length: 12, Seq: s.server.finalSeq, FragmentLength: 12})
	repeat := func() []byte { return s.client.seal(t, record.TypeHandshake, finished) }
	s.inject(s.server, repeat())
	if n := s.server.datagrams - sent; n != 1 {
		t.Errorf("%d answers to a repeated Finished, want 1", n)
	}
	for range 10000 {
		s.inject(s.server, repeat())
	}
	if n := s.server.datagrams - sent; n > maxFinalAnswers {
		t.Errorf("%d answers to 10001 repeated Finished, want at most %d", n, maxFinalAnswers)
	}
	// All of them arrive at the client, who has nothing to say to that.
	client := s.client.datagrams
	s.rest(time.Second)
	if s.client.datagrams != client || s.client.err != nil || s.server.err != nil {
		t.Errorf("the client sent %d datagrams; %v, %v", s.client.datagrams-client, s.client.err, s.server.err)
	}
	// Nor to repeated Finished of the server.
	for range 100 {
		s.inject(s.client, s.server.seal(t, record.TypeHandshake, finishedOf(s.client)))
	}
	if s.client.datagrams != client {
		t.Error("the client answers a repeated Finished")
	}
}

// finishedOf returns a Finished message as the peer of e sent it, with other
// verify_data.
func finishedOf(e *end) []byte {
	b := make([]byte, wire.HeaderLen+12)
	wire.AppendHeader(b[:0], wire.Header{Type: wire.TypeFinished, Length: 12, Seq: e.finalSeq, FragmentLength: 12})
	return b
}

// The server's last flight is lost again and again: the client asks, and gets it.
func TestHandshakeSurvivesManyLossesOfTheFinalFlight(t *testing.T) {
	for lost := range 8 {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		p := newPair(t, client, server, netsim.Config{Delay: sceneDelay, Decide: func(d netsim.Direction, n int) netsim.Fate {
			return netsim.Fate{Drop: d == netsim.BtoA && n >= 1 && n <= lost}
		}})
		p.connect()
		if !p.server.connected || !p.client.connected {
			t.Errorf("%d lost: not connected", lost)
		}
	}
}

// RTX-05: fragments that drip in do not start our timer anew.
func TestPartOfAFlightDoesNotMoveTheTimer(t *testing.T) {
	s := newQuickScene(t)
	s.start()
	deadline := s.client.Deadline()
	for i := range 20 {
		s.now = s.now.Add(time.Millisecond)
		s.inject(s.client, plainFragment(wire.Header{Type: wire.TypeServerHello, Length: 100, Seq: 0, FragmentOffset: uint32(i), FragmentLength: 1}, []byte{0}))
	}
	if d := s.client.Deadline(); d != deadline {
		t.Errorf("the timer moved by %v", d.Sub(deadline))
	}
}

// RTX-10: a timer that fires an hour late does so once.
func TestLateTimerDoesNotRepeatItself(t *testing.T) {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	client.HandshakeTimeout = -1
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	s.client.note(s.client.Start(s.now))
	s.flush(s.client)
	s.now = s.now.Add(time.Hour)
	sent := s.client.datagrams
	for range 10 {
		s.client.note(s.client.HandleTimeout(s.now))
		s.flush(s.client)
	}
	if n := s.client.datagrams - sent; n != 1 {
		t.Errorf("%d datagrams after an hour's pause, want 1", n)
	}
	if d := s.client.Deadline(); !d.After(s.now) {
		t.Errorf("the next deadline is %v ago", s.now.Sub(d))
	}
}

// A smaller MaxDatagramSize that becomes known on the way cuts the
// retransmission anew, and the peer puts both cuts together.
func TestDatagramSizeMayChangeDuringTheHandshake(t *testing.T) {
	for _, size := range []int{0, MinDatagramSize, 200, 333, 700} {
		client, server := configs(t, fingerprint.RSA2048, fingerprint.RSA2048)
		s := newScene(t, client, server, netsim.Config{Delay: sceneDelay, Decide: func(d netsim.Direction, n int) netsim.Fate {
			return netsim.Fate{Drop: n == 1}
		}})
		s.start()
		s.run(2*sceneDelay, func() bool { return s.server.datagrams > 0 })
		s.client.SetMaxDatagramSize(size)
		s.server.SetMaxDatagramSize(size)
		s.client.largest, s.server.largest = 0, 0
		if !s.run(10*time.Second, s.bothConnected) {
			t.Fatalf("%d: client %v, server %v", size, s.client.err, s.server.err)
		}
		if n := max(s.client.largest, s.server.largest); n > max(size, MinDatagramSize) {
			t.Errorf("%d: a datagram of %d bytes", size, n)
		}
	}
}

package flight

import (
	"slices"
	"testing"
	"time"
)

var timerZero = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// timerSends runs a timer at its deadlines and returns when the flight was sent.
func timerSends(t *testing.T, timer *Timer, now time.Time, n int) (at []time.Duration) {
	t.Helper()
	for range n {
		d := timer.Deadline()
		if !d.After(now) {
			t.Fatalf("deadline %v is not after %v", d, now)
		}
		if timer.Expire(d.Add(-1)) || timer.Deadline() != d {
			t.Fatal("a call before the deadline has an effect")
		}
		now = d
		if !timer.Expire(now) {
			t.Fatalf("nothing at the deadline %v", d)
		}
		if timer.Expire(now) {
			t.Fatal("sent twice at one time")
		}
		at = append(at, now.Sub(timerZero))
	}
	return at
}

func TestClassicalTimerDoublesUpToAMinute(t *testing.T) { // RTX-01
	timer := NewTimer(time.Second, true)
	timer.Start(timerZero)
	var want []time.Duration
	sum := time.Duration(0)
	for _, s := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60, 60} {
		sum += s * time.Second
		want = append(want, sum)
	}
	if got := timerSends(t, &timer, timerZero, len(want)); !slices.Equal(got, want) {
		t.Errorf("sent at %v, want %v", got, want)
	}
	if timer.Expiries() != len(want) {
		t.Errorf("%d expiries", timer.Expiries())
	}
}

func TestTimerSendsAgainTwiceAndDoublesUpToThreeSeconds(t *testing.T) { // RTX-01
	// Without jitter: after 200 ms again, and its copy half that timeout later;
	// then 400, 800, 1600, 3000, 3000 ms.
	timeouts := []time.Duration{200, 400, 800, 1600, 3000, 3000, 3000}
	for range 50 {
		timer := NewTimer(200*time.Millisecond, false)
		timer.Start(timerZero)
		at := timerSends(t, &timer, timerZero, 2*len(timeouts)-1)
		last := time.Duration(0) // when the flight was sent because of a timeout
		for i, timeout := range timeouts {
			timeout *= time.Millisecond
			expiry := at[2*i]
			if wait := expiry - last; wait < timeout || wait > timeout+timeout/10 {
				t.Errorf("expiry %d after %v, want %v and a tenth at most", i, wait, timeout)
			}
			last = expiry
			if i+1 < len(timeouts) {
				if wait := at[2*i+1] - expiry; wait != timeout/2 {
					t.Errorf("copy %d after %v, want half of %v", i, wait, timeout)
				}
			}
		}
		if timer.Expiries() != len(timeouts) {
			t.Errorf("%d expiries, for copies are none", timer.Expiries())
		}
	}
}

func TestTwoTimersDoNotStayInStep(t *testing.T) {
	seen := map[time.Time]bool{}
	for range 100 {
		timer := NewTimer(time.Second, false)
		timer.Start(timerZero)
		seen[timer.Deadline()] = true
	}
	if len(seen) < 50 {
		t.Errorf("%d deadlines of 100 timers", len(seen))
	}
}

func TestTimerThatFiresLateSendsOnce(t *testing.T) { // RTX-10
	for _, classical := range []bool{false, true} {
		timer := NewTimer(200*time.Millisecond, classical)
		timer.Start(timerZero)
		now := timerZero
		for jump := range 20 {
			now = now.Add(time.Hour)
			sends := 0
			for range 10 {
				if timer.Expire(now) {
					sends++
				}
			}
			if sends != 1 || timer.Expiries() != jump+1 {
				t.Errorf("classical %v: sent %d times, %d expiries", classical, sends, timer.Expiries())
			}
			if !timer.Deadline().After(now) {
				t.Errorf("classical %v: the next deadline has passed", classical)
			}
		}
	}
}

func TestCopyThatIsLateGoesOutOnce(t *testing.T) { // RTX-10
	timer := NewTimer(time.Second, false)
	timer.Start(timerZero)
	now := timer.Deadline()
	timer.Expire(now)
	copyAt := timer.Deadline()
	// Later than the copy, before the next timeout.
	now = copyAt.Add(900 * time.Millisecond)
	if !timer.Expire(now) || timer.Expire(now) || timer.Expiries() != 1 {
		t.Error("the copy does not go out once")
	}
	if d := timer.Deadline(); !d.After(now) {
		t.Errorf("deadline %v at %v", d, now)
	}
}

func TestStoppedTimerNeverExpires(t *testing.T) {
	timer := NewTimer(time.Second, false)
	check := func(what string) {
		t.Helper()
		if !timer.Deadline().IsZero() || timer.Expire(timerZero.Add(time.Hour)) {
			t.Errorf("%s: deadline %v", what, timer.Deadline())
		}
	}
	check("new")
	timer.Resent(timerZero)
	check("sent again, but never started")
	timer.Start(timerZero)
	timer.Stop()
	check("stopped")
	timer.Start(timerZero)
	timer.Expire(timer.Deadline()) // a copy is due
	timer.Stop()
	check("stopped before the copy")
	timer.Start(timerZero)
	timer.Sample(timerZero.Add(time.Millisecond))
	check("answered")
}

func TestAFlightThatThePeerAskedForGoesOutTwice(t *testing.T) {
	timer := NewTimer(time.Second, false)
	timer.Start(timerZero)
	timeout := timer.Deadline()
	now := timerZero.Add(200 * time.Millisecond)
	timer.Resent(now)
	copyAt := now.Add(500 * time.Millisecond)
	if timer.Deadline() != copyAt {
		t.Errorf("the copy is due at %v, want %v", timer.Deadline(), copyAt)
	}
	timer.Resent(now.Add(100 * time.Millisecond)) // one copy serves for both
	if !timer.Expire(copyAt) || timer.Expire(copyAt) || timer.Expiries() != 0 || timer.Deadline() != timeout {
		t.Errorf("after the copy: %d expiries, deadline %v, want none and %v as before", timer.Expiries(), timer.Deadline(), timeout)
	}
	classical := NewTimer(time.Second, true)
	classical.Start(timerZero)
	timeout = classical.Deadline()
	classical.Resent(now)
	if classical.Deadline() != timeout {
		t.Errorf("classical: deadline %v, want %v", classical.Deadline(), timeout)
	}
}

// firstTimeout is what the timer would wait next, without jitter.
func firstTimeout(timer Timer) time.Duration {
	timer.Start(timerZero)
	return timer.current
}

func TestMeasuredRoundTripReplacesTheGuess(t *testing.T) { // RTX-07
	ms := time.Millisecond
	for _, c := range []struct {
		name    string
		actions func(timer *Timer)
		answer  time.Duration // after Start
		want    time.Duration
	}{
		{"sent once", nil, 60 * ms, 120 * ms},
		{"sent once, near", nil, 1 * ms, MinTimeout},
		{"sent once, far", nil, 190 * ms, 380 * ms},
		{"sent again by the timer", func(timer *Timer) { timer.Expire(timer.Deadline()) }, 400 * ms, 400 * ms},
		{"sent again by the timer, twice", func(timer *Timer) {
			for timer.Expiries() < 2 {
				timer.Expire(timer.Deadline())
			}
		}, 700 * ms, 800 * ms},
		// "RTT samples MUST NOT be made using segments that were retransmitted (and
		// thus for which it is ambiguous [...])". RFC 6298, Section 3.
		{"sent again because the peer asked", func(timer *Timer) { timer.Resent(timerZero.Add(150 * ms)) }, 190 * ms, 200 * ms},
	} {
		timer := NewTimer(200*ms, false)
		timer.Start(timerZero)
		if c.actions != nil {
			c.actions(&timer)
		}
		timer.Sample(timerZero.Add(c.answer))
		if got := firstTimeout(timer); got != c.want {
			t.Errorf("%s: next first timeout %v, want %v", c.name, got, c.want)
		}
		// The next flight can be measured again.
		timer.Start(timerZero)
		timer.Sample(timerZero.Add(70 * ms))
		if got := firstTimeout(timer); got != 140*ms {
			t.Errorf("%s: and then %v, want 140ms", c.name, got)
		}
	}
	timer := NewTimer(200*ms, false)
	timer.Sample(timerZero) // no flight was sent
	if got := firstTimeout(timer); got != 200*ms {
		t.Errorf("without a flight: %v", got)
	}
}

func TestTheTimeoutIsKeptUntilAFlightWithoutLoss(t *testing.T) { // RTX-07
	const first = 200 * time.Millisecond
	timer := NewTimer(first, false)
	for _, flight := range []struct {
		waits    time.Duration
		expiries int  // before it is answered
		copied   bool // it is answered after its second copy
		asked    bool // and sent again because the peer asked, so that nothing is measured
	}{
		{first, 0, false, true},
		{first, 1, false, true},
		{2 * first, 1, false, true}, // what the one before has come to
		{4 * first, 0, true, false}, // nobody knows whether it was lost
		{4 * first, 0, false, true}, // it was not
		{first, 0, false, false},
		{2 * 70 * time.Millisecond, 0, false, false}, // measured in the one before
	} {
		timer.Start(timerZero)
		if timer.current != flight.waits {
			t.Errorf("a flight waits %v, want %v", timer.current, flight.waits)
		}
		if copied := timer.Deadline() == timerZero.Add(first); copied != (flight.waits > first) {
			t.Errorf("a flight that waits %v has its second copy when the initial timeout is over: %v", flight.waits, copied)
		}
		for timer.Expiries() < flight.expiries {
			timer.Expire(timer.Deadline())
		}
		if flight.copied {
			timer.Expire(timer.copyAt)
		}
		if flight.asked {
			timer.Resent(timerZero)
		}
		timer.Sample(timerZero.Add(70 * time.Millisecond))
	}
}

// RTX-07 would keep the timeout that worked; BoringSSL's suite wants it as it was.
func TestClassicalTimerBeginsEachFlightWithTheSameTimeout(t *testing.T) {
	timer := NewTimer(time.Second, true)
	timer.Start(timerZero)
	timer.Sample(timerZero.Add(10 * time.Millisecond))
	if got := firstTimeout(timer); got != time.Second {
		t.Errorf("after an answer at once: %v", got)
	}
	timer.Start(timerZero)
	timer.Expire(timer.Deadline())
	timer.Expire(timer.Deadline())
	timer.Sample(timer.Deadline().Add(-1))
	if got := firstTimeout(timer); got != time.Second {
		t.Errorf("after two expiries: %v, want 1s", got)
	}
}

func TestTimeoutForIsTwiceTheRoundTrip(t *testing.T) {
	ms := time.Millisecond
	for rtt, want := range map[time.Duration]time.Duration{
		-ms: 50 * ms, 0: 50 * ms, 24 * ms: 50 * ms, 26 * ms: 52 * ms, 200 * ms: 400 * ms, 500 * ms: time.Second, time.Hour: time.Second,
	} {
		if got := TimeoutFor(rtt); got != want {
			t.Errorf("TimeoutFor(%v) is %v, want %v", rtt, got, want)
		}
	}
}

func TestSetFirstScalesTheWaitThatHasBegun(t *testing.T) {
	for _, classical := range []bool{false, true} {
		for _, first := range []time.Duration{50 * time.Millisecond, 200 * time.Millisecond, time.Second} {
			for expiries := range 3 {
				timer := NewTimer(200*time.Millisecond, classical)
				timer.Start(timerZero)
				began := timerZero
				for range expiries {
					began = timer.deadline
					timer.Expire(began)
				}
				timer.SetFirst(first)
				// As if it had begun with first, which is doubled at each expiry.
				want := min(first<<expiries, timer.longest())
				wait := timer.Deadline().Sub(began)
				jitter := 200 * time.Millisecond << expiries / 10 // of the old timeout
				if classical {
					jitter = 0
				}
				if wait < want || wait > want+jitter {
					t.Errorf("classical %v, %v after %d expiries: waits %v, want %v", classical, first, expiries, wait, want)
				}
				next := first
				if expiries > 0 && !classical {
					next = want // what it has come to
				}
				if got := firstTimeout(timer); got != next {
					t.Errorf("the next flight waits %v, want %v", got, next)
				}
			}
		}
	}
	// Before a flight it is just the first timeout.
	timer := NewTimer(time.Second, true)
	timer.SetFirst(70 * time.Millisecond)
	if !timer.Deadline().IsZero() || firstTimeout(timer) != 70*time.Millisecond {
		t.Error("a stopped timer")
	}
}

func TestFirstTimeoutAboveTheLongestIsNotShortened(t *testing.T) {
	timer := NewTimer(5*time.Second, false)
	timer.Start(timerZero)
	timer.Expire(timer.deadline)
	began := timer.deadline
	if timer.current != 5*time.Second || began.Sub(timerZero) < 10*time.Second {
		t.Errorf("second timeout %v", timer.current)
	}
}

package fingerprint

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"
)

const day = 24 * time.Hour

var rotationZero = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func mustRotate(t *testing.T, r *Rotation, now time.Time) []*Certificate {
	t.Helper()
	all, err := r.Certificates(now)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestARotationRenewsBeforeTheEndAndKeepsUntilIt(t *testing.T) {
	var r Rotation
	first := mustRotate(t, &r, rotationZero)
	if len(first) != 1 || !first[0].NotAfter().Equal(rotationZero.Add(30*day)) || !r.Due().Equal(rotationZero.Add(20*day)) {
		t.Fatalf("%v, due %v", first, r.Due())
	}
	if again := mustRotate(t, &r, rotationZero.Add(20*day-time.Second)); !slices.Equal(again, first) {
		t.Errorf("replaced too soon")
	}
	second := mustRotate(t, &r, rotationZero.Add(20*day))
	if len(second) != 2 || second[0] == first[0] || second[1] != first[0] || !r.Due().Equal(rotationZero.Add(40*day)) {
		t.Fatalf("%v, due %v", second, r.Due())
	}
	if got := mustRotate(t, &r, rotationZero.Add(30*day-time.Second)); !slices.Equal(got, second) {
		t.Errorf("not kept until the end")
	}
	if got := mustRotate(t, &r, rotationZero.Add(30*day)); !slices.Equal(got, second[:1]) {
		t.Errorf("kept beyond the end: %v", got)
	}
	// Whoever comes late gets one new certificate, not one for each period.
	if got := mustRotate(t, &r, rotationZero.Add(1000*day)); len(got) != 1 || got[0] == second[0] {
		t.Errorf("after years: %v", got)
	}
}

func TestARotationKeepsAsLongAsItIsTold(t *testing.T) {
	r := Rotation{Before: 29 * day, Keep: time.Hour}
	first := mustRotate(t, &r, rotationZero)[0]
	at := rotationZero.Add(day)
	if got := mustRotate(t, &r, at); len(got) != 2 {
		t.Fatalf("%v", got)
	}
	f := first.Fingerprint()
	if got := r.Signalled(at.Add(time.Hour-1), f); got != first {
		t.Errorf("what was signalled is not found: %v", got)
	}
	if got := r.Signalled(at.Add(time.Hour), f); got != nil {
		t.Errorf("it is kept too long")
	}
	if got := r.Signalled(at, mustRotate(t, &r, at)[0].Fingerprint()); got == nil {
		t.Error("that of today is not found")
	}
	if got := r.Signalled(at, Fingerprint{}); got != nil {
		t.Error("found by no fingerprint")
	}
}

func TestARotationThatFailsGoesOnWithWhatItHas(t *testing.T) {
	wrong := errors.New("no entropy")
	var fail error
	calls := 0
	r := Rotation{New: func(now time.Time) (*Certificate, error) {
		calls++
		if fail != nil {
			return nil, fail
		}
		return Generate(ECDSAP256)
	}}
	fail = wrong
	if all, err := r.Certificates(time.Now()); all != nil || !errors.Is(err, wrong) {
		t.Errorf("at first %v, %v", all, err)
	}
	fail = nil
	first := mustRotate(t, &r, time.Now())
	fail = wrong
	for range 2 {
		if all, err := r.Certificates(time.Now().Add(25 * day)); !slices.Equal(all, first) || !errors.Is(err, wrong) {
			t.Errorf("later %v, %v", all, err)
		}
	}
	fail = nil
	// Generate's certificate is for today, and so expired in a year.
	if all, err := r.Certificates(time.Now().Add(365 * day)); !slices.Equal(all, first) || !errors.Is(err, ErrBadCertificate) {
		t.Errorf("an expired one was taken: %v, %v", all, err)
	}
	if calls != 5 {
		t.Errorf("%d calls", calls)
	}
}

func TestAShortCertificateIsReplacedAfterHalfItsTime(t *testing.T) {
	now := rotationZero
	makes := 0
	r := Rotation{New: func(now time.Time) (*Certificate, error) {
		makes++
		signer, err := generateKey(ECDSAP256)
		if err != nil {
			return nil, err
		}
		return selfSign(signer, now.Add(2*day-validFor)) // for two days more
	}}
	mustRotate(t, &r, now)
	if !r.Due().Equal(now.Add(day)) {
		t.Errorf("due %v", r.Due())
	}
	for range 10 {
		mustRotate(t, &r, now.Add(day-time.Second))
	}
	if makes != 1 {
		t.Errorf("%d were made", makes)
	}
}

func TestAStoredCertificateIsGoneOnWith(t *testing.T) {
	stored := mustGenerate(t, Ed25519)
	var r Rotation
	now := time.Now()
	r.Add(now, stored)
	r.Add(now, stored) // has no effect
	if got := mustRotate(t, &r, now); len(got) != 1 || got[0] != stored {
		t.Errorf("%v", got)
	}
	if got := mustRotate(t, &r, now.Add(25*day)); len(got) != 2 || got[1] != stored {
		t.Errorf("later %v", got)
	}
	// One that has expired is replaced at once.
	var late Rotation
	late.Add(now.Add(100*day), stored)
	if got := mustRotate(t, &late, now.Add(100*day)); len(got) != 1 || got[0] == stored {
		t.Errorf("an expired one is presented: %v", got)
	}
}

func TestARotationMakesOneCertificateForAll(t *testing.T) {
	var r Rotation
	var wait sync.WaitGroup
	got := make([]*Certificate, 8)
	for i := range got {
		wait.Go(func() {
			all, err := r.Certificates(rotationZero)
			if err == nil {
				got[i] = all[0]
			}
			r.Due()
			r.Signalled(rotationZero, got[i].Fingerprint())
		})
	}
	wait.Wait()
	for _, c := range got {
		if c == nil || c != got[0] {
			t.Error("not the same for all")
		}
	}
}

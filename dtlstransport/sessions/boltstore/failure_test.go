package boltstore

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
)

func TestAClosedStoreHoldsNothing(t *testing.T) {
	s := open(t, path(t), newClock(), Config{})
	s.Put("a", []byte("a"), start.Add(time.Hour))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s.Put("b", []byte("b"), start.Add(time.Hour))
	s.Delete("a")
	if s.Get("a") != nil || s.Get("b") != nil {
		t.Error("a closed store returns sessions")
	}
	for name, err := range map[string]error{"Flush": s.Flush(), "Sweep": s.Sweep(), "Range": s.Range(nil)} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
	if stats := s.Stats(); stats.Pending != 0 || stats.LastError != nil || stats.Misses != 2 {
		t.Errorf("%+v", stats)
	}
}

// failing makes the transactions of a store fail, as a full disk does, until the
// function it returns is called.
func failing(s *Store) (mend func()) {
	s.file.db.MaxSize = 1
	s.file.db.AllocSize = 1
	return func() { s.file.db.MaxSize = 0 }
}

func TestADeletionIsNotLostToAFailure(t *testing.T) {
	c, path := newClock(), path(t)
	s := open(t, path, c, Config{})
	s.Put("old", []byte("old"), start.Add(time.Hour))
	s.Put("kept", []byte("kept"), start.Add(time.Hour))
	flush(t, s)
	mend := failing(s)
	s.mu.Lock() // so that it is one transaction
	s.note("old", operation{})
	s.note("old", operation{[]byte("newer"), start.Add(time.Hour)})
	s.note("large", operation{make([]byte, 1<<20), start.Add(time.Hour)}) // has the file grow
	s.mu.Unlock()
	if err := s.Flush(); err == nil {
		t.Fatal("the transaction did not fail")
	}
	if s.Get("old") != nil || s.Get("large") != nil || s.Get("kept") == nil {
		t.Errorf("after a failure: %q, %d bytes, %q", s.Get("old"), len(s.Get("large")), s.Get("kept"))
	}
	if stats := s.Stats(); stats.WriteFailures != 1 || stats.Unkept != 2 || stats.LastError == nil || stats.Pending != 2 {
		t.Errorf("%+v", stats)
	}
	mend()
	if err := s.Close(); err != nil { // tries again
		t.Fatal(err)
	}
	s = open(t, path, c, Config{})
	if s.Get("old") != nil || s.Get("kept") == nil {
		t.Error("the deletion did not reach the file")
	}
}

func TestTheWriterRestsAfterAFailure(t *testing.T) {
	s := open(t, path(t), newClock(), Config{})
	if err := s.Sweep(); err != nil { // the one of Open is over
		t.Fatal(err)
	}
	defer failing(s)()
	s.Put("large", make([]byte, 1<<20), start.Add(time.Hour))
	if err := s.Flush(); err == nil {
		t.Fatal("the transaction did not fail")
	}
	s.mu.Lock()
	resting, pending := s.resting, len(s.pending)
	s.mu.Unlock()
	if !resting || pending != 1 {
		t.Errorf("resting %v with %d operations", resting, pending)
	}
}

func TestADatabaseThatGivesUpIsAnEmptyStore(t *testing.T) {
	path := path(t)
	s := open(t, path, newClock(), Config{})
	for i := range 1000 {
		s.Put(fmt.Sprint(i), make([]byte, 500), start.Add(time.Hour))
	}
	flush(t, s)
	// The pages go away under the open database.
	if err := os.Truncate(path, int64(2*os.Getpagesize())); err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		if s.Get(fmt.Sprint(i)) != nil {
			t.Fatalf("session %d is read from nowhere", i)
		}
	}
	if stats := s.Stats(); stats.ReadFailures != 1 || !errors.Is(stats.LastError, ErrBroken) {
		t.Errorf("%+v", stats)
	}
	s.Put("a", []byte("a"), start.Add(time.Hour))
	if s.Get("a") != nil {
		t.Error("a broken store returns sessions")
	}
	if err := s.Flush(); !errors.Is(err, ErrBroken) {
		t.Errorf("Flush: %v", err)
	}
	if err := s.Close(); !errors.Is(err, ErrBroken) {
		t.Errorf("Close: %v", err)
	}
}

// hold keeps the writer of a store in a transaction, in which one deletion
// waits, until the function it returns is called.
func hold(t *testing.T, s *Store) (release func()) {
	t.Helper()
	if err := s.Sweep(); err != nil {
		t.Fatal(err)
	}
	tx, err := s.file.db.Begin(true) // there is one writer at a time
	if err != nil {
		t.Fatal(err)
	}
	s.Delete("held")
	for held := false; !held; runtime.Gosched() {
		s.mu.Lock()
		held = s.writing != nil
		s.mu.Unlock()
	}
	return func() { tx.Rollback() }
}

func TestWhatWaitsToBeWrittenIsBounded(t *testing.T) {
	s := open(t, path(t), newClock(), Config{})
	release := hold(t, s)
	for i := range 3 * maxPendingBytes >> 20 {
		s.Put("large"+fmt.Sprint(i), make([]byte, 1<<20), start.Add(time.Hour))
	}
	if n := s.Stats().Dropped; n < 2*maxPendingBytes>>20 {
		t.Errorf("%d large sessions dropped", n)
	}
	for i := range 3 * maxPending {
		s.Put(fmt.Sprint(i), nil, start.Add(time.Hour)) // refused
		s.Put(fmt.Sprint(i), []byte{}, start.Add(time.Hour))
	}
	var small []string // that wait, and are not in the transaction that waits
	s.mu.Lock()
	pending, waiting := len(s.pending), s.waiting
	for key, op := range s.pending {
		if len(op.session) == 0 {
			small = append(small, key)
		}
	}
	s.mu.Unlock()
	if pending > maxPending || waiting > maxPendingBytes || s.Stats().Dropped < maxPending || s.Stats().Refused != 3*maxPending {
		t.Errorf("%d operations, %d bytes wait; %+v", pending, waiting, s.Stats())
	}
	s.Put("another", []byte{}, start.Add(time.Hour))
	s.Delete(small[0])
	s.Put(small[1], []byte{}, start.Add(2*time.Hour))
	s.Delete("any")
	for i := range 2 {
		if s.Get("another") != nil || s.Get(small[0]) != nil || s.Get(small[1]) == nil || s.Get(small[2]) == nil {
			t.Errorf("written %v: %v, %v, %v, %v", i == 1, s.Get("another"), s.Get(small[0]), s.Get(small[1]), s.Get(small[2]))
		}
		if i == 0 {
			release()
			flush(t, s)
		}
	}
}

func TestAStoreThatCannotForgetIsEmpty(t *testing.T) {
	s := open(t, path(t), newClock(), Config{})
	s.Put("a", []byte("a"), start.Add(time.Hour))
	flush(t, s)
	release := hold(t, s)
	for i := range 3 * maxForgotten {
		s.Delete(fmt.Sprint(i))
	}
	if s.Get("a") != nil || !errors.Is(s.Stats().LastError, ErrBroken) || s.Stats().Pending > maxForgotten {
		t.Errorf("%q, %+v", s.Get("a"), s.Stats())
	}
	release()
}

func TestATimerSweeps(t *testing.T) {
	c := newClock()
	s, err := Open(path(t), &Config{Now: c.read, SweepEvery: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Put("a", []byte("a"), start.Add(time.Minute))
	flush(t, s)
	c.set(start.Add(time.Hour))
	s.sweepAgain() // as the timer does
	s.mu.Lock()
	for s.stats.Sessions > 0 {
		s.changed.Wait()
	}
	s.mu.Unlock()
	if got := s.Stats().Expired; got != 1 {
		t.Errorf("%d swept", got)
	}
}

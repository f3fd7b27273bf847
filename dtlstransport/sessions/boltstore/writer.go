package boltstore

import (
	"errors"
	"fmt"
)

const (
	// sweepLimit is how many expired sessions a transaction removes at most if
	// that is what it is for.
	sweepLimit = 1024
	// sweepBesides is how many any other removes.
	sweepBesides = 64
)

// write is the goroutine that writes, until Close.
func (s *Store) write() {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.changed.Broadcast()
	defer func() { s.stopped = true }()
	for {
		for !s.closed && !s.broken && (s.resting || len(s.pending) == 0) && !s.sweep {
			s.changed.Wait()
		}
		if s.broken || s.closed && (s.resting || len(s.pending) == 0) {
			return
		}
		s.writeOnce()
	}
}

// writeOnce makes one transaction. s.mu is held, but for while it is made.
func (s *Store) writeOnce() {
	limit, sweep := sweepBesides, s.sweep
	if sweep {
		limit = sweepLimit
	}
	s.writing, s.pending, s.waiting = s.pending, make(map[string]operation), 0
	s.sweep, s.sweeping = false, sweep
	writing := s.writing
	s.mu.Unlock()
	now := s.config.Now()
	done, err := s.file.apply(now, writing, s.config.MaxSessions, s.config.MaxBytes, limit)
	s.mu.Lock()
	s.writing, s.sweeping, s.err = nil, false, err
	s.rounds++
	defer s.changed.Broadcast()
	if err != nil {
		s.stats.WriteFailures++
		s.resting = len(s.pending) == 0
		s.failed(err)
		for key, op := range writing {
			s.undo(key, op)
		}
		return
	}
	s.resting = false
	s.stats.Sessions, s.stats.Bytes = done.sessions, done.bytes
	s.stats.Written += done.written
	s.stats.Evicted += done.evicted
	s.stats.Expired += done.expired
	s.sweep = s.sweep || sweep && done.expired == sweepLimit // there may be more
}

// undo deals with an operation of a transaction that has failed. A session is
// given up. Deletions are tried again, and every session may have stood for one:
// of the session that it was to replace.
func (s *Store) undo(key string, op operation) {
	if op.session != nil {
		s.stats.Unkept++
	}
	if _, newer := s.pending[key]; newer || s.broken {
		return
	}
	if len(s.pending) >= maxForgotten {
		s.failed(fmt.Errorf("%w: more than %d operations wait", errPanic, maxForgotten))
		return
	}
	s.pending[key] = operation{} // the writer rests until something happens
}

// Flush waits until all that was put or deleted before is in the file. It
// returns the error of the transaction, ErrClosed or ErrBroken.
func (s *Store) Flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.unusable(); err != nil {
		return err
	}
	rounds := s.rounds
	if s.writing != nil {
		rounds++
	}
	if len(s.pending) > 0 {
		rounds++
	}
	return s.await(func() bool { return s.rounds >= rounds })
}

// Sweep removes the sessions whose time is over, and waits until that is done, as
// happens every Config.SweepEvery. Its errors are those of Flush.
func (s *Store) Sweep() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.unusable(); err != nil {
		return err
	}
	s.sweep = true
	rounds := s.rounds
	return s.await(func() bool { return s.rounds > rounds && (s.err != nil || !s.sweep && !s.sweeping) })
}

// await wakes the writer and waits until done, or until the writer has ended.
// s.mu is held.
func (s *Store) await(done func() bool) error {
	s.resting = false
	s.changed.Broadcast()
	for !done() && !s.stopped {
		s.changed.Wait()
	}
	if s.broken {
		return ErrBroken
	}
	if !done() {
		return ErrClosed
	}
	return s.err
}

// unusable returns why nothing can be done any more, or nil.
func (s *Store) unusable() error {
	switch {
	case s.closed:
		return ErrClosed
	case s.broken:
		return ErrBroken
	}
	return nil
}

// sweepAgain asks for a sweep from time to time.
func (s *Store) sweepAgain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unusable() == nil {
		s.sweep, s.resting = true, false
		s.changed.Broadcast()
		s.sweeper.Reset(s.config.SweepEvery)
	}
}

// Close writes what waits, and closes the file. After that Get finds nothing. It
// returns the error of the last transaction if that failed, for then the file may
// hold sessions that were deleted. If the database is broken, it returns
// ErrBroken, and the file may stay locked until the process ends. A second Close
// waits for the first and returns nil.
func (s *Store) Close() error {
	s.mu.Lock()
	first := !s.closed
	s.closed, s.resting = true, false
	s.changed.Broadcast()
	for !s.stopped {
		s.changed.Wait()
	}
	if s.sweeper != nil {
		s.sweeper.Stop()
	}
	broken, err := s.broken, s.err
	s.mu.Unlock()
	switch {
	case !first:
		return nil
	case broken:
		return errors.Join(ErrBroken, err)
	}
	return errors.Join(err, guard(s.file.db.Close))
}

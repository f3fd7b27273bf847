package boltstore

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// The defaults of Config.
const (
	DefaultMaxSessions = 100_000
	DefaultMaxBytes    = 256 << 20
	DefaultSweepEvery  = 10 * time.Minute
)

// The bounds on what waits to be written. Beyond the first two, sessions are not
// taken; beyond the third, the store gives up.
const (
	maxPending      = 8192    // operations
	maxPendingBytes = 8 << 20 // of sessions
	maxForgotten    = 32768   // operations, most of them deletions then
)

// A Config bounds a Store.
type Config struct {
	// MaxSessions is how many sessions are kept; of more, those that expire first
	// go. Zero or less means DefaultMaxSessions.
	MaxSessions int

	// MaxBytes is how many bytes the sessions take in the file: keys twice,
	// sessions, and 52 bytes for each. The file itself may be up to about twice as
	// large, as pages are not always full, and does not shrink. Zero or less means
	// DefaultMaxBytes.
	MaxBytes int

	// SweepEvery is how often expired sessions are removed, at most 1,024 in one
	// transaction; up to 64 are removed in every other transaction besides. Zero
	// means DefaultSweepEvery, negative that the application calls Sweep.
	SweepEvery time.Duration

	// Now is the clock by which sessions expire. Nil means time.Now. It must be
	// safe for concurrent use.
	Now func() time.Time
}

// Stats counts what a Store has done.
type Stats struct {
	Sessions int // in the file after the last transaction, some of them perhaps expired
	Bytes    int // of those, as Config.MaxBytes counts them
	Pending  int // operations that wait to be written

	Hits    uint64 // sessions that Get returned
	Misses  uint64 // calls of Get that found none, expired ones included
	Written uint64 // sessions written to the file
	Evicted uint64 // sessions that made room for others
	Expired uint64 // sessions removed because their time was over
	Refused uint64 // sessions not taken: expired already, larger than MaxBytes, nil, or with a key of no or over 16,384 bytes
	Dropped uint64 // sessions not taken because too many waited to be written

	ReadFailures  uint64 // calls of Get that failed, and so found nothing
	WriteFailures uint64 // transactions that failed; their sessions are not kept, deletions are tried again
	Unkept        uint64 // sessions lost to them
	LastError     error  // the last of these failures; nil if there was none
}

// A Store is a dtlstransport.SessionStore in a file. It is safe for concurrent
// use. One goroutine belongs to it, until Close.
type Store struct {
	config Config
	file   *file

	mu       sync.Mutex
	changed  sync.Cond            // wakes the writer and those who wait for it
	pending  map[string]operation // what is to be written next
	writing  map[string]operation // what is being written
	waiting  int                  // bytes of sessions in pending
	rounds   uint64               // transactions that have ended
	err      error                // of the last of them
	resting  bool                 // it failed, and nothing has happened since
	sweep    bool                 // what has expired is to be removed
	sweeping bool                 // it is being removed
	closed   bool                 // Close was called
	broken   bool                 // the database must not be used any more
	stopped  bool                 // the writer has ended
	stats    Stats
	sweeper  *time.Timer
}

// An operation puts a session, or deletes one if session is nil.
type operation struct {
	session []byte
	expires time.Time
}

// Open opens the store at path, or makes it, with permissions 0600, in a folder
// that exists. A nil config means the defaults. It waits half a second for
// another process to close the file. Errors are an *OpenError around ErrLocked,
// ErrPermissions, ErrFormat, or what the operating system says.
func Open(path string, config *Config) (*Store, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, openError(path, err)
	}
	s := &Store{file: f, pending: make(map[string]operation)}
	if config != nil {
		s.config = *config
	}
	if s.config.MaxSessions <= 0 {
		s.config.MaxSessions = DefaultMaxSessions
	}
	if s.config.MaxBytes <= 0 {
		s.config.MaxBytes = DefaultMaxBytes
	}
	if s.config.SweepEvery == 0 {
		s.config.SweepEvery = DefaultSweepEvery
	}
	if s.config.Now == nil {
		s.config.Now = time.Now
	}
	s.changed.L = &s.mu
	s.stats.Sessions, s.stats.Bytes = f.sessions, f.bytes
	s.sweep = true // what expired while the file was closed
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.config.SweepEvery > 0 {
		s.sweeper = time.AfterFunc(s.config.SweepEvery, s.sweepAgain)
	}
	go s.write()
	return s, nil
}

// Get returns the session under key, or nil if there is none, its time is over,
// or it cannot be read. The slice must not be changed.
func (s *Store) Get(key string) []byte {
	now := s.config.Now()
	s.mu.Lock()
	op, noted := s.pending[key]
	if !noted {
		op, noted = s.writing[key]
	}
	unusable := s.closed || s.broken
	if unusable || noted {
		defer s.mu.Unlock()
		if unusable || op.session == nil || !now.Before(op.expires) {
			s.stats.Misses++
			return nil
		}
		s.stats.Hits++
		return op.session
	}
	s.mu.Unlock()

	session, err := s.file.get(now, key)

	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && !s.closed { // Close may have come in between
		s.stats.ReadFailures++
		s.failed(err)
	}
	if session == nil || s.broken {
		s.stats.Misses++
		return nil
	}
	s.stats.Hits++
	return session
}

// Put notes a session to be written in place of the one under key, and keeps the
// slice until it is. It is refused, and what was there stays, if it has expired,
// is larger than the whole store may be, or too much waits to be written.
func (s *Store) Put(key string, session []byte, expires time.Time) {
	now := s.config.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	old, noted := s.pending[key]
	switch {
	case s.closed || s.broken:
	case session == nil || !now.Before(expires) || expires.Unix() < 0 ||
		len(key) == 0 || len(key) > maxKey || entrySize(len(key), len(session)) > s.config.MaxBytes:
		s.stats.Refused++
	case !noted && len(s.pending) >= maxPending || s.waiting+len(session)-len(old.session) > maxPendingBytes:
		s.stats.Dropped++
	default:
		s.note(key, operation{session, expires})
	}
}

// maxKey bounds the keys, in bytes. The database takes 2^15 - 1, of which the
// expiry takes 8; engines need less than 150.
const maxKey = 1 << 14

// Delete forgets the session under key: Get does not return it any more. It is
// noted to be deleted from the file.
func (s *Store) Delete(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed && !s.broken {
		s.forget(key)
	}
}

// forget notes a deletion. s.mu is held.
func (s *Store) forget(key string) {
	if len(key) == 0 || len(key) > maxKey {
		return // there never is one
	}
	if _, noted := s.pending[key]; !noted && len(s.pending) >= maxForgotten {
		s.failed(fmt.Errorf("%w: more than %d operations wait", errPanic, maxForgotten))
		return
	}
	s.note(key, operation{})
}

// note replaces what is to be done about key. s.mu is held.
func (s *Store) note(key string, op operation) {
	s.waiting += len(op.session) - len(s.pending[key].session)
	s.pending[key] = op
	s.resting = false
	s.changed.Broadcast()
}

// failed notes a failure. s.mu is held. After errPanic the database is not used
// any more.
func (s *Store) failed(err error) {
	if errors.Is(err, errPanic) {
		s.broken = true
		err = errors.Join(ErrBroken, err)
		s.pending, s.waiting = nil, 0
		s.changed.Broadcast()
	}
	s.stats.LastError = err
}

// Range calls yield for each session whose time is not over and that is in the
// file when it is reached, in the order of the keys, until it returns false. It
// begins with a Flush, and fails as that does; yield may call into the store.
func (s *Store) Range(yield func(key string, session []byte) bool) error {
	if err := s.Flush(); err != nil {
		return err
	}
	for from := ""; ; {
		s.mu.Lock()
		err := s.unusable()
		s.mu.Unlock()
		if err != nil {
			return err
		}
		found, next, err := s.file.scan(s.config.Now(), from)
		if err != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.stats.ReadFailures++
			s.failed(err)
			return err
		}
		for _, r := range found {
			if !yield(r.key, r.session) {
				return nil
			}
		}
		if next == "" {
			return nil
		}
		from = next
	}
}

// Stats returns the counts so far.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := s.stats
	stats.Pending = len(s.pending) + len(s.writing)
	return stats
}

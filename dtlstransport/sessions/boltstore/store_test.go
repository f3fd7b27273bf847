package boltstore

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/dtlstransport/sessions"
)

var (
	_ dtlstransport.SessionStore = (*Store)(nil)
	_ sessions.Ranger            = (*Store)(nil)
)

// start is when virtual time begins.
var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// A clock stands until it is set.
type clock struct{ now atomic.Pointer[time.Time] }

func newClock() *clock {
	c := new(clock)
	c.set(start)
	return c
}

func (c *clock) set(now time.Time) { c.now.Store(&now) }
func (c *clock) read() time.Time   { return *c.now.Load() }

// open opens a store without a timer of its own, and closes it after the test.
func open(t testing.TB, path string, c *clock, config Config) *Store {
	t.Helper()
	config.Now, config.SweepEvery = c.read, -1
	s, err := Open(path, &config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func flush(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
}

func path(t testing.TB) string { return filepath.Join(t.TempDir(), "sessions") }

// keysOf returns what Range shows.
func keysOf(t testing.TB, s *Store) []string {
	t.Helper()
	var keys []string
	if err := s.Range(func(key string, _ []byte) bool {
		keys = append(keys, key)
		return true
	}); err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestSessionsOutliveTheProcess(t *testing.T) {
	c, path := newClock(), path(t)
	s := open(t, path, c, Config{})
	s.Put("a", []byte("old"), start.Add(time.Hour))
	s.Put("a", []byte("new"), start.Add(2*time.Hour))
	s.Put("b", []byte("b"), start.Add(time.Hour))
	s.Put("empty", []byte{}, start.Add(3*time.Hour))
	flush(t, s)
	s.Put("a", []byte("newest"), start.Add(2*time.Hour))
	s.Delete("b")
	s.Delete("none")
	// Before and after they are in the file, and when it is opened again.
	for range 3 {
		if a, b, empty := s.Get("a"), s.Get("b"), s.Get("empty"); string(a) != "newest" || b != nil || empty == nil || len(empty) > 0 {
			t.Errorf("%q, %q, %q", a, b, empty)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, path, c, Config{})
	}
	c.set(start.Add(2*time.Hour - 1))
	if s.Get("a") == nil {
		t.Error("a session is gone before its time")
	}
	c.set(start.Add(2 * time.Hour))
	if s.Get("a") != nil {
		t.Error("a session is there after its time")
	}
	if stats := s.Stats(); stats.Sessions != 2 || stats.Bytes != entrySize(1, 6)+entrySize(5, 0) {
		t.Errorf("%+v", stats)
	}
}

func TestWhatHasExpiredIsSwept(t *testing.T) {
	c, path := newClock(), path(t)
	s := open(t, path, c, Config{})
	const n = 2*sweepLimit + 100
	for i := range n {
		s.Put(fmt.Sprint(i), []byte("short"), start.Add(time.Minute))
	}
	s.Put("long", []byte("long"), start.Add(time.Hour))
	flush(t, s)
	c.set(start.Add(2 * time.Minute))
	if got := keysOf(t, s); !slices.Equal(got, []string{"long"}) {
		t.Errorf("Range shows %v", got)
	}
	s.Put("other", []byte("other"), start.Add(time.Hour))
	flush(t, s)
	if got := s.Stats().Expired; got != sweepBesides {
		t.Errorf("a transaction removed %d expired sessions besides, want %d", got, sweepBesides)
	}
	rounds := s.rounds
	if err := s.Sweep(); err != nil {
		t.Fatal(err)
	}
	if stats := s.Stats(); stats.Expired != n || stats.Sessions != 2 || s.rounds-rounds != 3 {
		t.Errorf("%+v after %d transactions", stats, s.rounds-rounds)
	}
	// What expires while the file is closed goes when it is opened.
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c.set(start.Add(2 * time.Hour))
	s = open(t, path, c, Config{})
	if err := s.Sweep(); err != nil {
		t.Fatal(err)
	}
	if stats := s.Stats(); stats.Sessions != 0 || stats.Bytes != 0 || stats.Expired != 2 {
		t.Errorf("%+v", stats)
	}
}

func TestWhatExpiresFirstMakesRoom(t *testing.T) {
	c, path := newClock(), path(t)
	s := open(t, path, c, Config{MaxSessions: 2})
	for i, key := range []string{"c", "a", "d", "b"} {
		s.Put(key, []byte(key), start.Add(time.Duration(i*7%5+1)*time.Hour)) // 1, 3, 5, 2
	}
	if got := keysOf(t, s); !slices.Equal(got, []string{"a", "d"}) || s.Stats().Evicted != 2 {
		t.Errorf("%v are left, %+v", got, s.Stats())
	}
	s.Put("a", make([]byte, DefaultMaxBytes), start.Add(time.Hour))
	if s.Get("a") == nil || s.Stats().Refused != 1 {
		t.Errorf("a session larger than the store: %+v", s.Stats())
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path, c, Config{MaxBytes: entrySize(1, 1)})
	if err := s.Sweep(); err != nil {
		t.Fatal(err)
	}
	if got := keysOf(t, s); !slices.Equal(got, []string{"d"}) {
		t.Errorf("with room for one, %v are left", got)
	}
}

func TestBoundsOfTheFileHoldUnderManyPuts(t *testing.T) {
	c, path := newClock(), path(t)
	config := Config{MaxSessions: 1000, MaxBytes: 200_000}
	s := open(t, path, c, config)
	random := rand.New(rand.NewPCG(1, 2))
	now := start
	for i := range 100_000 {
		now = now.Add(time.Duration(random.IntN(1000)) * time.Millisecond)
		c.set(now)
		key := fmt.Sprint(random.IntN(5000))
		switch random.IntN(10) {
		case 0:
			s.Delete(key)
		case 1:
			s.Get(key)
		default:
			s.Put(key, make([]byte, random.IntN(100+i/200)), now.Add(time.Duration(random.IntN(3600))*time.Second))
		}
		if i%5000 == 0 {
			flush(t, s)
		}
		if stats := s.Stats(); stats.Sessions > config.MaxSessions || stats.Bytes > config.MaxBytes || stats.Pending > 2*maxPending {
			t.Fatalf("after %d calls: %+v", i, stats)
		}
	}
	flush(t, s)
	counted := s.Stats()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > 8<<20 {
		t.Errorf("the file has %d bytes", info.Size())
	}
	// What is counted is what is there.
	f, err := openFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.db.Close()
	there := 0
	f.db.View(func(tx *bbolt.Tx) error { there = tx.Bucket(sessionBucket).Stats().KeyN; return nil })
	if f.sessions != counted.Sessions || f.bytes != counted.Bytes || f.sessions != there || there < 100 {
		t.Errorf("%d sessions and %d expiries of %d bytes, counted %+v", there, f.sessions, f.bytes, counted)
	}
}

func TestAStoreServesManyAtOnce(t *testing.T) {
	s := open(t, path(t), newClock(), Config{MaxSessions: 50})
	var group sync.WaitGroup
	for g := range 4 {
		group.Go(func() {
			for i := range 500 {
				key := fmt.Sprint((i * (g + 1)) % 100)
				s.Put(key, []byte(key), start.Add(time.Duration(i)*time.Second))
				if b := s.Get(key); b != nil && string(b) != key {
					t.Errorf("%q under %q", b, key)
				}
				switch i % 50 {
				case 0:
					s.Range(func(key string, _ []byte) bool {
						s.Delete(key)
						return true
					})
				case 1:
					s.Sweep()
				}
			}
		})
	}
	group.Wait()
	flush(t, s)
	if stats := s.Stats(); stats.Sessions > 50 || stats.LastError != nil {
		t.Errorf("%+v", stats)
	}
}

func TestTheFileIsForItsOwnerAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("permissions there are not in the mode of a file")
	}
	path := path(t)
	s := open(t, path, newClock(), Config{})
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("permissions %v, %v", info.Mode().Perm(), err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, nil); !errors.Is(err, ErrPermissions) {
		t.Errorf("a file that others may read: %v", err)
	}
}

func TestErrorsOfOpenSayWhy(t *testing.T) {
	write := func(content []byte) func(string) error {
		return func(path string) error { return os.WriteFile(path, content, 0o600) }
	}
	database := func(f func(tx *bbolt.Tx) error) func(string) error {
		return func(path string) error {
			db, err := bbolt.Open(path, 0o600, nil)
			if err != nil {
				return err
			}
			return errors.Join(db.Update(f), db.Close())
		}
	}
	stored := func(change func(b []byte) []byte) func(string) error {
		return func(path string) error {
			s, err := Open(path, nil)
			if err != nil {
				return err
			}
			for i := range 1000 {
				s.Put(fmt.Sprint(i), make([]byte, 500), time.Now().Add(time.Hour))
			}
			if err := s.Close(); err != nil {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, change(b), 0o600)
		}
	}
	for _, c := range []struct {
		name    string
		prepare func(path string) error
		want    error
	}{
		{"text", write([]byte("not a database")), ErrFormat},
		{"a large text", write(bytes.Repeat([]byte("not a database "), 10000)), ErrFormat},
		{"another database", database(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("z")); return err }), ErrFormat},
		{"a later version", database(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucket(formatBucket)
			return errors.Join(err, b.Put(versionKey, []byte{2}))
		}), ErrFormat},
		{"cut short", stored(func(b []byte) []byte { return b[:3*os.Getpagesize()] }), ErrFormat},
		{"overwritten", stored(func(b []byte) []byte { clear(b[2*os.Getpagesize():]); return b }), ErrFormat},
		{"a folder", func(path string) error { return os.Mkdir(path, 0o700) }, nil},
		{"no folder for it", func(path string) error { return os.Remove(filepath.Dir(path)) }, fs.ErrNotExist},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := path(t)
			if err := c.prepare(path); err != nil {
				t.Fatal(err)
			}
			before, _ := os.ReadFile(path)
			s, err := Open(path, nil)
			if err == nil {
				s.Close()
			}
			if e, ok := errors.AsType[*OpenError](err); !ok || e.Path != path || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
	t.Run("open already", func(t *testing.T) {
		path := path(t)
		open(t, path, newClock(), Config{})
		if _, err := Open(path, nil); !errors.Is(err, ErrLocked) {
			t.Errorf("%v", err)
		}
	})
}

func BenchmarkStore(b *testing.B) {
	s := open(b, path(b), newClock(), Config{})
	session := make([]byte, 700)
	keys := make([]string, 4096)
	for i := range keys {
		keys[i] = fmt.Sprintf("server %064d", i)
		s.Put(keys[i], session, start.Add(time.Hour))
	}
	flush(b, s)
	b.Run("Get", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			s.Get(keys[i%len(keys)])
		}
	})
	b.Run("Put", func(b *testing.B) { // as an engine sees it
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			s.Put(keys[i%len(keys)], session, start.Add(time.Hour))
		}
	})
	b.Run("PutAndFlush", func(b *testing.B) { // to the disk
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			s.Put(keys[i%len(keys)], session, start.Add(time.Hour))
			flush(b, s)
		}
	})
}

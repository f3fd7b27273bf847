package sessions

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// start is when virtual time begins.
var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// newTestStore returns a store whose clock is *now.
func newTestStore(config MemoryConfig, now *time.Time) *MemoryStore {
	*now = start
	config.Now = func() time.Time { return *now }
	return NewMemoryStore(&config)
}

// has returns which of some keys are there, without using them.
func has(m *MemoryStore) []string {
	var keys []string
	m.Range(func(key string, _ []byte) bool {
		keys = append(keys, key)
		return true
	})
	slices.Sort(keys)
	return keys
}

func TestWhatWasNotUsedForLongestGoesFirst(t *testing.T) {
	var now time.Time
	m := newTestStore(MemoryConfig{MaxSessions: 3}, &now)
	for _, key := range []string{"a", "b", "c"} {
		m.Put(key, []byte(key), start.Add(time.Hour))
	}
	m.Get("a")
	m.Put("d", nil, start.Add(time.Hour))
	if got := has(m); !slices.Equal(got, []string{"a", "c", "d"}) {
		t.Errorf("%v are left", got)
	}
	m.Put("c", []byte("new"), start.Add(time.Hour)) // in place of the old one
	m.Put("e", nil, start.Add(time.Hour))
	if got := has(m); !slices.Equal(got, []string{"c", "d", "e"}) || string(m.Get("c")) != "new" {
		t.Errorf("%v are left, c is %q", got, m.Get("c"))
	}
	if s := m.Stats(); s.Evicted != 2 || s.Sessions != 3 || m.Len() != 3 {
		t.Errorf("%+v", s)
	}
}

func TestASessionLastsUntilItExpires(t *testing.T) {
	var now time.Time
	m := newTestStore(MemoryConfig{}, &now)
	m.Put("a", []byte("a"), start.Add(time.Hour))
	m.Put("old", []byte("old"), start)
	for _, c := range []struct {
		after time.Duration
		there bool
	}{{0, true}, {time.Hour - 1, true}, {time.Hour, false}, {time.Minute, false}} {
		now = start.Add(c.after)
		if got := m.Get("a"); (got != nil) != c.there || m.Get("old") != nil {
			t.Errorf("after %v: %q and %q", c.after, got, m.Get("old"))
		}
	}
	if s := m.Stats(); s.Sessions != 0 || s.Bytes != 0 || s.Expired != 1 || s.Refused != 1 || s.Hits != 2 {
		t.Errorf("%+v", s)
	}
}

func TestExpiredSessionsGoBeforeLiveOnes(t *testing.T) {
	var now time.Time
	const n = 3 * sweepLimit
	m := newTestStore(MemoryConfig{MaxSessions: n + 1}, &now)
	m.Put("live", []byte("live"), start.Add(time.Hour)) // used longest ago
	for i := range n {
		m.Put(fmt.Sprint(i), nil, start.Add(time.Minute))
	}
	now = start.Add(2 * time.Minute)
	m.Get("none")
	if got := m.Len(); got != n+1-sweepLimit {
		t.Errorf("one call left %d sessions, want it to remove %d", got, sweepLimit)
	}
	if got := has(m); !slices.Equal(got, []string{"live"}) {
		t.Errorf("Range shows %v", got)
	}
	for i := range n + 1 {
		m.Put(fmt.Sprint("new", i), nil, start.Add(time.Hour))
		if i < n && m.Get("live") == nil {
			t.Fatalf("a live session went after %d puts, with %+v", i+1, m.Stats())
		}
	}
	if s := m.Stats(); s.Expired != n || s.Evicted != 1 {
		t.Errorf("%+v", s)
	}
}

func TestARefusedSessionLeavesTheOldOne(t *testing.T) {
	var now time.Time
	m := newTestStore(MemoryConfig{MaxBytes: 1000}, &now)
	m.Put("a", []byte("a"), start.Add(time.Hour))
	m.Put("a", make([]byte, 1000), start.Add(time.Hour))
	m.Put("a", []byte("late"), start.Add(-time.Hour))
	if got := m.Get("a"); string(got) != "a" || m.Stats().Refused != 2 {
		t.Errorf("%q, %+v", got, m.Stats())
	}
}

func TestBoundsHoldUnderManyPuts(t *testing.T) {
	var now time.Time
	config := MemoryConfig{MaxSessions: 1000, MaxBytes: 500_000}
	m := newTestStore(config, &now)
	random := rand.New(rand.NewPCG(1, 2))
	most := 0
	for i := range 100_000 {
		now = now.Add(time.Duration(random.IntN(1000)) * time.Millisecond)
		key := fmt.Sprint(random.IntN(5000))
		switch random.IntN(10) {
		case 0:
			m.Delete(key)
		case 1:
			m.Get(key)
		default:
			// First small ones, which meet one bound, then large ones.
			m.Put(key, make([]byte, random.IntN(200+i/50)), now.Add(time.Duration(random.IntN(3600))*time.Second))
		}
		most = max(most, m.Len())
		if s := m.Stats(); s.Sessions > config.MaxSessions || s.Bytes > config.MaxBytes {
			t.Fatalf("after %d calls: %+v", i, s)
		}
	}
	if most != config.MaxSessions {
		t.Errorf("never more than %d sessions", most)
	}
	// What is counted is what is there, in each of the three structures.
	bytes, links := 0, 0
	for e := m.ring.next; e != &m.ring; e = e.next {
		bytes += e.size()
		links++
		if m.entries[e.key] != e || m.expiry[e.place] != e || e.next.prev != e {
			t.Fatalf("entry %q is not where it should be", e.key)
		}
	}
	if s := m.Stats(); links != s.Sessions || len(m.expiry) != links || bytes != s.Bytes {
		t.Errorf("%d entries of %d bytes in the ring, %d in the heap; %+v", links, bytes, len(m.expiry), s)
	}
}

func TestMaxBytesIsWhatTheStoreTakes(t *testing.T) {
	heapInUse := func() uint64 {
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	m := NewMemoryStore(&MemoryConfig{MaxSessions: 1 << 30, MaxBytes: 1 << 24})
	before := heapInUse()
	for i := range 100_000 {
		m.Put(fmt.Sprintf("server %064d", i), make([]byte, 704), time.Now().Add(time.Hour)) // sizes of which the allocator wastes little
	}
	took := heapInUse() - before
	if counted := uint64(m.Stats().Bytes); took > counted*11/10 {
		t.Errorf("%d sessions take %d bytes, %d are counted", m.Len(), took, counted)
	}
	runtime.KeepAlive(m)
}

func TestAMemoryStoreServesManyAtOnce(t *testing.T) {
	m := NewMemoryStore(&MemoryConfig{MaxSessions: 50})
	var group sync.WaitGroup
	for g := range 8 {
		group.Go(func() {
			for i := range 2000 {
				key := fmt.Sprint((i * (g + 1)) % 100)
				m.Put(key, []byte(key), time.Now().Add(time.Duration(i%3)*time.Millisecond))
				if b := m.Get(key); b != nil && string(b) != key {
					t.Errorf("%q under %q", b, key)
				}
				if i%100 == 0 {
					m.Range(func(key string, b []byte) bool {
						m.Delete(key)
						return string(b) == key
					})
				}
			}
		})
	}
	group.Wait()
	if s := m.Stats(); s.Sessions > 50 {
		t.Errorf("%+v", s)
	}
}

func BenchmarkMemoryStore(b *testing.B) {
	m := NewMemoryStore(nil)
	session, expires := make([]byte, 700), time.Now().Add(time.Hour)
	keys := make([]string, 2*DefaultMaxSessions)
	for i := range keys {
		keys[i] = fmt.Sprintf("server %064d", i)
		m.Put(keys[i], session, expires)
	}
	b.Run("Put", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			m.Put(keys[i%len(keys)], session, expires)
		}
	})
	b.Run("Get", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			m.Get(keys[i%len(keys)])
		}
	})
}

package sessions

import (
	"container/heap"
	"sync"
	"time"
)

// The defaults of MemoryConfig.
const (
	DefaultMaxSessions = 10_000
	DefaultMaxBytes    = 16 << 20
)

// entryOverhead is what an entry of a MemoryStore takes besides its key and its
// session, in bytes: the entry itself (96), its places in the map (24 + 1, of which
// half may be empty: 50) and in the heap (8, twice that after growing: 16), rounded
// up.
const entryOverhead = 192

// sweepLimit is how many expired sessions one call removes at most, so that no
// call takes long when many expire together.
const sweepLimit = 64

// A MemoryConfig bounds a MemoryStore.
type MemoryConfig struct {
	// MaxSessions is how many sessions are held. Zero or less means
	// DefaultMaxSessions.
	MaxSessions int

	// MaxBytes is how many bytes are held: keys, sessions, and 192 bytes for each.
	// A session is about 700 bytes with an ECDSA certificate and a ticket. Zero or
	// less means DefaultMaxBytes.
	MaxBytes int

	// Now is the clock by which sessions expire. Nil means time.Now. It is called
	// with a lock held and must not call into the store.
	Now func() time.Time
}

// MemoryStats counts what a MemoryStore has done.
type MemoryStats struct {
	Sessions int // held now, some of them perhaps expired
	Bytes    int // held now, as MemoryConfig.MaxBytes counts them

	Hits    uint64 // sessions that Get returned
	Misses  uint64 // calls of Get that found none, or an expired one
	Evicted uint64 // sessions that made room for others
	Expired uint64 // sessions removed because their time was over
	Refused uint64 // sessions not taken: expired already, or larger than MaxBytes
}

// A MemoryStore is a dtlstransport.SessionStore in memory, of a bounded number of
// sessions and bytes. When it is full, what has expired goes first, then what
// was not used for the longest time.
//
// It keeps the slices that it is given and returns them: they must not be
// changed. It is safe for concurrent use, and starts no goroutine. Its zero value
// is ready, with the defaults of MemoryConfig.
type MemoryStore struct {
	config MemoryConfig

	mu      sync.Mutex
	entries map[string]*entry
	ring    entry // before and after all others: ring.next was used last, ring.prev first
	expiry  expiryHeap
	stats   MemoryStats
}

// An entry is one session of a MemoryStore.
type entry struct {
	key        string
	session    []byte
	expires    time.Time
	prev, next *entry
	place      int // in the expiryHeap
}

// size returns what the entry takes, in bytes.
func (e *entry) size() int { return len(e.key) + len(e.session) + entryOverhead }

// NewMemoryStore returns an empty store. A nil config means the defaults.
func NewMemoryStore(config *MemoryConfig) *MemoryStore {
	m := new(MemoryStore)
	if config != nil {
		m.config = *config
	}
	return m
}

// Get returns the session under key, or nil if there is none or its time is over.
func (m *MemoryStore) Get(key string) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweep(m.now())
	e := m.entries[key]
	if e == nil || m.expired(e, m.now()) {
		m.stats.Misses++
		return nil
	}
	m.stats.Hits++
	m.unlink(e)
	m.linkFirst(e)
	return e.session
}

// Put stores a session in place of the one under key, and keeps the slice. It is
// refused, and what was there stays, if it has expired or is larger than the whole
// store may be.
func (m *MemoryStore) Put(key string, session []byte, expires time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	m.sweep(now)
	e := &entry{key: key, session: session, expires: expires}
	if m.expired(e, now) || e.size() > m.maxBytes() {
		m.stats.Refused++
		return
	}
	if old := m.entries[key]; old != nil {
		m.remove(old)
	}
	for len(m.entries) >= m.maxSessions() || m.stats.Bytes+e.size() > m.maxBytes() {
		m.evict(now)
	}
	if m.entries == nil {
		m.entries = make(map[string]*entry)
		m.ring.prev, m.ring.next = &m.ring, &m.ring
	}
	m.entries[key] = e
	m.linkFirst(e)
	heap.Push(&m.expiry, e)
	m.stats.Bytes += e.size()
}

// Delete forgets the session under key.
func (m *MemoryStore) Delete(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.entries[key]; e != nil {
		m.remove(e)
	}
}

// Range calls yield for each session whose time is not over, in no particular
// order, until it returns false. It sees the store as it was when Range was
// called, counts as no use of a session, and yield may call into the store. The
// error is always nil.
func (m *MemoryStore) Range(yield func(key string, session []byte) bool) error {
	m.mu.Lock()
	now := m.now()
	all := make([]*entry, 0, len(m.entries))
	for _, e := range m.entries {
		if !m.expired(e, now) {
			all = append(all, e)
		}
	}
	m.mu.Unlock()
	for _, e := range all { // key and session of an entry never change
		if !yield(e.key, e.session) {
			break
		}
	}
	return nil
}

// Len returns how many sessions are held, some of them perhaps expired.
func (m *MemoryStore) Len() int { return m.Stats().Sessions }

// Stats returns the counts so far.
func (m *MemoryStore) Stats() MemoryStats {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.stats
	s.Sessions = len(m.entries)
	return s
}

func (m *MemoryStore) now() time.Time {
	if m.config.Now == nil {
		return time.Now()
	}
	return m.config.Now()
}

func (m *MemoryStore) maxSessions() int {
	if m.config.MaxSessions <= 0 {
		return DefaultMaxSessions
	}
	return m.config.MaxSessions
}

func (m *MemoryStore) maxBytes() int {
	if m.config.MaxBytes <= 0 {
		return DefaultMaxBytes
	}
	return m.config.MaxBytes
}

// expired reports whether a session is of no use at now any more.
func (m *MemoryStore) expired(e *entry, now time.Time) bool { return !now.Before(e.expires) }

// sweep removes what has expired, but not too much at once.
func (m *MemoryStore) sweep(now time.Time) {
	for range sweepLimit {
		if len(m.expiry) == 0 || !m.expired(m.expiry[0], now) {
			return
		}
		m.stats.Expired++
		m.remove(m.expiry[0])
	}
}

// evict removes the session that is missed least. There is one.
func (m *MemoryStore) evict(now time.Time) {
	if e := m.expiry[0]; m.expired(e, now) {
		m.stats.Expired++
		m.remove(e)
		return
	}
	m.stats.Evicted++
	m.remove(m.ring.prev)
}

// remove takes an entry out. The bytes of the session are left as they are, for
// an engine may be about to use them.
func (m *MemoryStore) remove(e *entry) {
	m.unlink(e)
	heap.Remove(&m.expiry, e.place)
	delete(m.entries, e.key)
	m.stats.Bytes -= e.size()
}

func (m *MemoryStore) unlink(e *entry) { e.prev.next, e.next.prev = e.next, e.prev }

func (m *MemoryStore) linkFirst(e *entry) {
	e.prev, e.next = &m.ring, m.ring.next
	e.prev.next, e.next.prev = e, e
}

// An expiryHeap has the entry that expires first at index 0. Its methods are
// those of heap.Interface.
type expiryHeap []*entry

func (h expiryHeap) Len() int           { return len(h) }
func (h expiryHeap) Less(i, j int) bool { return h[i].expires.Before(h[j].expires) }
func (h expiryHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

func (h *expiryHeap) Push(x any) {
	e := x.(*entry)
	e.place = len(*h)
	*h = append(*h, e)
}

func (h *expiryHeap) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return e
}

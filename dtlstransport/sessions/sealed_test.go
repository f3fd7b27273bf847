package sessions

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"
	"time"
)

// tray is a SessionStore that keeps anything, and is no Ranger.
type tray map[string][]byte

func (m tray) Get(key string) []byte                 { return m[key] }
func (m tray) Put(key string, s []byte, _ time.Time) { m[key] = s }
func (m tray) Delete(key string)                     { delete(m, key) }

var never = start.Add(100 * 365 * 24 * time.Hour)

func sealedOver(t testing.TB, inner tray, keys ...[32]byte) *SealedStore {
	t.Helper()
	s, err := NewSealedStore(inner, keys...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestASealedSessionOpens(t *testing.T) {
	inner := tray{}
	s := sealedOver(t, inner, [32]byte{1})
	for _, session := range [][]byte{{}, {7}, bytes.Repeat([]byte("secret"), 1000)} {
		given := bytes.Clone(session)
		s.Put("key", given, never)
		clear(given) // it is not kept
		if got := s.Get("key"); got == nil || !bytes.Equal(got, session) {
			t.Errorf("%d bytes put, %d got", len(session), len(got))
		}
		if got := len(inner["key"]); got != len(session)+SealedOverhead {
			t.Errorf("%d bytes sealed into %d", len(session), got)
		}
		if len(session) > 1 && bytes.Contains(inner["key"], []byte("secret")) {
			t.Error("the sealed session shows the plain one")
		}
	}
	if s.Get("none") != nil || s.Stats() != (SealedStats{Opened: 3}) {
		t.Errorf("%+v", s.Stats())
	}
	if s.Delete("key"); len(inner) > 0 {
		t.Error("not deleted")
	}
}

func TestAChangedSessionIsAsIfItWereNotThere(t *testing.T) {
	inner := tray{}
	s := sealedOver(t, inner, [32]byte{1})
	s.Put("key", []byte("session"), never)
	sealed := inner["key"]
	for i := range sealed {
		for bit := range 8 {
			changed := bytes.Clone(sealed)
			changed[i] ^= 1 << bit
			inner["key"] = changed
			if s.Get("key") != nil {
				t.Errorf("opens with bit %d of byte %d changed", bit, i)
			}
		}
		inner["key"] = sealed[:i]
		if s.Get("key") != nil {
			t.Errorf("opens when cut to %d bytes", i)
		}
	}
	inner["key"] = append(bytes.Clone(sealed), 0)
	inner["other"] = sealed
	inner[""] = sealed
	if s.Get("key") != nil || s.Get("other") != nil || s.Get("") != nil {
		t.Error("opens with a byte behind it, or under another key")
	}
	if got, want := s.Stats().Unopened, uint64(9*len(sealed)+3); got != want {
		t.Errorf("%d counted, want %d", got, want)
	}
}

func TestTheFirstKeySealsAndAllOpen(t *testing.T) {
	inner := tray{}
	old, both, renewed := sealedOver(t, inner, [32]byte{1}), sealedOver(t, inner, [32]byte{2}, [32]byte{1}), sealedOver(t, inner, [32]byte{2})
	old.Put("before", []byte("a"), never)
	both.Put("after", []byte("b"), never)
	for _, c := range []struct {
		name          string
		store         *SealedStore
		before, after string
	}{{"old key", old, "a", ""}, {"both keys", both, "a", "b"}, {"new key", renewed, "", "b"}} {
		if before, after := string(c.store.Get("before")), string(c.store.Get("after")); before != c.before || after != c.after {
			t.Errorf("%s: %q and %q, want %q and %q", c.name, before, after, c.before, c.after)
		}
	}
}

func TestNoSeedComesTwice(t *testing.T) {
	s := sealedOver(t, tray{}, [32]byte{1})
	seen := map[string]bool{}
	for range 10_000 {
		sealed := s.seal("key", nil)
		if seed := string(sealed[1 : 1+sealedSeedLen]); seen[seed] {
			t.Fatal("a seed again")
		} else {
			seen[seed] = true
		}
	}
}

func TestASealedStoreNeedsAStoreAndKeys(t *testing.T) {
	for _, c := range []struct {
		inner tray
		keys  [][32]byte
		want  error
	}{{tray{}, nil, ErrNoKey}, {tray{}, [][32]byte{{}}, ErrZeroKey}, {tray{}, [][32]byte{{1}, {}}, ErrZeroKey}} {
		if _, err := NewSealedStore(c.inner, c.keys...); !errors.Is(err, c.want) {
			t.Errorf("%d keys: %v, want %v", len(c.keys), err, c.want)
		}
	}
	if _, err := NewSealedStore(nil, [32]byte{1}); !errors.Is(err, ErrNoStore) {
		t.Errorf("no store: %v", err)
	}
}

func TestASealedStoreShowsWhatOpens(t *testing.T) {
	inner := NewMemoryStore(nil)
	s, err := NewSealedStore(inner, [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	expires := time.Now().Add(time.Hour)
	for i := range 5 {
		s.Put(fmt.Sprint(i), []byte{byte(i)}, expires)
	}
	inner.Put("junk", []byte("junk"), expires)
	n := 0
	err = s.Range(func(key string, session []byte) bool {
		if fmt.Sprint(session[0]) != key {
			t.Errorf("%x under %q", session, key)
		}
		n++
		return n < 5
	})
	if n != 5 || err != nil {
		t.Errorf("%d shown, %v", n, err)
	}
	n = 0
	if s.Range(func(string, []byte) bool { n++; return false }); n != 1 {
		t.Errorf("Range went on to %d", n)
	}
	if err := sealedOver(t, tray{}, [32]byte{1}).Range(func(string, []byte) bool { return true }); !errors.Is(err, ErrNoRange) {
		t.Errorf("over a store without Range: %v", err)
	}
}

// genuineSealed is "session" under "key", sealed with the key [32]byte{1}.
const genuineSealed = "02ac0dbd39261d625090fab494e828838ec51dbd140ecc70146cbea6c896a3baa0c327627f486c7170fe3b96eca5ca84f8be66167131c9229b795a6bfcfe0eea289ec016"

// Nothing opens but what was sealed, under the key where it was, and then it is
// what was sealed.
func FuzzSealedStore(f *testing.F) {
	genuine, err := hex.DecodeString(genuineSealed) // the same in all processes that take part
	if err != nil {
		f.Fatal(err)
	}
	f.Add("key", genuine)
	f.Add("other", genuine)
	f.Add("key", genuine[:len(genuine)-1])
	f.Add("", []byte{sealedFormat})
	f.Add("key", make([]byte, SealedOverhead))
	f.Fuzz(func(t *testing.T, key string, garbage []byte) {
		inner := tray{key: bytes.Clone(garbage)}
		s := sealedOver(t, inner, [32]byte{1}, [32]byte{2})
		got := s.Get(key)
		if !bytes.Equal(inner[key], garbage) {
			t.Error("Get has changed what is stored")
		}
		if want := key == "key" && bytes.Equal(garbage, genuine); (got != nil) != want || want && string(got) != "session" {
			t.Errorf("%x under %q opens as %q", garbage, key, got)
		}
		s.Put(key, garbage, never)
		if !bytes.Equal(s.Get(key), garbage) || s.Get(key) == nil {
			t.Error("what is sealed does not open")
		}
	})
}

func BenchmarkSealedStore(b *testing.B) {
	inner := tray{}
	s := sealedOver(b, inner, [32]byte{1})
	session := make([]byte, 700)
	b.Run("Put", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.Put("key", session, never)
		}
	})
	b.Run("Get", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.Get("key")
		}
	})
}

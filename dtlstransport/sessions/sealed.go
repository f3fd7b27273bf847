package sessions

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"sync/atomic"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
)

const (
	// sealedFormat is the first byte of a sealed session. Others are not opened.
	sealedFormat = 2

	sealedSeedLen = 32 // bytes

	// SealedOverhead is by how many bytes a sealed session is larger: the format,
	// the seed, the nonce and the tag of AES-GCM, 1 + 32 + 12 + 16.
	SealedOverhead = 1 + sealedSeedLen + 12 + 16
)

// The errors of NewSealedStore.
var (
	ErrNoStore = errors.New("sessions: no store to seal")
	ErrNoKey   = errors.New("sessions: no key to seal with")
	// ErrZeroKey says that a key is all zeroes, as one is that was never set.
	ErrZeroKey = errors.New("sessions: a key is all zeroes")
)

// A SealedStore encrypts and authenticates, with AES-256-GCM, what another store
// keeps. Whoever can read that store learns its keys (fingerprints of peers,
// session_ids, which have been on the wire) and the sizes of the sessions. Whoever
// can write to it can remove sessions and put back what has been there before
// under the same key, until it expires; not change or move them.
//
// What does not open, for whatever reason, is as if it were not there, and
// counted. It is safe for concurrent use if the other store is.
type SealedStore struct {
	inner    dtlstransport.SessionStore
	keys     [][32]byte
	opened   atomic.Uint64
	unopened atomic.Uint64
}

// SealedStats counts what a SealedStore has opened.
type SealedStats struct {
	Opened   uint64
	Unopened uint64 // of another key, of another place in the store, changed, or no sealed session at all
}

// NewSealedStore returns a store that seals what inner keeps. The first key
// seals, all of them open. To change the key, put the new one in front, and take
// the old one away when Config.SessionLifetime has passed since: then all that it
// has sealed has expired. A key is 32 random bytes, kept where inner is not.
// The errors are ErrNoStore, ErrNoKey and ErrZeroKey.
func NewSealedStore(inner dtlstransport.SessionStore, keys ...[32]byte) (*SealedStore, error) {
	if inner == nil {
		return nil, ErrNoStore
	}
	if len(keys) == 0 {
		return nil, ErrNoKey
	}
	s := &SealedStore{inner: inner}
	for _, key := range keys {
		if key == [32]byte{} {
			return nil, ErrZeroKey
		}
		s.keys = append(s.keys, key)
	}
	return s, nil
}

// Get returns the session under key, or nil if there is none that opens. The
// slice is the caller's.
func (s *SealedStore) Get(key string) []byte {
	sealed := s.inner.Get(key)
	if sealed == nil {
		return nil
	}
	return s.open(key, sealed)
}

// Put seals a session and gives it to the other store. It does not keep the
// slice.
func (s *SealedStore) Put(key string, session []byte, expires time.Time) {
	s.inner.Put(key, s.seal(key, session), expires)
}

// Delete forgets the session under key.
func (s *SealedStore) Delete(key string) { s.inner.Delete(key) }

// Range calls yield for each session of the other store that opens, until it
// returns false. It fails with ErrNoRange if the other store has no such method,
// and as that does.
func (s *SealedStore) Range(yield func(key string, session []byte) bool) error {
	inner, ok := s.inner.(Ranger)
	if !ok {
		return ErrNoRange
	}
	return inner.Range(func(key string, sealed []byte) bool {
		session := s.open(key, sealed)
		return session == nil || yield(key, session)
	})
}

// Stats returns the counts so far.
func (s *SealedStore) Stats() SealedStats {
	return SealedStats{Opened: s.opened.Load(), Unopened: s.unopened.Load()}
}

// seal returns what is stored of a session.
//
//	format 2, seed 32, nonce 12, AES-256-GCM(session)
//
// The additional data are the format and the key in the store: a session does not
// open in the place of another.
func (s *SealedStore) seal(key string, session []byte) []byte {
	sealed := make([]byte, 1+sealedSeedLen, len(session)+SealedOverhead)
	sealed[0] = sealedFormat
	seed := sealed[1:]
	rand.Read(seed)
	aead := sessionAEAD(&s.keys[0], seed)
	return aead.Seal(sealed, nil, session, sealedData(key))
}

// open returns the session in sealed, or nil. What an attacker learns from the
// time it takes is at most which of the keys sealed it: tags are compared in
// constant time.
func (s *SealedStore) open(key string, sealed []byte) []byte {
	if len(sealed) >= SealedOverhead && sealed[0] == sealedFormat {
		seed, ciphertext := sealed[1:1+sealedSeedLen], sealed[1+sealedSeedLen:]
		for i := range s.keys {
			aead := sessionAEAD(&s.keys[i], seed)
			// There is always room for a byte, so that an empty session is not nil.
			session, err := aead.Open(make([]byte, 0, len(ciphertext)), nil, ciphertext, sealedData(key))
			if err == nil {
				s.opened.Add(1)
				return session
			}
		}
	}
	s.unopened.Add(1)
	return nil
}

// sealedData returns the additional data of the session under key.
func sealedData(key string) []byte { return append([]byte{sealedFormat}, key...) }

// sessionAEAD returns the cipher of one sealed session. Each has a key of its
// own, whatever the nonce, which it makes and keeps itself: two seeds of 32 random bytes
// never meet, however much is sealed under one key, by however many processes.
func sessionAEAD(key *[32]byte, seed []byte) cipher.AEAD {
	m := hmac.New(sha256.New, key[:])
	m.Write([]byte("rtctransport sealed session"))
	m.Write(seed)
	block, err := aes.NewCipher(m.Sum(nil))
	if err != nil {
		panic(err) // 32 bytes are a key
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return aead
}

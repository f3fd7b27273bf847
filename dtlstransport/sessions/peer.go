package sessions

import (
	"errors"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
)

// A Ranger is a store that can be looked through. MemoryStore and boltstore.Store
// are, and so is a SealedStore around either.
type Ranger interface {
	// Range calls yield for each session, until it returns false. yield may call
	// into the store; whether it is told of what changes meanwhile is open. The
	// slice is valid until yield returns, and must not be changed.
	Range(yield func(key string, session []byte) bool) error
}

// ErrNoRange says that a store cannot be looked through.
var ErrNoRange = errors.New("sessions: store is no Ranger")

// KeysOfPeer returns the keys of all sessions with the peer whose certificate has
// this fingerprint, on whichever side we were. It looks at every session of the
// store, which takes a microsecond or two for each, and locks the store only
// as its Range does. It fails with ErrNoRange, if the hash of the fingerprint
// is not one of those that are verified, and as Range does.
func KeysOfPeer(store dtlstransport.SessionStore, peer fingerprint.Fingerprint) ([]string, error) {
	r, ok := store.(Ranger)
	if !ok {
		return nil, ErrNoRange
	}
	set := fingerprint.Set{peer}
	if err := set.Check(); err != nil {
		return nil, err
	}
	var keys []string
	err := r.Range(func(key string, session []byte) bool {
		if leaf := dtlstransport.SessionPeer(session); leaf != nil && set.Verify(leaf) == nil {
			keys = append(keys, key)
		}
		return true
	})
	return keys, err
}

// DeletePeer forgets all sessions with the peer whose certificate has this
// fingerprint, and returns how many. It fails as KeysOfPeer does; what was found
// before is deleted. A handshake that ends meanwhile may store another session:
// take the peer out of the configuration first.
func DeletePeer(store dtlstransport.SessionStore, peer fingerprint.Fingerprint) (int, error) {
	keys, err := KeysOfPeer(store, peer)
	for _, key := range keys {
		store.Delete(key)
	}
	return len(keys), err
}

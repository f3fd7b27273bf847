package sessions

import (
	"errors"

	"golang.org/x/crypto/cryptobyte"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
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
		if leaf := peerCertificate(session); leaf != nil && set.Verify(leaf) == nil {
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

// peerCertificate returns the peer's own certificate from a session as engines
// store it, or nil if the peer had none or this is no session. It aliases session.
//
//	format 1, suite 2, expires 8, local 32, master <1>, id <1>, ticket <2>, identity <2>, server name <1>,
//	status <3>, certificates <3> of <3>
func peerCertificate(session []byte) []byte {
	s := cryptobyte.String(session)
	var format uint8
	var skipped cryptobyte.String
	if !s.ReadUint8(&format) || format != 4 || !s.Skip(2+8+32) ||
		!s.ReadUint8LengthPrefixed(&skipped) || !s.ReadUint8LengthPrefixed(&skipped) ||
		!s.ReadUint16LengthPrefixed(&skipped) || !s.ReadUint16LengthPrefixed(&skipped) ||
		!s.ReadUint8LengthPrefixed(&skipped) || !s.ReadUint24LengthPrefixed(&skipped) {
		return nil
	}
	m, err := wire.ParseCertificate(s)
	if err != nil || len(m.Chain) == 0 {
		return nil
	}
	return m.Chain[0]
}

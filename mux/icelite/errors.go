package icelite

import "errors"

// Why something did not work, or why a Peer ended.
var (
	// ErrConsent means that the peer's connectivity checks have stopped for Config.ConsentTimeout: it may not be
	// sent to any more (RFC 7675, Section 5.1).
	ErrConsent = errors.New("icelite: no connectivity check for too long")
	// ErrNoCheck means that no connectivity check came within Config.ConnectTimeout.
	ErrNoCheck = errors.New("icelite: no connectivity check at all")
	// ErrNoPath means that there is no address to send to yet.
	ErrNoPath = errors.New("icelite: no connectivity check has come yet")
	// ErrTooManyPeers means that Config.MaxPeers are registered.
	ErrTooManyPeers = errors.New("icelite: too many peers")
	// ErrDraining means that Shutdown has been called.
	ErrDraining = errors.New("icelite: server is shutting down")
	// ErrCredentials means a ufrag or password outside of RFC 8839, Section 5.4, or a ufrag in use.
	ErrCredentials = errors.New("icelite: credentials cannot be used")
)

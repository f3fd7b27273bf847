package dtlstransport

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
)

// DefaultSessionLifetime is Config.SessionLifetime when it is zero.
const DefaultSessionLifetime = 24 * time.Hour

// A SessionStore keeps sessions, by which two ends that know each other shake
// hands in one round trip and without public-key work. What is stored is secret:
// who has it can take the peer's place until it expires.
//
// Clients store under the name of the peer, servers under the session_id. A
// store may forget or refuse whatever it likes; the next handshake is then a full
// one. It is called from within an Engine, by many at the same time, and should
// be quick.
type SessionStore interface {
	// Get returns what was put under key, or nil. The engine keeps the bytes as
	// long as the association lives; nobody may change them.
	Get(key string) []byte
	// Put stores a session, in place of one that was there. It may keep the bytes.
	// After expires it is of no use.
	Put(key string, session []byte, expires time.Time)
	// Delete forgets a session: it has been used up, or its association has failed:
	// "Upon transmission or receipt of a fatal alert message, both parties
	// immediately close the connection. Servers and clients MUST forget any
	// session-identifiers, keys, and secrets associated with a failed connection."
	// RFC 5246, Section 7.2.2.
	Delete(key string)
}

// session is what is kept of a handshake for the next one. There is none of a
// handshake without the extended master secret, whose resumption RFC 7627,
// Section 5.3 advises against.
type session struct {
	suite   *suiteInfo
	expires time.Time // to the second
	local   [32]byte  // SHA-256 of the certificate that we presented, or of the pre-shared key; zero: none
	master  []byte
	id      []byte   // the session_id; empty at a client that has a ticket
	ticket  []byte   // at a client
	chain   [][]byte // the peer's certificates; none if it needed none

	identity   []byte // the client's, of the pre-shared key that the session came from
	serverName string // that the client asked for
	status     []byte // OCSP response for the peer's certificate, at a client
}

// sessionFormat is the first byte of a stored session. Others are not read.
const sessionFormat = 4

// append appends the session as it is stored.
//
//	format 1, suite 2, expires 8 (seconds from 1970), local 32, master <1>,
//	id <1>, ticket <2>, identity <2>, server name <1>, status <3>,
//	certificates <3> of <3>
func (s *session) append(b []byte) []byte {
	b = append(b, sessionFormat)
	b = binary.BigEndian.AppendUint16(b, uint16(s.suite.id))
	b = binary.BigEndian.AppendUint64(b, uint64(s.expires.Unix()))
	b = append(b, s.local[:]...)
	b = append(append(b, byte(len(s.master))), s.master...)
	b = append(append(b, byte(len(s.id))), s.id...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(s.ticket)))
	b = append(b, s.ticket...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(s.identity)))
	b = append(b, s.identity...)
	b = append(append(b, byte(len(s.serverName))), s.serverName...)
	n := len(s.status)
	b = append(append(b, byte(n>>16), byte(n>>8), byte(n)), s.status...)
	return (&wire.Certificate{Chain: s.chain}).Append(b)
}

var errSession = errors.New("dtls: malformed session")

// parseSession reads a stored session. The result aliases b.
func parseSession(b []byte) (*session, error) {
	s := new(session)
	in := cryptobyte.String(b)
	var format uint8
	var suite uint16
	var expires uint64
	var master, id, ticket, identity, serverName, status cryptobyte.String
	if !in.ReadUint8(&format) || format != sessionFormat || !in.ReadUint16(&suite) || !in.ReadUint64(&expires) || !in.CopyBytes(s.local[:]) ||
		!in.ReadUint8LengthPrefixed(&master) || !in.ReadUint8LengthPrefixed(&id) || !in.ReadUint16LengthPrefixed(&ticket) || !in.ReadUint16LengthPrefixed(&identity) ||
		!in.ReadUint8LengthPrefixed(&serverName) || !in.ReadUint24LengthPrefixed(&status) {
		return nil, errSession
	}
	certificate, err := wire.ParseCertificate(in)
	if s.suite = CipherSuite(suite).info(); err != nil || s.suite == nil || len(master) != 48 || len(id) > 32 {
		return nil, errSession
	}
	s.expires = time.Unix(int64(expires), 0)
	s.master, s.id, s.ticket, s.identity, s.chain = master, id, ticket, identity, certificate.Chain
	s.serverName, s.status = string(serverName), status
	return s, nil
}

// SessionPeer returns the peer's own certificate, DER, from a session as a SessionStore
// keeps it, for stores that are looked through by peer. It is nil if the peer had none,
// or if these bytes are no session. It aliases session.
func SessionPeer(session []byte) []byte {
	s, err := parseSession(session)
	if err != nil || len(s.chain) == 0 {
		return nil
	}
	return s.chain[0]
}

// serverSessionKey is the key under which a server stores a session.
func serverSessionKey(id []byte) string { return "server " + hex.EncodeToString(id) }

// clientSessionKey is the key under which a client stores its session with the
// peer that it expects; empty if it does not know yet whom to expect.
func (e *Engine) clientSessionKey() string {
	switch {
	case len(e.remote) > 0:
		return "client " + e.remote[0].String()
	case e.config.VerifyPeer != nil:
		return "client" // which judges the stored chain too
	}
	if _, all := e.config.namesPSK(); all {
		return "client"
	}
	return ""
}

// storedSession returns the session under key if it may be used at now.
func (e *Engine) storedSession(now time.Time, key string) *session {
	if e.config.Sessions == nil || key == "" {
		return nil
	}
	s, err := parseSession(e.config.Sessions.Get(key))
	if err != nil || !e.mayResume(now, s) {
		return nil
	}
	return s
}

// mayResume reports whether a session fits what is asked of an association now:
// in time, of a suite that is still wanted, between the certificate that
// signalling says and one that is ours, for resumption must not get around the
// fingerprint on either side.
func (e *Engine) mayResume(now time.Time, s *session) bool {
	_, refusal := e.judgeProof(s.suite, s.chain)
	// "[They] MUST NOT resume" a session of the extension without it (after RFC 7627,
	// Section 5.3), and there are no others.
	return e.config.ExtendedMasterSecret != InsecureEMSOff && refusal == nil && now.Before(s.expires) && slices.Contains(e.config.cipherSuites(), s.suite.id) && e.stillProves(s)
}

// isFor reports whether a session was made under that name: "If [...] the
// server_name extension contains a different name [...] it proceeds with a full
// handshake to establish a new session." RFC 6066, Section 3.
func (s *session) isFor(serverName string) bool { return strings.EqualFold(s.serverName, serverName) }

// stillProves reports whether what we were known by when a session was made is
// still ours: the certificate, or at a server the key that the client's identity has. A
// client does not know its key before the server has given its hint.
func (e *Engine) stillProves(s *session) bool {
	switch {
	case !s.suite.exchange.preShared():
		return e.config.owns(s.local)
	case e.role == RoleClient:
		return true
	}
	return sha256.Sum256(e.config.PSK.KeyFor(s.identity)) == s.local
}

// owns reports whether one of our certificates has that hash, or whether none is
// asked for.
func (c *Config) owns(local [32]byte) bool {
	return local == [32]byte{} || c.certificate(local) != nil
}

// certificate returns that of ours with the SHA-256 hash local, or nil.
func (c *Config) certificate(local [32]byte) *fingerprint.Certificate {
	for _, own := range c.Certificates {
		if sha256.Sum256(own.Chain()[0]) == local {
			return own
		}
	}
	return nil
}

// newSession returns what to keep of the handshake, under what the server gave
// it. It lasts no longer than the session that was resumed: its secret is no
// younger.
func (e *Engine) newSession(now time.Time, id, ticket []byte) *session {
	lifetime := e.config.SessionLifetime
	if lifetime <= 0 {
		lifetime = DefaultSessionLifetime
	}
	s := &session{
		suite:   e.parameters.suite,
		expires: now.Add(lifetime),
		master:  e.schedule.master,
		id:      id,
		ticket:  slices.Clone(ticket),
		chain:   e.chain,

		identity:   e.identity,
		serverName: e.parameters.serverName,
		status:     e.parameters.status,
	}
	switch {
	case e.resumed != nil:
		s.expires, s.local = e.resumed.expires, e.resumed.local
	case e.certificate != nil:
		s.local = sha256.Sum256(e.certificate.Chain()[0])
	case e.parameters.suite.exchange.preShared():
		s.local = e.keyHash
	}
	return s
}

// lastUntil shortens the life of a session.
func (s *session) lastUntil(t time.Time) *session {
	if t.Before(s.expires) {
		s.expires = t
	}
	return s
}

// keepSession notes a session to be stored under key when the peer is known to
// be the right one.
func (e *Engine) keepSession(key string, s *session) {
	if e.config.Sessions != nil && e.parameters.extendedMasterSecret && key != "" {
		e.sessionKey, e.save = key, s
	}
}

// saveSession stores it.
func (e *Engine) saveSession() {
	if e.save != nil {
		e.config.Sessions.Put(e.sessionKey, e.save.append(nil), e.save.expires)
		e.save = nil
	}
}

// forgetSession removes the session of an association that has failed. That a client has
// offered goes with a handshake that failed, unless nobody answered: the two ends may have
// come to disagree about it, and would again and again.
func (e *Engine) forgetSession() {
	if c, ok := e.side.(*client12); ok && c.offer.session != nil && e.stats.DatagramsReceived > 0 {
		e.sessionKey = e.clientSessionKey()
	}
	if e.sessionKey != "" {
		e.config.Sessions.Delete(e.sessionKey)
	}
	e.save = nil
}

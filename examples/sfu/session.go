package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/keying/pionsrtp"
	"github.com/rtctransport/rtctransport/mux/icelite"
	"github.com/rtctransport/rtctransport/sctpdc"
)

// A Session is one peer: somebody who sends, or who receives a stream, or has data channels only.
type Session struct {
	ID  string // known to everyone in the room; the stream of a publisher has it as well
	key string // known to the peer: with it, the session can be ended

	client      netip.Addr
	transport   *dtlstransport.Transport
	association atomic.Pointer[sctpdc.Association] // nil: there are no data channels
	checked     atomic.Int64                       // when its first connectivity check came, in ns of the Unix time
	leave       func()                             // takes it out of its room
}

// Path is where HTTP has the session: its last part is the id of the stream that it sends or receives.
func (s *Session) Path(stream string) string { return "/sessions/" + s.key + "/" + stream }

// newSession registers a peer for an offer.
func (s *SFU) newSession(v *Visit) (*Session, *Local, error) {
	if !s.clients.take(v.Client) {
		return nil, nil, errTooMany
	}
	peer, err := s.udp.AddPeer(&icelite.PeerConfig{RemoteUfrag: v.Offer.Ufrag})
	if err != nil {
		s.clients.giveBack(v.Client)
		switch {
		case errors.Is(err, icelite.ErrTooManyPeers):
			return nil, nil, errFull
		case errors.Is(err, icelite.ErrDraining):
			return nil, nil, errDraining
		}
		return nil, nil, err
	}
	transport, err := dtlstransport.NewTransport(peer, dtlstransport.RoleServer, &dtlstransport.Config{
		Certificates:       []*fingerprint.Certificate{s.certificate},
		RemoteFingerprints: v.Offer.Remote,
		NewProtector:       pionsrtp.New,
	})
	if err != nil {
		s.clients.giveBack(v.Client)
		peer.Close()
		return nil, nil, err
	}
	session := &Session{ID: newID(), key: rand.Text(), client: v.Client, transport: transport, leave: func() {}}
	peer.OnConnected(func() { session.checked.Store(time.Now().UnixNano()) })
	return session, &Local{peer.Credentials(), s.udp.Candidates(), s.certificate.Fingerprint()}, nil
}

// newID returns an id for a session and its stream: see streamID.
func newID() string {
	var id [16]byte
	rand.Read(id[:])
	return hex.EncodeToString(id[:])
}

// discard ends a session that was not started.
func (s *SFU) discard(session *Session) {
	session.leave()
	session.transport.Close()
	s.clients.giveBack(session.client)
}

// start lets a session run: nothing waits for it.
func (s *SFU) start(session *Session, v *Visit, connected func()) error {
	s.mu.Lock()
	if s.draining {
		s.mu.Unlock()
		s.discard(session)
		return errDraining
	}
	s.sessions[session.key] = session
	s.mu.Unlock()
	s.metrics.tally.begin(session)
	session.transport.Start(func() {
		s.metrics.handshake.Observe(time.Since(time.Unix(0, session.checked.Load())).Seconds())
		connected()
		if v.Offer.Data != nil {
			s.openData(session, v)
		}
	}, func(err error) {
		s.metrics.end(session.transport.ConnectionState().HandshakeComplete, err)
		session.leave()
		session.transport.Close()
		s.metrics.tally.end(session)
		s.clients.giveBack(session.client)
		s.mu.Lock()
		delete(s.sessions, session.key)
		s.mu.Unlock()
	})
	return nil
}

// End ends a session with a close_notify, and reports whether there was one of that key.
func (s *SFU) End(key string) bool {
	s.mu.Lock()
	session := s.sessions[key]
	s.mu.Unlock()
	if session != nil {
		session.transport.Close()
	}
	return session != nil
}

package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/keying/pionsrtp"
	"github.com/rtctransport/rtctransport/mux/icelite"
)

// An SFU is the media side of the server: one port, the sessions on it, and their rooms. It is safe for concurrent use.
type SFU struct {
	udp         *icelite.Server
	certificate *fingerprint.Certificate
	rooms       Rooms
	metrics     *Metrics
	cluster     atomic.Pointer[Cluster] // nil: this server is alone
	inflow      float64                 // bytes/s that a publisher may send; changed before the first one comes

	mu       sync.Mutex
	sessions map[string]*Session
	draining bool

	closed chan struct{}
	ticks  sync.WaitGroup
}

// A Session is one peer: a publisher or a subscriber.
type Session struct {
	ID        string
	transport *dtlstransport.Transport
	checked   atomic.Int64 // when its first connectivity check came, in ns of the Unix time
	leave     func()       // takes it out of its room
}

var (
	errDraining = &refusal{503, "the server is shutting down"}
	errFull     = &refusal{503, "as many peers as allowed are connected"}
)

// NewSFU returns the media side over udp, which it owns from now on.
func NewSFU(udp *icelite.Server) (*SFU, error) {
	certificate, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		return nil, err
	}
	s := &SFU{
		udp: udp, certificate: certificate, rooms: Rooms{rooms: make(map[string]*Room)},
		sessions: make(map[string]*Session), closed: make(chan struct{}), inflow: defaultInflow,
	}
	s.metrics = newMetrics(s)
	s.ticks.Go(s.tick)
	return s, nil
}

// Publish makes a session of a publisher, and a stream of what he sends in that room. It returns the answer to o.
func (s *SFU) Publish(room *Room, name string, o *Offer) (*Session, string, error) {
	session, local, err := s.newSession(o)
	if err != nil {
		return nil, "", err
	}
	stream := newStream(session.ID, room.Name, name, o)
	stream.cluster, stream.inflow = s.cluster.Load(), s.inflow
	stream.onFlood = func() { s.metrics.flooded.Add(1) }
	answer, err := local.Answer(o, nil, "")
	if err != nil {
		session.transport.Close()
		return nil, "", err
	}
	stream.writeRTCP = session.transport.WriteRTCP
	session.transport.OnRTP(stream.onRTP)
	session.transport.OnRTCP(stream.onRTCP)
	session.leave = func() {
		room.remove(stream)
		stream.end()
		s.announce()
	}
	err = s.start(session, func() {
		room.add(stream)
		s.announce()
	})
	return session, answer, err
}

// Subscribe makes a session of a receiver of a stream. It returns the answer to o.
func (s *SFU) Subscribe(stream *Stream, o *Offer) (*Session, string, error) {
	session, local, err := s.newSession(o)
	if err != nil {
		return nil, "", err
	}
	to := &Subscriber{stream: stream, transport: session.transport}
	to.rate.Store(startRate)
	tracks := stream.Out
	for kind, section := range o.Used {
		switch {
		case section == nil || !stream.has(Kind(kind)):
			tracks[kind].SSRC = 0
		default:
			to.payloadTypes[kind] = section.PayloadType
			if Kind(kind) == Video {
				to.rtx = section.RTX
			}
		}
	}
	if to.payloadTypes == [kinds]uint8{} {
		session.transport.Close()
		return nil, "", &refusal{400, "nothing of the stream is wanted"}
	}
	tracks[Audio].RTX = 0 // audio is not sent again
	answer, err := local.Answer(o, &tracks, stream.Name+"-"+stream.ID[:8])
	if err != nil {
		session.transport.Close()
		return nil, "", err
	}
	session.transport.OnRTP(func([]byte) {}) // it sends none
	session.transport.OnRTCP(to.onRTCP)
	session.leave = func() { stream.unsubscribe(to) }
	stream.subscribe(to)
	err = s.start(session, func() {
		to.connected.Store(true)
		stream.requestKeyFrame(time.Now())
	})
	return session, answer, err
}

func (s *SFU) setCluster(c *Cluster) { s.cluster.Store(c) }

// announce tells the cluster of a change.
func (s *SFU) announce() {
	if c := s.cluster.Load(); c != nil {
		c.announce()
	}
}

// newSession registers a peer for an offer.
func (s *SFU) newSession(o *Offer) (*Session, *Local, error) {
	peer, err := s.udp.AddPeer(&icelite.PeerConfig{RemoteUfrag: o.Ufrag})
	switch {
	case errors.Is(err, icelite.ErrTooManyPeers):
		return nil, nil, errFull
	case errors.Is(err, icelite.ErrDraining):
		return nil, nil, errDraining
	case err != nil:
		return nil, nil, err
	}
	transport, err := dtlstransport.NewTransport(peer, dtlstransport.RoleServer, &dtlstransport.Config{
		Certificates:       []*fingerprint.Certificate{s.certificate},
		RemoteFingerprints: o.Remote,
		NewProtector:       pionsrtp.New,
	})
	if err != nil {
		peer.Close()
		return nil, nil, err
	}
	var id [16]byte
	rand.Read(id[:])
	session := &Session{ID: hex.EncodeToString(id[:]), transport: transport}
	peer.OnConnected(func() { session.checked.Store(time.Now().UnixNano()) })
	return session, &Local{peer.Credentials(), s.udp.Candidates(), s.certificate.Fingerprint()}, nil
}

// start lets a session run: nothing waits for it.
func (s *SFU) start(session *Session, connected func()) error {
	s.mu.Lock()
	if s.draining {
		s.mu.Unlock()
		session.leave()
		session.transport.Close()
		return errDraining
	}
	s.sessions[session.ID] = session
	s.mu.Unlock()
	session.transport.Start(func() {
		s.metrics.handshake.Observe(time.Since(time.Unix(0, session.checked.Load())).Seconds())
		connected()
	}, func(err error) {
		s.metrics.end(session.transport.ConnectionState().HandshakeComplete, err)
		session.leave()
		session.transport.Close()
		s.mu.Lock()
		delete(s.sessions, session.ID)
		s.mu.Unlock()
	})
	return nil
}

// End ends a session with a close_notify, and reports whether there was one of that id.
func (s *SFU) End(id string) bool {
	s.mu.Lock()
	session := s.sessions[id]
	s.mu.Unlock()
	if session != nil {
		session.transport.Close()
	}
	return session != nil
}

// tick does what is due for publishers.
func (s *SFU) tick() {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for n := 1; ; n++ {
		select {
		case <-s.closed:
			return
		case now := <-ticker.C:
			for _, stream := range s.rooms.streams() {
				stream.sendKeyFrameRequest(now)
				stream.tellArrivals(now)
				if n%int(reportEvery/tick) == 0 {
					stream.tell(now)
				}
			}
		}
	}
}

// Shutdown takes no new sessions, says goodbye to all, and closes the port.
func (s *SFU) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.draining = true
	var sessions []*Session
	for _, session := range s.sessions {
		sessions = append(sessions, session)
	}
	s.mu.Unlock()
	for _, session := range sessions {
		session.transport.Close()
	}
	err := s.udp.Shutdown(ctx)
	close(s.closed)
	s.ticks.Wait()
	if err != nil {
		return fmt.Errorf("%d sessions are left: %w", s.udp.Stats().Peers, err)
	}
	return nil
}

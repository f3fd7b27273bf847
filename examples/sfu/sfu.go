package main

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/mux/icelite"
	"github.com/rtctransport/rtctransport/sctpdc"
)

// An SFU is the media side of the server: one port, the sessions on it, and their rooms. It is safe for concurrent use.
type SFU struct {
	udp         *icelite.Server
	certificate *fingerprint.Certificate
	rooms       *Rooms
	clients     *Clients
	metrics     *Metrics
	cluster     atomic.Pointer[Cluster] // nil: this server is alone
	inflow      float64                 // bytes/s that a publisher may send; changed before the first one comes
	data        sctpdc.Config           // of all associations; likewise

	mu       sync.Mutex
	sessions map[string]*Session // by key
	draining bool

	closed chan struct{}
	ticks  sync.WaitGroup
}

var (
	errDraining = &refusal{http.StatusServiceUnavailable, "the server is shutting down"}
	errFull     = &refusal{http.StatusServiceUnavailable, "as many peers as allowed are connected"}
	errRoomFull = &refusal{http.StatusServiceUnavailable, fmt.Sprintf("%d people send in this room, no more may", maxStreams)}
	errTooMany  = &refusal{http.StatusTooManyRequests, "your address has as many sessions as one may have"}
	errGone     = &refusal{http.StatusNotFound, "no stream of that id in the room"}
)

// NewSFU returns the media side over udp, which it owns from now on.
func NewSFU(udp *icelite.Server) (*SFU, error) {
	certificate, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		return nil, err
	}
	s := &SFU{
		udp: udp, certificate: certificate, rooms: newRooms(), clients: newClients(), data: dataConfig(),
		sessions: make(map[string]*Session), closed: make(chan struct{}), inflow: defaultInflow,
	}
	s.metrics = newMetrics(s)
	s.ticks.Go(s.tick)
	return s, nil
}

// A Visit is what somebody asks for: an offer, and who it is of.
type Visit struct {
	Room, Name string
	Client     netip.Addr
	Offer      *Offer
}

// Publish makes a session of a publisher, and a stream of what he sends in the room; of somebody without media, who has data
// channels only, no stream. It returns the answer to his offer.
func (s *SFU) Publish(v *Visit) (*Session, string, error) {
	if v.Offer.hasMedia() && s.rooms.full(v.Room) {
		return nil, "", errRoomFull
	}
	session, local, err := s.newSession(v)
	if err != nil {
		return nil, "", err
	}
	answer, err := local.Answer(v.Offer, nil, "")
	if err != nil {
		s.discard(session)
		return nil, "", err
	}
	connected := func() {}
	if v.Offer.hasMedia() {
		connected = s.prepare(session, v)
	} else {
		session.transport.OnRTP(func([]byte) {}) // it sends none
		session.transport.OnRTCP(func([]byte) {})
	}
	return session, answer, s.start(session, v, connected)
}

// prepare makes the stream of a session, and returns what brings it into its room.
func (s *SFU) prepare(session *Session, v *Visit) (connected func()) {
	stream := newStream(session.ID, v.Room, v.Name, v.Offer)
	stream.cluster, stream.inflow = s.cluster.Load(), s.inflow
	stream.onFlood = s.metrics.flood
	stream.writeRTCP = session.transport.WriteRTCP
	session.transport.OnRTP(stream.onRTP)
	session.transport.OnRTCP(stream.onRTCP)
	session.leave = func() {
		s.rooms.remove(stream)
		stream.end()
		if stream.cluster != nil {
			stream.cluster.left(stream)
		}
	}
	return func() {
		if !s.rooms.add(stream) { // others were faster
			session.transport.Close()
			return
		}
		if stream.cluster != nil {
			stream.cluster.came(stream)
		}
	}
}

// Subscribe makes a session of a receiver of a stream. It returns the answer to his offer.
func (s *SFU) Subscribe(stream *Stream, v *Visit) (*Session, string, error) {
	to := &Subscriber{stream: stream, onFlood: s.metrics.flood}
	to.rate.Store(startRate)
	tracks := stream.Out
	for kind, section := range v.Offer.Used {
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
		return nil, "", &refusal{http.StatusBadRequest, "nothing of the stream is wanted"}
	}
	session, local, err := s.newSession(v)
	if err != nil {
		return nil, "", err
	}
	to.transport = session.transport
	tracks[Audio].RTX = 0 // audio is not sent again
	answer, err := local.Answer(v.Offer, &tracks, stream.ID)
	if err != nil {
		s.discard(session)
		return nil, "", err
	}
	session.transport.OnRTP(func([]byte) {}) // it sends none
	session.transport.OnRTCP(to.onRTCP)
	session.leave = func() { stream.unsubscribe(to) }
	if !stream.subscribe(to) {
		s.discard(session)
		return nil, "", errGone
	}
	return session, answer, s.start(session, v, func() {
		to.connected.Store(true)
		stream.requestKeyFrame(time.Now())
	})
}

func (s *SFU) setCluster(c *Cluster) { s.cluster.Store(c) }

// tick does what is due for publishers.
func (s *SFU) tick() {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for n := 1; ; n++ {
		select {
		case <-s.closed:
			return
		case now := <-ticker.C:
			for _, stream := range s.rooms.all() {
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

package main

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/load/agent"
	"github.com/rtctransport/rtctransport/keying/pionsrtp"
	"github.com/rtctransport/rtctransport/mux/icelite"
)

// A server is the least that peers can be connected to: mux/icelite, DTLS and SRTP, and no HTTP. What a publisher sends
// goes to all receivers; messages on data channels go back.
type server struct {
	udp      *icelite.Server
	config   *dtlstransport.Config
	channels bool

	ctx       context.Context
	cancel    context.CancelFunc
	mu        sync.Mutex                                 // of who changes receivers
	receivers atomic.Pointer[[]*dtlstransport.Transport] // those that are connected
}

// serve starts a server that knows its clients, and is known to them, by one certificate.
func serve(certificate *fingerprint.Certificate, channels bool) (*server, error) {
	udp, err := icelite.Listen("udp4", "127.0.0.1:0", nil)
	if err != nil {
		return nil, err
	}
	s := &server{udp: udp, channels: channels, config: &dtlstransport.Config{
		Certificates:       []*fingerprint.Certificate{certificate},
		RemoteFingerprints: fingerprint.Set{certificate.Fingerprint()},
		NewProtector:       pionsrtp.New,
	}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.receivers.Store(new([]*dtlstransport.Transport))
	return s, nil
}

func (s *server) close() {
	s.cancel()
	s.udp.Close()
}

// admit registers a peer, as signalling would, and returns what the peer has to know.
func (s *server) admit(p part) (agent.Credentials, error) {
	peer, err := s.udp.AddPeer(nil)
	if err != nil {
		return agent.Credentials{}, err
	}
	t, err := dtlstransport.NewTransport(peer, dtlstransport.RoleServer, s.config)
	if err != nil {
		peer.Close()
		return agent.Credentials{}, err
	}
	t.OnRTP(func(packet []byte) {
		if p == publisher {
			dtlstransport.Forward(packet, *s.receivers.Load(), nil)
		}
	})
	t.OnRTCP(func([]byte) {})
	t.Start(func() {
		if p == receiver {
			s.add(t)
		}
		if s.channels {
			go answer(s.ctx, t)
		}
	}, func(error) {
		s.remove(t)
		t.Close()
	})
	return agent.Credentials(peer.Credentials()), nil
}

func (s *server) add(t *dtlstransport.Transport) {
	s.mu.Lock()
	defer s.mu.Unlock()
	more := append(slices.Clone(*s.receivers.Load()), t)
	s.receivers.Store(&more)
}

func (s *server) remove(t *dtlstransport.Transport) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(*s.receivers.Load(), t); i >= 0 {
		less := slices.Delete(slices.Clone(*s.receivers.Load()), i, i+1)
		s.receivers.Store(&less)
	}
}

// Memory is what a process holds.
type Memory struct {
	Heap       uint64 `json:"heap"`  // bytes in use, after a collection
	Stacks     uint64 `json:"stack"` // bytes
	Goroutines int    `json:"goroutines"`
}

// memory returns that of this process.
func memory() Memory {
	runtime.GC()
	runtime.GC() // what finalizers have let go of
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return Memory{m.HeapAlloc, m.StackInuse, runtime.NumGoroutine()}
}

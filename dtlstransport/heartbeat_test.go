package dtlstransport

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// beating returns two connected ends with the given modes.
func beating(t *testing.T, client, server HeartbeatMode, link netsim.Config) *scene {
	t.Helper()
	a, b := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	a.Heartbeat, b.Heartbeat = client, server
	s := newScene(t, a, b, link)
	s.connect()
	return s
}

// probed sends a probe and returns what became of it.
func (s *scene) probed(e *end, size int) (event Event, sent int) {
	s.t.Helper()
	before := e.datagrams
	if err := e.Probe(s.now, size); err != nil {
		s.t.Fatal(err)
	}
	e.probed = nil
	s.flush(e)
	s.run(time.Minute, func() bool { return len(e.probed) > 0 })
	if len(e.probed) != 1 {
		s.t.Fatalf("%d events", len(e.probed))
	}
	return e.probed[0], e.datagrams - before
}

func TestWhoMayBeProbedAnswers(t *testing.T) { // HB-01, HB-03
	modes := []HeartbeatMode{HeartbeatOff, HeartbeatAnswer, HeartbeatRefuse}
	for _, client := range modes {
		for _, server := range modes {
			s := beating(t, client, server, netsim.Config{Delay: sceneDelay})
			for _, x := range []struct {
				*end
				own, peer HeartbeatMode
			}{{s.client, client, server}, {s.server, server, client}} {
				if may := x.own != HeartbeatOff && x.peer == HeartbeatAnswer; may {
					event, sent := s.probed(x.end, 0)
					if event.Kind != EventProbeAnswered || event.RTT != 2*sceneDelay || sent != 1 {
						t.Errorf("client %d, server %d: %s has %+v after %d datagrams", client, server, x.name, event, sent)
					}
				} else if err := x.Probe(s.now, 0); !errors.Is(err, ErrNoHeartbeat) {
					t.Errorf("client %d, server %d: %s may probe: %v", client, server, x.name, err)
				}
			}
			s.checkTraffic(t)
		}
	}
}

func TestAProbeFillsADatagramAndItsAnswerDoesNot(t *testing.T) {
	s := beating(t, HeartbeatRefuse, HeartbeatAnswer, netsim.Config{Delay: sceneDelay, MTU: 1400})
	for _, size := range []int{100, 576, 1200, 1400} {
		var probe, answer int
		s.before = func(to *end, _ int, b []byte) [][]byte {
			if to == s.server {
				probe = len(b)
			} else {
				answer = len(b)
			}
			return nil
		}
		if event, _ := s.probed(s.client, size); event.Kind != EventProbeAnswered || probe != size || answer > 100 {
			t.Errorf("%d: %+v, sent %d, answered with %d", size, event, probe, answer)
		}
	}
	// What the path does not take is lost, after four of them.
	if event, sent := s.probed(s.client, 1401); event.Kind != EventProbeLost || sent != maxProbes {
		t.Errorf("%+v after %d", event, sent)
	}
	for size, want := range map[int]error{record.MaxPlaintext + 1: ErrTooLarge, 1 << 20: ErrTooLarge} {
		if err := s.client.Probe(s.now, size); !errors.Is(err, want) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func TestALostProbeIsSentAgain(t *testing.T) {
	var lose int
	s := beating(t, HeartbeatAnswer, HeartbeatAnswer, netsim.Config{Delay: sceneDelay, Decide: func(netsim.Direction, int) netsim.Fate {
		lose--
		return netsim.Fate{Drop: lose >= 0}
	}})
	for lost := range maxProbes {
		lose = lost
		event, sent := s.probed(s.server, 0)
		if event.Kind != EventProbeAnswered || sent != lost+1 || (event.RTT == 0) != (lost > 0) {
			t.Errorf("%d lost: %+v after %d", lost, event, sent)
		}
	}
	if !s.server.Deadline().IsZero() {
		t.Error("a timer is left")
	}
}

func TestOneProbeAtATime(t *testing.T) { // HB-04
	s := beating(t, HeartbeatAnswer, HeartbeatAnswer, netsim.Config{Delay: sceneDelay})
	if err := s.client.Probe(s.now, 0); err != nil {
		t.Fatal(err)
	}
	if err := s.client.Probe(s.now, 0); !errors.Is(err, ErrProbing) {
		t.Errorf("%v", err)
	}
	s.client.CancelProbe()
	s.flush(s.client)
	if n := s.client.datagrams; n != 2 || !s.client.Deadline().IsZero() {
		t.Errorf("%d datagrams, deadline %v", n, s.client.Deadline())
	}
	if event, _ := s.probed(s.client, 0); event.Kind != EventProbeAnswered {
		t.Errorf("%+v", event)
	}
	_ = s.client.Close(s.now)
	if err := s.client.Probe(s.now, 0); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	client, _ := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	e, _ := NewEngine(RoleClient, client)
	if err := e.Probe(s.now, 0); !errors.Is(err, ErrNotConnected) {
		t.Errorf("before the handshake: %v", err)
	}
}

// The fault of CVE-2014-0160: nothing is answered that was not received.
func TestAHeartbeatThatClaimsMoreThanItHasIsDropped(t *testing.T) { // REC-39
	s := beating(t, HeartbeatAnswer, HeartbeatAnswer, netsim.Config{Delay: sceneDelay})
	answers := s.server.datagrams
	messages := [][]byte{
		{1, 0xff, 0xff, 'x'}, {1}, {}, {1, 0, 0},
		append([]byte{1, 0, 1}, make([]byte, 16)...),       // 15 bytes of padding
		append([]byte{1, 0xff, 0xff}, make([]byte, 40)...), // a length beyond the message
		append([]byte{1, 0, 25}, make([]byte, 40)...),      // all but 15 bytes
		append([]byte{3, 0, 4}, make([]byte, 40)...),       // of another type
		append([]byte{2, 0, 16}, make([]byte, 40)...),      // an answer to nothing
	}
	for i, m := range messages {
		s.inject(s.server, s.client.seal(t, record.TypeHeartbeat, m))
		if n := s.server.Stats().Dropped[DropHeartbeat]; n != uint64(i+1) {
			t.Errorf("%x: %d dropped", m, n)
		}
	}
	if s.server.datagrams != answers || s.server.err != nil {
		t.Errorf("%d answers, %v", s.server.datagrams-answers, s.server.err)
	}
	// The largest payload that there is room for is answered, with 16 bytes of padding.
	payload := bytes.Repeat([]byte{7}, 24)
	var got []byte
	s.before = func(to *end, _ int, b []byte) [][]byte {
		r, _, _ := record.Next(bytes.Clone(b))
		_, opener, _ := s.client.schedule.protection(RoleClient)
		got, _ = opener.Open(&r)
		return nil
	}
	s.inject(s.server, s.client.seal(t, record.TypeHeartbeat, wire.AppendHeartbeat(nil, wire.HeartbeatRequest, payload, 43)))
	s.rest(time.Second)
	if want := append([]byte{2, 0, 24}, payload...); len(got) != 43 || !bytes.HasPrefix(got, want) {
		t.Errorf("answered with %x", got)
	}
	s.before = nil
	s.checkTraffic(t)
}

func TestAFloodOfHeartbeatsHasNoQueue(t *testing.T) {
	s := beating(t, HeartbeatAnswer, HeartbeatAnswer, netsim.Config{Delay: sceneDelay})
	var flood []byte
	for range 100 {
		flood = append(flood, s.client.seal(t, record.TypeHeartbeat, wire.AppendHeartbeat(nil, wire.HeartbeatRequest, nil, 0))...)
	}
	before := s.server.datagrams
	s.inject(s.server, flood)
	if n := s.server.datagrams - before; n != maxHeartbeats {
		t.Errorf("%d answers to 100 in one datagram", n)
	}
	s.checkTraffic(t)
}

func TestAnUnknownHeartbeatModeIsRefused(t *testing.T) {
	client, _ := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	client.Heartbeat = 3
	if _, err := NewEngine(RoleClient, client); err == nil {
		t.Error("no error")
	}
}

func TestHeartbeatsAreNegotiatedWhenASessionIsResumed(t *testing.T) {
	testResumption(t, func(t *testing.T, r *resumption) {
		r.connect(t, epochZero, false)
		r.client.Heartbeat, r.server.Heartbeat = HeartbeatAnswer, HeartbeatAnswer
		p := r.connect(t, epochZero.Add(time.Hour), true)
		for _, e := range []*end{p.client, p.server} {
			if err := e.Probe(p.now, 0); err != nil {
				t.Errorf("%s: %v", e.name, err)
			}
		}
	})
}

// "If a received HeartbeatResponse message does not contain the expected payload, the
// message MUST be discarded silently." RFC 6520, Section 4.
func TestAResponseToAnotherRequestIsDropped(t *testing.T) { // HB-05
	s := beating(t, HeartbeatAnswer, HeartbeatAnswer, netsim.Config{Delay: sceneDelay})
	if err := s.client.Probe(s.now, 0); err != nil {
		t.Fatal(err)
	}
	s.client.probed = nil
	payload := s.client.probe.payload
	payload[15] ^= 1
	for _, other := range [][]byte{nil, payload[:15], payload[:], append(payload[:], 0)} {
		s.inject(s.client, s.server.seal(t, record.TypeHeartbeat, wire.AppendHeartbeat(nil, wire.HeartbeatResponse, other, 0)))
	}
	if n := s.client.Stats().Dropped[DropHeartbeat]; n != 4 || len(s.client.probed) > 0 || s.client.err != nil {
		t.Errorf("%d of 4 counted, events %v, error %v", n, s.client.probed, s.client.err)
	}
}

// "If an endpoint that has indicated peer_not_allowed_to_send receives a
// HeartbeatRequest message, the endpoint SHOULD drop the message silently". RFC 6520,
// Section 2.
func TestARequestToAnEndThatTakesNoneIsDropped(t *testing.T) { // HB-06
	s := beating(t, HeartbeatRefuse, HeartbeatAnswer, netsim.Config{Delay: sceneDelay})
	sent := s.client.datagrams
	s.inject(s.client, s.server.seal(t, record.TypeHeartbeat, wire.AppendHeartbeat(nil, wire.HeartbeatRequest, []byte("payload"), 0)))
	if n := s.client.Stats().Dropped[DropHeartbeat]; n != 1 || s.client.datagrams != sent || s.client.err != nil {
		t.Errorf("%d counted, %d answers, error %v", n, s.client.datagrams-sent, s.client.err)
	}
	s.checkTraffic(t)
}

// "[...] HeartbeatRequest messages [...] MUST NOT be sent [...] during a handshake"
// (after RFC 6520, Section 3): here the server waits for the Finished of the client.
func TestNobodyIsProbedBeforeTheHandshakeIsOver(t *testing.T) { // HB-01
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	client.Heartbeat, server.Heartbeat = HeartbeatAnswer, HeartbeatAnswer
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	s.instead = func(to *end, n int, b []byte) [][]byte {
		if to == s.server && n > 0 {
			b = inTheClear(b)
		}
		return [][]byte{b}
	}
	s.start()
	s.rest(time.Second)
	for _, e := range []*end{s.client, s.server} {
		if err := e.Probe(s.now, 0); !errors.Is(err, ErrNotConnected) || e.write[1] == nil {
			t.Errorf("%s: %v, keys %v", e.name, err, e.write[1] != nil)
		}
	}
}

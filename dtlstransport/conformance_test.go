package dtlstransport

import (
	"errors"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// One datagram that anybody can send: with Conformance it ends a handshake, as the
// RFC has it, without it does nothing.
func TestConformanceTakesTheFirstWordForTheLast(t *testing.T) { // ALERT-03, HS-06, HS-13
	fragment := func(length, offset uint32, b []byte) []byte {
		return plainFragment(wire.Header{Type: wire.TypeServerHello, Length: length, FragmentOffset: offset, FragmentLength: uint32(len(b))}, b)
	}
	for _, test := range []struct {
		name      string
		datagrams [][]byte
		alert     AlertDescription
		fromPeer  bool
	}{
		{"a fatal alert", [][]byte{plainRecord(record.TypeAlert, 0, 9, []byte{alertFatal, byte(AlertInternalError)})}, AlertInternalError, true},
		{"close_notify", [][]byte{plainRecord(record.TypeAlert, 0, 9, []byte{alertWarning, 0})}, AlertCloseNotify, true},
		{"a ChangeCipherSpec of value 2", [][]byte{plainRecord(record.TypeChangeCipherSpec, 0, 9, []byte{2})}, AlertIllegalParameter, false},
		{"a ChangeCipherSpec of two bytes", [][]byte{plainRecord(record.TypeChangeCipherSpec, 0, 9, []byte{1, 1})}, AlertIllegalParameter, false},
		{"half a handshake header", [][]byte{plainRecord(record.TypeHandshake, 0, 9, make([]byte, 7))}, AlertDecodeError, false},
		{"a fragment past the end", [][]byte{fragment(10, 8, []byte("abc"))}, AlertDecodeError, false},
		{"fragments with two lengths", [][]byte{fragment(10, 0, []byte("abc")), fragment(11, 0, []byte("abc"))}, AlertIllegalParameter, false},
		{"fragments with two contents", [][]byte{fragment(10, 0, []byte("abc")), fragment(10, 0, []byte("abd"))}, AlertIllegalParameter, false},
	} {
		for _, conformance := range []bool{false, true} {
			for _, role := range []Role{RoleClient, RoleServer} {
				client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
				client.Conformance, server.Conformance = conformance, conformance
				s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
				e := s.client
				if role == RoleServer {
					e = s.server
				}
				s.start()
				for _, b := range test.datagrams {
					s.inject(e, b)
				}
				if !conformance {
					if !s.run(5*time.Second, s.bothConnected) {
						t.Errorf("%v, %s: client %v, server %v", role, test.name, s.client.err, s.server.err)
					}
					continue
				}
				wantHandshakeError(t, role.String()+", "+test.name, e.err, test.alert, test.fromPeer)
				wantEnded(t, s, e)
			}
		}
	}
}

func TestConformanceDropsDataThatComesBeforeFinished(t *testing.T) { // REC-15
	for _, conformance := range []bool{false, true} {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		server.Conformance = conformance
		s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
		s.before = func(to *end, n int, _ []byte) [][]byte {
			if to != s.server || n != 1 {
				return nil
			}
			return [][]byte{s.client.seal(t, record.TypeApplicationData, []byte("early"))}
		}
		s.connect()
		if got := len(s.server.received); (got == 1) == conformance {
			t.Errorf("Conformance %v: %d early records were delivered", conformance, got)
		}
		if n := s.server.Stats().Dropped[DropEarly]; (n != 0) != conformance {
			t.Errorf("Conformance %v: %d counted", conformance, n)
		}
		s.checkTraffic(t)
	}
}

// The timers of RFC 6347, Section 4.2.4.1: doubled each time, to 60 s, and never
// otherwise.
func TestConformanceDoublesTheTimer(t *testing.T) { // RTX-01
	config, _ := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	config.Conformance, config.InitialTimeout, config.HandshakeTimeout = true, time.Second, 5*time.Minute
	e, err := NewEngine(RoleClient, config)
	if err != nil {
		t.Fatal(err)
	}
	now := epochZero
	if err := e.Start(now); err != nil {
		t.Fatal(err)
	}
	want := []time.Duration{1, 2, 4, 8, 16, 32, 60, 60, 60}
	for i, d := range want {
		at := e.Deadline()
		if got := at.Sub(now); got != d*time.Second {
			t.Errorf("timeout %d after %v, want %v", i, got, d*time.Second)
		}
		sent := 0
		for _, ok := e.AppendDatagram(nil); ok; _, ok = e.AppendDatagram(nil) {
			sent++
		}
		if sent != 1 {
			t.Errorf("%d datagrams before timeout %d, want 1", sent, i)
		}
		now = at
		if err := e.HandleTimeout(now); err != nil {
			t.Fatal(err)
		}
	}
	now = e.Deadline()
	if err := e.HandleTimeout(now); !errors.Is(err, ErrTimeout) || now.Sub(epochZero) != 5*time.Minute {
		t.Errorf("after %v: %v", now.Sub(epochZero), err)
	}
}

// resumingClient returns a scene whose client resumes, and gets its server's flight as arrange says; it is not started.
func resumingClient(t *testing.T, conformance bool, arrange func(s *scene, hello, changeCipherSpec, finished []byte) [][]byte) *scene {
	t.Helper()
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	client.Sessions, server.Sessions = sessionMap{}, sessionMap{}
	shakenHands(t, client, server)
	client.Conformance = conformance
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	s.instead = func(to *end, n int, b []byte) [][]byte {
		if to != s.client || n > 0 {
			return [][]byte{b}
		}
		var parts [][]byte
		for len(b) > 0 {
			r, rest, _ := record.Next(b)
			parts, b = append(parts, r.Raw), rest
		}
		if len(parts) != 3 {
			t.Fatalf("%d records in the server's flight", len(parts))
		}
		return arrange(s, parts[0], parts[1], parts[2])
	}
	return s
}

// A second Finished that waits for its ChangeCipherSpec, too, is seen when the first has ended the handshake.
func TestAClassicalClientThatResumesRefusesASecondEarlyFinished(t *testing.T) { // RENEG-04
	for _, conformance := range []bool{false, true} {
		s := resumingClient(t, conformance, func(s *scene, hello, changeCipherSpec, finished []byte) [][]byte {
			h := wire.Header{Type: wire.TypeFinished, Length: 12, Seq: 2, FragmentLength: 12}
			second := s.server.seal(t, record.TypeHandshake, append(wire.AppendHeader(nil, h), make([]byte, 12)...))
			return [][]byte{hello, finished, second, changeCipherSpec}
		})
		s.start()
		s.rest(4 * sceneDelay)
		if !conformance {
			if s.client.err != nil || !s.client.connected {
				t.Errorf("connected %v, error %v", s.client.connected, s.client.err)
			}
			continue
		}
		var a *AlertError
		if !errors.As(s.client.err, &a) || a.Alert != AlertUnexpectedMessage || a.FromPeer {
			t.Errorf("error %v, want unexpected_message", s.client.err)
		}
	}
}

// What a server says right behind the Finished of a resumption counts, however early it came.
func TestWhatCameBeforeTheFinishedOfAResumptionIsHeardBehindIt(t *testing.T) { // REC-15
	for _, fatal := range []bool{false, true} {
		s := resumingClient(t, false, func(s *scene, hello, changeCipherSpec, finished []byte) [][]byte {
			data := s.server.seal(t, record.TypeApplicationData, []byte("early"))
			alert := s.server.seal(t, record.TypeAlert, []byte{1, 0})
			if fatal {
				alert = s.server.seal(t, record.TypeAlert, []byte{2, byte(AlertInternalError)})
			}
			return [][]byte{data, alert, finished, changeCipherSpec, hello}
		})
		s.start()
		s.rest(4 * sceneDelay)
		var a *AlertError
		switch {
		case fatal && (!errors.As(s.client.err, &a) || a.Alert != AlertInternalError || !a.FromPeer):
			t.Errorf("error %v, want the server's", s.client.err)
		case !fatal && (s.client.err != nil || !s.client.closed):
			t.Errorf("closed %v, error %v", s.client.closed, s.client.err)
		case len(s.client.received) != 1 && !fatal:
			t.Errorf("received %q", s.client.received)
		}
	}
}

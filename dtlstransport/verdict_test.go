package dtlstransport

import (
	"errors"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// refusing returns a scene whose server refuses the client's certificate, at once.
func refusing(t *testing.T, decide func(d netsim.Direction, n int) netsim.Fate) *scene {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	server.RemoteFingerprints = fingerprint.Set{testFingerprint(t, "A")}
	server.FailureGrace = -1
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay, Decide: decide})
	s.start()
	return s
}

func TestARepeatedOffenceGetsANewAlert(t *testing.T) { // ALERT-07
	const alertAt = 1 // of the server's datagrams
	for lost := range 4 {
		s := refusing(t, func(d netsim.Direction, n int) netsim.Fate {
			return netsim.Fate{Drop: d == netsim.BtoA && n >= alertAt && n < alertAt+lost}
		})
		// The client that has missed the alert repeats its flight, and is told again.
		s.run(20*time.Second, func() bool { return s.client.err != nil })
		var a *AlertError
		if !errors.As(s.client.err, &a) || !a.FromPeer || a.Alert != AlertBadCertificate {
			t.Errorf("%d alerts lost: the client has %v after %v", lost, s.client.err, s.now.Sub(epochZero))
		}
		if s.server.datagrams < alertAt+lost+1 {
			t.Errorf("%d alerts lost, %d datagrams sent", lost, s.server.datagrams)
		}
	}
}

func TestRepeatedAlertsHaveAnEndAndAreNotForData(t *testing.T) { // ALERT-07, ALERT-10
	s := refusing(t, nil)
	s.run(20*time.Second, func() bool { return s.server.err != nil })
	verdict, sent := s.server.err, s.server.datagrams
	for _, typ := range []record.ContentType{record.TypeAlert, record.TypeApplicationData, record.TypeChangeCipherSpec} {
		for epoch := range uint16(2) {
			s.inject(s.server, plainRecord(typ, epoch, 99, make([]byte, 100)))
		}
	}
	s.inject(s.server, []byte("nonsense"))
	if s.server.datagrams != sent {
		t.Errorf("%d alerts for what is no handshake", s.server.datagrams-sent)
	}
	for range 1000 {
		s.inject(s.server, plainRecord(record.TypeHandshake, 0, 99, make([]byte, 100)))
	}
	if n := s.server.datagrams - sent; n != maxVerdicts {
		t.Errorf("%d alerts for 1000 repetitions, want %d", n, maxVerdicts)
	}
	if s.server.err != verdict {
		t.Errorf("the error became %v", s.server.err)
	}
}

func TestAnAssociationThatThePeerEndedSaysNothing(t *testing.T) {
	testEnds(t, func(t *testing.T, s *scene, e, other *end) {
		s.inject(e, other.sealAlert(t, alertFatal, AlertInternalError))
		sent := e.datagrams
		s.inject(e, plainRecord(record.TypeHandshake, 0, 99, make([]byte, 100)))
		if e.err == nil || e.datagrams != sent {
			t.Errorf("error %v, %d datagrams", e.err, e.datagrams-sent)
		}
	})
}

func TestWarningsHaveNoEffect(t *testing.T) { // ALERT-09
	testEnds(t, func(t *testing.T, s *scene, e, other *end) {
		for _, d := range []AlertDescription{AlertUserCanceled, AlertNoRenegotiation, 255} {
			if err := e.SendWarning(d); err != nil {
				t.Fatal(err)
			}
		}
		if err := e.SendWarning(AlertCloseNotify); !errors.Is(err, ErrClosed) {
			t.Errorf("close_notify as a warning: %v", err)
		}
		s.flush(e)
		s.rest(time.Second)
		if n := other.Stats().Dropped[DropAlert]; n != 3 || other.err != nil || e.err != nil {
			t.Errorf("%d alerts came, errors %v and %v", n, other.err, e.err)
		}
		s.checkTraffic(t)
		_ = e.Close(s.now)
		if err := e.SendWarning(AlertUserCanceled); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		// And received in every state, by whoever holds the keys.
		if err := newQuickScene(t).client.SendWarning(AlertUserCanceled); !errors.Is(err, ErrNotConnected) {
			t.Errorf("before the handshake: %v", err)
		}
	})
}

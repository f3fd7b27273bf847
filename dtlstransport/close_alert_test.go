package dtlstransport

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
)

// testEnds runs a test for each end of a connected scene.
func testEnds(t *testing.T, test func(t *testing.T, s *scene, e, other *end)) {
	for _, role := range []Role{RoleClient, RoleServer} {
		t.Run(role.String(), func(t *testing.T) {
			s := newQuickScene(t)
			s.connect()
			if role == RoleClient {
				test(t, s, s.client, s.server)
			} else {
				test(t, s, s.server, s.client)
			}
		})
	}
}

// sealAlert returns an alert in epoch 1 as e would send it.
func (e *end) sealAlert(t testing.TB, level byte, d AlertDescription) []byte {
	t.Helper()
	return e.seal(t, record.TypeAlert, []byte{level, byte(d)})
}

func TestCloseNotifyEndsBothSidesInPeace(t *testing.T) { // ALERT-04, ALERT-11
	testEnds(t, func(t *testing.T, s *scene, e, other *end) {
		s.send(e, []byte("before"))
		if err := e.Close(s.now); err != nil {
			t.Fatalf("Close: %v", err)
		}
		sent := e.datagrams
		b, ok := e.AppendDatagram(nil)
		if !ok {
			t.Fatal("Close leaves nothing to be sent")
		}
		r, rest, _ := record.Next(b)
		if r.Type != record.TypeAlert || r.Number.Epoch != 1 || len(rest) > 0 || len(r.Body()) == 2 {
			t.Errorf("close_notify goes out as %v in epoch %d, %d bytes", r.Type, r.Number.Epoch, len(r.Body()))
		}
		if _, err := e.AppendApplicationData(nil, []byte("after")); !errors.Is(err, ErrClosed) {
			t.Errorf("sending after Close: %v", err)
		}
		s.rest(sceneDelay) // what was sent before is on its way
		answers := other.datagrams
		other.note(other.HandleDatagram(s.now, b))
		if kinds, _ := other.kinds(); len(kinds) != 1 || kinds[0] != EventClosed {
			t.Errorf("events %v, want EventClosed", kinds)
		}
		s.flush(other)
		if len(other.received) != 1 || other.err != nil {
			t.Errorf("received %q, error %v", other.received, other.err)
		}
		if other.datagrams != answers+1 {
			t.Errorf("%d answers to close_notify, want one", other.datagrams-answers)
		}
		if _, err := other.AppendApplicationData(nil, []byte("after")); !errors.Is(err, ErrClosed) {
			t.Errorf("the peer sends after close_notify: %v", err)
		}
		s.rest(time.Hour)
		for _, x := range []*end{e, other} {
			if !x.Deadline().IsZero() || x.err != nil || x.Err() != nil || x.Close(s.now) != nil {
				t.Errorf("%s: deadline %v, errors %v and %v after the close", x.name, x.Deadline(), x.err, x.Err())
			}
		}
		if e.datagrams != sent || other.datagrams != answers+1 {
			t.Error("the ends go on talking after the close")
		}
	})
}

// What comes behind close_notify in its datagram counts no more, what comes
// before it does.
func TestNothingIsDeliveredBehindCloseNotify(t *testing.T) { // ALERT-04
	testEnds(t, func(t *testing.T, s *scene, e, other *end) {
		b := other.seal(t, record.TypeApplicationData, []byte("before"))
		b = append(b, other.sealAlert(t, alertWarning, AlertCloseNotify)...)
		b = append(b, other.seal(t, record.TypeApplicationData, []byte("behind"))...)
		s.inject(e, b)
		s.inject(e, other.seal(t, record.TypeApplicationData, []byte("later")))
		if !e.closed || len(e.received) != 1 || string(e.received[0]) != "before" {
			t.Errorf("closed %v, received %q", e.closed, e.received)
		}
	})
}

func TestCloseAtAnyMomentLeavesNothingBehind(t *testing.T) { // ALERT-11
	for steps := range 6 {
		for _, role := range []Role{RoleClient, RoleServer} {
			s := newQuickScene(t)
			e := s.client
			if role == RoleServer {
				e = s.server
			}
			if steps > 0 {
				s.start()
			}
			for range steps - 1 {
				s.step(s.now.Add(time.Second))
			}
			connected := e.connected
			if err := e.Close(s.now); err != nil {
				t.Errorf("%v closed after %d steps: %v", role, steps, err)
			}
			s.flush(e)
			if !e.Deadline().IsZero() || e.hs != nil || e.side != nil || e.out.Pending() {
				t.Errorf("%v closed after %d steps: the handshake is kept", role, steps)
			}
			if steps == 0 && e.datagrams > 0 {
				t.Errorf("%v: an engine that has not begun says goodbye", role)
			}
			e.note(e.Start(s.now))
			s.flush(e)
			s.rest(DefaultHandshakeTimeout + time.Second)
			if e.err != nil || e.connected != connected || len(e.received) > 0 {
				t.Errorf("%v closed after %d steps: error %v, connected %v", role, steps, e.err, e.connected)
			}
		}
	}
}

// A fingerprint that comes after Close opens no gate.
func TestALateFingerprintOpensNothingAfterClose(t *testing.T) { // FP-09
	for _, role := range []Role{RoleClient, RoleServer} {
		for _, right := range []bool{true, false} {
			s, e := lateScene(t, role)
			s.start()
			s.rest(time.Second)
			if !e.finished {
				t.Fatal("the handshake is not complete")
			}
			e.Close(s.now)
			s.flush(e)
			sent := e.datagrams
			set := fingerprint.Set{testCertificate(t, fingerprint.ECDSAP256).Fingerprint()}
			if !right {
				set = strangers(t)
			}
			if err := e.SetRemote(s.now, set); !errors.Is(err, ErrClosed) {
				t.Errorf("%v: SetRemote after Close: %v", role, err)
			}
			s.flush(e)
			wantNothing(t, e)
			if e.datagrams != sent {
				t.Errorf("%v: something is sent after Close", role)
			}
		}
	}
}

func TestAuthenticatedFatalAlertsEndTheAssociation(t *testing.T) { // ALERT-05
	codes := []AlertDescription{AlertUnexpectedMessage, AlertBadRecordMAC, AlertRecordOverflow, AlertDecompressionFailure, AlertHandshakeFailure,
		AlertBadCertificate, AlertCertificateExpired, AlertIllegalParameter, AlertUnknownCA, AlertDecodeError, AlertDecryptError,
		AlertProtocolVersion, AlertInternalError, AlertUserCanceled, AlertNoRenegotiation, AlertUnsupportedExtension, 5, 99, 255}
	testEnds(t, func(t *testing.T, _ *scene, who, _ *end) {
		for _, code := range codes {
			s := newQuickScene(t)
			s.connect()
			e := s.client
			if who.role == RoleServer {
				e = s.server
			}
			sent := e.datagrams
			s.inject(e, s.other(e).sealAlert(t, alertFatal, code))
			var a *AlertError
			if !errors.As(e.err, &a) || !a.FromPeer || a.Alert != code {
				t.Errorf("%v: error %v", code, e.err)
			}
			var h *HandshakeError
			if errors.As(e.err, &h) {
				t.Errorf("%v: %v, but the handshake was over", code, e.err)
			}
			if e.datagrams != sent {
				t.Errorf("%v is answered", code)
			}
			wantEnded(t, s, e)
		}
	})
}

// wantEnded checks that an engine stays in its error, whatever is called.
func wantEnded(t testing.TB, s *scene, e *end) {
	t.Helper()
	first := e.Err()
	if first == nil {
		t.Fatalf("%s has no error", e.name)
	}
	for name, err := range map[string]error{
		"Start":          e.Start(s.now),
		"HandleTimeout":  e.HandleTimeout(s.now),
		"HandleDatagram": e.HandleDatagram(s.now, []byte{22, 0xfe, 0xfd}),
		"SetRemote":      e.SetRemote(s.now, strangers(t)),
		"SendAlert":      e.SendAlert(s.now, AlertInternalError),
		"Close":          e.Close(s.now),
	} {
		if err != first {
			t.Errorf("%s: %s returns %v, want %v", e.name, name, err, first)
		}
	}
	if _, err := e.AppendApplicationData(nil, nil); err != first {
		t.Errorf("%s: sending returns %v, want %v", e.name, err, first)
	}
	if !e.Deadline().IsZero() || e.NextEvent().Kind != NoEvent {
		t.Errorf("%s: deadline %v or an event after the end", e.name, e.Deadline())
	}
	if e.ConnectionState().Connected {
		t.Errorf("%s: connected after the end", e.name)
	}
	if b, err := e.ExportKeyingMaterial("EXPORTER-test", nil, 16); err == nil || b != nil {
		t.Errorf("%s: exports keys after the end", e.name)
	}
}

func TestAlertsWithoutProofEndNothingOnceConnected(t *testing.T) { // ALERT-02, REC-13
	testEnds(t, func(t *testing.T, s *scene, e, _ *end) {
		sent := e.datagrams
		for code := range 256 {
			for _, level := range []byte{0, alertWarning, alertFatal, 255} {
				s.inject(e, plainRecord(record.TypeAlert, 0, uint64(1000+code), []byte{level, byte(code)}))
			}
		}
		s.rest(time.Minute)
		if e.err != nil || e.closed || e.datagrams != sent {
			t.Errorf("error %v, closed %v, %d datagrams", e.err, e.closed, e.datagrams-sent)
		}
		if n := e.Stats().Dropped[DropPlaintext]; n != 1024 {
			t.Errorf("%d counted, want 1024", n)
		}
		s.checkTraffic(t)
	})
}

func TestAForgedAlertDuringTheHandshakeIsAHint(t *testing.T) { // ALERT-03
	for position := range 5 {
		for _, toServer := range []bool{false, true} {
			for _, alert := range [][]byte{{alertFatal, 40}, {alertWarning, 0}, {alertFatal, 0}, {alertFatal, 255}} {
				s := newQuickScene(t)
				s.start()
				for range position {
					s.step(s.now.Add(time.Second))
				}
				e := s.client
				if toServer {
					e = s.server
				}
				s.inject(e, plainRecord(record.TypeAlert, 0, 1000, alert))
				if !s.run(time.Second, s.bothConnected) {
					t.Errorf("%v to %s after %d steps: client %v, server %v", alert, e.name, position, s.client.err, s.server.err)
				}
			}
		}
	}
	// With nobody there who could disprove it, it is the verdict after the grace.
	s := newQuickScene(t)
	s.client.note(s.client.Start(s.now))
	s.now = s.now.Add(time.Second)
	s.inject(s.client, plainRecord(record.TypeAlert, 0, 0, []byte{alertFatal, byte(AlertHandshakeFailure)}))
	for range 100 {
		if s.client.err != nil {
			break
		}
		s.now = s.client.Deadline()
		s.client.note(s.client.HandleTimeout(s.now))
	}
	wantHandshakeError(t, "client", s.client.err, AlertHandshakeFailure, true)
	if elapsed := s.now.Sub(epochZero); elapsed != time.Second+DefaultFailureGrace {
		t.Errorf("gave up after %v", elapsed)
	}
	wantEnded(t, s, s.client)
}

func TestWarningsAreIgnored(t *testing.T) { // ALERT-09
	testEnds(t, func(t *testing.T, s *scene, e, other *end) {
		sent := e.datagrams
		for code := 1; code < 256; code++ {
			s.inject(e, other.sealAlert(t, alertWarning, AlertDescription(code)))
		}
		if e.err != nil || e.closed || e.datagrams != sent || e.Stats().Dropped[DropAlert] != 255 {
			t.Errorf("error %v, closed %v, %d datagrams, %d counted", e.err, e.closed, e.datagrams-sent, e.Stats().Dropped[DropAlert])
		}
		s.checkTraffic(t)
	})
}

func TestAReplayedAlertIsDiscarded(t *testing.T) { // ALERT-08
	testEnds(t, func(t *testing.T, s *scene, e, other *end) {
		warning := other.sealAlert(t, alertWarning, AlertUserCanceled)
		for range 100 {
			s.inject(e, warning)
		}
		if d := e.Stats().Dropped; d[DropAlert] != 1 || d[DropReplayed] != 99 {
			t.Errorf("%d alerts, %d replays, want 1 and 99", d[DropAlert], d[DropReplayed])
		}
		s.checkTraffic(t)
	})
	// Nor does an alert of one association mean anything in another.
	testEnds(t, func(t *testing.T, s *scene, e, _ *end) {
		earlier := newQuickScene(t)
		earlier.connect()
		from := earlier.client
		if e.role == RoleClient {
			from = earlier.server
		}
		s.inject(e, from.sealAlert(t, alertFatal, AlertInternalError))
		if e.err != nil || e.Stats().Dropped[DropForged] != 1 {
			t.Errorf("error %v, %d forged", e.err, e.Stats().Dropped[DropForged])
		}
		s.checkTraffic(t)
	})
}

func TestAMalformedAlertIsDiscarded(t *testing.T) { // ALERT-01, REC-06
	testEnds(t, func(t *testing.T, s *scene, e, other *end) {
		for _, content := range [][]byte{{}, {2}, {2, 40, 0}, {2, 40, 2, 40}, bytes.Repeat([]byte{2, 40}, 100)} {
			s.inject(e, other.seal(t, record.TypeAlert, content))
		}
		if e.err != nil || e.closed {
			t.Errorf("error %v, closed %v", e.err, e.closed)
		}
		s.checkTraffic(t)
	})
	s := newQuickScene(t)
	s.start()
	for _, e := range []*end{s.client, s.server} {
		for _, content := range [][]byte{{}, {2}, {2, 40, 0}, {2, 40, 2, 40}} {
			s.inject(e, plainRecord(record.TypeAlert, 0, 1000, content))
		}
		if e.hs.hints != nil {
			t.Errorf("%s takes a malformed alert for a hint", e.name)
		}
	}
	s.connect()
}

// renegotiation returns the messages with which e's peer would begin another
// handshake.
func renegotiation(e *end, seq uint16) []byte {
	if e.role == RoleClient {
		return wire.AppendHeader(nil, wire.Header{Type: wire.TypeHelloRequest, Seq: seq})
	}
	body := e.config.clientHello(newRandom(), nil, sessionOffer{}).Append(nil)
	n := uint32(len(body))
	return append(wire.AppendHeader(nil, wire.Header{Type: wire.TypeClientHello, Length: n, Seq: seq, FragmentLength: n}), body...)
}

func TestRenegotiationIsDeclinedSoOften(t *testing.T) { // ALERT-06, ALERT-07, RENEG-04, REC-11, HS-27
	testEnds(t, func(t *testing.T, s *scene, e, other *end) {
		for attempt := range 1000 {
			s.inject(e, other.seal(t, record.TypeHandshake, renegotiation(e, uint16(attempt))))
			if e.err != nil || e.hs != nil || e.epoch != 1 {
				t.Fatalf("attempt %d: error %v, epoch %d, a handshake: %v", attempt, e.err, e.epoch, e.hs != nil)
			}
		}
		warnings := other.Stats().Dropped[DropAlert]
		s.rest(time.Second)
		// Warnings have no effect at the peer, who would have had to go on.
		if n := other.Stats().Dropped[DropAlert] - warnings; n != maxWarnings {
			t.Errorf("%d warnings, want %d", n, maxWarnings)
		}
		s.checkTraffic(t)
	})
	testEnds(t, func(t *testing.T, s *scene, e, other *end) {
		// The wrong way round nobody asks for anything; in the clear it is nobody's.
		sent := e.datagrams
		s.inject(e, other.seal(t, record.TypeHandshake, renegotiation(other, 0)))
		s.inject(e, plainRecord(record.TypeHandshake, 0, 1000, renegotiation(e, 0)))
		s.inject(e, plainRecord(record.TypeHandshake, 0, 1001, renegotiation(other, 0)))
		// Nor does a hello's second fragment.
		s.inject(e, other.seal(t, record.TypeHandshake, append(wire.AppendHeader(nil,
			wire.Header{Type: wire.TypeClientHello, Length: 200, FragmentOffset: 100, FragmentLength: 100}), make([]byte, 100)...)))
		if e.datagrams != sent || e.err != nil {
			t.Errorf("%d answers, error %v", e.datagrams-sent, e.err)
		}
		s.checkTraffic(t)
	})
}

func TestEventsThatAreNotDrainedAreCounted(t *testing.T) {
	testEnds(t, func(t *testing.T, s *scene, e, other *end) {
		var b []byte
		for i := range 5 {
			b = append(b, other.seal(t, record.TypeApplicationData, fmt.Append(nil, i))...)
		}
		e.note(e.HandleDatagram(s.now, b))
		if event := e.NextEvent(); event.Kind != EventData || string(event.Data) != "0" {
			t.Errorf("first event %+v", event)
		}
		e.note(e.HandleTimeout(s.now))
		if n := e.Stats().Dropped[DropEvent]; n != 4 || e.NextEvent().Kind != NoEvent {
			t.Errorf("%d events counted as dropped, want 4", n)
		}
	})
}

func TestAHandshakeThatGetsNowhereTimesOutAndReleasesEverything(t *testing.T) { // RTX-06, API-02, API-08
	for _, role := range []Role{RoleClient, RoleServer} {
		for steps := range 3 { // with that much of a handshake
			s := newQuickScene(t)
			e := s.client
			if role == RoleServer {
				e = s.server
			}
			s.start()
			for range steps {
				s.step(s.now.Add(time.Second))
			}
			for range 200 {
				if e.err != nil {
					break
				}
				s.now = e.Deadline()
				e.note(e.HandleTimeout(s.now))
				for _, ok := e.AppendDatagram(nil); ok; _, ok = e.AppendDatagram(nil) {
					if e.err != nil {
						t.Fatalf("%v after %d steps: something is sent after the end", role, steps)
					}
				}
			}
			var h *HandshakeError
			if !errors.Is(e.err, ErrTimeout) || !errors.As(e.err, &h) || !h.Timeout() || h.Temporary() {
				t.Errorf("%v after %d steps: %v", role, steps, e.err)
			}
			if elapsed := s.now.Sub(epochZero); elapsed != DefaultHandshakeTimeout {
				t.Errorf("%v after %d steps: gave up after %v", role, steps, elapsed)
			}
			if e.hs != nil || e.side != nil || e.out.Pending() || e.early != nil {
				t.Errorf("%v after %d steps: the handshake is kept", role, steps)
			}
			wantEnded(t, s, e)
		}
	}
}

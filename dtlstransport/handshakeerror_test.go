package dtlstransport

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// forgedAlert is an alert as anybody can send it.
func forgedAlert(level uint8, d AlertDescription) []byte {
	return plainRecord(21, 0, 7, []byte{level, byte(d)})
}

func TestAHandshakeErrorTellsWhatHasBeenHeard(t *testing.T) { // ALERT-03, API-05
	client, _ := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	e, err := NewEngine(RoleClient, client)
	if err != nil {
		t.Fatal(err)
	}
	now := epochZero
	if err := e.Start(now); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		now = e.Deadline()
		if err := e.HandleTimeout(now); err != nil {
			t.Fatal(err)
		}
		for _, ok := e.AppendDatagram(nil); ok; _, ok = e.AppendDatagram(nil) {
		}
	}
	sends := e.out.Sends()
	alerts := []AlertDescription{AlertUserCanceled, AlertHandshakeFailure, AlertAccessDenied}
	for _, d := range alerts {
		level := uint8(alertFatal)
		if d == AlertUserCanceled {
			level = alertWarning
		}
		if err := e.HandleDatagram(now, forgedAlert(level, d)); err != nil {
			t.Fatalf("%v ended the handshake: %v", d, err)
		}
	}
	began := now
	for err == nil {
		now = e.Deadline()
		err = e.HandleTimeout(now)
	}
	var h *HandshakeError
	var a *AlertError
	if !errors.As(err, &h) || !errors.As(err, &a) {
		t.Fatalf("%T: %v", err, err)
	}
	if h.Flight != "client12Flight4" || h.Sends < sends || h.Elapsed != now.Sub(epochZero) || now.Sub(began) != DefaultFailureGrace {
		t.Errorf("%+v after %v", h, now.Sub(epochZero))
	}
	if !slices.Equal(h.Alerts, alerts) {
		t.Errorf("alerts %v, want %v", h.Alerts, alerts)
	}
	if len(h.Hints) != 2 || a.Alert != AlertHandshakeFailure || !a.FromPeer || h.Timeout() {
		t.Errorf("hints %v, verdict %v", h.Hints, a)
	}
	for _, want := range []string{"client12Flight4", "handshake_failure", "access_denied", "sent "} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %q", want, err)
		}
	}
}

func TestAHandshakeErrorKeepsABoundedNumberOfAlerts(t *testing.T) {
	client, _ := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	e, _ := NewEngine(RoleClient, client)
	if err := e.Start(epochZero); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if err := e.HandleDatagram(epochZero, forgedAlert(alertFatal, AlertUnknownCA)); err != nil {
			t.Fatal(err)
		}
	}
	var h *HandshakeError
	if err := e.HandleTimeout(epochZero.Add(time.Hour)); !errors.As(err, &h) {
		t.Fatal(err)
	}
	if len(h.Alerts) != maxHints || len(h.Hints) != maxHints {
		t.Errorf("%d alerts, %d hints, want %d", len(h.Alerts), len(h.Hints), maxHints)
	}
}

// With the messages all exchanged, it is still the handshake that fails.
func TestALateVerdictIsAHandshakeErrorToo(t *testing.T) { // FP-09
	for _, test := range []struct {
		name    string
		remote  fingerprint.Set // empty: it never comes
		alert   AlertDescription
		elapsed time.Duration
	}{
		{"another fingerprint", fingerprint.Set{mustFingerprint(t, "sha-256 "+strings.Repeat("00:", 31)+"00")}, AlertBadCertificate, 5 * time.Second},
		{"no fingerprint", nil, 0, DefaultHandshakeTimeout},
	} {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		client.RemoteFingerprints = nil
		p := newPair(t, client, server, netsim.Config{Delay: time.Millisecond})
		p.start()
		p.run(5*time.Second, func() bool { return false })
		if !p.client.ConnectionState().HandshakeComplete {
			t.Fatal("the handshake is not complete")
		}
		p.now = epochZero.Add(5 * time.Second)
		if test.remote != nil {
			p.client.note(p.client.SetRemote(p.now, test.remote))
		}
		p.run(2*DefaultHandshakeTimeout, func() bool { return p.client.err != nil })
		var h *HandshakeError
		if !errors.As(p.client.err, &h) || h.Flight != "verdict" || h.Elapsed != test.elapsed {
			t.Errorf("%s: %v (%+v)", test.name, p.client.err, h)
		}
		var a *AlertError
		if errors.As(p.client.err, &a) != (test.alert != 0) || a != nil && a.Alert != test.alert {
			t.Errorf("%s: %v", test.name, p.client.err)
		}
		if test.alert == 0 && !errors.Is(p.client.err, ErrTimeout) {
			t.Errorf("%s: %v", test.name, p.client.err)
		}
	}
}

func TestWhatEndsAConnectedAssociationIsNoHandshakeError(t *testing.T) {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	p := newPair(t, client, server, netsim.Config{})
	p.connect()
	err := p.client.SendAlert(p.now, AlertUserCanceled)
	var h *HandshakeError
	if errors.As(err, &h) {
		t.Errorf("%v", err)
	}
}

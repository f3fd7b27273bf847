package dtlstransport

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// wantMismatch checks that err is the whole chain of errors of a wrong
// certificate.
func wantMismatch(t testing.TB, who string, err error) {
	t.Helper()
	var mismatch *fingerprint.MismatchError
	if !errors.As(err, &mismatch) || !errors.Is(err, fingerprint.ErrMismatch) {
		t.Errorf("%s: error %v holds no MismatchError", who, err)
	}
	var a *AlertError
	if !errors.As(err, &a) || a.Alert != AlertBadCertificate || a.FromPeer {
		t.Errorf("%s: error %v is no bad_certificate of our own", who, err)
	}
}

// wantNothing checks that an end never got through the gate.
func wantNothing(t testing.TB, e *end) {
	t.Helper()
	if e.connected || e.ConnectionState().Connected {
		t.Errorf("%s: connected", e.name)
	}
	if len(e.received) > 0 {
		t.Errorf("%s: received %q", e.name, e.received)
	}
	if b, err := e.ExportKeyingMaterial("EXPORTER-test", nil, 16); err == nil || b != nil {
		t.Errorf("%s: exported keys", e.name)
	}
	if m, err := e.SRTPMaterial(); err == nil || m != nil {
		t.Errorf("%s: has SRTP keys", e.name)
	}
	if b, err := e.AppendApplicationData(nil, []byte("data")); err == nil || len(b) > 0 {
		t.Errorf("%s: sends data", e.name)
	}
}

// strangers returns fingerprints of a certificate that is nobody's here.
func strangers(t testing.TB) fingerprint.Set {
	return fingerprint.Set{testCertificate(t, fingerprint.ECDSAP384).Fingerprint()}
}

// FP-01: a wrong certificate on either side, or on both, never connects, and
// both sides know why when the grace is over.
func TestWrongFingerprintNeverConnects(t *testing.T) {
	for _, test := range []struct{ client, server bool }{{true, false}, {false, true}, {true, true}} {
		t.Run(fmt.Sprintf("client=%t/server=%t", test.client, test.server), func(t *testing.T) {
			client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
			if test.client {
				client.RemoteFingerprints = strangers(t)
			}
			if test.server {
				server.RemoteFingerprints = strangers(t)
			}
			s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
			s.start()
			first, arrival := s.client, 2*sceneDelay // flight 4
			if !test.client {
				first, arrival = s.server, 3*sceneDelay // flight 5
			}
			s.run(arrival+DefaultFailureGrace-time.Millisecond, func() bool { return first.err != nil })
			if first.err != nil {
				t.Fatalf("%s: gave up within the grace: %v", first.name, first.err)
			}
			s.run(2*time.Millisecond, func() bool { return false })
			wantHandshakeError(t, first.name, first.err, AlertBadCertificate, false)
			wantMismatch(t, first.name, first.err)
			other := s.other(first)
			s.rest(DefaultFailureGrace + 2*sceneDelay)
			wantHandshakeError(t, other.name, other.err, AlertBadCertificate, true)
			wantNothing(t, s.client)
			wantNothing(t, s.server)
		})
	}
}

// FP-10: whatever is lost, no path leads around the verdict.
func TestWrongFingerprintNeverConnectsUnderLoss(t *testing.T) {
	for seed := range 200 {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		wrong := client
		if seed%2 == 1 {
			wrong = server
		}
		wrong.RemoteFingerprints = strangers(t)
		if seed%3 == 0 {
			server.Cookies = NewCookies()
		}
		p := newPair(t, client, server, netsim.Config{Seed: uint64(seed), Delay: sceneDelay, Loss: 0.2, Duplicate: 0.2, Reorder: 0.2})
		p.start()
		p.run(2*time.Minute, func() bool { return p.client.connected && p.server.connected })
		e := p.client
		if wrong == server {
			e = p.server
		}
		wantNothing(t, e)
		if wrong == client {
			wantNothing(t, p.server) // it never saw a Finished
		}
		wantMismatch(t, e.name, e.err)
	}
}

// FP-02: the certificate that counts is the one whose key signs.
func TestVictimsCertificateInTheChainDoesNotHelp(t *testing.T) {
	for _, side := range []Role{RoleClient, RoleServer} {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		attacker, victim := testCertificate(t, fingerprint.ECDSAP384), testCertificate(t, fingerprint.ECDSAP256)
		forged, err := fingerprint.New(attacker.Signer(), attacker.Chain()[0], victim.Chain()[0])
		if err != nil {
			t.Fatal(err)
		}
		if side == RoleClient {
			client.Certificates = []*fingerprint.Certificate{forged}
		} else {
			server.Certificates = []*fingerprint.Certificate{forged}
		}
		s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
		s.start()
		s.rest(10 * time.Second)
		deceived := map[Role]*end{RoleClient: s.server, RoleServer: s.client}[side]
		wantNothing(t, deceived)
		wantMismatch(t, deceived.name, deceived.err)
	}
}

// FP-02: nor does the victim's certificate in front, for its key is needed.
func TestVictimsCertificateWithoutItsKeyDoesNotHelp(t *testing.T) { // FP-18
	for _, side := range []Role{RoleClient, RoleServer} {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
		thief, victim := s.client, s.server
		if side == RoleServer {
			thief, victim = s.server, s.client
		}
		mine, err := fingerprint.Generate(fingerprint.ECDSAP256)
		if err != nil {
			t.Fatal(err)
		}
		// The chain is the victim's friend's; the signer is the thief's own.
		copy(mine.Chain(), testCertificate(t, fingerprint.ECDSAP256).Chain())
		thief.config.Certificates = []*fingerprint.Certificate{mine}
		s.start()
		s.rest(10 * time.Second)
		wantNothing(t, victim)
		wantHandshakeError(t, victim.name, victim.err, AlertDecryptError, false)
	}
}

// FP-15: whoever mirrors our certificate back is not the peer.
func TestOwnCertificateIsNotThePeers(t *testing.T) {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP384)
	server.Certificates = client.Certificates
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	s.start()
	s.rest(10 * time.Second)
	wantNothing(t, s.client)
	wantMismatch(t, "client", s.client.err)
}

// FP-12: what a browser would not like about a certificate does not matter; its
// fingerprint does.
func TestExpiredCertificateIsAccepted(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(0), Subject: pkix.Name{CommonName: "old"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	old, err := fingerprint.New(key, der)
	if err != nil {
		t.Fatal(err)
	}
	config := &Config{Certificates: []*fingerprint.Certificate{old}, RemoteFingerprints: fingerprint.Set{old.Fingerprint()}}
	newScene(t, config, config, netsim.Config{Delay: sceneDelay}).connect()
}

// FP-03, FP-04: a set that authenticates nobody is no set.
func TestUnusableFingerprintsAreRefused(t *testing.T) {
	client, _ := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	sha1, err := fingerprint.FromBytes("sha-1", make([]byte, 20))
	if err != nil {
		t.Fatal(err)
	}
	client.RemoteFingerprints = fingerprint.Set{sha1}
	if _, err := NewEngine(RoleClient, client); !errors.Is(err, fingerprint.ErrNoUsable) {
		t.Errorf("NewEngine with sha-1 alone: %v", err)
	}
	client.RemoteFingerprints = nil
	e, err := NewEngine(RoleClient, client)
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range []fingerprint.Set{nil, {}, {sha1}} {
		if err := e.SetRemote(epochZero, set); !errors.Is(err, fingerprint.ErrNoUsable) {
			t.Errorf("SetRemote(%v): %v", set, err)
		}
	}
	// None of that has ended anything, or counts as the answer.
	if err := e.SetRemote(epochZero, strangers(t)); err != nil {
		t.Errorf("SetRemote after refusals: %v", err)
	}
}

// FP-14: fingerprints are set once.
func TestFingerprintsCannotBeChanged(t *testing.T) {
	s := newQuickScene(t)
	set := strangers(t)
	if err := s.client.SetRemote(s.now, set); !errors.Is(err, ErrRemoteSet) {
		t.Errorf("SetRemote beside Config: %v", err)
	}
	s.connect()
	if err := s.client.SetRemote(s.now, set); !errors.Is(err, ErrRemoteSet) {
		t.Errorf("SetRemote after the handshake: %v", err)
	}
	late, _ := lateScene(t, RoleClient)
	late.start()
	right := fingerprint.Set{testCertificate(t, fingerprint.ECDSAP256).Fingerprint()}
	if err := late.client.SetRemote(late.now, right); err != nil {
		t.Fatal(err)
	}
	if err := late.client.SetRemote(late.now, right); !errors.Is(err, ErrRemoteSet) {
		t.Errorf("the same fingerprints twice: %v", err)
	}
	if !late.run(time.Second, late.bothConnected) {
		t.Errorf("not connected: %v, %v", late.client.err, late.server.err)
	}
}

// lateScene returns a scene in which one side does not know the peer's
// fingerprint yet, and that side.
func lateScene(t testing.TB, role Role) (*scene, *end) {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	late := client
	if role == RoleServer {
		late = server
	}
	late.RemoteFingerprints = nil
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	if role == RoleServer {
		return s, s.server
	}
	return s, s.client
}

// FP-09: the fingerprint may come at any moment, and decides then.
func TestLateFingerprintDecides(t *testing.T) { // SRTP-08
	for _, role := range []Role{RoleClient, RoleServer} {
		for _, right := range []bool{true, false} {
			for at := time.Duration(0); at <= 200*time.Millisecond; at += sceneDelay / 2 {
				t.Run(fmt.Sprintf("%v/right=%t/%v", role, right, at), func(t *testing.T) {
					s, e := lateScene(t, role)
					other := s.other(e)
					s.start()
					s.rest(at)
					if e.connected || e.err != nil {
						t.Fatalf("connected %t, error %v before the fingerprint", e.connected, e.err)
					}
					complete := e.ConnectionState().HandshakeComplete
					if want := at >= 4*sceneDelay || at >= 3*sceneDelay && role == RoleServer; complete != want {
						t.Errorf("handshake complete: %t, want %t", complete, want)
					}
					set := fingerprint.Set{testCertificate(t, fingerprint.ECDSAP256).Fingerprint()}
					if !right {
						set = strangers(t)
					}
					e.note(e.SetRemote(s.now, set))
					s.flush(e)
					if right {
						if e.connected != complete {
							t.Errorf("connected: %t, with a handshake complete: %t", e.connected, complete)
						}
						if !s.run(time.Second, s.bothConnected) {
							t.Errorf("not connected: %v, %v", e.err, other.err)
						}
						if d := e.Deadline(); !d.IsZero() {
							t.Errorf("a timer runs on: %v", d)
						}
						return
					}
					s.rest(2*DefaultFailureGrace + time.Second)
					wantNothing(t, e)
					wantMismatch(t, e.name, e.err)
					var a *AlertError
					if !errors.As(other.err, &a) || !a.FromPeer || a.Alert != AlertBadCertificate {
						t.Errorf("%s: %v, want the peer's bad_certificate", other.name, other.err)
					}
				})
			}
		}
	}
}

// Data that comes between the handshake and the verdict waits for it, in order
// and bounded. REC-16.
func TestDataBeforeTheVerdictWaitsForIt(t *testing.T) {
	for _, role := range []Role{RoleClient, RoleServer} {
		for _, right := range []bool{true, false} {
			s, e := lateScene(t, role)
			other := s.other(e)
			s.start()
			s.run(time.Second, func() bool { return other.connected })
			for i := range maxEarlyRecords + 4 {
				s.send(other, fmt.Appendf(nil, "message %d", i))
			}
			s.rest(time.Second)
			wantNothing(t, e)
			set := fingerprint.Set{testCertificate(t, fingerprint.ECDSAP256).Fingerprint()}
			if !right {
				set = strangers(t)
			}
			e.note(e.SetRemote(s.now, set))
			s.flush(e)
			if !right {
				wantNothing(t, e)
				if len(e.early) > 0 {
					t.Errorf("%v: %d records are kept after the failure", role, len(e.early))
				}
				continue
			}
			if len(e.received) != maxEarlyRecords || e.Stats().Dropped[DropEarly] != 4 {
				t.Fatalf("%v: %d of %d messages, %d dropped", role, len(e.received), maxEarlyRecords+4, e.Stats().Dropped[DropEarly])
			}
			for i, b := range e.received {
				if want := fmt.Sprintf("message %d", i+4); string(b) != want {
					t.Errorf("%v: %q, want %q", role, b, want)
				}
			}
			s.send(other, []byte("after"))
			s.rest(time.Second)
			if n := len(e.received); string(e.received[n-1]) != "after" {
				t.Errorf("%v: what came afterwards is lost", role)
			}
			if e.early != nil {
				t.Error("early records are kept for ever")
			}
		}
	}
}

// A fingerprint that never comes ends in a timeout.
func TestMissingFingerprintTimesOut(t *testing.T) {
	for _, role := range []Role{RoleClient, RoleServer} {
		s, e := lateScene(t, role)
		s.start()
		s.rest(DefaultHandshakeTimeout - time.Millisecond)
		if e.err != nil {
			t.Errorf("%v: failed early: %v", role, e.err)
		}
		s.rest(2 * time.Millisecond)
		if !errors.Is(e.err, ErrTimeout) {
			t.Errorf("%v: %v, want a timeout", role, e.err)
		}
		wantNothing(t, e)
		if err := e.SetRemote(s.now, fingerprint.Set{testCertificate(t, fingerprint.ECDSAP256).Fingerprint()}); !errors.Is(err, ErrTimeout) {
			t.Errorf("%v: SetRemote after the timeout: %v", role, err)
		}
		wantNothing(t, e)
	}
}

// kinds drains the events of an engine.
func (e *end) kinds() (kinds []EventKind, data [][]byte) {
	for event := e.NextEvent(); event.Kind != NoEvent; event = e.NextEvent() {
		kinds = append(kinds, event.Kind)
		if event.Kind == EventData {
			data = append(data, bytes.Clone(event.Data))
		}
	}
	return kinds, data
}

// REC-15: data that overtakes the Finished in front of it is delivered right
// behind it, and never before.
func TestDataThatOvertakesFinishedIsDeliveredAfterIt(t *testing.T) { // REC-15, R6083-05
	for _, role := range []Role{RoleClient, RoleServer} {
		for _, broken := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v/broken=%t", role, broken), func(t *testing.T) {
				s := newQuickScene(t)
				e := s.client
				if role == RoleServer {
					e = s.server
				}
				other := s.other(e)
				var last []byte // the datagram with the peer's Finished
				s.instead = func(to *end, n int, b []byte) [][]byte {
					if to == e && n == 1 {
						last = bytes.Clone(b)
						return nil
					}
					return [][]byte{b}
				}
				s.start()
				s.run(time.Second, func() bool { return last != nil })
				if broken {
					last[len(last)-1] ^= 1
				}
				// The client of a correct stack waits for our Finished with its data;
				// one that does not is no reason to lose any.
				for i := range 3 {
					e.note(e.HandleDatagram(s.now, other.seal(t, record.TypeApplicationData, fmt.Appendf(nil, "%d", i))))
					if kinds, _ := e.kinds(); len(kinds) > 0 {
						t.Fatalf("events %v before Finished", kinds)
					}
				}
				e.note(e.HandleDatagram(s.now, last))
				kinds, data := e.kinds()
				if broken {
					if len(kinds) > 0 || e.connected {
						t.Errorf("events %v after a broken Finished", kinds)
					}
					return
				}
				if len(kinds) != 4 || kinds[0] != EventConnected || string(bytes.Join(data, nil)) != "012" {
					t.Errorf("events %v with %q, want connected and three messages", kinds, data)
				}
			})
		}
	}
}

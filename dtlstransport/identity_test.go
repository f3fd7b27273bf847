package dtlstransport

import (
	"bytes"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// A server that takes up a session before it knows whom to expect waits for the
// verdict on the certificate of then.
func TestALateFingerprintDecidesAboutAResumedSessionToo(t *testing.T) { // FP-09, FP-10
	testResumption(t, func(t *testing.T, r *resumption) {
		for _, right := range []bool{true, false} {
			newPair(t, r.client, r.server, netsim.Config{}).connect()
			server := *r.server
			server.RemoteFingerprints = nil
			p := newPair(t, r.client, &server, netsim.Config{Delay: time.Millisecond})
			p.start()
			p.run(time.Second, func() bool { return p.client.connected })
			p.run(time.Second, func() bool { return false })
			state := p.server.ConnectionState()
			if !state.Resumed || !state.HandshakeComplete || state.Connected {
				t.Fatalf("resumed %v, complete %v, connected %v before the verdict", state.Resumed, state.HandshakeComplete, state.Connected)
			}
			wantNothing(t, p.server)
			p.send(p.client, []byte("early"))
			p.run(time.Second, func() bool { return false })
			wantNothing(t, p.server)
			set := r.server.RemoteFingerprints
			if !right {
				set = strangers(t)
			}
			p.server.note(p.server.SetRemote(p.now, set))
			p.flush(p.server)
			if p.server.connected != right || right && (len(p.server.received) != 1 || string(p.server.received[0]) != "early") {
				t.Errorf("right %v: connected %v, received %q, %v", right, p.server.connected, p.server.received, p.server.err)
			}
			if !right {
				wantNothing(t, p.server)
				wantMismatch(t, "server", p.server.err)
			}
		}
	})
}

func TestNoSessionIsKeptBeforeTheVerdict(t *testing.T) { // FP-09
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	store := sessionMap{}
	client.Sessions, server.Sessions = sessionMap{}, store
	late := *server
	late.RemoteFingerprints = nil
	p := newPair(t, client, &late, netsim.Config{})
	p.start()
	p.run(time.Second, func() bool { return p.server.ConnectionState().HandshakeComplete })
	if len(store) > 0 {
		t.Errorf("kept %v", store.keys())
	}
	if err := p.server.SetRemote(p.now, server.RemoteFingerprints); err != nil {
		t.Fatal(err)
	}
	if len(store) != 1 {
		t.Errorf("after the verdict %v", store.keys())
	}
}

func TestMediaWaitsForALateVerdict(t *testing.T) { // FP-09
	synctest.Test(t, func(t *testing.T) {
		var remote fingerprint.Set
		a, b := transportPair(t, netsim.Config{Delay: time.Millisecond}, func(client, _ *Config) {
			remote, client.RemoteFingerprints = client.RemoteFingerprints, nil
		})
		defer a.Close()
		defer b.Close()
		go a.Handshake(t.Context())
		if err := b.Handshake(t.Context()); err != nil {
			t.Fatal(err)
		}
		packet := rtpPacket(1, "early media")
		if _, err := b.WriteRTP(packet); err != nil {
			t.Fatal(err)
		}
		_ = a.SetReadDeadline(time.Now().Add(time.Second))
		buf := make([]byte, 1500)
		if n, err := a.ReadRTP(buf); err != os.ErrDeadlineExceeded {
			t.Fatalf("before the verdict ReadRTP = %x, %v", buf[:n], err)
		}
		if _, err := a.WriteRTP(packet); err == nil {
			t.Error("media was sent before the verdict")
		}
		if _, err := a.SRTPMaterial(); err == nil {
			t.Error("keys were exported before the verdict")
		}
		_ = a.SetReadDeadline(time.Time{})
		if err := a.SetRemoteFingerprints(remote); err != nil {
			t.Fatal(err)
		}
		if n, err := a.ReadRTP(buf); err != nil || !bytes.Equal(buf[:n], packet) {
			t.Errorf("after the verdict ReadRTP = %x, %v", buf[:n], err)
		}
	})
}

// What a Rotation gives is for Config.Certificates as it is: the first is presented,
// those behind it still resume, and an association that is under way has its own.
func TestARotatedCertificateIsKeptForWhoKnowsIt(t *testing.T) {
	testResumption(t, func(t *testing.T, r *resumption) {
		var rotation fingerprint.Rotation
		rotate := func(now time.Time) *Config {
			certificates, err := rotation.Certificates(now)
			if err != nil {
				t.Fatal(err)
			}
			config := *r.server
			config.Certificates = certificates
			return &config
		}
		first := rotate(epochZero)
		r.client.RemoteFingerprints = first.Certificates[0].Fingerprints()
		under := newPair(t, r.client, first, netsim.Config{Delay: time.Millisecond})
		under.start()
		under.run(time.Second, func() bool { return under.server.datagrams > 0 })

		second := rotate(rotation.Due())
		if second.Certificates[0] == first.Certificates[0] || !slices.Contains(second.Certificates, first.Certificates[0]) {
			t.Fatal("not rotated")
		}
		if !under.run(time.Second, under.bothConnected) { // with the certificate it began with
			t.Fatalf("not connected: %v, %v", under.client.err, under.server.err)
		}
		p := newPair(t, r.client, second, netsim.Config{})
		p.connect() // the client still expects the first
		if s := p.server.ConnectionState(); !s.Resumed || s.LocalCertificate != first.Certificates[0] {
			t.Errorf("resumed %v, with the first certificate %v", s.Resumed, s.LocalCertificate == first.Certificates[0])
		}
		r.client.RemoteFingerprints = second.Certificates[0].Fingerprints()
		p = newPair(t, r.client, second, netsim.Config{})
		p.connect() // in full, with the new one
		if s := p.server.ConnectionState(); s.Resumed || s.LocalCertificate != second.Certificates[0] {
			t.Errorf("resumed %v, with the second certificate %v", s.Resumed, s.LocalCertificate == second.Certificates[0])
		}
	})
}

// Each end presents, of several certificates, the first that the other can verify.
func TestOfSeveralCertificatesTheFirstThatThePeerAcceptsIsPresented(t *testing.T) {
	kinds := []fingerprint.KeyType{fingerprint.Ed25519, fingerprint.RSA2048, fingerprint.ECDSAP384, fingerprint.ECDSAP256}
	var all []*fingerprint.Certificate
	var set fingerprint.Set
	for _, k := range kinds {
		all = append(all, testCertificate(t, k))
		set = append(set, testCertificate(t, k).Fingerprint())
	}
	for _, test := range []struct {
		accepts []SignatureScheme
		want    fingerprint.KeyType
		roles   []Role // who chooses so; a server goes by its suites first
	}{
		{nil, fingerprint.Ed25519, []Role{RoleClient, RoleServer}},
		{[]SignatureScheme{ECDSAP256SHA256, RSAPSSRSAESHA256}, fingerprint.RSA2048, []Role{RoleClient}},
		{[]SignatureScheme{RSAPKCS1SHA512}, fingerprint.RSA2048, []Role{RoleClient, RoleServer}},
		{[]SignatureScheme{ECDSAP384SHA384}, fingerprint.ECDSAP384, []Role{RoleClient, RoleServer}},
	} {
		for _, chooser := range test.roles {
			client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
			has, accepts := client, server
			if chooser == RoleServer {
				has, accepts = server, client
			}
			has.Certificates, accepts.RemoteFingerprints = all, set
			accepts.SignatureSchemes = test.accepts
			if test.accepts != nil {
				// The other direction needs one as well.
				key := fingerprint.ECDSAP256
				if test.accepts[0] == RSAPKCS1SHA512 {
					key = fingerprint.RSA2048
				}
				accepts.Certificates = []*fingerprint.Certificate{testCertificate(t, key)}
				has.RemoteFingerprints = fingerprint.Set{testCertificate(t, key).Fingerprint()}
			}
			p := newPair(t, client, server, netsim.Config{})
			p.connect()
			own := p.client
			if chooser == RoleServer {
				own = p.server
			}
			if got := own.ConnectionState().LocalCertificate; got != testCertificate(t, test.want) {
				t.Errorf("%v, of a peer that accepts %v: %v, want %v", chooser, test.accepts, got, test.want)
			}
		}
	}
}

package dtlstransport

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// judged returns configurations whose client has no fingerprints and asks verify.
func judged(t *testing.T, verify func(chain [][]byte) error) (client, server *Config) {
	client, server = configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	client.RemoteFingerprints, client.VerifyPeer = nil, verify
	return client, server
}

func TestVerifyPeerTakesThePlaceOfTheFingerprints(t *testing.T) {
	var shown []byte
	client, server := judged(t, func(chain [][]byte) error {
		shown = bytes.Clone(chain[0])
		return nil
	})
	p := newPair(t, client, server, netsim.Config{Delay: time.Millisecond})
	p.connect()
	if !bytes.Equal(shown, server.Certificates[0].Chain()[0]) {
		t.Error("VerifyPeer was not shown the server's certificate")
	}
	if err := p.client.SetRemote(p.now, server.RemoteFingerprints); !errors.Is(err, ErrRemoteSet) {
		t.Errorf("SetRemote where VerifyPeer decides: %v", err)
	}
	if !p.client.ConnectionState().Connected {
		t.Error("SetRemote ended the association")
	}
}

func TestVerifyPeerChoosesTheAlert(t *testing.T) {
	plain := errors.New("not on the list")
	for _, test := range []struct {
		err  error
		want AlertDescription
	}{
		{plain, AlertBadCertificate},
		{&AlertError{Alert: AlertUnknownCA, Err: plain}, AlertUnknownCA},
	} {
		client, server := judged(t, func([][]byte) error { return test.err })
		server.FailureGrace = -1 // takes the alert at its word
		p := newPair(t, client, server, netsim.Config{Delay: time.Millisecond})
		p.start()
		ended := func() bool { return p.client.err != nil && p.server.err != nil }
		if !p.run(time.Second, func() bool { return p.client.stopped() || ended() }) || p.client.err != nil {
			t.Fatalf("%v: %v at once, want a hint first: anybody can forge a certificate", test.want, p.client.err)
		}
		if !p.run(time.Minute, ended) {
			t.Fatalf("%v: not over: client %v, server %v", test.want, p.client.err, p.server.err)
		}
		if !errors.Is(p.client.err, plain) {
			t.Errorf("client: %v does not wrap what VerifyPeer said", p.client.err)
		}
		var told *AlertError
		if !errors.As(p.server.err, &told) || !told.FromPeer || told.Alert != test.want {
			t.Errorf("server: %v, want the alert %v", p.server.err, test.want)
		}
	}
}

// stopped reports whether the end has refused what it was shown and waits.
func (e *end) stopped() bool { return e.hs != nil && e.hs.refusal != nil }

func TestConfigHasEitherFingerprintsOrVerifyPeer(t *testing.T) {
	client, _ := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	client.VerifyPeer = func([][]byte) error { return nil }
	if _, err := NewEngine(RoleClient, client); err == nil {
		t.Error("a Config with two judges was accepted")
	}
}

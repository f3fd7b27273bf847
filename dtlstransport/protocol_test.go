package dtlstransport

import (
	"errors"
	"slices"
	"testing"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

func TestApplicationSelectsTheProtocol(t *testing.T) {
	for _, test := range []struct {
		name   string
		choice string
		err    error
		alert  AlertDescription // zero: they connect
	}{
		{name: "the second", choice: "b"},
		{name: "none", err: ErrDeclineProtocol},
		{name: "none, in other words", choice: "b", err: errors.Join(ErrDeclineProtocol, errors.New("why"))},
		{name: "a refusal", err: errors.New("no"), alert: AlertNoApplicationProtocol},
		{name: "a refusal with an alert", err: &AlertError{Alert: AlertAccessDenied}, alert: AlertAccessDenied},
		{name: "one that was not offered", choice: "c", alert: AlertInternalError},
		{name: "an empty one", alert: AlertInternalError},
	} {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		client.ALPN, server.ALPN = []string{"a", "b"}, []string{"a"}
		server.SelectProtocol = func(offered []string) (string, error) {
			if !slices.Equal(offered, client.ALPN) {
				t.Errorf("%s: %q are offered", test.name, offered)
			}
			return test.choice, test.err
		}
		s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
		s.start()
		if test.alert != 0 {
			s.run(DefaultHandshakeTimeout, func() bool { return s.server.err != nil })
			wantHandshakeError(t, test.name, s.server.err, test.alert, false)
			continue
		}
		want := test.choice
		if test.err != nil {
			want = ""
		}
		if !s.run(DefaultHandshakeTimeout, s.bothConnected) || s.client.ConnectionState().ALPN != want || s.server.ConnectionState().ALPN != want {
			t.Errorf("%s: client %q (%v), server %q (%v)", test.name, s.client.ConnectionState().ALPN, s.client.err, s.server.ConnectionState().ALPN, s.server.err)
		}
	}
}

func TestClientWithoutProtocolsIsNotAskedAbout(t *testing.T) {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	server.SelectProtocol = func([]string) (string, error) { return "", errors.New("asked") }
	newScene(t, client, server, netsim.Config{Delay: sceneDelay}).connect()
}

package dtlstransport

import (
	"io"
	"slices"
	"testing"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// What weakens an association is told by it, on the side that has asked for it.
func TestConnectionStateNamesWhatIsInsecure(t *testing.T) { // API-09
	for _, test := range []struct {
		change         func(client, server *Config)
		client, server []string
	}{
		{func(_, _ *Config) {}, nil, nil},
		{func(client, server *Config) {
			client.Certificates, client.ClientAuth = nil, InsecureClientAuthNone
			server.RemoteFingerprints, server.ClientAuth = nil, InsecureClientAuthNone
		}, nil, []string{"ClientAuth"}},
		{func(client, server *Config) {
			client.ExtendedMasterSecret, server.ExtendedMasterSecret = InsecureEMSOff, EMSRequest
			server.InsecureExportWithoutEMS = true
		}, []string{"ExtendedMasterSecret"}, []string{"ExtendedMasterSecret", "InsecureExportWithoutEMS"}},
		{func(client, _ *Config) { client.KeyLogWriter = io.Discard }, []string{"KeyLogWriter"}, nil},
	} {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		test.change(client, server)
		p := newPair(t, client, server, netsim.Config{})
		for _, e := range []*end{p.client, p.server} {
			if got := e.ConnectionState().Insecure; len(got) > 0 {
				t.Errorf("the %s says %v before the handshake", e.name, got)
			}
		}
		p.connect()
		if got := p.client.ConnectionState().Insecure; !slices.Equal(got, test.client) {
			t.Errorf("the client says %v, want %v", got, test.client)
		}
		if got := p.server.ConnectionState().Insecure; !slices.Equal(got, test.server) {
			t.Errorf("the server says %v, want %v", got, test.server)
		}
	}
	for _, without := range []bool{false, true} {
		listen(t, func(c *ListenConfig) { c.InsecureNoCookies = without }, func(t *testing.T, l *listening) {
			client, server := l.connect(listenAddr, netsim.Config{})
			defer client.Close()
			if got := server.ConnectionState().Insecure; slices.Contains(got, "InsecureNoCookies") != without {
				t.Errorf("without cookies %v: %v", without, got)
			}
		})
	}
}

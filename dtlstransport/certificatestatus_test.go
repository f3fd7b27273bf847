package dtlstransport

import (
	"errors"
	"testing"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// withStatus gives the server a response, and has the client ask for one.
func withStatus(client, server *Config, response string, verdict error) (judged *[]string) {
	judged = new([]string)
	client.VerifyStatus = func(chain [][]byte, response []byte) error {
		*judged = append(*judged, string(response))
		return verdict
	}
	if response != "" {
		server.CertificateUses = map[*fingerprint.Certificate]CertificateUse{
			server.Certificates[0]: {Status: func() ([]byte, error) { return []byte(response), nil }},
		}
	}
	return judged
}

func TestServerSendsTheStatusOfItsCertificate(t *testing.T) {
	for _, response := range []string{"", "good"} {
		testResumption(t, func(t *testing.T, r *resumption) {
			judged := withStatus(r.client, r.server, response, nil)
			for again := range 2 {
				p := r.connect(t, epochZero, again == 1)
				if len(*judged) != 1 || (*judged)[0] != response {
					t.Errorf("judged: %q", *judged)
				}
				if got := string(p.client.ConnectionState().CertificateStatus); got != response {
					t.Errorf("status %q, want %q", got, response)
				}
			}
		})
	}
}

func TestStatusIsForClientsThatAsk(t *testing.T) {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	withStatus(client, server, "good", nil)
	client.VerifyStatus = nil
	newScene(t, client, server, netsim.Config{Delay: sceneDelay}).connect()
}

func TestBadStatusRefusesTheServer(t *testing.T) {
	for _, test := range []struct {
		verdict error
		want    AlertDescription
	}{
		{errors.New("no"), AlertBadCertStatusResponse},
		{&AlertError{Alert: AlertCertificateRevoked}, AlertCertificateRevoked},
	} {
		for _, response := range []string{"", "revoked"} {
			client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
			withStatus(client, server, response, test.verdict)
			s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
			s.start()
			s.run(DefaultHandshakeTimeout, func() bool { return s.client.err != nil })
			wantHandshakeError(t, "status "+response, s.client.err, test.want, false)
		}
	}
}

func TestServerWithoutItsStatusRefuses(t *testing.T) {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	withStatus(client, server, "good", nil)
	server.CertificateUses[server.Certificates[0]] = CertificateUse{Status: func() ([]byte, error) { return nil, errors.New("cannot") }}
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	s.start()
	s.run(DefaultHandshakeTimeout, func() bool { return s.server.err != nil })
	wantHandshakeError(t, "no status", s.server.err, AlertInternalError, false)
}

// What is not announced, not asked for or malformed ends the handshake.
func TestStatusOutOfPlaceIsRefused(t *testing.T) {
	announce := func(announced bool) func([]byte) []byte {
		return func(body []byte) []byte {
			m, err := wire.ParseServerHello(body)
			if err != nil {
				t.Fatal(err)
			}
			m.HasStatusRequest = announced
			return m.Append(nil)
		}
	}
	for _, test := range []struct {
		name   string
		asks   bool
		typ    wire.HandshakeType
		change func([]byte) []byte
		want   AlertDescription
	}{
		{"not announced", true, wire.TypeServerHello, announce(false), AlertUnexpectedMessage},
		{"announced, unasked", false, wire.TypeServerHello, announce(true), AlertUnsupportedExtension},
		{"another type", true, wire.TypeCertificateStatus, func(b []byte) []byte { b[0] = 2; return b }, AlertIllegalParameter},
		{"a byte behind it", true, wire.TypeCertificateStatus, func(b []byte) []byte { return append(b, 0) }, AlertDecodeError},
	} {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		client.FailureGrace = -1
		response := "good"
		if !test.asks {
			response = ""
		}
		withStatus(client, server, response, nil)
		if !test.asks {
			client.VerifyStatus = nil
		}
		s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
		s.instead = func(to *end, n int, b []byte) [][]byte {
			if to == s.client && n == 0 {
				b = withMessage(t, b, test.typ, test.change)
			}
			return [][]byte{b}
		}
		s.start()
		s.run(DefaultHandshakeTimeout, func() bool { return s.client.err != nil })
		wantHandshakeError(t, test.name, s.client.err, test.want, false)
	}
}

func TestStatusThatNobodyAskedForIsRefused(t *testing.T) {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	client.FailureGrace = -1
	withStatus(client, server, "good", nil)
	client.VerifyStatus = nil
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	s.startWith(func(m *wire.ClientHello) { m.HasStatusRequest = true }, nil)
	s.instead = func(to *end, n int, b []byte) [][]byte {
		if to == s.client && n == 0 {
			b = withMessage(t, b, wire.TypeServerHello, func(body []byte) []byte {
				m, err := wire.ParseServerHello(body)
				if err != nil {
					t.Fatal(err)
				}
				m.HasStatusRequest = false
				return m.Append(nil)
			})
		}
		return [][]byte{b}
	}
	s.run(DefaultHandshakeTimeout, func() bool { return s.client.err != nil })
	wantHandshakeError(t, "unasked", s.client.err, AlertUnexpectedMessage, false)
}

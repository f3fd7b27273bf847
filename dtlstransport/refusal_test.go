package dtlstransport

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/keying"
)

// A tampering is a change of one message, and the alert it deserves.
type tampering struct {
	name   string
	typ    wire.HandshakeType
	change func(t *testing.T, body []byte) []byte
	want   AlertDescription
}

// refuse runs a handshake of two P-256 ends with a message that is another than
// its sender thinks, and checks that role, who gets it, ends it at once with the
// alert. Whose certificate it is plays no part.
func (x *tampering) refuse(t *testing.T, role Role) {
	t.Helper()
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	client.CipherSuites = []CipherSuite{TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
	client.Groups = []Group{X25519}
	client.ALPN, server.ALPN = []string{"webrtc"}, []string{"webrtc"}
	for _, c := range []*Config{client, server} {
		c.FailureGrace = -1
		c.RemoteFingerprints, c.VerifyPeer = nil, func([][]byte) error { return nil }
	}
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	e := s.client
	if role == RoleServer {
		e = s.server
	}
	changed := false
	s.instead = func(to *end, _ int, b []byte) [][]byte {
		if to == e && !changed {
			for _, m := range messagesIn(t, b) {
				if m.typ == x.typ {
					changed = true
					return [][]byte{withMessage(t, b, x.typ, func(body []byte) []byte { return x.change(t, body) })}
				}
			}
		}
		return [][]byte{b}
	}
	s.start()
	s.run(time.Second, func() bool { return e.err != nil })
	if !changed {
		t.Fatalf("%s: no %v came", x.name, x.typ)
	}
	wantHandshakeError(t, x.name, e.err, x.want, false)
	wantNothing(t, e)
}

// inServerHelloMessage changes a ServerHello.
func inServerHelloMessage(change func(m *wire.ServerHello)) func(t *testing.T, body []byte) []byte {
	return func(t *testing.T, body []byte) []byte {
		m, err := wire.ParseServerHello(body)
		if err != nil {
			t.Fatal(err)
		}
		change(m)
		return m.Append(nil)
	}
}

// inClientHelloMessage changes a ClientHello.
func inClientHelloMessage(change func(m *wire.ClientHello)) func(t *testing.T, body []byte) []byte {
	return func(t *testing.T, body []byte) []byte {
		m, err := wire.ParseClientHello(body)
		if err != nil {
			t.Fatal(err)
		}
		change(m)
		return m.Append(nil)
	}
}

// inExchange changes a ServerKeyExchange.
func inExchange(change func(m *wire.ServerKeyExchange)) func(t *testing.T, body []byte) []byte {
	return func(t *testing.T, body []byte) []byte {
		m, err := wire.ParseServerKeyExchange(body)
		if err != nil {
			t.Fatal(err)
		}
		change(m)
		return m.Append(nil)
	}
}

// clientExtension and serverExtension add an extension to a hello.
func clientExtension(b ...byte) func(t *testing.T, body []byte) []byte {
	return func(_ *testing.T, body []byte) []byte { return appendToExtensions(body, b) }
}

func serverExtension(b ...byte) func(t *testing.T, body []byte) []byte {
	return func(_ *testing.T, body []byte) []byte {
		at := 2 + 32
		at += 1 + int(body[at]) + 2 + 1
		body = append(body, b...)
		binary.BigEndian.PutUint16(body[at:], uint16(len(body)-at-2))
		return body
	}
}

func oneMore(_ *testing.T, body []byte) []byte { return append(body, 0) }

func chainOf(certificates ...*fingerprint.Certificate) func(*testing.T, []byte) []byte {
	return func(*testing.T, []byte) []byte {
		var m wire.Certificate
		for _, c := range certificates {
			m.Chain = append(m.Chain, c.Chain()[0])
		}
		return m.Append(nil)
	}
}

// REC-40, HS-21, HS-28, HS-29, HS-31, HS-36, HS-37, HS-43, HS-45, HS-46, HS-47,
// HS-56, HS-58, EMS-06, RENEG-03, SRTP-03, SRTP-05, CERT-02, CERT-04.
func TestClientRefusesAnAnswerThatItDidNotAskFor(t *testing.T) {
	stranger, rsa := testCertificate(t, fingerprint.ECDSAP384), testCertificate(t, fingerprint.RSA2048)
	for _, x := range []tampering{
		{"unsolicited extension", wire.TypeServerHello, serverExtension(0x77, 0x77, 0, 0), AlertUnsupportedExtension},
		{"ticket that was not asked for", wire.TypeServerHello, serverExtension(0, byte(wire.ExtensionSessionTicket), 0, 0), AlertUnsupportedExtension},
		{"extension twice", wire.TypeServerHello, serverExtension(0, byte(wire.ExtensionExtendedMasterSecret), 0, 0), AlertDecodeError},
		{"suite that was not offered", wire.TypeServerHello, inServerHelloMessage(func(m *wire.ServerHello) {
			m.CipherSuite = uint16(TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384)
		}), AlertIllegalParameter},
		{"version 1.0", wire.TypeServerHello, inServerHelloMessage(func(m *wire.ServerHello) { m.Version = 0xfeff }), AlertProtocolVersion},
		{"version 1.3", wire.TypeServerHello, inServerHelloMessage(func(m *wire.ServerHello) { m.Version = 0xfefc }), AlertProtocolVersion},
		{"compression", wire.TypeServerHello, inServerHelloMessage(func(m *wire.ServerHello) { m.CompressionMethod = 1 }), AlertIllegalParameter},
		{"renegotiation_info of another connection", wire.TypeServerHello, inServerHelloMessage(func(m *wire.ServerHello) {
			m.RenegotiationInfo = []byte{1}
		}), AlertHandshakeFailure},
		{"no extended master secret", wire.TypeServerHello, inServerHelloMessage(func(m *wire.ServerHello) {
			m.ExtendedMasterSecret = false
		}), AlertHandshakeFailure},
		{"points in another form", wire.TypeServerHello, inServerHelloMessage(func(m *wire.ServerHello) { m.PointFormats = []byte{1} }), AlertIllegalParameter},
		{"SRTP profile that was not offered", wire.TypeServerHello, inServerHelloMessage(func(m *wire.ServerHello) {
			m.UseSRTP.Profiles = []uint16{uint16(keying.SRTPAES128CMHMACSHA1_32)}
		}), AlertIllegalParameter},
		{"two SRTP profiles", wire.TypeServerHello, inServerHelloMessage(func(m *wire.ServerHello) {
			m.UseSRTP.Profiles = []uint16{7, 8}
		}), AlertDecodeError},
		{"MKI", wire.TypeServerHello, inServerHelloMessage(func(m *wire.ServerHello) { m.UseSRTP.MKI = []byte{1} }), AlertIllegalParameter},
		{"protocol that was not offered", wire.TypeServerHello, inServerHelloMessage(func(m *wire.ServerHello) { m.ALPN = []string{"h2"} }), AlertIllegalParameter},
		{"two protocols", wire.TypeServerHello, inServerHelloMessage(func(m *wire.ServerHello) { m.ALPN = []string{"webrtc", "h2"} }), AlertDecodeError},
		{"session_id of 33 bytes", wire.TypeServerHello, inServerHelloMessage(func(m *wire.ServerHello) { m.SessionID = make([]byte, 33) }), AlertDecodeError},
		{"a byte behind ServerHello", wire.TypeServerHello, oneMore, AlertDecodeError},

		{"a byte behind Certificate", wire.TypeCertificate, oneMore, AlertDecodeError},
		{"no certificate", wire.TypeCertificate, chainOf(), AlertDecodeError},
		{"65 certificates", wire.TypeCertificate, func(*testing.T, []byte) []byte {
			return (&wire.Certificate{Chain: slices.Repeat([][]byte{{0x30}}, wire.MaxCertificates+1)}).Append(nil)
		}, AlertIllegalParameter},
		{"RSA certificate for an ECDSA suite", wire.TypeCertificate, chainOf(rsa), AlertIllegalParameter},
		{"certificate of another key", wire.TypeCertificate, chainOf(stranger), AlertDecryptError},

		{"a byte behind ServerKeyExchange", wire.TypeServerKeyExchange, oneMore, AlertDecodeError},
		{"group that was not offered", wire.TypeServerKeyExchange, inExchange(func(m *wire.ServerKeyExchange) { m.Group = uint16(Secp256r1) }), AlertIllegalParameter},
		{"explicit curve", wire.TypeServerKeyExchange, func(_ *testing.T, body []byte) []byte { body[0] = 1; return body }, AlertIllegalParameter},
		{"another public key", wire.TypeServerKeyExchange, inExchange(func(m *wire.ServerKeyExchange) { m.PublicKey[5] ^= 1 }), AlertDecryptError},
		{"another signature", wire.TypeServerKeyExchange, inExchange(func(m *wire.ServerKeyExchange) { m.Signature[len(m.Signature)-1] ^= 1 }), AlertDecryptError},
		{"SHA-1", wire.TypeServerKeyExchange, inExchange(func(m *wire.ServerKeyExchange) { m.Scheme = 0x0203 }), AlertIllegalParameter},
		{"MD5", wire.TypeServerKeyExchange, inExchange(func(m *wire.ServerKeyExchange) { m.Scheme = 0x0103 }), AlertIllegalParameter},
		{"scheme of another key type", wire.TypeServerKeyExchange, inExchange(func(m *wire.ServerKeyExchange) { m.Scheme = uint16(RSAPKCS1SHA256) }), AlertIllegalParameter},

		{"a byte behind CertificateRequest", wire.TypeCertificateRequest, oneMore, AlertDecodeError},
		{"a byte in ServerHelloDone", wire.TypeServerHelloDone, oneMore, AlertDecodeError},
	} {
		x.refuse(t, RoleClient)
	}
}

// REC-40, HS-19, HS-29, HS-36, HS-37, HS-43, HS-46, HS-47, HS-48, HS-53, FP-18, SRTP-04.
func TestServerRefusesAClientThatDoesNotKeepToTheRules(t *testing.T) {
	verify := func(change func(m *wire.CertificateVerify)) func(*testing.T, []byte) []byte {
		return func(t *testing.T, body []byte) []byte {
			m, err := wire.ParseCertificateVerify(body)
			if err != nil {
				t.Fatal(err)
			}
			change(m)
			return m.Append(nil)
		}
	}
	for _, x := range []tampering{
		{"extension twice", wire.TypeClientHello, clientExtension(0, byte(wire.ExtensionExtendedMasterSecret), 0, 0), AlertDecodeError},
		{"unknown extension twice", wire.TypeClientHello, clientExtension(0x77, 0x77, 0, 0, 0x77, 0x77, 0, 0), AlertDecodeError},
		{"no null compression", wire.TypeClientHello, inClientHelloMessage(func(m *wire.ClientHello) { m.CompressionMethods = []byte{1} }), AlertIllegalParameter},
		{"no compression methods", wire.TypeClientHello, inClientHelloMessage(func(m *wire.ClientHello) { m.CompressionMethods = nil }), AlertDecodeError},
		{"no cipher suites", wire.TypeClientHello, inClientHelloMessage(func(m *wire.ClientHello) { m.CipherSuites = nil }), AlertDecodeError},
		{"session_id of 33 bytes", wire.TypeClientHello, inClientHelloMessage(func(m *wire.ClientHello) { m.SessionID = make([]byte, 33) }), AlertDecodeError},
		{"points in another form", wire.TypeClientHello, inClientHelloMessage(func(m *wire.ClientHello) { m.PointFormats = []byte{1} }), AlertIllegalParameter},
		{"a byte behind ClientHello", wire.TypeClientHello, oneMore, AlertDecodeError},
		{"no SRTP profiles", wire.TypeClientHello, inClientHelloMessage(func(m *wire.ClientHello) { m.UseSRTP.Profiles = nil }), AlertDecodeError},

		{"no certificate", wire.TypeCertificate, chainOf(), AlertHandshakeFailure},
		{"certificate of another key", wire.TypeCertificate, chainOf(testCertificate(t, fingerprint.ECDSAP384)), AlertDecryptError},
		{"a byte behind Certificate", wire.TypeCertificate, oneMore, AlertDecodeError},
		{"a byte behind ClientKeyExchange", wire.TypeClientKeyExchange, oneMore, AlertDecodeError},
		{"a byte behind CertificateVerify", wire.TypeCertificateVerify, oneMore, AlertDecodeError},
		{"another signature", wire.TypeCertificateVerify, verify(func(m *wire.CertificateVerify) { m.Signature[len(m.Signature)-1] ^= 1 }), AlertDecryptError},
		{"SHA-1", wire.TypeCertificateVerify, verify(func(m *wire.CertificateVerify) { m.Scheme = 0x0203 }), AlertIllegalParameter},
		{"scheme of another key type", wire.TypeCertificateVerify, verify(func(m *wire.CertificateVerify) { m.Scheme = uint16(Ed25519Scheme) }), AlertIllegalParameter},
	} {
		x.refuse(t, RoleServer)
	}
}

// "The end entity certificate's public key (and associated restrictions) MUST be
// compatible with the selected key exchange algorithm." RFC 5246, Section 7.4.2: here
// all is right but that the ServerHello names a suite for another key.
func TestTheCertificateOfTheServerFitsTheSuite(t *testing.T) { // HS-54
	for _, test := range []struct {
		key   fingerprint.KeyType
		suite CipherSuite
	}{
		{fingerprint.RSA2048, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
		{fingerprint.ECDSAP256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
		{fingerprint.Ed25519, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
	} {
		client, server := configs(t, fingerprint.ECDSAP256, test.key)
		client.FailureGrace = -1
		s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
		s.instead = func(to *end, n int, b []byte) [][]byte {
			if to == s.client && n == 0 {
				change := inServerHelloMessage(func(m *wire.ServerHello) { m.CipherSuite = uint16(test.suite) })
				b = withMessage(t, b, wire.TypeServerHello, func(body []byte) []byte { return change(t, body) })
			}
			return [][]byte{b}
		}
		s.start()
		s.run(time.Second, func() bool { return s.client.err != nil || s.client.read != nil })
		wantHandshakeError(t, test.key.String(), s.client.err, AlertIllegalParameter, false)
	}
}

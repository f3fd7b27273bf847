package dtlstransport

import (
	"slices"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
)

// flight4 is what the server's flight says, all of it checked.
type flight4 struct {
	hello      *wire.ServerHello
	parameters parameters
	chain      [][]byte
	peerPoint  []byte
	request    *wire.CertificateRequest // nil: no certificate is asked for

	certificate *fingerprint.Certificate // ours; nil: none fits the request

	identity, key []byte // pre-shared, ours; nil: the suite has none
}

// readFlight4 checks the server's flight in the order of its messages. It is a
// pure function of what came and what was sent.
func (c *client12) readFlight4(messages *receivedFlight) (*flight4, *AlertError) {
	f := new(flight4)
	var a *AlertError
	if f.hello, f.parameters, a = c.e.config.readServerHello(messages[inServerHello].body); a != nil {
		return nil, a
	}
	if f.parameters.suite.exchange.preShared() {
		if a = c.readPSKFlight4(f, messages); a != nil {
			return nil, a
		}
		return f, nil
	}
	certificate, err := wire.ParseCertificate(messages[inServerCertificate].body)
	if err != nil {
		return nil, parseAlert(wire.TypeCertificate, err)
	}
	if len(certificate.Chain) == 0 {
		return nil, alertf(AlertDecodeError, "server without a certificate")
	}
	f.chain = certificate.Chain
	if _, a = c.e.judgePeer(f.chain); a != nil {
		return nil, a
	}
	if a = c.readStatus(f, messages[inCertificateStatus]); a != nil {
		return nil, a
	}
	if a = c.readServerKeyExchange(f, messages[inServerKeyExchange].body); a != nil {
		return nil, a
	}
	if m := messages[inCertificateRequest]; m.present {
		if f.request, err = wire.ParseCertificateRequest(m.body); err != nil {
			return nil, parseAlert(m.typ, err)
		}
		f.certificate, f.parameters.clientScheme = c.e.config.chooseClient(f.request)
		// A server that can use none of our certificates would refuse us in the end;
		// so would one whose request was tampered with, and then another may come.
		if f.certificate == nil && c.e.config.ClientAuth == ClientAuthRequire {
			return nil, alertf(AlertHandshakeFailure, "CertificateRequest without a scheme for our certificates")
		}
	}
	if err := wire.ParseServerHelloDone(messages[inServerHelloDone].body); err != nil {
		return nil, parseAlert(wire.TypeServerHelloDone, err)
	}
	return f, nil
}

// readServerKeyExchange checks the server's ephemeral key and its signature:
//
//	SHA(ClientHello.random + ServerHello.random + ServerKeyExchange.params)
//
// RFC 8422, Section 5.4.
func (c *client12) readServerKeyExchange(f *flight4, body []byte) *AlertError {
	m, err := wire.ParseServerKeyExchange(body)
	if err != nil {
		return parseAlert(wire.TypeServerKeyExchange, err)
	}
	group := Group(m.Group)
	if !slices.Contains(c.e.config.groups(), group) {
		return alertf(AlertIllegalParameter, "ServerKeyExchange with %v, which was not offered", group)
	}
	key, keyType, err := peerKey(f.chain[0])
	if err != nil {
		return alertf(AlertUnsupportedCert, "certificate of the server: %w", err)
	}
	if !f.parameters.suite.serves(keyType) {
		return alertf(AlertIllegalParameter, "certificate of the server does not fit %v", f.parameters.suite.id)
	}
	scheme := c.e.config.scheme(m.Scheme)
	if scheme == nil || scheme.key != keyType {
		return alertf(AlertIllegalParameter, "ServerKeyExchange signed with %v", SignatureScheme(m.Scheme))
	}
	c.h.tokens--
	signed := slices.Concat(c.h.clientRandom[:], f.hello.Random[:], m.Params)
	if err := scheme.verify(key, signed, m.Signature); err != nil {
		return alertf(AlertDecryptError, "ServerKeyExchange: %w", err)
	}
	f.parameters.group, f.parameters.serverScheme = group, scheme
	f.peerPoint = m.PublicKey
	return nil
}

// judgeFlight4 takes the server's flight, if it is acceptable, and sends flight
// 5.
func (c *client12) judgeFlight4(now time.Time, seq uint16, messages *receivedFlight) *AlertError {
	f, a := c.readFlight4(messages)
	if a != nil {
		return a
	}
	next, a := c.newChoice(f, seq, messages)
	if a != nil {
		return a
	}
	// From here on the flight counts.
	c.helloSeq = seq
	if len(c.choices) == maxChoices {
		c.forget(c.choices[0])
		c.choices = slices.Delete(c.choices, 0, 1)
	}
	c.choices = append(c.choices, next)
	c.use(next)
	c.h.accept(now, 0, next.last)
	c.h.inbox[0].Restart(seq) // see judgeRival
	c.h.send(now, next.flight5...)
	c.state = client12Flight6
	c.h.changed = true
	return nil
}

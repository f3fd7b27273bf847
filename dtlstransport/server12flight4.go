package dtlstransport

import (
	"crypto/ecdh"
	"crypto/rand"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/flight"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
)

// judgeFlight1 takes the ClientHello, if it is acceptable, and sends flight 4.
func (s *server12) judgeFlight1(now time.Time) *AlertError {
	in := &s.h.inbox[0]
	// A client that was asked for a cookie, by whomever, begins with a message_seq
	// above 0.
	for seq := in.Next(); seq <= in.Next()+maxHelloVerifyRequests; seq++ {
		messages, complete, a := server12Grammar[server12Flight1].match(in, seq, s.flight())
		if a != nil {
			return a
		}
		if complete {
			return s.answerHello(now, messages[0], false)
		}
	}
	return nil
}

// answerHello takes a ClientHello and sends flight 4. One that is a rival of another
// is answered in full.
func (s *server12) answerHello(now time.Time, m received, rival bool) *AlertError {
	h, config := s.h, s.e.config
	hello, err := wire.ParseClientHello(m.body)
	if err != nil {
		return parseAlert(wire.TypeClientHello, err)
	}
	p, certificate, a := config.negotiate(hello)
	if a != nil {
		return a
	}
	p.agreeConnectionIDs(s.e.localCID, &hello.Extensions)
	p.agreeHeartbeat(config.Heartbeat, &hello.Extensions)
	if old, renew, a := s.resumable(now, hello); rival {
		// The client may have taken a full flight already: see answerRival.
	} else if a != nil {
		return a
	} else if old != nil {
		return s.resume(now, m, hello, p, old, renew)
	}
	status, a := config.statusFor(hello, certificate)
	if a != nil {
		return a
	}
	h.tokens--
	random := newRandom()
	private, exchange, a := p.serverExchange(certificate, hello.Random, random)
	if a != nil {
		return a
	}

	// From here on the hello counts.
	h.clientRandom, h.serverRandom = hello.Random, random
	s.private = private
	s.e.parameters, s.e.certificate = p, certificate
	h.transcript.addReceived(m)
	// "The first message each side transmits in each handshake always has
	// message_seq = 0", but for the HelloVerifyRequest that may have come before,
	// which mirrored the client's number (RFC 6347, Section 4.2.2).
	h.sendSeq = m.seq
	answer := serverHello(hello, &p, random)
	s.e.answerConnectionID(hello, &answer)
	s.e.config.answerHeartbeat(hello, &answer)
	answer.HasStatusRequest = len(status) > 0
	s.tickets, s.id = false, nil // of a rival
	if p.extendedMasterSecret {
		s.tickets = config.Tickets != nil && hello.HasSessionTicket
		answer.HasSessionTicket = s.tickets
		if config.Sessions != nil && !s.tickets {
			s.id = newSessionID()
			answer.SessionID = s.id
		}
	}
	flight4 := s.flight4(&answer, status, &exchange)
	for _, m := range flight4 {
		h.transcript.add(m.Bytes)
	}
	h.accept(now, 0, m.seq)
	h.inbox[0].Restart(m.seq) // see answerRival
	h.send(now, flight4...)
	s.state = server12Flight5
	h.changed = true
	return nil
}

// serverExchange makes a server's half of the key exchange: its ephemeral key, if the suite has one, and
// what ServerKeyExchange says, signed if there is a certificate.
func (p *parameters) serverExchange(certificate *fingerprint.Certificate, client, server wire.Random) (private *ecdh.PrivateKey, m wire.ServerKeyExchange, a *AlertError) {
	m.Group = uint16(p.group)
	var err error
	if p.suite.exchange.ephemeral() {
		if private, err = p.group.curve().GenerateKey(rand.Reader); err != nil {
			return nil, m, alertf(AlertInternalError, "%w", err)
		}
		m.PublicKey = private.PublicKey().Bytes()
	}
	if certificate != nil {
		m.Scheme = uint16(p.serverScheme.id)
		signed := make([]byte, 0, len(client)+len(server)+4+len(m.PublicKey))
		signed = append(append(signed, client[:]...), server[:]...)
		signed = wire.AppendServerECDHParams(signed, m.Group, m.PublicKey)
		if m.Signature, err = p.serverScheme.sign(certificate.Signer(), signed); err != nil {
			return nil, m, alertf(AlertInternalError, "signing: %w", err)
		}
	}
	return private, m, nil
}

// flight4Room is what flight 4 has besides certificates, status, key and signature, in
// bytes: five headers of 12, a ServerHello of 72 with a session and some 60 of
// extensions, 8 around the key and the signature, 25 of CertificateRequest.
const flight4Room = 256

// flight4 makes the messages of flight 4. status is the OCSP response in it; empty: none.
func (s *server12) flight4(hello *wire.ServerHello, status []byte, exchange *wire.ServerKeyExchange) []flight.Message {
	h, config, certificate := s.h, s.e.config, s.e.certificate
	var chain wire.Certificate
	if certificate != nil {
		chain.Chain = certificate.Chain()
	}
	room := flight4Room + len(status) + len(exchange.PublicKey) + len(exchange.Signature)
	for _, der := range chain.Chain {
		room += len(der)
	}
	h.makeRoom(room)
	messages := append(make([]flight.Message, 0, 6), h.message(wire.TypeServerHello, hello.Append))
	if certificate == nil {
		messages = s.appendPSKExchange(messages, &s.e.parameters, exchange.PublicKey)
	} else {
		messages = append(messages, h.message(wire.TypeCertificate, chain.Append))
		if len(status) > 0 {
			messages = append(messages, h.message(wire.TypeCertificateStatus, (&wire.CertificateStatus{Response: status}).Append))
		}
		messages = append(messages, h.message(wire.TypeServerKeyExchange, exchange.Append))
		if config.ClientAuth != InsecureClientAuthNone {
			request := wire.CertificateRequest{Types: []uint8{certTypeECDSASign, certTypeRSASign}, SignatureAlgorithms: config.offeredSchemes()}
			messages = append(messages, h.message(wire.TypeCertificateRequest, request.Append))
		}
	}
	return append(messages, h.message(wire.TypeServerHelloDone, func(b []byte) []byte { return b }))
}

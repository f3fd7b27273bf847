package dtlstransport

import (
	"errors"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// flight5 is what the client's flight says, as far as it is in the clear, all
// of it checked.
type flight5 struct {
	chain     [][]byte // empty: the client is anybody
	peerPoint []byte
	scheme    *schemeInfo // nil with chain
}

// matchFlight5 reads the client's flight as far as it is in the clear, and
// returns the number of its last message. "This message is only sent following a
// client certificate that has signing capability": CertificateVerify, RFC 5246,
// Section 7.4.8; and who is not asked for a certificate sends neither.
func (s *server12) matchFlight5() (messages receivedFlight, last uint16, complete bool, a *AlertError) {
	in, whole := &s.h.inbox[0], server12Grammar[server12Flight5]
	first := in.Next() + 1 // behind the hello, see answerRival
	from, to := 0, len(whole)
	if s.e.config.ClientAuth == InsecureClientAuthNone {
		from, to = inClientKeyExchange, inCertificateVerify
	} else if typ, body, ok := in.Message(first); ok && typ == wire.TypeCertificate && len(body) == 3 {
		to = inCertificateVerify // the length of a chain, and nothing in it
	}
	part, complete, a := whole[from:to].match(in, first, s.flight())
	if a != nil || !complete {
		return messages, 0, false, a
	}
	copy(messages[from:to], part[:])
	return messages, messages[to-1].seq, true, nil
}

// readFlight5 checks the client's flight. covered is the transcript up to and
// including ClientKeyExchange, which the CertificateVerify signs. Nothing is
// computed with the client's ephemeral key before that.
func (s *server12) readFlight5(messages *receivedFlight, covered *transcript) (f flight5, a *AlertError) {
	if m := messages[inClientCertificate]; m.present {
		certificate, err := wire.ParseCertificate(m.body)
		if err != nil {
			return f, parseAlert(wire.TypeCertificate, err)
		}
		f.chain = certificate.Chain
	}
	if len(f.chain) == 0 && s.e.config.ClientAuth == ClientAuthRequire {
		// "If the client does not send any certificates, the server MAY at its
		// discretion either continue the handshake without client authentication, or
		// respond with a fatal handshake_failure alert." RFC 5246, Section 7.4.6.
		return f, alertf(AlertHandshakeFailure, "client without a certificate")
	}
	if _, a := s.e.judgePeer(f.chain); a != nil {
		return f, a
	}
	exchange, err := wire.ParseClientKeyExchange(messages[inClientKeyExchange].body)
	if err != nil {
		return f, parseAlert(wire.TypeClientKeyExchange, err)
	}
	f.peerPoint = exchange.PublicKey
	if len(f.chain) == 0 {
		return f, nil
	}
	m, err := wire.ParseCertificateVerify(messages[inCertificateVerify].body)
	if err != nil {
		return f, parseAlert(wire.TypeCertificateVerify, err)
	}
	key, keyType, err := peerKey(f.chain[0])
	if err != nil {
		return f, alertf(AlertUnsupportedCert, "certificate of the client: %w", err)
	}
	f.scheme = s.e.config.scheme(m.Scheme)
	if f.scheme == nil || f.scheme.key != keyType {
		return f, alertf(AlertIllegalParameter, "CertificateVerify with %v", SignatureScheme(m.Scheme))
	}
	s.h.tokens--
	if err := f.scheme.verify(key, covered.messages, m.Signature); err != nil {
		return f, alertf(AlertDecryptError, "CertificateVerify: %w", err)
	}
	return f, nil
}

// judgeFlight5 takes the client's flight as far as it is in the clear, which
// gives the keys for the rest.
func (s *server12) judgeFlight5(now time.Time) *AlertError {
	h := s.h
	messages, last, complete, a := s.matchFlight5()
	if a != nil || !complete {
		return a
	}
	// A copy: nothing is changed yet.
	t := h.transcript
	t.addReceived(messages[inClientCertificate])
	t.addReceived(messages[inClientKeyExchange])
	f, a := s.readFlight5(&messages, &t)
	switch {
	case a == nil:
	case errors.Is(a, errSignature) && s.answerRival(now):
		return nil
	default:
		return a
	}
	preMaster, err := sharedSecret(s.private, f.peerPoint)
	if err != nil {
		return alertf(AlertIllegalParameter, "ClientKeyExchange: %w", err)
	}
	var sessionHash []byte
	if s.e.parameters.extendedMasterSecret {
		sessionHash = t.sum(s.e.parameters.suite.hash)
	}
	schedule := newSchedule12(&s.e.parameters, h.clientRandom, h.serverRandom, preMaster, sessionHash)
	clear(preMaster)
	sealer, opener, err := s.e.protection(schedule, &s.e.parameters)
	if err != nil {
		return alertf(AlertInternalError, "%w", err)
	}

	t.addReceived(messages[inCertificateVerify])
	s.takeFlight5(&f, t, schedule, sealer, opener, last)
	return nil
}

// takeFlight5 goes on to the client's Finished. t is the transcript before it,
// last the number of the last message in the clear.
func (s *server12) takeFlight5(f *flight5, t transcript, schedule *schedule12, sealer *record.Sealer, opener *record.Opener, last uint16) {
	h := s.h
	h.transcript = t
	s.private = nil
	s.e.parameters.clientScheme = f.scheme
	s.e.schedule = schedule
	s.e.chain = append([][]byte{}, f.chain...) // not nil, even if it is empty
	s.e.write[1], s.e.read = sealer, opener
	// The flight is not over: our own goes on being repeated until its Finished
	// has come, but what spoke against it is disproved.
	h.clearHints()
	for i := range h.inbox {
		h.inbox[i].Consume(last + 1)
	}
	s.state = server12Finished
	h.changed = true
}

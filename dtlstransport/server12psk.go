package dtlstransport

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"slices"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/flight"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// server12PSKFlight5 is the client's flight, as far as it is in the clear, under
// a suite with a pre-shared key; see client12PSKFlight4 for the figure.
var server12PSKFlight5 = grammar{{typ: wire.TypeClientKeyExchange}}

// appendPSKExchange appends what a server says under such a suite between its
// ServerHello and ServerHelloDone. public is its ephemeral key; nil: there is none.
func (s *server12) appendPSKExchange(flight4 []flight.Message, p *parameters, public []byte) []flight.Message {
	hint := s.e.config.PSK.Hint
	// "If no hint is provided, the ServerKeyExchange message is omitted." RFC 4279,
	// Section 2.
	if public == nil && len(hint) == 0 {
		return flight4
	}
	m := wire.PSKServerKeyExchange{Hint: hint, Group: uint16(p.group), PublicKey: public}
	return append(flight4, s.h.message(wire.TypeServerKeyExchange, m.Append))
}

// pskFlight5 is what the client's flight says, all of it checked, the Finished
// too.
type pskFlight5 struct {
	identity   []byte // aliases the message
	keyHash    [32]byte
	transcript transcript
	schedule   *schedule12
}

// judgePSKFlight5 takes the client's flight. Anybody can make its
// ClientKeyExchange, so nothing counts before the Finished behind it, which is
// looked for among the records that wait for their keys.
func (s *server12) judgePSKFlight5(now time.Time) *AlertError {
	h := s.h
	messages, complete, a := server12PSKFlight5.match(&h.inbox[0], h.inbox[0].Next()+1, s.flight())
	if a != nil || !complete || !h.ccsSeen {
		return a
	}
	f, a := s.readPSKFlight5(messages[0])
	switch {
	case a == nil && f == nil:
		return nil
	case a == nil:
	case errors.Is(a, errWrongKey) && s.answerRival(now):
		return nil
	default:
		return a
	}
	sealer, opener, err := s.e.protection(f.schedule, &s.e.parameters)
	if err != nil {
		return alertf(AlertInternalError, "%w", err)
	}
	s.e.identity, s.e.keyHash = bytes.Clone(f.identity), f.keyHash
	s.takeFlight5(&flight5{}, f.transcript, f.schedule, sealer, opener, messages[0].seq)
	return nil
}

// readPSKFlight5 checks the flight that m is the first message of. It returns
// neither a flight nor a refusal while the Finished is not there.
func (s *server12) readPSKFlight5(m received) (*pskFlight5, *AlertError) {
	h, suite := s.h, s.e.parameters.suite
	if !slices.ContainsFunc(h.early, mayBeHandshake) {
		return nil, nil
	}
	exchange, err := wire.ParsePSKClientKeyExchange(m.body, suite.exchange.ephemeral())
	if err != nil {
		return nil, parseAlert(m.typ, err)
	}
	h.tokens--
	var shared []byte
	if s.private != nil {
		if shared, err = sharedSecret(s.private, exchange.PublicKey); err != nil {
			return nil, alertf(AlertIllegalParameter, "ClientKeyExchange: %w", err)
		}
	}
	f := &pskFlight5{identity: exchange.Identity, transcript: h.transcript}
	f.transcript.addReceived(m)
	var sessionHash []byte
	if s.e.parameters.extendedMasterSecret {
		sessionHash = f.transcript.sum(suite.hash)
	}
	key := s.e.config.PSK.keyFor(exchange.Identity)
	preMaster := pskPreMaster(shared, key)
	f.keyHash = sha256.Sum256(key)
	f.schedule = newSchedule12(&s.e.parameters, h.clientRandom, h.serverRandom, preMaster, sessionHash)
	clear(preMaster)
	finished, opened, a := s.e.findFinished(f.schedule, &s.e.parameters, h.early, m.seq+1, s.flight())
	switch {
	case a != nil:
		return nil, a
	case finished == nil && opened:
		return nil, nil // a part of it
	case finished == nil:
		return nil, alertf(AlertDecryptError, "%w", errWrongKey)
	}
	want := f.schedule.verifyData(RoleClient, &f.transcript)
	if got, err := wire.ParseFinished(finished.body); err != nil || subtle.ConstantTimeCompare(got.VerifyData[:], want[:]) != 1 {
		return nil, alertf(AlertDecryptError, "%w", errWrongKey)
	}
	return f, nil
}

package dtlstransport

import (
	"crypto/sha256"
	"slices"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// client12PSKFlight4 is flight 4 of a server that has a key in common with us:
//
//	Client                                          Server
//	------                                          ------
//	ClientHello             -------->
//	                                           ServerHello
//	                                    ServerKeyExchange*
//	                        <--------      ServerHelloDone
//	ClientKeyExchange
//	[ChangeCipherSpec]
//	Finished                -------->
//	                                    [ChangeCipherSpec]
//	                        <--------             Finished
//
// RFC 4279, Section 2. With ECDHE the ServerKeyExchange is always there: RFC 5489,
// Section 2.
//
// Nothing in it is signed, so that anybody can make one. Who has taken such a
// flight finds the genuine one by client12.judgeRival.
var client12PSKFlight4 = grammar{{typ: wire.TypeServerHello}, {typ: wire.TypeServerKeyExchange, optional: true}, {typ: wire.TypeServerHelloDone}}

// matchFlight4 reads the flight behind the hello with the given message_seq. Its
// messages are in the places of the full flight.
func (c *client12) matchFlight4(seq uint16) (messages receivedFlight, complete bool, a *AlertError) {
	in := &c.h.inbox[0]
	if typ, body, ok := in.Message(seq); ok && typ == wire.TypeServerHello {
		number, _ := wire.PeekCipherSuite(body)
		if suite := CipherSuite(number).info(); suite != nil && suite.exchange.preShared() {
			part, complete, a := client12PSKFlight4.match(in, seq, c.flight())
			if a != nil || !complete {
				return messages, false, a
			}
			messages[inServerHello], messages[inServerKeyExchange], messages[inServerHelloDone] = part[0], part[1], part[2]
			return messages, true, nil
		}
	}
	if a := c.matchStatus(seq); a != nil {
		return messages, false, a
	}
	return client12Grammar[client12Flight4].match(in, seq, c.flight())
}

// keyHash returns the hash of the pre-shared key that a session is kept with.
func (f *flight4) keyHash() (sum [32]byte) {
	if f.key != nil {
		sum = sha256.Sum256(f.key)
	}
	return sum
}

// readPSKFlight4 checks what follows the ServerHello under a suite with a
// pre-shared key.
func (c *client12) readPSKFlight4(f *flight4, messages *receivedFlight) *AlertError {
	if _, a := c.e.judgeProof(f.parameters.suite, nil); a != nil {
		return a
	}
	ephemeral := f.parameters.suite.exchange.ephemeral()
	var hint []byte
	if m := messages[inServerKeyExchange]; m.present {
		exchange, err := wire.ParsePSKServerKeyExchange(m.body, ephemeral)
		if err != nil {
			return parseAlert(m.typ, err)
		}
		hint = exchange.Hint
		if ephemeral {
			f.parameters.group, f.peerPoint = Group(exchange.Group), exchange.PublicKey
			if !slices.Contains(c.e.config.groups(), f.parameters.group) {
				return alertf(AlertIllegalParameter, "ServerKeyExchange with %v, which was not offered", f.parameters.group)
			}
		}
	} else if ephemeral {
		return alertf(AlertUnexpectedMessage, "ServerHelloDone without a ServerKeyExchange under %v", f.parameters.suite.id)
	}
	if err := wire.ParseServerHelloDone(messages[inServerHelloDone].body); err != nil {
		return parseAlert(wire.TypeServerHelloDone, err)
	}
	var a *AlertError
	c.h.tokens--
	f.identity, f.key, a = c.e.config.PSK.identityFor(hint)
	return a
}

package main

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/rtctransport/rtctransport/interop/hostile/forge"
)

// derived returns what an observer can make of all that has been sent so far on a stage: every datagram again, every
// message alone with one field changed, and the datagrams with that message in them.
func derived(s *stage) (all []attack) {
	add := func(to int, name string, datagram []byte) {
		// Nothing that is larger than a datagram can be.
		if len(datagram) > 0 && len(datagram) < 1<<16 && !slices.ContainsFunc(all, func(a attack) bool { return a.to == to && bytes.Equal(a.datagram, datagram) }) {
			all = append(all, attack{name: name, to: to, datagram: datagram})
		}
	}
	for from, datagrams := range s.sent {
		to := 1 - from
		for n, b := range datagrams {
			add(to, fmt.Sprintf("datagram %d of %d", n, from), b)
			add(from, fmt.Sprintf("datagram %d of %d reflected", n, from), b)
			for i, r := range forge.Records(b) {
				if r.Epoch > 0 { // nothing but noise can be made of it
					r.Body = bytes.Clone(r.Body)
					r.Body[len(r.Body)-1] ^= 1
					add(to, fmt.Sprintf("record %d of datagram %d of %d damaged", i, n, from), r.Append(nil))
				}
			}
		}
		messages := forge.Messages(datagrams...)
		for _, m := range messages {
			add(to, fmt.Sprintf("message %d of %d", m.Type, from), forge.One(0, m))
			for _, change := range changes(m) {
				altered := change.to(m.Clone())
				name := fmt.Sprintf("message %d of %d with %s", m.Type, from, change.name)
				add(to, name, forge.One(0, altered))
				for n, b := range datagrams {
					if b, ok := forge.Replace(b, m.Type, func(old forge.Message) forge.Message {
						if old.Seq != m.Seq {
							return old
						}
						return change.to(old)
					}); ok {
						add(to, fmt.Sprintf("%s, in datagram %d", name, n), b)
					}
				}
				// The whole flight in one datagram, whatever the genuine one is in.
				if flight := flightOf(messages, m); len(flight) > 1 {
					flight[slices.IndexFunc(flight, func(x forge.Message) bool { return x.Type == m.Type })] = altered
					add(to, name+", in its flight", forge.Pack(1<<14, 0, flight...)[0])
				}
			}
		}
		for n, b := range datagrams {
			for _, typ := range []byte{forge.CertificateRequest, forge.Certificate, forge.CertificateVerify, forge.ServerHelloDone, forge.NewSessionTicket} {
				if b, ok := forge.Without(b, typ); ok {
					add(to, fmt.Sprintf("datagram %d of %d without message %d", n, from, typ), b)
				}
			}
		}
		if from == client {
			asServer(s, messages, add)
			asClient(s, messages, add)
		}
	}
	return all
}

// flightOf returns the messages of one end that go out together with m: all but hellos of a client and what they are
// answered with before the server makes up its mind.
func flightOf(messages []forge.Message, m forge.Message) (flight []forge.Message) {
	alone := func(typ byte) bool { return typ == forge.TypeClientHello || typ == forge.HelloVerifyRequest }
	if alone(m.Type) {
		return nil
	}
	for _, x := range messages {
		if !alone(x.Type) {
			flight = append(flight, x)
		}
	}
	return flight
}

// asServer is the attacker who answers hellos with a certificate of its own and a signature that verifies, or ends a
// genuine flight early.
func asServer(s *stage, fromClient []forge.Message, add func(int, string, []byte)) {
	for _, m := range fromClient {
		if m.Type != forge.TypeClientHello {
			continue
		}
		hello := forge.Hello{Version: forge.Version12, Suite: forge.AES128GCM}.With(forge.ExtendedMasterSecret, nil)
		flight := strangersFlight4(m.Seq, forge.ParseClientHello(m.Body).Random, hello)
		add(client, "the attacker's flight 4", forge.Pack(1<<14, 0, flight...)[0])
		add(client, "the attacker's flight 4 with the server's certificate", forge.Pack(1<<14, 0, slices.Concat(flight[:1],
			[]forge.Message{{Type: forge.Certificate, Seq: m.Seq + 1, Body: forge.Chain(certificates[server].Chain()...)}}, flight[2:])...)[0])
		hello.SessionID = forge.ParseClientHello(m.Body).SessionID
		resumed := forge.Pack(1<<14, 0, forge.Message{Type: forge.TypeServerHello, Seq: m.Seq, Body: hello.Server()})[0]
		resumed = append(resumed, forge.Plain(forge.ChangeCipherSpec, 1, []byte{1})...)
		resumed = forge.Record{Type: forge.Handshake, Version: forge.Version12, Epoch: 1, Body: random(48)}.Append(resumed)
		add(client, "the attacker resumes", resumed)
		for _, cookie := range []string{"", "a forged cookie"} {
			add(client, "the attacker wants a cookie", forge.One(0, forge.Message{Type: forge.HelloVerifyRequest, Seq: m.Seq, Body: forge.VerifyRequest([]byte(cookie))}))
		}
	}
	fromServer := forge.Messages(s.sent[server]...)
	for i, m := range fromServer {
		if m.Type == forge.TypeServerHello || m.Type == forge.HelloVerifyRequest {
			continue
		}
		early := forge.Message{Type: forge.ServerHelloDone, Seq: m.Seq}
		add(client, fmt.Sprintf("Done in place of message %d", m.Type), forge.One(0, early))
		add(client, fmt.Sprintf("flight 4 with Done in place of message %d", m.Type), forge.Pack(1<<14, 0, append(slices.Clone(fromServer[:i]), early)...)[0])
	}
}

// asClient is the attacker who answers flight 4 with a certificate of its own and a signature that verifies, for each
// transcript that could be meant.
func asClient(s *stage, fromClient []forge.Message, add func(int, string, []byte)) {
	var through []byte
	hellos := slices.DeleteFunc(slices.Clone(fromClient), func(m forge.Message) bool { return m.Type != forge.TypeClientHello })
	flight4 := slices.DeleteFunc(forge.Messages(s.sent[server]...), func(m forge.Message) bool { return m.Type == forge.HelloVerifyRequest })
	if len(hellos) == 0 || len(flight4) < 4 {
		return
	}
	through = hellos[len(hellos)-1].Whole()
	for _, m := range flight4 {
		through = append(through, m.Whole()...)
	}
	seq := hellos[len(hellos)-1].Seq
	certificate := forge.Message{Type: forge.Certificate, Seq: seq + 1, Body: forge.Chain(attacker.Chain()...)}
	exchange := forge.Message{Type: forge.ClientKeyExchange, Seq: seq + 2, Body: append([]byte{32}, forge.Key().PublicKey().Bytes()...)}
	through = slices.Concat(through, certificate.Whole(), exchange.Whole())
	verify := forge.Message{Type: forge.CertificateVerify, Seq: seq + 3, Body: forge.Verify(attacker.Signer(), through)}
	add(server, "the attacker's flight 5", forge.Pack(1<<14, 0, certificate, exchange, verify)[0])
	certificate.Body = forge.Chain(certificates[client].Chain()...)
	add(server, "the attacker's flight 5 with the client's certificate", forge.Pack(1<<14, 0, certificate, exchange, verify)[0])
	certificate.Body = forge.Chain()
	exchange.Seq--
	add(server, "the attacker's flight 5 without a certificate", forge.Pack(1<<14, 0, certificate, exchange)[0])
}

package main

import (
	"bytes"
	"crypto/ecdh"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/interop/hostile/forge"
)

// An actor is a peer that holds the keys and says what it is told to, in any order: each symbol is one message, made as
// if it were due.
type actor struct {
	role   int
	kind   trace
	engine *end

	heard    [][]byte // what the engine sent
	hello    forge.Message
	cookie   []byte
	random   [32]byte
	said     []byte // its messages and the engine's since the hello, as a transcript has them
	heardSeq int    // how many of the engine's messages are in said
	exchange []byte // said, through ClientKeyExchange; nil: there was none
	seq      uint16 // of its next message
	number   uint64 // of its next record in the clear
	key      *ecdh.PrivateKey
	resumed  struct{ id, master []byte }
}

// say gives the engine one symbol.
func (a *actor) say(symbol byte) {
	var m forge.Message
	switch symbol {
	case 'S':
		a.give(forge.Plain(forge.ChangeCipherSpec, a.count(), []byte{1}))
		return
	case 'D':
		a.give(forge.Plain(forge.ApplicationData, a.count(), []byte("data")))
		return
	case 'A':
		a.give(forge.Plain(forge.Alert, a.count(), []byte{1, 90}))
		return
	case 'Z':
		a.give(forge.One(a.count(), forge.Message{Type: forge.HelloRequest, Seq: a.seq}))
		return
	case 'H', 'K', 'Q':
		m = a.opening(symbol)
	case 'C':
		m = forge.Message{Type: forge.Certificate, Body: forge.Chain(certificates[a.role].Chain()...)}
	case 'E':
		m = forge.Message{Type: forge.Certificate, Body: forge.Chain()}
	case 'X':
		m = a.keyExchange()
	case 'V':
		m = forge.Message{Type: forge.CertificateVerify, Body: forge.Verify(certificates[a.role].Signer(), a.transcript())}
	case 'R':
		m = forge.Message{Type: forge.CertificateRequest, Body: forge.Request([]byte{64}, []uint16{forge.ECDSASHA256}, nil)}
	case 'O':
		m = forge.Message{Type: forge.ServerHelloDone}
	case 'T':
		m = forge.Message{Type: forge.NewSessionTicket, Body: []byte{0, 0, 1, 0, 0, 3, 1, 2, 3}}
	case 'F', 'f':
		a.finish(symbol == 'F')
		return
	}
	m.Seq = a.seq
	a.tell(m)
	if symbol == 'X' && a.role == client {
		a.exchange = bytes.Clone(a.said)
	}
	a.give(forge.One(a.count(), m))
}

func (a *actor) count() uint64 { a.number++; return a.number - 1 }

// tell notes a message of the actor's as said.
func (a *actor) tell(m forge.Message) {
	a.said = append(a.transcript(), m.Whole()...)
	if a.role == client && m.Type == forge.TypeClientHello {
		a.hello, a.said, a.heardSeq = m, m.Whole(), 0
		a.exchange = nil
	}
	a.seq++
}

// give has the engine take a datagram, and hears what it says to it.
func (a *actor) give(b []byte) {
	_ = a.engine.HandleDatagram(epochZero, b)
	a.hear()
}

func (a *actor) hear() {
	for event := a.engine.NextEvent(); event.Kind != dtlstransport.NoEvent; event = a.engine.NextEvent() {
		a.engine.connected = a.engine.connected || event.Kind == dtlstransport.EventConnected
	}
	for b, ok := a.engine.AppendDatagram(nil); ok; b, ok = a.engine.AppendDatagram(nil) {
		a.heard = append(a.heard, b)
		for _, m := range forge.Messages(b) {
			if m.Type == forge.HelloVerifyRequest {
				a.cookie = m.Body[3:]
			}
			if a.role == server && m.Type == forge.TypeClientHello {
				a.hello = m
			}
		}
	}
}

// transcript returns what was said so far, with what the engine has answered to the hello.
func (a *actor) transcript() []byte {
	if a.role == server {
		return slices.Clip(append(a.said, a.engineFlight()...))
	}
	t := slices.Clip(a.said)
	answers := slices.DeleteFunc(forge.Messages(a.heard...), func(m forge.Message) bool {
		return m.Type == forge.HelloVerifyRequest || m.Seq < a.hello.Seq
	})
	for _, m := range answers[min(a.heardSeq, len(answers)):] {
		t = append(t, m.Whole()...)
	}
	a.heardSeq = len(answers)
	a.said = t
	if a.kind.resumes && a.role == client && len(answers) == 1 {
		t = append(slices.Clip(t), a.protected()...)
	}
	return t
}

// engineFlight returns the messages of an engine that is the client, behind its hello, Finished included, not yet in said.
func (a *actor) engineFlight() (t []byte) {
	messages := slices.DeleteFunc(forge.Messages(a.heard...), func(m forge.Message) bool { return m.Type == forge.TypeClientHello })
	if len(messages) == 0 || a.heardSeq > 0 || a.kind.resumes {
		return nil
	}
	for _, m := range messages {
		t = append(t, m.Whole()...)
		if m.Type == forge.ClientKeyExchange {
			a.exchange = append(slices.Clone(a.said), t...)
		}
	}
	a.heardSeq = len(messages)
	a.said = append(a.said, t...)
	finished := a.protected()
	a.said = append(a.said, finished...)
	return finished[:0]
}

// protected returns the engine's Finished, opened.
func (a *actor) protected() []byte {
	master := a.master()
	if master == nil {
		return nil
	}
	keys := a.keys(master)[1-a.role]
	for _, b := range a.heard {
		for _, r := range forge.Records(b) {
			if r.Epoch == 1 && r.Type == forge.Handshake {
				if content, ok := keys.Open(r); ok {
					return content
				}
			}
		}
	}
	return nil
}

// opening returns a hello, or a HelloVerifyRequest.
func (a *actor) opening(symbol byte) forge.Message {
	switch {
	case symbol == 'Q':
		return forge.Message{Type: forge.HelloVerifyRequest, Body: forge.VerifyRequest([]byte{'q', byte(a.seq)})}
	case a.role == server:
		offered := forge.ParseClientHello(a.hello.Body)
		h := forge.Hello{Version: forge.Version12, Random: a.random, Suite: a.kind.suite()}.With(forge.ExtendedMasterSecret, nil)
		if a.kind.resumes {
			h.SessionID = offered.SessionID
		}
		a.said, a.heardSeq = a.hello.Whole(), 0
		return forge.Message{Type: forge.TypeServerHello, Body: h.Server()}
	}
	h := forge.Hello{Version: forge.Version12, Random: a.random, Suites: []uint16{a.kind.suite()}, Compression: []byte{0}, SessionID: a.resumed.id}
	h = h.With(forge.SupportedGroups, []byte{0, 4, 0, 29, 0, 23}).With(forge.SignatureAlgorithms, []byte{0, 2, 4, 3})
	h = h.With(forge.ExtendedMasterSecret, nil).With(forge.RenegotiationInfo, []byte{0})
	if symbol == 'K' {
		if h.Cookie = a.cookie; h.Cookie == nil {
			h.Cookie = []byte("a cookie that nobody has made")
		}
	}
	return forge.Message{Type: forge.TypeClientHello, Body: h.Client()}
}

// keyExchange returns a ServerKeyExchange or ClientKeyExchange.
func (a *actor) keyExchange() forge.Message {
	switch {
	case a.role == client && a.kind.psk:
		return forge.Message{Type: forge.ClientKeyExchange, Body: append([]byte{0, byte(len(pskIdentity))}, pskIdentity...)}
	case a.role == client:
		return forge.Message{Type: forge.ClientKeyExchange, Body: append([]byte{32}, a.key.PublicKey().Bytes()...)}
	case len(a.hello.Body) == 0:
		return forge.Message{Type: forge.ServerKeyExchange}
	}
	return forge.Message{Type: forge.ServerKeyExchange,
		Body: forge.KeyExchange(certificates[server].Signer(), forge.ParseClientHello(a.hello.Body).Random, a.random, a.key.PublicKey().Bytes())}
}

// find returns the first message of the engine of a type.
func (a *actor) find(typ byte) (forge.Message, bool) {
	messages := forge.Messages(a.heard...)
	i := slices.IndexFunc(messages, func(m forge.Message) bool { return m.Type == typ })
	if i < 0 {
		return forge.Message{}, false
	}
	return messages[i], true
}

// master returns the master secret, or nil while it does not follow.
func (a *actor) master() []byte {
	if a.kind.resumes {
		return a.resumed.master
	}
	if a.exchange == nil {
		return nil
	}
	if a.kind.psk {
		return forge.Master(forge.PSKPreMaster(pskKey), a.exchange)
	}
	typ, at := forge.ServerKeyExchange, 4
	if a.role == server {
		typ, at = forge.ClientKeyExchange, 1
	}
	m, ok := a.find(typ)
	if !ok {
		return nil
	}
	public, err := ecdh.X25519().NewPublicKey(m.Body[at : at+32])
	if err != nil {
		return nil
	}
	shared, err := a.key.ECDH(public)
	if err != nil {
		return nil
	}
	return forge.Master(shared, a.exchange)
}

func (a *actor) keys(master []byte) [2]*forge.Keys {
	if a.role == server {
		return forge.NewKeys(master, forge.ParseClientHello(a.hello.Body).Random, a.random)
	}
	var random [32]byte
	if m, ok := a.find(forge.TypeServerHello); ok {
		random = forge.ParseServerHello(m.Body).Random
	}
	return forge.NewKeys(master, a.random, random)
}

// finish sends a Finished, in epoch 1 or in the clear.
func (a *actor) finish(protected bool) {
	t := a.transcript()
	label := []string{"client finished", "server finished"}[a.role]
	master := a.master()
	if master == nil {
		m := forge.Message{Type: forge.Finished, Seq: a.seq, Body: make([]byte, 12)}
		a.tell(m)
		r := forge.Record{Type: forge.Handshake, Version: forge.Version12, Seq: a.count(), Body: m.Whole()}
		if protected {
			r.Epoch = 1
		}
		a.give(r.Append(nil))
		return
	}
	m := forge.Message{Type: forge.Finished, Seq: a.seq, Body: forge.VerifyData(master, label, t)}
	a.seq++
	a.said = append(slices.Clip(t), m.Whole()...)
	if !protected {
		a.give(forge.One(a.count(), m))
		return
	}
	a.sealed(master, m)
}

func (a *actor) sealed(master []byte, m forge.Message) {
	keys := a.keys(master)[a.role]
	keys.Skip(a.number) // any number that was not used yet
	a.give(keys.Seal(forge.Handshake, m.Whole()))
	a.number++
}

// secretsOf reads what a key log has of the last handshake.
func secretsOf(log string) (master []byte) {
	fields := strings.Fields(log)
	master, _ = hex.DecodeString(fields[len(fields)-1])
	return master
}

// sessionIDOf returns the session_id under which a server has stored its only session.
func sessionIDOf(s store) []byte {
	for key := range s {
		id, _ := hex.DecodeString(strings.TrimPrefix(key, "server "))
		return id
	}
	return nil
}

var (
	pskIdentity = []byte("device")
	pskKey      = binary.BigEndian.AppendUint64([]byte("a key of "), 16)
)

package main

import (
	"fmt"

	"github.com/rtctransport/rtctransport/interop/hostile/forge"
)

// blind returns what a forger sends who knows addresses and certificates, and sees nothing. Another alert code is not
// another form.
func blind() (all []attack) {
	if blindForms != nil {
		return blindForms
	}
	add := func(residue bool, name string, datagram []byte) {
		for to := range 2 {
			all = append(all, attack{name, to, datagram, residue})
		}
	}
	short := func(name string, typ byte, body ...byte) { add(false, name, forge.Plain(typ, 0, body)) }
	short("fatal alert", forge.Alert, 2, 40)
	short("warning", forge.Alert, 1, 90)
	short("close_notify", forge.Alert, 1, 0)
	short("alert of no level", forge.Alert, 0, 40)
	short("alert of one byte", forge.Alert, 2)
	short("two alerts in one", forge.Alert, 2, 40, 2, 40)
	short("ChangeCipherSpec", forge.ChangeCipherSpec, 1)
	short("ChangeCipherSpec of 2", forge.ChangeCipherSpec, 2)
	short("empty ChangeCipherSpec", forge.ChangeCipherSpec)
	short("application data", forge.ApplicationData, 'h', 'i')
	short("empty application data", forge.ApplicationData)
	short("empty handshake", forge.Handshake)
	for _, typ := range []byte{0, 19, 24, 25, 26, 128, 255} {
		short(fmt.Sprintf("type %d", typ), typ, 1, 2, 3)
	}
	for _, typ := range []byte{forge.ChangeCipherSpec, forge.Alert, forge.Handshake, forge.ApplicationData} {
		for _, epoch := range []uint16{1, 2, 65535} {
			add(false, fmt.Sprintf("type %d of epoch %d", typ, epoch), forge.Record{Type: typ, Version: forge.Version12, Epoch: epoch, Body: make([]byte, 40)}.Append(nil))
		}
	}
	for _, version := range []uint16{0, 0x0303, forge.Version10, 0xfefc} {
		add(false, fmt.Sprintf("alert of version %04x", version), forge.Record{Type: forge.Alert, Version: version, Body: []byte{2, 40}}.Append(nil))
	}
	add(false, "record longer than its datagram", forge.Plain(forge.Handshake, 0, make([]byte, 60))[:40])
	add(false, "half a record header", forge.Plain(forge.Handshake, 0, nil)[:7])
	add(false, "oversize record", forge.Plain(forge.Handshake, 0, make([]byte, 1<<14+1)))
	add(false, "garbage", []byte("\x16\xfe\xfdgarbage that nobody can read, and more of it than a header has"))

	for _, typ := range []byte{forge.HelloRequest, forge.TypeClientHello, forge.TypeServerHello, forge.HelloVerifyRequest, forge.NewSessionTicket, forge.Certificate,
		forge.ServerKeyExchange, forge.CertificateRequest, forge.ServerHelloDone, forge.CertificateVerify, forge.ClientKeyExchange, forge.Finished, 24, 99} {
		residue := typ == forge.CertificateRequest || typ == forge.ServerHelloDone || typ == forge.Certificate
		for seq := range uint16(8) {
			name := fmt.Sprintf("message %d, number %d", typ, seq)
			add(residue, name+", zeros", forge.One(0, forge.Message{Type: typ, Seq: seq, Body: make([]byte, 40)}))
			add(residue, name+", empty", forge.One(0, forge.Message{Type: typ, Seq: seq}))
			add(residue, name+", as it should be", forge.One(0, forge.Message{Type: typ, Seq: seq, Body: wellFormed(typ)}))
			piece := func(name string, f forge.Fragment) {
				f.Type, f.Seq = typ, seq
				add(residue, name, forge.Plain(forge.Handshake, 0, f.Append(nil)))
			}
			piece(name+", head", forge.Fragment{Length: 300, Body: make([]byte, 1)})
			piece(name+", tail", forge.Fragment{Length: 30000, Offset: 29000, Body: make([]byte, 1000)})
			piece(name+", nothing of much", forge.Fragment{Length: 300})
			piece(name+", beyond its end", forge.Fragment{Length: 300, Offset: 290, Body: make([]byte, 40)})
			piece(name+", longer than its record", forge.Fragment{Length: 3000, Claims: 3000, Body: make([]byte, 40)})
			piece(name+", endless", forge.Fragment{Length: 1<<24 - 1, Offset: 1<<24 - 2, Body: make([]byte, 1)})
		}
	}
	// Whole flights, of somebody with a certificate of his own.
	for seq := range uint16(2) {
		flight := strangersFlight4(seq, [32]byte{}, forge.Hello{Version: forge.Version12, Suite: forge.AES128GCM}.With(forge.ExtendedMasterSecret, nil))
		add(true, fmt.Sprintf("flight 4 from number %d", seq), forge.Pack(1<<14, 0, flight...)[0])
		answer := []forge.Message{
			{Type: forge.Certificate, Seq: seq + 1, Body: forge.Chain(attacker.Chain()...)},
			{Type: forge.ClientKeyExchange, Seq: seq + 2, Body: append([]byte{32}, forge.Key().PublicKey().Bytes()...)},
			{Type: forge.CertificateVerify, Seq: seq + 3, Body: forge.Verify(attacker.Signer(), nil)},
		}
		add(true, fmt.Sprintf("flight 5 from number %d", seq+1), forge.Pack(1<<14, 0, answer...)[0])
	}
	blindForms = all
	return all
}

var blindForms []attack // made once, for it signs

// strangersFlight4 is a flight 4 with the attacker's certificate and a signature that verifies.
func strangersFlight4(seq uint16, clientRandom [32]byte, hello forge.Hello) []forge.Message {
	copy(hello.Random[:], random(32))
	return []forge.Message{
		{Type: forge.TypeServerHello, Seq: seq, Body: hello.Server()},
		{Type: forge.Certificate, Seq: seq + 1, Body: forge.Chain(attacker.Chain()...)},
		{Type: forge.ServerKeyExchange, Seq: seq + 2, Body: forge.KeyExchange(attacker.Signer(), clientRandom, hello.Random, forge.Key().PublicKey().Bytes())},
		{Type: forge.CertificateRequest, Seq: seq + 3, Body: forge.Request([]byte{64}, []uint16{forge.ECDSASHA256}, nil)},
		{Type: forge.ServerHelloDone, Seq: seq + 4},
	}
}

// wellFormed returns a body that could be genuine.
func wellFormed(typ byte) []byte {
	switch typ {
	case forge.TypeClientHello:
		h := forge.Hello{Version: forge.Version12, Suites: []uint16{forge.AES128GCM}, Compression: []byte{0}}
		copy(h.Random[:], random(32))
		h = h.With(forge.SupportedGroups, []byte{0, 2, 0, 29}).With(forge.SignatureAlgorithms, []byte{0, 2, 4, 3})
		return h.With(forge.ExtendedMasterSecret, nil).With(forge.PointFormats, []byte{1, 0}).Client()
	case forge.TypeServerHello:
		h := forge.Hello{Version: forge.Version12, Suite: forge.AES128GCM}
		copy(h.Random[:], random(32))
		return h.With(forge.ExtendedMasterSecret, nil).Server()
	case forge.HelloVerifyRequest:
		return forge.VerifyRequest([]byte("a forged cookie"))
	case forge.Certificate:
		return forge.Chain(certificates[server].Chain()...) // certificates are no secret
	case forge.ServerKeyExchange:
		return forge.KeyExchange(attacker.Signer(), [32]byte{}, [32]byte{}, forge.Key().PublicKey().Bytes())
	case forge.CertificateRequest:
		return forge.Request([]byte{64}, []uint16{forge.ECDSASHA256}, nil)
	case forge.CertificateVerify:
		return forge.Verify(attacker.Signer(), nil)
	case forge.ClientKeyExchange:
		return append([]byte{32}, forge.Key().PublicKey().Bytes()...)
	case forge.NewSessionTicket:
		return []byte{0, 0, 1, 0, 0, 3, 1, 2, 3}
	}
	return make([]byte, 12)
}

// message reports whether the datagram is one handshake message, or a piece of one.
func (a *attack) message() bool {
	return a.datagram[0] == forge.Handshake && len(a.datagram) > 25 && a.datagram[3] == 0 && a.datagram[4] == 0
}

func (a *attack) alert() bool { return a.datagram[0] == forge.Alert }

func (a *attack) hello() bool { return a.message() && a.datagram[13] == forge.TypeClientHello }

func (a *attack) verifyRequest() bool {
	return a.message() && a.datagram[13] == forge.HelloVerifyRequest
}

// renumbered returns a copy of a datagram whose first record has another number, which need not be well-formed.
func renumbered(datagram []byte, seq uint64) []byte {
	b := append([]byte(nil), datagram...)
	for i := 5; i < min(11, len(b)); i++ {
		b[i] = byte(seq >> (8 * (10 - i)))
	}
	return b
}

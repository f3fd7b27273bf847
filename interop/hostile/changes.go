package main

import (
	"fmt"
	"slices"

	"github.com/rtctransport/rtctransport/interop/hostile/forge"
)

// A change is one field of a message made another.
type change struct {
	name string
	to   func(forge.Message) forge.Message
}

// changes returns what an observer may change in a message.
func changes(m forge.Message) (all []change) {
	body := func(name string, f func(b []byte) []byte) {
		all = append(all, change{name, func(m forge.Message) forge.Message {
			m.Body = f(m.Body)
			return m
		}})
	}
	all = append(all, change{"the next number", func(m forge.Message) forge.Message { m.Seq++; return m }})
	if m.Seq > 0 {
		all = append(all, change{"the number before", func(m forge.Message) forge.Message { m.Seq--; return m }})
	}
	if len(m.Body) > 0 {
		body("another last byte", func(b []byte) []byte { b[len(b)-1] ^= 1; return b })
		body("another first byte", func(b []byte) []byte { b[0] ^= 1; return b })
		body("its last byte cut", func(b []byte) []byte { return b[:len(b)-1] })
		body("another middle", func(b []byte) []byte { b[len(b)/2] ^= 0x10; return b })
	}
	body("a byte more", func(b []byte) []byte { return append(b, 0) })
	switch m.Type {
	case forge.TypeClientHello:
		changesOfClientHello(forge.ParseClientHello(m.Body), body)
	case forge.TypeServerHello:
		changesOfServerHello(forge.ParseServerHello(m.Body), body)
	case forge.HelloVerifyRequest:
		body("another cookie", func([]byte) []byte { return forge.VerifyRequest([]byte("another cookie")) })
		body("no cookie", func([]byte) []byte { return forge.VerifyRequest(nil) })
	case forge.Certificate:
		chain := forge.ParseChain(m.Body)
		body("no certificate", func([]byte) []byte { return forge.Chain() })
		body("the attacker's certificate", func([]byte) []byte { return forge.Chain(attacker.Chain()...) })
		body("the attacker's certificate in front", func([]byte) []byte { return forge.Chain(slices.Concat(attacker.Chain(), chain)...) })
		body("the attacker's certificate behind", func([]byte) []byte { return forge.Chain(slices.Concat(chain, attacker.Chain())...) })
		body("no certificate behind", func([]byte) []byte { return forge.Chain(append(slices.Clone(chain), nil)...) })
	case forge.CertificateRequest:
		body("fewer schemes", func([]byte) []byte { return forge.Request([]byte{64}, []uint16{forge.ECDSASHA256}, nil) })
		body("schemes that nobody has", func([]byte) []byte { return forge.Request([]byte{64}, []uint16{0x0201}, nil) })
		body("another scheme first", func([]byte) []byte {
			return forge.Request([]byte{64, 1}, []uint16{0x0401, 0x0503, forge.ECDSASHA256}, nil)
		})
		body("no types", func([]byte) []byte { return forge.Request(nil, []uint16{forge.ECDSASHA256}, nil) })
		body("types of RSA", func([]byte) []byte { return forge.Request([]byte{1}, []uint16{0x0401}, nil) })
		body("an authority", func([]byte) []byte {
			return forge.Request([]byte{64}, []uint16{forge.ECDSASHA256}, []byte{0, 2, 0x30, 0})
		})
	case forge.ServerKeyExchange:
		body("another key", func(b []byte) []byte { return append(append(b[:4:4], forge.Key().PublicKey().Bytes()...), b[36:]...) })
		body("another group", func(b []byte) []byte { b[2] = 23; return b })
		body("another scheme", func(b []byte) []byte { b[36] ^= 1; return b })
	case forge.ClientKeyExchange:
		body("another key", func([]byte) []byte { return append([]byte{32}, forge.Key().PublicKey().Bytes()...) })
		body("a key of zeros", func([]byte) []byte { return append([]byte{32}, make([]byte, 32)...) })
	case forge.CertificateVerify:
		body("another scheme", func(b []byte) []byte { b[0]++; return b })
		body("a signature of the attacker", func([]byte) []byte { return forge.Verify(attacker.Signer(), nil) })
	case forge.NewSessionTicket:
		body("another ticket", func([]byte) []byte { return []byte{0, 0, 1, 0, 0, 3, 1, 2, 3} })
	}
	return all
}

func changesOfClientHello(hello forge.Hello, body func(string, func([]byte) []byte)) {
	with := func(name string, change func(forge.Hello) forge.Hello) {
		body(name, func([]byte) []byte { return change(hello).Client() })
	}
	with("the first suite only", func(h forge.Hello) forge.Hello { h.Suites = h.Suites[:1]; return h })
	with("all but the first suite", func(h forge.Hello) forge.Hello { h.Suites = h.Suites[1:]; return h })
	with("the last suite only", func(h forge.Hello) forge.Hello { h.Suites = h.Suites[len(h.Suites)-1:]; return h })
	with("one more suite", func(h forge.Hello) forge.Hello { h.Suites = append(slices.Clip(h.Suites), 0x00ff); return h })
	with("suites that nobody has", func(h forge.Hello) forge.Hello { h.Suites = []uint16{0x002f}; return h })
	with("another session_id", func(h forge.Hello) forge.Hello { h.SessionID = []byte("another session"); return h })
	with("no session_id", func(h forge.Hello) forge.Hello { h.SessionID = nil; return h })
	with("another cookie", func(h forge.Hello) forge.Hello { h.Cookie = []byte("another cookie"); return h })
	with("no cookie", func(h forge.Hello) forge.Hello { h.Cookie = nil; return h })
	with("another random", func(h forge.Hello) forge.Hello { h.Random[7] ^= 1; return h })
	with("version 1.0", func(h forge.Hello) forge.Hello { h.Version = forge.Version10; return h })
	with("version 1.3", func(h forge.Hello) forge.Hello { h.Version = 0xfefc; return h })
	with("compression", func(h forge.Hello) forge.Hello { h.Compression = []byte{1, 0}; return h })
	with("no null compression", func(h forge.Hello) forge.Hello { h.Compression = []byte{1}; return h })
	with("no extensions", func(h forge.Hello) forge.Hello { h.Extensions = nil; return h })
	with("extensions in another order", func(h forge.Hello) forge.Hello {
		h.Extensions = slices.Clone(h.Extensions)
		slices.Reverse(h.Extensions)
		return h
	})
	with("P-256 only", func(h forge.Hello) forge.Hello { return h.With(forge.SupportedGroups, []byte{0, 2, 0, 23}) })
	with("X25519 only", func(h forge.Hello) forge.Hello { return h.With(forge.SupportedGroups, []byte{0, 2, 0, 29}) })
	with("one scheme", func(h forge.Hello) forge.Hello { return h.With(forge.SignatureAlgorithms, []byte{0, 2, 4, 3}) })
	with("RSA schemes only", func(h forge.Hello) forge.Hello { return h.With(forge.SignatureAlgorithms, []byte{0, 2, 4, 1}) })
	with("one SRTP profile", func(h forge.Hello) forge.Hello { return h.With(forge.UseSRTP, []byte{0, 2, 0, 1, 0}) })
	with("an MKI", func(h forge.Hello) forge.Hello { return h.With(forge.UseSRTP, []byte{0, 2, 0, 1, 1, 9}) })
	with("ALPN", func(h forge.Hello) forge.Hello { return h.With(forge.ALPN, []byte{0, 3, 2, 'h', '2'}) })
	with("an unknown extension", func(h forge.Hello) forge.Hello { return h.With(0x1a1a, []byte{1}) })
	with("renegotiation", func(h forge.Hello) forge.Hello { return h.With(forge.RenegotiationInfo, []byte{1, 9}) })
	with("a ticket", func(h forge.Hello) forge.Hello { return h.With(forge.SessionTicket, []byte("ticket")) })
	for _, x := range hello.Extensions {
		with(fmt.Sprintf("no extension %d", x.Type), func(h forge.Hello) forge.Hello { return h.Without(x.Type) })
		with(fmt.Sprintf("extension %d empty", x.Type), func(h forge.Hello) forge.Hello { return h.With(x.Type, nil) })
	}
}

func changesOfServerHello(hello forge.Hello, body func(string, func([]byte) []byte)) {
	with := func(name string, change func(forge.Hello) forge.Hello) {
		body(name, func([]byte) []byte { return change(hello).Server() })
	}
	with("another random", func(h forge.Hello) forge.Hello { h.Random[7] ^= 1; return h })
	with("version 1.0", func(h forge.Hello) forge.Hello { h.Version = forge.Version10; return h })
	with("compression", func(h forge.Hello) forge.Hello { h.Method = 1; return h })
	with("a session_id", func(h forge.Hello) forge.Hello { h.SessionID = []byte("another session"); return h })
	with("no session_id", func(h forge.Hello) forge.Hello { h.SessionID = nil; return h })
	for _, suite := range []uint16{0xc02b, 0xc02c, 0xcca9, 0xc02f, 0xc009, 0x1301, 0} {
		with(fmt.Sprintf("suite %04x", suite), func(h forge.Hello) forge.Hello { h.Suite = suite; return h })
	}
	with("no extensions", func(h forge.Hello) forge.Hello { h.Extensions = nil; return h })
	with("ALPN", func(h forge.Hello) forge.Hello { return h.With(forge.ALPN, []byte{0, 3, 2, 'h', '2'}) })
	with("a ticket to come", func(h forge.Hello) forge.Hello { return h.With(forge.SessionTicket, nil) })
	with("an unknown extension", func(h forge.Hello) forge.Hello { return h.With(0x1a1a, []byte{1}) })
	with("renegotiation", func(h forge.Hello) forge.Hello { return h.With(forge.RenegotiationInfo, []byte{1, 9}) })
	for _, profile := range []byte{1, 2, 7, 8} {
		with(fmt.Sprintf("SRTP profile %d", profile), func(h forge.Hello) forge.Hello { return h.With(forge.UseSRTP, []byte{0, 2, 0, profile, 0}) })
	}
	for _, x := range hello.Extensions {
		with(fmt.Sprintf("no extension %d", x.Type), func(h forge.Hello) forge.Hello { return h.Without(x.Type) })
	}
}

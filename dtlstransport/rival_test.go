package dtlstransport

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// altered returns a copy of a datagram of flight 4 in which one message is
// changed.
func altered(t *testing.T, datagram []byte, typ wire.HandshakeType, change func(body []byte) []byte) []byte {
	t.Helper()
	var out []byte
	for b := datagram; len(b) > 0; {
		r, rest, ok := record.Next(b)
		if !ok {
			t.Fatal("no record")
		}
		h, body, _, err := wire.ParseFragment(r.Body())
		if err != nil || h.Length != h.FragmentLength {
			t.Fatal("the flight is not in one datagram")
		}
		if h.Type == typ {
			body = change(bytes.Clone(body))
			h.Length, h.FragmentLength = uint32(len(body)), uint32(len(body))
		}
		out = record.AppendAs(out, r.Number.Seq, r.Type, r.Version, append(wire.AppendHeader(nil, h), body...))
		b = rest
	}
	return out
}

// An observer overtakes the server's flight with a copy that verifies: what it
// changed is not under the signature.
func TestAnOvertakingFlightWithUnsignedChangesEndsNothing(t *testing.T) {
	for name, change := range map[string]struct {
		typ    wire.HandshakeType
		change func(body []byte) []byte
	}{
		"fewer schemes asked for": {wire.TypeCertificateRequest, func(b []byte) []byte {
			m, _ := wire.ParseCertificateRequest(b)
			m.SignatureAlgorithms = m.SignatureAlgorithms[:3]
			return m.Append(nil)
		}},
		"an authority asked for": {wire.TypeCertificateRequest, func(b []byte) []byte {
			m, _ := wire.ParseCertificateRequest(b)
			m.Authorities = [][]byte{{0x30, 0}}
			return m.Append(nil)
		}},
		"a certificate behind the leaf": {wire.TypeCertificate, func(b []byte) []byte {
			m, _ := wire.ParseCertificate(b)
			m.Chain = append(slices.Clone(m.Chain), []byte{0x30, 0})
			return m.Append(nil)
		}},
		"another SRTP profile": {wire.TypeServerHello, func(b []byte) []byte {
			m, _ := wire.ParseServerHello(b)
			m.UseSRTP.Profiles[0] = 1
			return m.Append(nil)
		}},
		"another suite": {wire.TypeServerHello, func(b []byte) []byte {
			m, _ := wire.ParseServerHello(b)
			m.CipherSuite = uint16(TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256)
			return m.Append(nil)
		}},
		"a session_id": {wire.TypeServerHello, func(b []byte) []byte {
			m, _ := wire.ParseServerHello(b)
			m.SessionID = []byte("forged")
			return m.Append(nil)
		}},
		"no SRTP": {wire.TypeServerHello, func(b []byte) []byte {
			m, _ := wire.ParseServerHello(b)
			m.UseSRTP = nil
			return m.Append(nil)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
			p := newPair(t, client, server, netsim.Config{Delay: 25 * time.Millisecond})
			p.start()
			p.step(p.now.Add(time.Second)) // the hello arrives
			var genuine []byte
			p.server.out.Rewind()
			genuine, _ = p.server.AppendDatagram(nil)
			p.client.note(p.client.HandleDatagram(p.now, altered(t, genuine, change.typ, change.change)))
			p.flush(p.client)
			if p.client.ConnectionState().CipherSuite == 0 {
				t.Fatal("the altered flight was not taken: the test shows nothing")
			}
			if !p.run(time.Minute, p.bothConnected) {
				t.Fatalf("client %v, server %v", p.client.err, p.server.err)
			}
			if elapsed := p.now.Sub(epochZero); elapsed > time.Second {
				t.Errorf("connected after %v", elapsed)
			}
			a, b := p.client.ConnectionState(), p.server.ConnectionState()
			if a.SRTPProfile != b.SRTPProfile || a.CipherSuite != b.CipherSuite || len(a.PeerCertificates) != 1 || a.RoundTrips != 2 {
				t.Errorf("states %+v and %+v", a, b)
			}
			p.checkTraffic(t)
		})
	}
}

// An observer overtakes the client's hello with a copy that has the same random.
func TestAnOvertakingHelloWithChangesEndsNothing(t *testing.T) {
	for name, change := range map[string]func(m *wire.ClientHello){
		"one suite only":   func(m *wire.ClientHello) { m.CipherSuites = m.CipherSuites[:1] },
		"another suite":    func(m *wire.ClientHello) { m.CipherSuites = m.CipherSuites[2:3] },
		"no SRTP":          func(m *wire.ClientHello) { m.UseSRTP = nil },
		"another group":    func(m *wire.ClientHello) { m.SupportedGroups = m.SupportedGroups[1:] },
		"a session_id":     func(m *wire.ClientHello) { m.SessionID = []byte("forged") },
		"other schemes":    func(m *wire.ClientHello) { m.SignatureAlgorithms = m.SignatureAlgorithms[:1] },
		"nothing we could": func(m *wire.ClientHello) { m.CipherSuites = []uint16{0x002f} },
	} {
		for _, cookies := range []*Cookies{nil, NewCookies()} {
			t.Run(fmt.Sprintf("%s, cookies %v", name, cookies != nil), func(t *testing.T) {
				client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
				server.Cookies = cookies
				p := newPair(t, client, server, netsim.Config{Delay: 25 * time.Millisecond})
				p.start()
				if cookies != nil { // as far as the hello with the cookie
					p.step(p.now.Add(time.Second))
					p.step(p.now.Add(time.Second))
				}
				overtakeHello(t, p, change)
				a, b := p.client.ConnectionState(), p.server.ConnectionState()
				if a.SRTPProfile != b.SRTPProfile || a.SRTPProfile == 0 || a.CipherSuite != client.cipherSuites()[0] || a.CipherSuite != b.CipherSuite || a.Group != X25519 {
					t.Errorf("states %+v and %+v", a, b)
				}
				p.checkTraffic(t)
			})
		}
	}
}

// overtakeHello gives the server a changed copy of the hello that the client has just sent, ahead of it. Both connect all
// the same, and soon.
func overtakeHello(t *testing.T, p *pair, change func(m *wire.ClientHello)) {
	t.Helper()
	p.client.out.Rewind()
	genuine, _ := p.client.AppendDatagram(nil)
	copied := altered(t, genuine, wire.TypeClientHello, func(b []byte) []byte {
		m, err := wire.ParseClientHello(b)
		if err != nil {
			t.Fatal(err)
		}
		change(m)
		return m.Append(nil)
	})
	p.server.note(p.server.HandleDatagram(p.now, copied))
	p.flush(p.server)
	if !p.run(time.Minute, p.bothConnected) {
		t.Fatalf("client %v, server %v", p.client.err, p.server.err)
	}
	if elapsed := p.now.Sub(epochZero); elapsed > 1500*time.Millisecond {
		t.Errorf("connected after %v", elapsed)
	}
}

// The same where a session is to be resumed: the server's Finished is then over another
// hello than the client's, or the server does not find the session.
func TestAnOvertakingHelloOfAResumptionEndsNothing(t *testing.T) {
	for name, change := range map[string]func(m *wire.ClientHello){
		"one suite only":     func(m *wire.ClientHello) { m.CipherSuites = m.CipherSuites[:1] },
		"no SRTP":            func(m *wire.ClientHello) { m.UseSRTP = nil },
		"another session_id": func(m *wire.ClientHello) { m.SessionID = []byte("forged") },
		"no session_id":      func(m *wire.ClientHello) { m.SessionID = nil },
	} {
		t.Run(name, func(t *testing.T) {
			client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
			client.Sessions, server.Sessions = sessionMap{}, sessionMap{}
			client.NoTickets = true
			shakenHands(t, client, server)
			p := newPair(t, client, server, netsim.Config{Delay: 25 * time.Millisecond})
			p.start()
			overtakeHello(t, p, change)
			a, b := p.client.ConnectionState(), p.server.ConnectionState()
			if a.SRTPProfile != b.SRTPProfile || a.SRTPProfile == 0 || a.Resumed || b.Resumed {
				t.Errorf("states %+v and %+v", a, b)
			}
			p.checkTraffic(t)
		})
	}
}

// The copy offers an extended master secret, with which a session would be kept, and the client does not.
func TestAnOvertakingHelloLeavesNoSessionBehind(t *testing.T) {
	for _, tickets := range []TicketSealer{nil, NewTicketKeys([32]byte{1})} {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		client.ExtendedMasterSecret, server.ExtendedMasterSecret = InsecureEMSOff, EMSRequest
		client.Sessions, server.Sessions, server.Tickets = sessionMap{}, sessionMap{}, tickets
		p := newPair(t, client, server, netsim.Config{Delay: 25 * time.Millisecond})
		p.start()
		overtakeHello(t, p, func(m *wire.ClientHello) { m.ExtendedMasterSecret = true })
		if n := len(client.Sessions.(sessionMap)) + len(server.Sessions.(sessionMap)); n > 0 || p.server.sessionKey != "" {
			t.Errorf("%d sessions kept", n)
		}
		p.checkTraffic(t)
	}
}

// A forged flight that comes when the server has already accepted the answer to its
// own costs a timeout, and no more: the client goes on with both.
func TestARivalOfAFlightThatWasAnsweredEndsNothing(t *testing.T) {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	lost := false
	p := newPair(t, client, server, netsim.Config{Delay: 25 * time.Millisecond, Decide: func(d netsim.Direction, n int) netsim.Fate {
		return netsim.Fate{Drop: lost && d == netsim.BtoA}
	}})
	p.start()
	p.step(p.now.Add(time.Second)) // the hello arrives
	p.server.out.Rewind()
	genuine, _ := p.server.AppendDatagram(nil)
	lost = true
	p.run(time.Minute, func() bool { return p.server.connected && p.client.Stats().Retransmissions > 0 })
	p.client.note(p.client.HandleDatagram(p.now, altered(t, genuine, wire.TypeCertificateRequest, func(b []byte) []byte {
		m, _ := wire.ParseCertificateRequest(b)
		m.Authorities = [][]byte{{0x30, 0}}
		return m.Append(nil)
	})))
	p.flush(p.client)
	if n := len(p.client.side.(*client12).choices); n != 2 {
		t.Fatalf("%d choices: the altered flight was not taken, the test shows nothing", n)
	}
	lost = false
	if !p.run(3*time.Second, p.bothConnected) {
		t.Fatalf("client %v, server %v", p.client.err, p.server.err)
	}
	p.checkTraffic(t)
}

// A copy of the hello under another number, which no client takes an answer to.
func TestAnOvertakingHelloUnderAnotherNumberEndsNothing(t *testing.T) {
	for seq := range uint16(6) {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		p := newPair(t, client, server, netsim.Config{Delay: 25 * time.Millisecond})
		p.start()
		p.client.out.Rewind()
		copied, _ := p.client.AppendDatagram(nil)
		copied[record.HeaderLen+5] = byte(seq)
		p.server.note(p.server.HandleDatagram(p.now, copied))
		p.flush(p.server)
		if !p.run(3*time.Second, p.bothConnected) {
			t.Errorf("number %d: client %v, server %v", seq, p.client.err, p.server.err)
		}
	}
}

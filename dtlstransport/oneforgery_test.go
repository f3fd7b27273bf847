package dtlstransport

import (
	"bytes"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// handshakeRecord puts a fragment into a record of epoch 0.
func handshakeRecord(h wire.Header, fragment []byte) []byte {
	return record.AppendAs(nil, 0, record.TypeHandshake, record.Version12, append(wire.AppendHeader(nil, h), fragment...))
}

// forgedBodies are what a forger who sees nothing may put into a message, by
// what is wrong with it.
func forgedBodies(t *testing.T, typ wire.HandshakeType, seq uint16) map[string][]byte {
	whole := func(body []byte) []byte {
		return handshakeRecord(wire.Header{Type: typ, Seq: seq, Length: uint32(len(body)), FragmentLength: uint32(len(body))}, body)
	}
	valid := make([]byte, 12)
	stranger, _ := configs(t, fingerprint.ECDSAP384, fingerprint.ECDSAP256)
	switch typ {
	case wire.TypeClientHello:
		valid = stranger.clientHello(newRandom(), nil, sessionOffer{}).Append(nil)
	case wire.TypeHelloVerifyRequest:
		valid = (&wire.HelloVerifyRequest{Version: record.Version10, Cookie: []byte("12345678901234567890")}).Append(nil)
	case wire.TypeServerHello:
		m := wire.ServerHello{Version: record.Version12, Random: newRandom(), CipherSuite: uint16(TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)}
		m.ExtendedMasterSecret = true
		valid = m.Append(nil)
	case wire.TypeCertificate:
		valid = (&wire.Certificate{Chain: stranger.Certificates[0].Chain()}).Append(nil)
	case wire.TypeCertificateRequest:
		valid = (&wire.CertificateRequest{Types: []byte{certTypeECDSASign}, SignatureAlgorithms: []uint16{uint16(ECDSAP256SHA256)}}).Append(nil)
	}
	return map[string][]byte{
		"zeros": whole(make([]byte, 40)),
		"empty": whole(nil),
		"valid": whole(valid),
		"tail":  handshakeRecord(wire.Header{Type: typ, Seq: seq, Length: 30000, FragmentOffset: 29000, FragmentLength: 1000}, make([]byte, 1000)),
		"head":  handshakeRecord(wire.Header{Type: typ, Seq: seq, Length: 300, FragmentLength: 1}, make([]byte, 1)),
	}
}

// sampled picks one in n of the cases of an enumeration. All of them take 40 s
// and passed when this was written; n is prime to the sizes of the loops, so that
// every value of each still meets every other.
func sampled(counter *int, n int) bool {
	*counter++
	return *counter%n == 0
}

func TestOneForgedMessageEndsNoHandshake(t *testing.T) { // HS-03, HS-06, HS-27, HS-49
	types := []wire.HandshakeType{0, 1, 2, 3, 4, 11, 12, 13, 14, 15, 16, 20, 99}
	counter := 0
	for _, cookies := range []*Cookies{nil, NewCookies()} {
		for _, typ := range types {
			for seq := range uint16(8) {
				for at := range 8 {
					for name, forged := range forgedBodies(t, typ, seq) {
						for _, toServer := range []bool{false, true} {
							if !sampled(&counter, 11) {
								continue
							}
							client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
							server.Cookies = cookies
							p := newPair(t, client, server, netsim.Config{Delay: 25 * time.Millisecond})
							p.start()
							for range at {
								p.step(p.now.Add(time.Second))
							}
							to := p.client
							if toServer {
								to = p.server
							}
							to.note(to.HandleDatagram(p.now, bytes.Clone(forged)))
							p.flush(to)
							if !p.run(70*time.Second, p.bothConnected) {
								t.Errorf("cookies %v, %v with message_seq %d (%s), to the server %v, at step %d: client %v, server %v",
									cookies != nil, typ, seq, name, toServer, at, p.client.err, p.server.err)
							}
						}
					}
				}
			}
		}
	}
}

func TestOneAlteredCopyEndsNoHandshake(t *testing.T) { // HS-05, HS-06
	alterations := map[string]func(b []byte) []byte{
		"as it is":              func(b []byte) []byte { return b },
		"another record number": func(b []byte) []byte { b[5] = 0xff; return b },
		"half of it":            func(b []byte) []byte { return b[:len(b)/2] },
		"its last byte":         func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"a byte of its body":    func(b []byte) []byte { b[min(60, len(b)-1)] ^= 1; return b },
		"another message_seq":   func(b []byte) []byte { b[min(record.HeaderLen+5, len(b)-1)]++; return b },
	}
	counter := 0
	for _, cookies := range []*Cookies{nil, NewCookies()} {
		for _, size := range []int{300, 1200} {
			for at := range 20 {
				for copied := range 20 {
					for name, alter := range alterations {
						for _, toServer := range []bool{false, true} {
							if !sampled(&counter, 7) {
								continue
							}
							client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
							client.MaxDatagramSize, server.MaxDatagramSize, server.Cookies = size, size, cookies
							p := newPair(t, client, server, netsim.Config{Delay: 25 * time.Millisecond})
							var seen [][]byte
							p.tap = func(b []byte) { seen = append(seen, bytes.Clone(b)) }
							p.start()
							for range at {
								p.step(p.now.Add(time.Second))
							}
							if copied >= len(seen) {
								continue
							}
							to := p.client
							if toServer {
								to = p.server
							}
							to.note(to.HandleDatagram(p.now, alter(bytes.Clone(seen[copied]))))
							p.flush(to)
							if !p.run(70*time.Second, p.bothConnected) {
								t.Errorf("cookies %v, datagrams of %d, a copy of datagram %d with %s, to the server %v, at step %d: client %v, server %v",
									cookies != nil, size, copied, name, toServer, at, p.client.err, p.server.err)
							}
						}
					}
				}
			}
		}
	}
}

// A forged message that is refused is sent once. A peer that begins after FailureGrace is not late for it, in either role;
// the verdict on a flight that a peer means, and so repeats, is another test's (TestAGenuineFailureIsReportedWithinFailureGrace).
func TestARefusedMessageThatNobodyRepeatsIsNoVerdict(t *testing.T) { // ALERT-03
	const late = 3 * time.Second // DefaultFailureGrace is 2 s
	for _, to := range []Role{RoleClient, RoleServer} {
		s := newQuickScene(t)
		e := s.client
		forged := plainFragment(wire.Header{Type: wire.TypeServerHelloDone}, nil)
		if to == RoleServer {
			e = s.server
			forged = plainFragment(wire.Header{Type: wire.TypeFinished, Length: 12, FragmentLength: 12}, make([]byte, 12))
		}
		s.instead = func(_ *end, _ int, b []byte) [][]byte {
			if s.now.Before(epochZero.Add(late)) {
				return nil
			}
			return [][]byte{b}
		}
		s.start()
		s.inject(e, forged)
		if len(e.hs.hints) != 1 {
			t.Fatalf("to the %s: %d hints", e.name, len(e.hs.hints))
		}
		if !s.run(time.Minute, s.bothConnected) {
			t.Errorf("to the %s: client %v, server %v", e.name, s.client.err, s.server.err)
		}
	}
}

// What a peer means it says again, or by an alert, and then the time is up after FailureGrace, not more.
func TestAGenuineFailureIsReportedWithinFailureGrace(t *testing.T) { // ALERT-03
	for _, alert := range []bool{false, true} {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		if alert {
			server.FailureGrace = -1
			server.CipherSuites, client.CipherSuites = []CipherSuite{TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}, []CipherSuite{TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}
		} else {
			client.RemoteFingerprints = strangers(t)
		}
		s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
		s.start()
		s.run(time.Minute, func() bool { return s.client.err != nil })
		// The hint comes after one round trip.
		if elapsed := s.now.Sub(epochZero); s.client.err == nil || elapsed > 2*sceneDelay+client.failureGrace() {
			t.Errorf("an alert %v: %v after %v", alert, s.client.err, elapsed)
		}
	}
}

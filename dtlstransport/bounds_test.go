package dtlstransport

import (
	"bytes"
	"crypto"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// A flood makes datagram i of a forger.
type flood func(r *rand.Rand, i int) []byte

// floodFragment returns one in a record that pretends to be the last of its epoch.
func floodFragment(h wire.Header, fragment []byte) []byte {
	return plainRecord(record.TypeHandshake, 0, lastRecordSeq, append(wire.AppendHeader(nil, h), fragment...))
}

var floods = map[string]flood{
	"early records": func(r *rand.Rand, i int) []byte { // REC-16
		return plainRecord([]record.ContentType{record.TypeHandshake, record.TypeApplicationData}[i%2], 1, uint64(i), make([]byte, 24+r.IntN(3000)))
	},
	"large early records": func(_ *rand.Rand, i int) []byte {
		return plainRecord(record.TypeHandshake, 1, lastRecordSeq-uint64(i), make([]byte, 16<<10))
	},
	"future epochs": func(r *rand.Rand, i int) []byte { // REC-17
		return plainRecord(record.TypeHandshake, uint16(2+r.IntN(1<<16-2)), uint64(i), make([]byte, 1000))
	},
	"fragments of all messages": func(r *rand.Rand, i int) []byte { // HS-09
		n := 1 + r.IntN(1000)
		offset := r.IntN(30000)
		h := wire.Header{Type: machineTypes[1+i/100%12], Length: 32 << 10, Seq: uint16(i % 12), FragmentOffset: uint32(offset), FragmentLength: uint32(n)}
		return floodFragment(h, make([]byte, n))
	},
	"bytes of all messages": func(_ *rand.Rand, i int) []byte {
		h := wire.Header{Type: wire.TypeCertificate, Length: 32 << 10, Seq: uint16(i % 12), FragmentOffset: uint32(i / 12 * 2), FragmentLength: 1}
		return floodFragment(h, make([]byte, 1))
	},
	"claims of size": func(_ *rand.Rand, i int) []byte {
		h := wire.Header{Type: wire.TypeClientHello, Length: 1<<24 - 1, Seq: uint16(i), FragmentOffset: 1<<24 - 2, FragmentLength: 1}
		return floodFragment(h, make([]byte, 1))
	},
	"contradicting messages": func(r *rand.Rand, i int) []byte { // HS-06
		b := make([]byte, 1+r.IntN(1200))
		for k := range b {
			b[k] = byte(r.Uint32())
		}
		h := wire.Header{Type: machineTypes[1+r.IntN(12)], Length: uint32(len(b)), Seq: uint16(r.IntN(8)), FragmentLength: uint32(len(b))}
		return floodFragment(h, b)
	},
	"records of the last number": func(_ *rand.Rand, i int) []byte { // REC-41
		types := []record.ContentType{record.TypeAlert, record.TypeChangeCipherSpec, record.TypeHandshake, record.TypeApplicationData, 24, 25, 26, 99}
		return plainRecord(types[i%len(types)], 0, lastRecordSeq, []byte{2, 40})
	},
	"messages without bytes": func(_ *rand.Rand, i int) []byte { // HS-08
		return floodFragment(wire.Header{Type: wire.HandshakeType(i), Length: uint32(i % 3 * 1000), Seq: uint16(i % 16)}, nil)
	},
	"HelloVerifyRequests": func(_ *rand.Rand, i int) []byte { // HS-26
		return forgedVerifyRequest(uint16(i%8), string(bytes.Repeat([]byte{byte(i), byte(i >> 8)}, 100)))
	},
	"all of them": nil,
}

func init() {
	var all []flood
	for _, name := range []string{"early records", "large early records", "future epochs", "fragments of all messages", "bytes of all messages",
		"contradicting messages", "records of the last number", "HelloVerifyRequests"} {
		all = append(all, floods[name])
	}
	floods["all of them"] = func(r *rand.Rand, i int) []byte { return all[r.IntN(len(all))](r, i) }
}

// maxEngineMemory is what a half-open engine may hold, in bytes, with all that is
// forged for it.
const maxEngineMemory = 64 << 10

func TestFloodsOfHalfOpenEnginesAreBoundedAndTheGenuinePeerGetsThrough(t *testing.T) { // REC-16, REC-17, REC-41, HS-09, HS-38, ALERT-10
	const engines, datagrams = 6, 400
	sceneIn(t, "client connected", false) // whatever is made once is there
	for name, forge := range floods {
		for _, state := range []string{"client12Flight4", "client12Flight6", "server12Flight1", "server12Flight5", "server12Finished"} {
			scenes := make([]*scene, 0, engines)
			var buf []byte
			heap := func() uint64 {
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				return m.HeapAlloc
			}
			before := heap()
			for seed := range uint64(engines) {
				s, e := sceneIn(t, state, false)
				scenes = append(scenes, s)
				r := rand.New(rand.NewPCG(seed, 1))
				sent := 0
				for i := range datagrams {
					e.note(e.HandleDatagram(s.now, forge(r, i)))
					if kinds, _ := e.kinds(); len(kinds) > 0 {
						t.Fatalf("%s, %s: events %v", name, state, kinds)
					}
					for ok := true; ok; {
						// A HelloVerifyRequest, of 48 bytes, answers a hello twice its size.
						if buf, ok = e.AppendDatagram(buf[:0]); ok && len(buf) != 48 {
							sent++
						}
					}
				}
				if limit := maxHelloVerifyRequests + 1 + maxFlightAnswers; sent > limit {
					t.Errorf("%s, %s: %d datagrams in answer, want at most %d", name, state, sent, limit)
				}
			}
			if each := (int64(heap()) - int64(before)) / engines; each > maxEngineMemory {
				t.Errorf("%s, %s: %d bytes for each engine and its scene, want at most %d", name, state, each, maxEngineMemory)
			}
			s := scenes[0]
			s.instead = nil
			if !s.run(30*time.Second, s.bothConnected) {
				t.Errorf("%s, %s: not connected: client %v, server %v", name, state, s.client.err, s.server.err)
				continue
			}
			s.checkTraffic(t)
			for _, e := range []*end{s.client, s.server} {
				if e.hs != nil || e.early != nil { // HS-10, REC-16
					t.Errorf("%s, %s: %s keeps what came for the handshake", name, state, e.name)
				}
			}
			runtime.KeepAlive(scenes)
		}
	}
}

// RTX-04: a flight of the peer under ever new record numbers is no reason to
// go on answering.
func TestAReplayedFlightIsAnsweredSoOften(t *testing.T) {
	for _, state := range []string{"client12Flight6", "server12Flight5"} {
		s, e := sceneIn(t, state, false)
		other := s.other(e)
		other.out.Rewind() // the flight that e has answered
		b, ok := other.AppendDatagram(nil)
		if !ok || other.out.Pending() {
			t.Fatal("not a flight of one datagram")
		}
		sent := e.datagrams
		for i := range 10000 {
			copied := bytes.Clone(b)
			copied[8], copied[9] = 1+byte(i>>8), byte(i) // another record number
			s.inject(e, copied)
		}
		if n := e.datagrams - sent; n == 0 || n > maxFlightAnswers {
			t.Errorf("%s: %d answers to 10000 copies, want 1 to %d", state, n, maxFlightAnswers)
		}
		if !s.run(5*time.Second, s.bothConnected) {
			t.Errorf("%s: not connected: %v, %v", state, s.client.err, s.server.err)
		}
	}
}

// countingSigner counts signatures.
type countingSigner struct {
	crypto.Signer
	n int
}

func (c *countingSigner) Sign(r io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	c.n++
	return c.Signer.Sign(r, digest, o)
}

func TestForgedHellosCostFewSignatures(t *testing.T) { // ALERT-10
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	signer := &countingSigner{Signer: server.Certificates[0].Signer()}
	counted, err := fingerprint.New(signer, server.Certificates[0].Chain()...)
	if err != nil {
		t.Fatal(err)
	}
	signer.n = 0
	server.Certificates = []*fingerprint.Certificate{counted}
	for _, cookies := range []*Cookies{nil, NewCookies()} {
		signer.n = 0
		server.Cookies = cookies
		s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
		for range 1000 {
			s.server.note(s.server.HandleDatagram(s.now, strangerHello(t)))
			for _, ok := s.server.AppendDatagram(nil); ok; _, ok = s.server.AppendDatagram(nil) {
			}
		}
		if want := map[bool]int{true: 1, false: 0}[cookies == nil]; signer.n != want {
			t.Errorf("cookies %v: %d signatures for 1000 hellos, want %d", cookies != nil, signer.n, want)
		}
		s.start()
		if !s.run(30*time.Second, s.bothConnected) {
			t.Errorf("cookies %v: client %v, server %v", cookies != nil, s.client.err, s.server.err)
		}
	}
}

// Whoever sees the server's flight can send as many of it as he likes with a
// signature that does not verify. Each costs a verification, so there are few.
func TestForgedSignaturesCostFewVerifications(t *testing.T) { // ALERT-10, HS-21, HS-49
	s := newQuickScene(t)
	var forged [][]byte
	s.before = func(to *end, n int, b []byte) [][]byte {
		if to != s.client || n != 0 {
			return nil
		}
		for i := range 200 {
			forged = append(forged, withMessage(t, b, wire.TypeServerKeyExchange, func(body []byte) []byte {
				body[len(body)-1-i%30] ^= byte(1 + i/30)
				return body
			}))
		}
		return forged
	}
	s.start()
	if !s.run(30*time.Second, s.bothConnected) {
		t.Fatalf("client %v, server %v", s.client.err, s.server.err)
	}
	// The genuine flight is judged when there are tokens again, after a timeout of ours.
	if elapsed := s.now.Sub(epochZero); elapsed < 4*sceneDelay || elapsed > 2*time.Second {
		t.Errorf("connected after %v", elapsed)
	}
	if s.client.Stats().Retransmissions == 0 {
		t.Error("all of the forged flights were judged at once")
	}
}

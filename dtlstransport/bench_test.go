package dtlstransport

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/keying"
)

// shakenHands returns both ends of an association, connected in memory.
func shakenHands(t testing.TB, client, server *Config) (a, b *Engine) {
	t.Helper()
	a, errA := NewEngine(RoleClient, client)
	b, errB := NewEngine(RoleServer, server)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	buf := make([]byte, 0, 2048)
	if err := a.Start(epochZero); err != nil {
		t.Fatal(err)
	}
	for from, to := a, b; !a.connected || !b.connected; from, to = to, from {
		for {
			datagram, ok := from.AppendDatagram(buf)
			if !ok {
				break
			}
			if err := to.HandleDatagram(epochZero, datagram); err != nil {
				t.Fatal(err)
			}
		}
	}
	return a, b
}

// besideFloor runs ours and the floor that no implementation can go below in
// turns, and reports the median of the ratios of neighbouring rounds: other load
// on the machine then falls on both alike. ns/op is that of ours. Where another program has the other half of the core,
// short work of ours loses more to it than the long loops of the floor: the ratio of the fastest tenths is the one
// undisturbed.
func besideFloor(b *testing.B, perRound int, ours, floor func()) {
	b.ReportAllocs()
	var ratios []float64
	var took, floors []time.Duration
	var spent, bare time.Duration
	rounds := 0
	for b.Loop() {
		a := timed(perRound, ours)
		b.StopTimer() // takes its time, too
		f := timed(perRound, floor)
		b.StartTimer()
		spent, bare = spent+a, bare+f
		ratios = append(ratios, float64(a)/float64(f))
		took, floors = append(took, a), append(floors, f)
		rounds++
	}
	slices.Sort(ratios)
	slices.Sort(took)
	slices.Sort(floors)
	b.ReportMetric(float64(spent.Nanoseconds())/float64(rounds*perRound), "ns/op")
	b.ReportMetric(float64(bare.Nanoseconds())/float64(rounds*perRound), "floor-ns/op")
	b.ReportMetric(ratios[len(ratios)/2], "x-floor")
	b.ReportMetric(float64(took[rounds/10])/float64(floors[rounds/10]), "undisturbed-x-floor")
}

// timed returns how long n calls of f take.
func timed(n int, f func()) time.Duration {
	start := time.Now()
	for range n {
		f()
	}
	return time.Since(start)
}

// BenchmarkHandshake is a full handshake with certificates on both sides, both
// of them on one core: ECDSA P-256, X25519, AES-128-GCM, extended master secret,
// use_srtp. The floor is its public-key operations and PRFs.
func BenchmarkHandshake(b *testing.B) {
	client, server := benchmarkConfigs(b)
	besideFloor(b, 1, func() { shakenHands(b, client, server) }, handshakeFloor(b))
}

// handshakeFloor returns what no implementation of that handshake can do
// without.
func handshakeFloor(b *testing.B) func() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	digest := sha256.Sum256([]byte("what is signed"))
	random, out := make([]byte, 32), make([]byte, 40)
	return func() {
		for range 2 { // ServerKeyExchange, CertificateVerify
			signature, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
			if err != nil || !ecdsa.VerifyASN1(&key.PublicKey, digest[:], signature) {
				b.Fatal("signature", err)
			}
		}
		x, errX := ecdh.X25519().GenerateKey(rand.Reader)
		y, errY := ecdh.X25519().GenerateKey(rand.Reader)
		if errX != nil || errY != nil {
			b.Fatal(errX, errY)
		}
		for _, side := range []struct {
			own  *ecdh.PrivateKey
			peer *ecdh.PublicKey
		}{{x, y.PublicKey()}, {y, x.PublicKey()}} {
			secret, err := side.own.ECDH(side.peer)
			if err != nil {
				b.Fatal(err)
			}
			master := keying.ExtendedMasterSecret(crypto.SHA256, secret, random)
			prf := keying.NewSecret(crypto.SHA256, master)
			prf.KeyBlock(out, random, random)
			prf.VerifyData(RoleClient, random)
			prf.VerifyData(RoleServer, random)
		}
	}
}

// BenchmarkResumedHandshake is an abbreviated handshake, both sides.
func BenchmarkResumedHandshake(b *testing.B) {
	client, server := benchmarkConfigs(b)
	client.Sessions, server.Sessions = sessionMap{}, sessionMap{}
	shakenHands(b, client, server)
	b.ReportAllocs()
	for b.Loop() {
		if a, _ := shakenHands(b, client, server); a.resumed == nil {
			b.Fatal("not resumed")
		}
	}
}

const benchmarkRecord = 1200 // bytes

// BenchmarkRecord seals and opens a record of 1,200 bytes through two engines.
// The floor is the AEAD of that record. One round is a hundred records.
func BenchmarkRecord(b *testing.B) {
	client, server := benchmarkConfigs(b)
	x, y := shakenHands(b, client, server)
	message, buf := make([]byte, benchmarkRecord), make([]byte, 0, 2048)
	besideFloor(b, 100, func() { exchange(b, x, y, message, buf) }, recordFloor(b))
}

func benchmarkConfigs(t testing.TB) (client, server *Config) {
	return configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
}

// exchange sends one record from x to y.
func exchange(t testing.TB, x, y *Engine, message, buf []byte) {
	datagram, err := x.AppendApplicationData(buf, message)
	if err != nil {
		t.Fatal(err)
	}
	if err := y.HandleDatagram(epochZero, datagram); err != nil {
		t.Fatal(err)
	}
	if e := y.NextEvent(); e.Kind != EventData || len(e.Data) != len(message) {
		t.Fatal("no data")
	}
}

// recordFloor returns the AEAD of that record and nothing else.
func recordFloor(b *testing.B) func() {
	block, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		b.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		b.Fatal(err)
	}
	nonce, ad, message, buf := make([]byte, 12), make([]byte, 13), make([]byte, benchmarkRecord), make([]byte, 0, 2048)
	return func() {
		sealed := aead.Seal(buf, nonce, message, ad)
		if _, err := aead.Open(sealed[:0], nonce, sealed, ad); err != nil {
			b.Fatal(err)
		}
	}
}

func TestRecordPathDoesNotAllocate(t *testing.T) {
	client, server := benchmarkConfigs(t)
	x, y := shakenHands(t, client, server)
	message, buf := make([]byte, benchmarkRecord), make([]byte, 0, 2048)
	if n := testing.AllocsPerRun(1000, func() { exchange(t, x, y, message, buf) }); n != 0 {
		t.Errorf("%v allocations for a record there and back", n)
	}
}

// Both ends of a full handshake together; three quarters of it are those of the
// cryptography. Some signatures take one or two more than others.
func TestHandshakeAllocatesLittle(t *testing.T) {
	client, server := benchmarkConfigs(t)
	if n := testing.AllocsPerRun(50, func() { shakenHands(t, client, server) }); n > 400 {
		t.Errorf("%v allocations for a handshake", n)
	}
}

func TestTracingTheRecordPathDoesNotAllocate(t *testing.T) {
	client, server := benchmarkConfigs(t)
	records := 0
	count := func(e TraceEvent) {
		if e.Kind == TraceRecord && e.Record.Type == 23 {
			records++
		}
	}
	client.Trace, server.Trace = count, count
	x, y := shakenHands(t, client, server)
	message, buf := make([]byte, benchmarkRecord), make([]byte, 0, 2048)
	if n := testing.AllocsPerRun(1000, func() { exchange(t, x, y, message, buf) }); n != 0 {
		t.Errorf("%v allocations for a record there and back", n)
	}
	if records < 2*1000 {
		t.Errorf("told of %d records", records)
	}
}

func TestIdleEngineIsSmall(t *testing.T) {
	client, server := benchmarkConfigs(t)
	const pairs = 200
	engines := make([]*Engine, 0, 2*pairs)
	before := heap()
	for range pairs {
		a, b := shakenHands(t, client, server)
		for _, e := range []*Engine{a, b} {
			for e.NextEvent().Kind != NoEvent {
			}
		}
		engines = append(engines, a, b)
	}
	each := (heap() - before) / (2 * pairs)
	t.Logf("an established engine holds %d bytes", each)
	if each > 6<<10 {
		t.Errorf("an established engine holds %d bytes, more than 6 KiB", each)
	}
	runtime.KeepAlive(engines)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

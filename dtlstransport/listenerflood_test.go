package dtlstransport

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
)

// countingSocket counts what is sent and receives nothing.
type countingSocket struct {
	datagrams, bytes int
	largest          int
	sent             func(b []byte, to netip.AddrPort) // if not nil, is told of each
}

func (s *countingSocket) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if s.sent != nil {
		s.sent(b, to)
	}
	s.datagrams++
	s.bytes += len(b)
	s.largest = max(s.largest, len(b))
	return len(b), nil
}

func (s *countingSocket) ReadFromUDPAddrPort([]byte) (int, netip.AddrPort, error) {
	return 0, netip.AddrPort{}, net.ErrClosed
}
func (s *countingSocket) LocalAddr() net.Addr { return &net.UDPAddr{} }
func (s *countingSocket) Close() error        { return nil }

// flooded returns a listener without a loop, for a test that calls handle itself.
func flooded(t testing.TB) (*Listener, *countingSocket) {
	_, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	s := new(countingSocket)
	l, err := newListener(s, &ListenConfig{Config: server})
	if err != nil {
		t.Fatal(err)
	}
	return l, s
}

// spoofed returns the address of forger n, with the last bytes of IPv4 and IPv6 in turn.
func spoofed(n int) netip.AddrPort {
	a := [16]byte{0x20, 1, 0x0d, 0xb8}
	binary.BigEndian.PutUint32(a[12:], uint32(n))
	if n%2 == 0 {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(a[12:])), uint16(n))
	}
	return netip.AddrPortFrom(netip.AddrFrom16(a), uint16(n))
}

func TestSpoofedHellosOfAllSizesLeaveNothingAndGainNothing(t *testing.T) { // COOK-02, COOK-11
	l, s := flooded(t)
	hello := helloDatagram(0, 0, chromiumHello(t))
	head := wireHeaderOf(hello)
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	l.handle(epochZero, spoofed(0), hello) // the buffers for addresses and replies
	goroutines, before := runtime.NumGoroutine(), heap()
	in, answered := 0, 0
	b := make([]byte, len(hello))
	for n := range 100_000 {
		// The first fragment of a hello, in a datagram of any size from nothing to the
		// whole hello; another random for each, too.
		size := n % (len(hello) + 1)
		copy(b, hello)
		binary.BigEndian.PutUint32(b[head.random:], uint32(n))
		if size >= head.body {
			binary.BigEndian.PutUint16(b[head.recordLength:], uint16(size-head.message))
			b[head.fragmentLength] = 0
			binary.BigEndian.PutUint16(b[head.fragmentLength+1:], uint16(size-head.body))
		}
		sent := s.bytes
		l.handle(epochZero, spoofed(n), b[:size])
		in += size
		if out := s.bytes - sent; 2*out > size {
			t.Fatalf("%d bytes are answered with %d", size, out)
		} else if out > 0 {
			answered++
		}
	}
	if after := heap(); after > before+8<<10 {
		t.Errorf("%d bytes are left", after-before)
	}
	if n := runtime.NumGoroutine() - goroutines; n > 0 { // one of another test may have ended
		t.Errorf("%d goroutines are left", n)
	}
	// All but those below 13 + 96 bytes, one answer for each.
	if want := 100_000 * (len(hello) - 109) / len(hello); answered < want-200 || answered != s.datagrams-1 || s.largest != 48 {
		t.Errorf("%d answers in %d datagrams of up to %d bytes, want about %d", answered, s.datagrams, s.largest, want)
	}
	if st := l.Stats(); st.HalfOpen+st.Open+st.Waiting > 0 || st.Handshakes > 0 {
		t.Errorf("%+v", st)
	}
	t.Logf("%d bytes in, %d out", in, s.bytes)
}

// wireHeaderOf says where things are in a datagram of one hello.
func wireHeaderOf([]byte) (at struct{ recordLength, message, fragmentLength, body, random int }) {
	at.recordLength, at.message = 11, 13
	at.fragmentLength, at.body = 13+9, 13+12
	at.random = at.body + helloRandomAt
	return at
}

func TestASpoofedHelloAllocatesNothing(t *testing.T) { // COOK-02
	l, s := flooded(t)
	hello := helloDatagram(0, 0, chromiumHello(t))
	forged := helloDatagram(0, 1, withCookie(chromiumHello(t), make([]byte, cookieLen)))
	n := 0
	if allocs := testing.AllocsPerRun(1000, func() {
		l.handle(epochZero, spoofed(n), hello)
		l.handle(epochZero, spoofed(n), forged)
		n++
	}); allocs > 0 {
		t.Errorf("%v allocations", allocs)
	}
	if s.datagrams != 2*n {
		t.Errorf("%d answers to %d hellos", s.datagrams, 2*n)
	}
}

func TestACookieIsGoodForItsAddressOnly(t *testing.T) { // COOK-03, COOK-05
	synctest.Test(t, func(t *testing.T) {
		l, _ := flooded(t)
		defer l.Close()
		hello, _, _ := findHello(helloDatagram(0, 0, chromiumHello(t)))
		here := netip.MustParseAddrPort("192.0.2.1:5000")
		answer := l.cookies.appendVerifyRequest(nil, time.Now(), []byte(here.String()), &hello, 0)
		second := helloDatagram(1, 1, withCookie(chromiumHello(t), parseVerify(t, "hello", [][]byte{answer}).cookie))
		for _, addr := range []string{"192.0.2.1:5001", "192.0.2.2:5000", "[::ffff:192.0.2.1]:5000", "[2001:db8::1]:5000"} {
			l.handle(time.Now(), netip.MustParseAddrPort(addr), second)
			if s := l.Stats(); s.Handshakes > 0 {
				t.Errorf("the cookie of %v is good for %v", here, addr)
			}
		}
		l.handle(time.Now().Add(2*cookiePeriod), here, second)
		if s := l.Stats(); s.Handshakes > 0 {
			t.Error("the cookie is good for ever")
		}
		l.handle(time.Now().Add(cookiePeriod), here, second) // under the secret before
		if s := l.Stats(); s.Handshakes != 1 || s.HalfOpen != 1 {
			t.Errorf("the cookie is not good for its own address: %+v", s)
		}
	})
}

func TestTheHelloBehindACookieIsAnsweredAtOnceInRecordsFromItsOwnNumberOn(t *testing.T) { // COOK-06
	for _, addr := range []string{"192.0.2.1:5000", "[::ffff:192.0.2.1]:5000", "[2001:db8::1]:5000", "[fe80::1%eth0]:5000"} {
		synctest.Test(t, func(t *testing.T) {
			l, s := flooded(t)
			defer l.Close()
			var answer [][]byte
			s.sent = func(b []byte, to netip.AddrPort) {
				if to.String() != addr {
					t.Errorf("a datagram for %v goes to %v", addr, to)
				}
				answer = append(answer, bytes.Clone(b))
			}
			f := readHello(t, "internal/wire/testdata/chromium156-client-hello-1.hex")
			l.handle(time.Now(), netip.MustParseAddrPort(addr), helloDatagram(3, 0, f.body))
			verify := parseVerify(t, addr, answer)
			answer = nil
			second := &helloFixture{name: addr, seq: 1, body: withCookie(f.body, verify.cookie), hello: f.hello}
			l.handle(time.Now(), netip.MustParseAddrPort(addr), helloDatagram(9, 1, second.body))
			if x := parseFlight4(t, second, answer); x.firstRecord != 9 {
				t.Errorf("%v: ServerHello in record %d, the hello was in record 9", addr, x.firstRecord)
			}
		})
	}
}

func TestWhoHadToMakeRoomHearsNothingMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		var mu sync.Mutex
		sent := map[netip.AddrPort]int{}
		s := &countingSocket{sent: func(_ []byte, to netip.AddrPort) {
			mu.Lock()
			defer mu.Unlock()
			sent[to]++
		}}
		l, err := newListener(s, &ListenConfig{Config: server, MaxHandshakes: 1, InsecureNoCookies: true})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		hello := helloDatagram(0, 0, chromiumHello(t))
		l.handle(time.Now(), spoofed(1), hello)
		first := sent[spoofed(1)]
		l.handle(time.Now(), spoofed(2), hello)
		time.Sleep(5 * time.Second)
		mu.Lock()
		defer mu.Unlock()
		if first == 0 || sent[spoofed(1)] != first || sent[spoofed(2)] <= first {
			t.Errorf("%d datagrams for the first and %d more, %d for the second", first, sent[spoofed(1)]-first, sent[spoofed(2)])
		}
		// One that is done the moment it makes room is not let in.
		evicted, err := newAssociation(l, spoofed(1), nil, l.config)
		if err != nil {
			t.Fatal(err)
		}
		evicted.connected()
		if s := l.Stats(); s.Open != 0 || s.Waiting != 0 || s.HalfOpen != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestAClosedListenerBeginsNothing(t *testing.T) {
	_, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	l, err := newListener(new(countingSocket), &ListenConfig{Config: server, InsecureNoCookies: true})
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	l.handle(epochZero, spoofed(1), helloDatagram(0, 0, chromiumHello(t)))
	if s := l.Stats(); s.HalfOpen != 0 || s.Handshakes != 0 {
		t.Errorf("%+v", s)
	}
}

func TestADatagramFromNowhereIsCounted(t *testing.T) {
	l, s := flooded(t)
	l.handle(epochZero, netip.AddrPort{}, helloDatagram(0, 0, chromiumHello(t)))
	if got := l.Stats().Refused[RefusedAddress]; got != 1 || s.datagrams > 0 {
		t.Errorf("%d counted, %d answers", got, s.datagrams)
	}
}

func BenchmarkListenerSpoofedHello(b *testing.B) {
	l, s := flooded(b)
	hello := helloDatagram(0, 0, chromiumHello(b))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		l.handle(epochZero, spoofed(n), hello)
		n++
	}
	b.ReportMetric(float64(s.bytes)/float64(n*len(hello)), "out/in")
}

func BenchmarkListenerStranger(b *testing.B) {
	l, _ := flooded(b)
	noise := make([]byte, 1200)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		l.handle(epochZero, spoofed(n), noise)
		n++
	}
}

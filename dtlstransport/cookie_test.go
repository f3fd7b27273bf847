package dtlstransport

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"testing"
	"time"
)

// chromiumHello is the body of a ClientHello that does not fit one datagram of a
// browser.
func chromiumHello(t testing.TB) []byte {
	return readHello(t, "internal/wire/testdata/chromium156-client-hello-1.hex").body
}

func TestTheMACOfCookiesIsHMAC(t *testing.T) { // COOK-03
	for n := range 300 {
		var key [sha256.Size]byte
		rand.Read(key[:])
		b := make([]byte, sha256.BlockSize+n)
		rand.Read(b)
		want := hmac.New(sha256.New, key[:])
		want.Write(b[sha256.BlockSize:])
		if got := mac(&key, b); !bytes.Equal(got[:], want.Sum(nil)) {
			t.Fatalf("the MAC of %d bytes differs from crypto/hmac's", n)
		}
	}
}

// answerFor is what a datagram of somebody unknown is answered with.
func answerFor(cookies *Cookies, dst []byte, now time.Time, addr, datagram []byte) (answer []byte, proved bool) {
	hello, recordSeq, ok := findHello(datagram)
	if !ok {
		return dst, false
	}
	if cookies.proves(now, addr, &hello) {
		return dst, true
	}
	return cookies.appendVerifyRequest(dst, now, addr, &hello, recordSeq), false
}

func TestAnsweringAHelloAllocatesNothing(t *testing.T) { // COOK-02
	cookies, addr := NewCookies(), []byte("[2001:db8:1234:5678:9abc:def0:1234:5678]:65535")
	answer, _ := answerFor(cookies, nil, epochZero, addr, helloDatagram(1, 1, chromiumHello(t)))
	cookie := parseVerify(t, "hello", [][]byte{answer}).cookie
	for name, c := range map[string]struct {
		cookie []byte
		proved bool
	}{
		"no cookie":    {nil, false},
		"a forged one": {make([]byte, 20), false},
		"a valid one":  {cookie, true},
	} {
		datagram := helloDatagram(1, 2, withCookie(chromiumHello(t), c.cookie))
		var proved bool
		allocs := testing.AllocsPerRun(100, func() { answer, proved = answerFor(cookies, answer[:0], epochZero, addr, datagram) })
		if proved != c.proved || proved == (len(answer) > 0) {
			t.Errorf("%s: proved %v, answer of %d bytes", name, proved, len(answer))
		}
		if allocs > 0 {
			t.Errorf("%s: %v allocations", name, allocs)
		}
	}
}

func TestAHelloIsFoundAtTheStartOfADatagramOnly(t *testing.T) { // COOK-11
	body := chromiumHello(t)
	datagram := helloDatagram(5, 3, body)
	hello, recordSeq, ok := findHello(datagram)
	if !ok || recordSeq != 5 || hello.seq != 3 || !bytes.Equal(hello.random[:], body[helloRandomAt:helloSessionIDAt]) {
		t.Fatalf("findHello = %+v, %d, %v", hello, recordSeq, ok)
	}
	for n := range len(datagram) {
		if _, _, ok := findHello(datagram[:n]); ok {
			t.Fatalf("a hello is found in %d of its %d bytes", n, len(datagram))
		}
	}
	for at, what := range map[int]string{0: "content type", 1: "version", 4: "epoch", 13: "message", 21: "fragment_offset"} {
		b := bytes.Clone(datagram)
		b[at] ^= 1
		if _, _, ok := findHello(b); ok {
			t.Errorf("a hello with another %s is found", what)
		}
	}
	if _, _, ok := findHello(append([]byte{20, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1}, datagram...)); ok {
		t.Error("a hello is found behind another record")
	}
}

func FuzzAnswerToAHello(f *testing.F) {
	f.Add(helloDatagram(0, 0, chromiumHello(f)), int64(0))
	f.Add(helloDatagram(lastRecordSeq, 65535, chromiumHello(f)), int64(1)<<62)
	cookies := NewCookies()
	f.Fuzz(func(t *testing.T, datagram []byte, nanos int64) {
		now, addr := time.Unix(0, nanos), []byte("somebody")
		hello, recordSeq, ok := findHello(datagram)
		answer, proved := answerFor(cookies, nil, now, addr, datagram)
		if proved {
			t.Fatal("a cookie was guessed")
		}
		if !ok {
			return
		}
		if 2*len(answer) > len(datagram) { // COOK-11
			t.Fatalf("%d bytes are answered with %d", len(datagram), len(answer))
		}
		verify := parseVerify(t, "a hello", [][]byte{answer})
		if verify.recordSeq != recordSeq || verify.seq != hello.seq { // COOK-06
			t.Fatalf("answer %d in record %d for hello %d in record %d", verify.seq, verify.recordSeq, hello.seq, recordSeq)
		}
		hello.cookie, hello.seq = verify.cookie, min(hello.seq+1, maxHelloVerifyRequests)
		if !cookies.proves(now, addr, &hello) {
			t.Fatal("our own cookie is not valid")
		}
		if cookies.proves(now, []byte("somebody else"), &hello) { // COOK-03
			t.Fatal("a cookie is valid for another address")
		}
		if hello.seq++; cookies.proves(now, addr, &hello) {
			t.Fatal("a cookie is valid under another message_seq")
		}
	})
}

func BenchmarkHelloVerifyRequest(b *testing.B) {
	cookies, addr, answer := NewCookies(), []byte("192.0.2.1:5000"), make([]byte, 0, 64)
	datagram := helloDatagram(0, 0, chromiumHello(b))
	b.ReportAllocs()
	for b.Loop() {
		answer, _ = answerFor(cookies, answer[:0], epochZero, addr, datagram)
	}
	b.ReportMetric(float64(len(answer))/float64(len(datagram)), "out/in")
}

package wire

import (
	"bytes"
	"runtime"
	"testing"
)

// allocated returns how many bytes a call of f allocates.
func allocated(f func()) uint64 {
	const runs = 16
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		f()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / runs
}

// Each length field is made to claim as much as it can, with next to nothing behind it.
func TestClaimedLengthsCostNoMemory(t *testing.T) { // HS-09, HS-35, CERT-02
	const limit = 2048 // bytes, the error included
	forExamples(t, func(t *testing.T, c codec, m appender) {
		body := m.Append(nil)
		for at := range body {
			lie := append(bytes.Clone(body[:at]), 0xff, 0xff, 0xff)
			if n := allocated(func() { c.parse(lie) }); n > limit {
				t.Fatalf("%x: %d bytes allocated", lie, n)
			}
		}
	})
}

// The messages that cost the most for their size: many small things, each of which becomes a slice, a string or a number.
func TestMemoryIsAtMostTenTimesTheMessage(t *testing.T) { // HS-09
	const times = 10
	var extensions [][]byte
	for i := range uint16(0xffff / 4) {
		extensions = append(extensions, extension(0x1000+i))
	}
	for name, test := range map[string]struct {
		msgType HandshakeType
		body    []byte
	}{
		"ALPN names of one byte": {TypeClientHello, helloWith(TypeClientHello,
			extension(ExtensionALPN, appendVector16(nil, bytes.Repeat([]byte{1, 0xee}, 32760))...))},
		"authorities of one byte": {TypeCertificateRequest,
			append([]byte{1, 64, 0, 2, 4, 3}, appendVector16(nil, bytes.Repeat([]byte{0, 1, 0x30}, 0xffff/3))...)},
		"groups": {TypeClientHello, helloWith(TypeClientHello,
			extension(ExtensionSupportedGroups, appendVector16(nil, make([]byte, 65000))...))},
		"empty extensions": {TypeClientHello, helloWith(TypeClientHello, extensions...)},
		"certificates":     {TypeCertificate, certificateList(bytes.Repeat([]byte{0, 0, 1, 0x30}, 16000))},
	} {
		// An error is no reason to allocate more.
		for _, body := range [][]byte{test.body, test.body[:len(test.body)-1]} {
			if n := allocated(func() { codecs[test.msgType].parse(body) }); n > times*uint64(len(body)) {
				t.Errorf("%s: %d bytes allocated for %d", name, n, len(body))
			}
		}
	}
}

// The lists of numbers share one allocation, UseSRTP is another, and the message itself is none for who does not keep it.
func TestReadingAHelloTakesFewAllocations(t *testing.T) {
	body := firstMessage(t, "wrtc0.10-client-hello-1", TypeClientHello)
	if n := testing.AllocsPerRun(100, func() {
		if m, err := ParseClientHello(body); err != nil || m.UseSRTP == nil {
			t.Fatal(err)
		}
	}); n > 2 {
		t.Errorf("%v allocations", n)
	}
}

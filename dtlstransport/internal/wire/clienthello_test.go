package wire

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

// helloWith returns the body of a hello with an extensions block made of the given extensions.
func helloWith(hello HandshakeType, extensions ...[]byte) []byte {
	var b []byte
	switch hello {
	case TypeClientHello:
		b = (&ClientHello{Version: 0xfefd, CipherSuites: []uint16{0xc02b}, CompressionMethods: []byte{0}}).Append(nil)
	case TypeServerHello:
		b = (&ServerHello{Version: 0xfefd, CipherSuite: 0xc02b}).Append(nil)
	}
	return appendVector16(b, slices.Concat(extensions...))
}

// extension returns one extension: type, length, data.
func extension(extensionType uint16, data ...byte) []byte {
	return appendVector16(appendUint16(nil, extensionType), data)
}

// parseHello parses either hello and returns its extensions.
func parseHello(hello HandshakeType, body []byte) (*Extensions, error) {
	m, err := codecs[hello].parse(body)
	if err != nil {
		return nil, err
	}
	return hasExtensions(m), nil
}

func TestSessionIDsHaveAtMost32Bytes(t *testing.T) { // HS-37
	for n, ok := range map[int]bool{0: true, 1: true, 32: true, 33: false, 255: false} {
		client := (&ClientHello{SessionID: make([]byte, n), CipherSuites: []uint16{1}, CompressionMethods: []byte{0}}).Append(nil)
		server := (&ServerHello{SessionID: make([]byte, n)}).Append(nil)
		_, clientErr := ParseClientHello(client)
		_, serverErr := ParseServerHello(server)
		_, _, _, _, peekErr := PeekClientHello(client)
		for name, err := range map[string]error{"ClientHello": clientErr, "ServerHello": serverErr, "peek": peekErr} {
			if ok && err != nil || !ok && !errors.Is(err, ErrDecode) {
				t.Errorf("%s with %d bytes: %v", name, n, err)
			}
		}
	}
}

func TestClientHelloListsAreWellFormed(t *testing.T) { // HS-35
	start := append(appendUint16(nil, 0xfefd), make([]byte, 32+1+1)...)
	for _, test := range []struct {
		name string
		rest []byte
		want error
	}{
		{"one suite, null compression", []byte{0, 2, 0xc0, 0x2b, 1, 0}, nil},
		{"no suites", []byte{0, 0, 1, 0}, ErrDecode},
		{"suites of odd length", []byte{0, 3, 0xc0, 0x2b, 0xc0, 1, 0}, ErrDecode},
		{"no compression methods", []byte{0, 2, 0xc0, 0x2b, 0}, ErrDecode},
		{"compression without null", []byte{0, 2, 0xc0, 0x2b, 2, 1, 64}, ErrIllegalParameter},
		{"null compression last", []byte{0, 2, 0xc0, 0x2b, 2, 1, 0}, nil},
		{"extensions absent", []byte{0, 2, 0xc0, 0x2b, 1, 0}, nil},
		{"extensions empty", []byte{0, 2, 0xc0, 0x2b, 1, 0, 0, 0}, nil},
		{"extensions too short", []byte{0, 2, 0xc0, 0x2b, 1, 0, 0, 4, 0, 23, 0}, ErrDecode},
		{"bytes behind the extensions", []byte{0, 2, 0xc0, 0x2b, 1, 0, 0, 0, 0}, ErrDecode},
		{"extension longer than the block", []byte{0, 2, 0xc0, 0x2b, 1, 0, 0, 4, 0, 99, 0, 1}, ErrDecode},
		{"half an extension header", []byte{0, 2, 0xc0, 0x2b, 1, 0, 0, 3, 0, 99, 0}, ErrDecode},
	} {
		if _, err := ParseClientHello(slices.Concat(start, test.rest)); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
}

func TestUnknownAndGREASEValuesAreIgnored(t *testing.T) { // HS-30
	body := helloWith(TypeClientHello,
		extension(0x0a0a), extension(0x4a4a, 0), // GREASE, RFC 8701
		extension(ExtensionSupportedGroups, 0, 6, 0xfa, 0xfa, 0, 29, 0x11, 0xec),
		extension(ExtensionSignatureAlgorithms, 0, 4, 0x1a, 0x1a, 4, 3),
		extension(ExtensionUseSRTP, 0, 4, 0x12, 0x34, 0, 1, 0),
		extension(ExtensionALPN, 0, 5, 2, 0xba, 0xba, 1, 'x'),
		extension(ExtensionSupportedVersions, 4, 0x7a, 0x7a, 0xfe, 0xfd),
		extension(ExtensionQUICParameters, 0xff), // known by name, and none of our business
		extension(0xffff, 1, 2, 3),
	)
	m, err := ParseClientHello(body)
	if err != nil {
		t.Fatal(err)
	}
	want := "types [2570 19018 10 13 14 16 43 57 65535] versions [7a7a fefd] groups [64250 29 4588] schemes [1a1a 0403] srtp [4660 1]/ alpn [\"\\xba\\xba\" \"x\"]"
	if got := describe(&m.Extensions); got != want {
		t.Errorf(" got %s\nwant %s", got, want)
	}
}

func TestPeekNeedsNoMoreThanTheCookie(t *testing.T) {
	hello := &ClientHello{
		Version: 0xfefd, Random: exampleRandom, SessionID: numbered(7), Cookie: numbered(20), CipherSuites: []uint16{1}, CompressionMethods: []byte{0},
	}
	body := hello.Append(nil)
	least := 2 + 32 + 1 + 7 + 1 + 20
	for n := range len(body) + 1 {
		version, random, sessionID, cookie, err := PeekClientHello(body[:n])
		if n < least {
			if !errors.Is(err, ErrDecode) || sessionID != nil || cookie != nil {
				t.Errorf("%d bytes: %v, want ErrDecode", n, err)
			}
			continue
		}
		if err != nil || version != 0xfefd || random != exampleRandom || !bytes.Equal(sessionID, numbered(7)) || !bytes.Equal(cookie, numbered(20)) {
			t.Errorf("%d bytes: %04x %x %x %x %v", n, version, random, sessionID, cookie, err)
		}
	}
}

// A server peeks at every datagram of a flood.
func TestPeekDoesNotAllocate(t *testing.T) {
	body := clientHelloExamples[1].Append(nil)
	if n := testing.AllocsPerRun(100, func() {
		if _, _, _, cookie, err := PeekClientHello(body); err != nil || len(cookie) != 255 {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestClientHelloIsLaidOutAsInTheRFC(t *testing.T) {
	m := &ClientHello{
		Version: 0xfefd, Random: Random(numbered(32)), SessionID: []byte{0xaa}, Cookie: []byte{0xbb, 0xbc},
		CipherSuites: []uint16{0xc02b, EmptyRenegotiationInfoSCSV}, CompressionMethods: []byte{0},
		Extensions: Extensions{ExtendedMasterSecret: true},
	}
	want := slices.Concat([]byte{0xfe, 0xfd}, numbered(32), []byte{1, 0xaa, 2, 0xbb, 0xbc, 0, 4, 0xc0, 0x2b, 0, 0xff, 1, 0, 0, 4, 0, 23, 0, 0})
	if got := m.Append(nil); !bytes.Equal(got, want) {
		t.Errorf(" got % x\nwant % x", got, want)
	}
}

func TestServerHelloIsLaidOutAsInTheRFC(t *testing.T) {
	m := &ServerHello{
		Version: 0xfefd, Random: Random(numbered(32)), SessionID: []byte{0xaa}, CipherSuite: 0xc02b,
		Extensions: Extensions{HasRenegotiationInfo: true},
	}
	want := slices.Concat([]byte{0xfe, 0xfd}, numbered(32), []byte{1, 0xaa, 0xc0, 0x2b, 0, 0, 5, 0xff, 1, 0, 1, 0})
	if got := m.Append(nil); !bytes.Equal(got, want) {
		t.Errorf(" got % x\nwant % x", got, want)
	}
}

func TestHellosWithoutExtensionsHaveNoBlock(t *testing.T) {
	want := append(append(appendUint16(nil, 0xfefd), make([]byte, 32+1)...), 0xc0, 0x2b, 0)
	if got := (&ServerHello{Version: 0xfefd, CipherSuite: 0xc02b}).Append(nil); !bytes.Equal(got, want) {
		t.Errorf("% x, want % x", got, want)
	}
}

package pionice

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/ice/v2"
	"github.com/pion/logging"
	"github.com/pion/stun"
)

// success returns a Binding success response with one attribute.
func success(kind uint16, value ...byte) []byte {
	b := make([]byte, headerLen, 64)
	b[0], b[1] = 1, 1
	binary.BigEndian.PutUint32(b[4:], magicCookie)
	b = binary.BigEndian.AppendUint16(b, kind)
	b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-headerLen))
	return b
}

var ipv4 = []byte{0, 1, 0x21, 0x12, 1, 2, 3, 4}

// ICE-05
func TestHarmfulIsAnXORedAddressOfTheWrongLength(t *testing.T) {
	ipv6 := append([]byte{0, 2, 0x21, 0x12}, make([]byte, 16)...)
	withCookieOnly := success(xorMapped)
	withCookieOnly[0] = 0xc1 // the first two bits do not stop pion/stun
	two := append(success(xorMapped, ipv4...), success(xorMapped)[headerLen:]...)
	binary.BigEndian.PutUint16(two[2:], uint16(len(two)-headerLen))
	cut := success(xorMapped)
	for _, test := range []struct {
		name string
		b    []byte
		want bool
	}{
		{"IPv4", success(xorMapped, ipv4...), false},
		{"IPv6", success(xorMapped, ipv6...), false},
		{"no bytes, 24 in all", success(xorMapped), true},
		{"one byte", success(xorMapped, 0), true},
		{"four bytes", success(xorMapped, ipv4[:4]...), true},
		{"between IPv4 and IPv6", success(xorMapped, ipv6[:12]...), true},
		{"more than IPv6", success(xorMapped, append(ipv6, 0)...), true},
		{"old number", success(xorMappedBefore), true},
		{"peer of TURN", success(xorPeerAddress), true},
		{"relay of TURN", success(xorRelayed), true},
		{"other attribute", success(0x0006), false},
		{"second attribute", two, true},
		{"first bits set", withCookieOnly, true},
		{"cut", cut[:23], false},
		{"bytes behind it", append(success(xorMapped), 1, 2, 3), true},
		{"empty", nil, false},
		{"DTLS", append([]byte{22, 0xfe, 0xfd}, make([]byte, 40)...), false},
	} {
		if got := IsHarmful(test.b); got != test.want {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

// getAll reads b as ice/v2 and turn/v2 do, and returns the panic if there is one.
func getAll(b []byte) (decoded bool, panicked any) {
	defer func() { panicked = recover() }()
	m := &stun.Message{Raw: append([]byte(nil), b...)}
	if !stun.IsMessage(b) || m.Decode() != nil {
		return false, nil
	}
	decoded = true
	var a stun.XORMappedAddress
	for _, kind := range []stun.AttrType{stun.AttrXORMappedAddress, stun.AttrXORPeerAddress, stun.AttrXORRelayedAddress} {
		_ = a.GetFromAs(m, kind) // errors are fine
	}
	var mapped stun.MappedAddress
	_ = mapped.GetFrom(m)
	var code stun.ErrorCodeAttribute
	_ = code.GetFrom(m)
	_ = stun.MessageIntegrity("key").Check(m)
	_ = stun.Fingerprint.Check(m)
	return decoded, nil
}

// ICE-05: the fault, and that the shield sees it.
func TestPionStunPanicsOnWhatTheShieldDrops(t *testing.T) {
	for _, kind := range []uint16{xorMapped, xorMappedBefore, xorPeerAddress, xorRelayed} {
		b := success(kind)
		if _, panicked := getAll(b); panicked == nil {
			t.Errorf("attribute %#x: no panic; is the shield still needed?", kind)
		}
		if !IsHarmful(b) {
			t.Errorf("attribute %#x: not seen", kind)
		}
	}
}

func FuzzWhatPassesTheShieldDoesNotPanic(f *testing.F) {
	f.Add(success(xorMapped))
	f.Add(success(xorMapped, ipv4...))
	f.Add(success(xorPeerAddress, 1))
	f.Add(success(0x8008, make([]byte, 20)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		harmful := IsHarmful(b)
		decoded, panicked := getAll(b)
		if !harmful && panicked != nil {
			t.Errorf("% x passes and panics: %v", b, panicked)
		}
		if harmful && !decoded {
			t.Errorf("% x is dropped though pion/stun refuses it", b)
		}
		if harmful {
			m := &stun.Message{Raw: append([]byte(nil), b...)}
			if err := m.Decode(); err != nil {
				t.Fatal(err)
			}
			for _, a := range m.Attributes {
				switch a.Type {
				case stun.AttrXORMappedAddress, stun.AttrXORPeerAddress, stun.AttrXORRelayedAddress:
					if a.Length != 8 && a.Length != 20 {
						return
					}
				}
			}
			t.Errorf("% x is dropped without a reason", b)
		}
	})
}

// A fakePacketConn delivers prepared datagrams from one address and remembers what was sent.
type fakePacketConn struct {
	in     chan []byte
	from   net.Addr
	closed chan struct{}
	once   sync.Once
	sent   chan []byte
}

func newFakePacketConn() *fakePacketConn {
	return &fakePacketConn{
		in: make(chan []byte, 10), sent: make(chan []byte, 10), closed: make(chan struct{}),
		from: &net.UDPAddr{IP: net.IPv4(192, 0, 2, 9), Port: 3478},
	}
}

func (c *fakePacketConn) ReadFrom(p []byte) (int, net.Addr, error) {
	select {
	case b := <-c.in:
		return copy(p, b), c.from, nil
	case <-c.closed:
		return 0, nil, net.ErrClosed
	}
}

func (c *fakePacketConn) WriteTo(p []byte, _ net.Addr) (int, error) {
	c.sent <- append([]byte(nil), p...)
	return len(p), nil
}

func (c *fakePacketConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

func (c *fakePacketConn) LocalAddr() net.Addr {
	return &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 4000}
}
func (c *fakePacketConn) SetDeadline(time.Time) error      { return nil }
func (c *fakePacketConn) SetReadDeadline(time.Time) error  { return nil }
func (c *fakePacketConn) SetWriteDeadline(time.Time) error { return nil }

func TestShieldSkipsHarmfulDatagramsAndNothingElse(t *testing.T) {
	inner := newFakePacketConn()
	c := Shield(inner)
	good := []([]byte){success(xorMapped, ipv4...), {22, 0xfe, 0xfd}, {}}
	for _, b := range good {
		inner.in <- success(xorMapped)
		inner.in <- b
	}
	buf := make([]byte, 100)
	for _, want := range good {
		n, from, err := c.ReadFrom(buf)
		if err != nil || !bytes.Equal(buf[:n], want) || from != inner.from {
			t.Errorf("got % x from %v, %v; want % x", buf[:n], from, err, want)
		}
	}
	inner.in <- success(xorMapped)
	inner.Close()
	for {
		if _, _, err := c.ReadFrom(buf); err != nil {
			if !errors.Is(err, net.ErrClosed) {
				t.Errorf("got %v, want net.ErrClosed", err)
			}
			break
		}
	}
	if n := c.Dropped(); n != 3 && n != 4 { // the last one may come after the end
		t.Errorf("%d dropped, want 3 or 4", n)
	}
}

// askUniversalMux lets the universal mux of ice/v2 ask a STUN server for its address over conn, and gives it
// the forged answer of 24 bytes before the genuine one.
func askUniversalMux(conn *fakePacketConn, wrapped net.PacketConn) error {
	m := ice.NewUniversalUDPMuxDefault(ice.UniversalUDPMuxParams{
		UDPConn: wrapped,
		Logger:  logging.NewDefaultLoggerFactory().NewLogger("ice"),
	})
	defer m.Close()
	go func() {
		<-conn.sent // the request: the server's address is known now
		conn.in <- success(xorMapped)
		conn.in <- success(xorMapped, ipv4...)
	}()
	_, err := m.GetXORMappedAddr(conn.from, 10*time.Second)
	return err
}

// unshielded is the name of a variable that makes this test binary run a fault without its shield.
const unshielded = "PIONICE_TEST_UNSHIELDED"

// ICE-05: "24-byte Binding success from the STUN server address". The panic is in a goroutine of ice/v2 and
// cannot be recovered, so the unshielded case has a process of its own.
func TestUniversalMuxDiesOfOneDatagramWithoutTheShield(t *testing.T) {
	if os.Getenv(unshielded) == "mux" {
		conn := newFakePacketConn()
		fmt.Println("survived", askUniversalMux(conn, conn))
		return
	}
	out := runUnshielded(t, "mux")
	if !strings.Contains(out, "panic: runtime error: slice bounds out of range") || strings.Contains(out, "survived") {
		t.Errorf("ice/v2 did not panic; is the shield still needed?\n%s", out)
	}
}

// ICE-05
func TestUniversalMuxLivesBehindTheShield(t *testing.T) {
	conn := newFakePacketConn()
	shield := Shield(conn)
	if err := askUniversalMux(conn, shield); err != nil {
		t.Error(err)
	}
	if n := shield.Dropped(); n != 1 {
		t.Errorf("%d dropped, want 1", n)
	}
}

// runUnshielded runs the calling test in another process and returns what that printed.
func runUnshielded(t *testing.T, value string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=30s")
	cmd.Env = append(os.Environ(), unshielded+"="+value)
	out, _ := cmd.CombinedOutput() // it is meant to fail
	return string(out)
}

package dtlstransport

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
)

// A burst on a real socket is read datagram by datagram, each once and in order, between others of all sizes.
func TestDatagramsOfABurstAreReadOneByOne(t *testing.T) {
	loopback := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}
	var ends [2]*burstSocket
	for i := range ends {
		c, err := net.ListenUDP("udp4", loopback)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if ends[i] = newBurstSocket(c); ends[i] == nil {
			t.Skip("the system does not coalesce")
		}
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	}
	from := ends[0].LocalAddr().(*net.UDPAddr).AddrPort()
	to := ends[1].LocalAddr().(*net.UDPAddr).AddrPort()
	b := make([]byte, 2000)
	for mark, sizes := range [][]int{{1200}, {1200, 1200, 7}, slices.Repeat([]int{1200}, 40), {0}, {2}, {300, 300}, {3000, 3000, 3000}} {
		var all []byte
		for i, n := range sizes {
			all = append(all, bytes.Repeat([]byte{byte(50*mark + i)}, n)...)
		}
		if len(sizes) == 1 {
			if _, err := ends[0].WriteToUDPAddrPort(all, to); err != nil {
				t.Fatal(err)
			}
		} else if err := ends[0].writeSegments(all, sizes[0], to); err != nil {
			t.Skip("the system sends no bursts: ", err)
		}
		for i, size := range sizes {
			n, addr, err := ends[1].ReadFromUDPAddrPort(b)
			if want := min(size, len(b)); err != nil || n != want || addr != from || n > 0 && (b[0] != byte(50*mark+i) || b[n-1] != b[0]) {
				t.Fatalf("datagram %d of %v: %d bytes from %v, %v", i, sizes, n, addr, err)
			}
		}
	}
	_ = ends[1].Close()
	if _, _, err := ends[1].ReadFromUDPAddrPort(b); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// A Listener and who dials it exchange bursts, whether the system takes them whole or refuses.
func TestListenerExchangesBursts(t *testing.T) {
	clientConfig, serverConfig := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	l, err := Listen("udp4", "127.0.0.1:0", &ListenConfig{Config: serverConfig})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	client, err := Dial(ctx, "udp4", l.Addr().String(), clientConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := l.AcceptContext(ctx)
	if err != nil {
		t.Fatal(err)
	}
	packets := make([][]byte, 45)
	for i := range packets {
		packets[i] = bytes.Repeat([]byte{byte(i)}, 1100)
	}
	packets[44] = packets[44][:10]
	exchange := func(from, to *Conn) {
		t.Helper()
		if err := from.WriteBatch(packets); err != nil {
			t.Fatal(err)
		}
		_ = to.SetReadDeadline(time.Now().Add(20 * time.Second))
		b := make([]byte, 2000)
		for i, want := range packets {
			if n, err := to.Read(b); err != nil || !bytes.Equal(b[:n], want) {
				t.Fatalf("packet %d: %d bytes, %v", i, n, err)
			}
		}
	}
	exchange(client, server)
	exchange(server, client)
	if s, ok := l.socket.(*burstSocket); ok {
		if !server.CanBatch() {
			t.Error("the system refused")
		}
		s.refused.Store(true)
		if server.CanBatch() {
			t.Error("a refusal was forgotten")
		}
		exchange(server, client)
	}
}

// What the system refuses is sent one by one, and it is not asked again.
func TestRefusedBurstIsSentOneByOne(t *testing.T) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s := newBurstSocket(c)
	if s == nil {
		t.Skip("the system does not coalesce")
	}
	l := &Listener{socket: s}
	to := netip.MustParseAddrPort(c.LocalAddr().String())
	// More pieces than the kernel cuts (UDP_MAX_SEGMENTS).
	if n, err := l.writeSegments(make([]byte, 1000), 1, to); n != 1000 || err != nil || l.canSegment() {
		t.Errorf("%d bytes sent, %v, asked again %v", n, err, l.canSegment())
	}
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	if n, _, err := s.ReadFromUDPAddrPort(make([]byte, 10)); n != 1 || err != nil {
		t.Errorf("a datagram of %d bytes, %v", n, err)
	}
	_ = c.Close()
	if _, err := l.writeSegments(make([]byte, 10), 5, to); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

package icelite

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
)

// The kernel is what is under test here: real sockets on the loopback interface, which loses nothing.

// open opens a socket as Listen does.
func open(t *testing.T, network, address string, config *Config) packetConn {
	t.Helper()
	filled := config.filled()
	c, err := listen(network, address, &filled)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.close() })
	return c
}

// receiveAll returns the next n datagrams.
func receiveAll(t *testing.T, c packetConn, n int) (all []sentDatagram) {
	t.Helper()
	for len(all) < n {
		trains, err := c.receive()
		if err != nil {
			t.Fatal(err)
		}
		for _, tr := range trains {
			for len(tr.b) > 0 {
				b := tr.next()
				if cap(b) != len(b) {
					t.Error("a datagram reaches into the next")
				}
				all = append(all, sentDatagram{string(b), tr.addr})
			}
		}
	}
	return all
}

func TestTrainsArriveAsTheyWereSent(t *testing.T) {
	for _, test := range []struct {
		name, network, from, to string
		sender, receiver        Config
	}{
		{"both with offloads", "udp4", "127.0.0.1:0", "127.0.0.1:0", Config{}, Config{}},
		{"IPv6", "udp6", "[::1]:0", "[::1]:0", Config{}, Config{}},
		{"both families", "udp", ":0", "127.0.0.1:0", Config{}, Config{}},
		{"a portable sender", "udp4", "127.0.0.1:0", "127.0.0.1:0", Config{Portable: true}, Config{}},
		{"a portable receiver", "udp4", "127.0.0.1:0", "127.0.0.1:0", Config{}, Config{Portable: true}},
		{"no offloads, several sockets", "udp4", "127.0.0.1:0", "127.0.0.1:0", Config{Portable: true, Sockets: 2}, Config{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.network == "udp6" {
				if c, err := net.ListenPacket("udp6", "[::1]:0"); err != nil {
					t.Skip("this host has no IPv6: ", err)
				} else {
					c.Close()
				}
			}
			if test.sender.Sockets > 1 {
				if _, err := listen("udp4", "127.0.0.1:0", &test.sender); errors.Is(err, errors.ErrUnsupported) {
					t.Skip(err)
				}
			}
			sender := open(t, test.network, test.from, &test.sender)
			receiver := open(t, test.network, test.to, &test.receiver)
			to := receiver.localAddr()

			var trains []train
			var want []string
			for i, sizes := range [][]int{{100}, {1200, 1200, 1200, 7}, {50, 50}, {1}, {1200}} {
				tr := train{addr: to, size: sizes[0]}
				for j, n := range sizes {
					b := bytes.Repeat([]byte{byte(10*i + j + 1)}, n)
					tr.b = append(tr.b, b...)
					want = append(want, string(b))
				}
				trains = append(trains, tr)
			}
			if calls, failed := sender.send(trains); failed != 0 || calls > len(want) {
				t.Errorf("%d calls, %d failed", calls, failed)
			}
			if err := sender.sendOne([]byte("one"), to); err != nil {
				t.Error(err)
			}
			from := sender.localAddr()
			if from.Addr().IsUnspecified() {
				from = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), from.Port())
			}
			for i, got := range receiveAll(t, receiver, len(want)+1) {
				if i < len(want) && got.b != want[i] || i == len(want) && got.b != "one" || got.to != from {
					t.Errorf("datagram %d: %d bytes from %v, want %v", i, len(got.b), got.to, from)
				}
			}
		})
	}
}

func TestManyTrainsAreSentInFewCalls(t *testing.T) {
	sender, receiver := open(t, "udp4", "127.0.0.1:0", nil), open(t, "udp4", "127.0.0.1:0", nil)
	if segmentation, _ := sender.offloads(); !segmentation {
		t.Skip("no UDP_SEGMENT on this kernel")
	}
	var trains []train
	for range 70 {
		trains = append(trains, train{receiver.localAddr(), make([]byte, 300), 100})
	}
	if calls, failed := sender.send(trains); calls > 4 || failed != 0 {
		t.Errorf("%d calls, %d failed", calls, failed)
	}
	if got := receiveAll(t, receiver, 210); len(got) != 210 {
		t.Errorf("%d arrived", len(got))
	}
}

// What one send of the kernel refuses still arrives, datagram by datagram, and only what cannot be sent at all
// is lost.
func TestATrainThatTheKernelRefusesIsSentSingly(t *testing.T) {
	sender, receiver := open(t, "udp4", "127.0.0.1:0", nil), open(t, "udp4", "127.0.0.1:0", nil)
	to := receiver.localAddr()
	tooLarge := make([]byte, 65508)
	_, failed := sender.send([]train{
		{to, make([]byte, 200), 100},
		{to, bytes.Repeat([]byte{2}, 40000*2), 40000}, // more than the device's MTU allows a segment to have
		{to, tooLarge, len(tooLarge)},
		{to, []byte("end"), 3},
	})
	if failed != 1 {
		t.Errorf("%d failed, want 1", failed)
	}
	got := receiveAll(t, receiver, 5)
	if len(got[2].b) != 40000 || len(got[3].b) != 40000 || got[4].b != "end" {
		t.Errorf("%d, %d bytes, %q", len(got[2].b), len(got[3].b), got[4].b)
	}
}

func TestASocketTellsWhatTheKernelGaveIt(t *testing.T) {
	s, err := Listen("udp4", "127.0.0.1:0", &Config{ReceiveBuffer: 64 << 10, SendBuffer: 32 << 10})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	stats := s.Stats()
	if stats.Segmentation && (stats.ReceiveBuffer < 64<<10 || stats.SendBuffer < 32<<10) {
		t.Errorf("%+v", stats)
	}
	portable := open(t, "udp4", "127.0.0.1:0", &Config{Portable: true, ReceiveBuffer: 64 << 10, SendBuffer: 32 << 10})
	if receive, send := portable.buffers(); stats.Segmentation && (receive < 64<<10 || send < 32<<10) {
		t.Errorf("a portable socket has %d and %d bytes", receive, send)
	}
	if c := s.Candidates(); len(c) != 1 || !strings.Contains(c[0], "127.0.0.1 ") || !strings.HasSuffix(c[0], "typ host") {
		t.Errorf("candidates %q", c)
	}
}

func TestAPeerGoesOnByTheOtherFamily(t *testing.T) {
	if c, err := net.ListenPacket("udp6", "[::1]:0"); err != nil {
		t.Skip("this host has no IPv6: ", err)
	} else {
		c.Close()
	}
	s, err := Listen("udp", ":0", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	v := visit(t, s, 2)
	v.echo(5, 2)
	for _, ip := range []net.IP{net.IPv6loopback, net.IPv4(127, 0, 0, 1)} {
		v.move(s, ip)
		v.echo(5, 2)
		if to := v.peer.RemoteAddr().(*net.UDPAddr); !to.IP.Equal(ip) {
			t.Errorf("sent to %v, want %v", to, ip)
		}
	}
}

func TestListenSaysWhatIsWrong(t *testing.T) {
	s, err := Listen("udp4", "127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := Listen("udp4", s.Addr().String(), nil); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a port in use: %v", err)
	}
	if _, err := Listen("tcp", "127.0.0.1:0", nil); err == nil {
		t.Error("tcp was taken")
	}
}

func TestASharedPortIsOnePort(t *testing.T) {
	s, err := Listen("udp4", "127.0.0.1:0", &Config{Sockets: 3})
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, socket := range s.sockets {
		if socket.conn.localAddr() != s.AddrPort() {
			t.Errorf("%v and %v", socket.conn.localAddr(), s.AddrPort())
		}
	}
	s.Close()
	s.loops.Wait()
}

func TestReceivingAllocatesNothing(t *testing.T) {
	sender, receiver := open(t, "udp4", "127.0.0.1:0", nil), open(t, "udp4", "127.0.0.1:0", nil)
	b := make([]byte, 1000)
	if n := testing.AllocsPerRun(100, func() {
		sender.sendOne(b, receiver.localAddr())
		if trains, err := receiver.receive(); err != nil || len(trains) != 1 {
			t.Fatal(trains, err)
		}
	}); n > 2 { // localAddr's
		t.Errorf("%v allocations", n)
	}
}

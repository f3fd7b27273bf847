package dtlstransport

import (
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

// testSocket is a socket in memory. Each client has a simulated link to it, under
// the address that the test gives it.
type testSocket struct {
	net.PacketConn // nil: nobody sets deadlines
	arrived        chan testDatagram
	closed         chan struct{}

	mu       sync.Mutex
	once     sync.Once
	links    map[string]net.Conn // our ends of the links, the latest of each address
	all      []net.Conn
	failRead []error // what ReadFrom returns next
	failSend error   // what WriteTo returns, if not nil
}

type testDatagram struct {
	from *net.UDPAddr
	b    []byte
}

func newTestSocket() *testSocket {
	return &testSocket{arrived: make(chan testDatagram, 1<<16), closed: make(chan struct{}), links: map[string]net.Conn{}}
}

// link returns the client's end of a new link. Another with the same address
// leaves the first one deaf but not dumb.
func (s *testSocket) link(addr string, config netsim.Config) net.Conn {
	a, b := netsim.Pipe(config)
	from := net.UDPAddrFromAddrPort(netip.MustParseAddrPort(addr))
	s.mu.Lock()
	s.links[from.String()] = b
	s.all = append(s.all, b)
	s.mu.Unlock()
	go func() {
		for {
			buf := make([]byte, 2048)
			n, err := b.Read(buf)
			if err != nil {
				return
			}
			s.arrived <- testDatagram{from, buf[:n]}
		}
	}()
	return a
}

// inject makes b come from addr, whoever has that.
func (s *testSocket) inject(addr string, b []byte) {
	s.arrived <- testDatagram{net.UDPAddrFromAddrPort(netip.MustParseAddrPort(addr)), append([]byte(nil), b...)}
}

func (s *testSocket) ReadFrom(b []byte) (int, net.Addr, error) {
	s.mu.Lock()
	if len(s.failRead) > 0 {
		err := s.failRead[0]
		s.failRead = s.failRead[1:]
		s.mu.Unlock()
		return 0, nil, err
	}
	s.mu.Unlock()
	select {
	case d := <-s.arrived:
		return copy(b, d.b), d.from, nil
	case <-s.closed:
		return 0, nil, net.ErrClosed
	}
}

func (s *testSocket) WriteTo(b []byte, to net.Addr) (int, error) {
	s.mu.Lock()
	link, err := s.links[to.String()], s.failSend
	s.mu.Unlock()
	if err != nil {
		return 0, err
	}
	if link != nil {
		return link.Write(b)
	}
	return len(b), nil
}

func (s *testSocket) Close() error {
	s.once.Do(func() { close(s.closed) })
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, link := range s.all {
		link.Close()
	}
	return nil
}

func (s *testSocket) LocalAddr() net.Addr {
	return net.UDPAddrFromAddrPort(netip.MustParseAddrPort("192.0.2.100:443"))
}

func TestOneAddressHasOneFormInASocket(t *testing.T) {
	s := packetSocket{addrConn{addr: &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 5}}}
	_, from, err := s.ReadFromUDPAddrPort(nil)
	if want := netip.MustParseAddrPort("192.0.2.1:5"); err != nil || from != want {
		t.Errorf("an IPv4 address in 16 bytes is %v, %v, want %v", from, err, want)
	}
	s = packetSocket{addrConn{addr: netsim.Addr("A")}}
	if _, from, err := s.ReadFromUDPAddrPort(nil); err != nil || from.IsValid() {
		t.Errorf("an address of another kind is %v, %v", from, err)
	}
	type embeds struct{ *net.UDPConn }
	if _, ok := newSocket(embeds{}).(packetSocket); !ok {
		t.Error("who embeds a UDPConn is taken for one, whatever its ReadFrom does")
	}
}

// addrConn receives nothing, again and again.
type addrConn struct {
	net.PacketConn
	addr net.Addr
}

func (c addrConn) ReadFrom([]byte) (int, net.Addr, error) { return 0, c.addr, nil }

package icelite

import (
	"bytes"
	"net"
	"testing"
	"time"

	"github.com/pion/stun"
	"github.com/rtctransport/rtctransport/mux"
)

// A visitor is a peer of a server on real sockets of the loopback interface.
type visitor struct {
	*testing.T
	udp  *net.UDPConn
	peer *Peer
}

// patience is how long a visitor waits for any one datagram: it decides nothing but how long a failure takes.
const patience = 20 * time.Second

// visit registers a peer whose every datagram of DTLS is sent back by the server copies times, and connects to it.
func visit(t *testing.T, s *Server, copies int) *visitor {
	t.Helper()
	p, err := s.AddPeer(nil)
	if err != nil {
		t.Fatal(err)
	}
	mux.New(p, nil).Handle(func(b []byte) {
		for range copies {
			if _, err := p.Write(b); err != nil {
				t.Error(err)
			}
		}
	}, mux.DTLS)
	v := &visitor{T: t, peer: p}
	v.move(s, net.IPv4(127, 0, 0, 1))
	return v
}

// move goes on from a new address, as after a change of network, to that address of the server.
func (v *visitor) move(s *Server, ip net.IP) {
	v.Helper()
	if v.udp != nil {
		v.udp.Close()
	}
	to := &net.UDPAddr{IP: ip, Port: int(s.AddrPort().Port())}
	udp, err := net.DialUDP("udp", nil, to)
	if err != nil {
		v.Fatal(err)
	}
	v.Cleanup(func() { udp.Close() })
	v.udp = udp
	v.send(binding(v.peer.Credentials(), useCandidate))
	m := &stun.Message{Raw: v.receive()}
	if err := m.Decode(); err != nil || m.Type != stun.BindingSuccess {
		v.Fatalf("%v, %v", m, err)
	}
}

func (v *visitor) send(b []byte) {
	if _, err := v.udp.Write(b); err != nil {
		v.Error(err)
	}
}

func (v *visitor) receive() []byte {
	b := make([]byte, 2048)
	_ = v.udp.SetReadDeadline(time.Now().Add(patience))
	n, err := v.udp.Read(b)
	if err != nil {
		v.Error(err)
	}
	return b[:n]
}

// echo sends a burst and reports whether all copies of it come back, in order.
func (v *visitor) echo(burst, copies int) bool {
	var sent [][]byte
	for i := range burst {
		b := bytes.Repeat([]byte{byte(i)}, 100)
		b[0] = 22 // DTLS
		sent = append(sent, b)
		v.send(b)
	}
	for _, b := range sent {
		for range copies {
			if got := v.receive(); !bytes.Equal(got, b) {
				v.Errorf("%d bytes came that begin with %x, want those of datagram %d", len(got), got[:min(2, len(got))], b[1])
				return false
			}
		}
	}
	return true
}

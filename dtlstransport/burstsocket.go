package dtlstransport

import (
	"errors"
	"net"
	"net/netip"
	"sync/atomic"

	"github.com/rtctransport/rtctransport/mux"
	"github.com/rtctransport/rtctransport/mux/offload"
)

// A burstSocket is a UDP socket that receives and sends the datagrams of a burst in one call of the system, as far as that
// can. One goroutine reads it.
type burstSocket struct {
	*net.UDPConn
	refused atomic.Bool // the system sends no bursts after all, or not everywhere

	// For who reads. A burst is datagrams of size bytes, the last of which may be shorter.
	memory  []byte
	control [offload.ControlSize]byte
	rest    []byte // of the last burst
	size    int
	from    netip.AddrPort
}

// maxBurst is what the system puts together at most, in bytes.
const maxBurst = 1 << 16

// newBurstSocket returns nil if the system does not coalesce.
func newBurstSocket(c *net.UDPConn) *burstSocket {
	if !offload.Coalesce(c) {
		return nil
	}
	return &burstSocket{UDPConn: c, memory: make([]byte, maxBurst)}
}

// ReadFromUDPAddrPort returns the next datagram of a burst, or of the next one. What b has no room for is lost.
func (s *burstSocket) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	if len(s.rest) == 0 {
		n, controls, _, from, err := s.ReadMsgUDPAddrPort(s.memory, s.control[:])
		if err != nil {
			return 0, netip.AddrPort{}, err
		}
		s.rest, s.size, s.from = s.memory[:n], n, from
		if size := offload.Size(s.control[:controls]); size > 0 {
			s.size = min(size, n)
		}
	}
	datagram := s.rest[:min(s.size, len(s.rest))]
	s.rest = s.rest[len(datagram):]
	return copy(b, datagram), s.from, nil
}

// canSegment reports whether writeSegments may work.
func (s *burstSocket) canSegment() bool { return offload.Segments && !s.refused.Load() }

// writeSegments sends b as datagrams of size bytes each; the last one may be shorter. After an error, nothing was sent.
func (s *burstSocket) writeSegments(b []byte, size int, to netip.AddrPort) error {
	var room [offload.ControlSize]byte
	_, _, err := s.WriteMsgUDPAddrPort(b, offload.AppendControl(room[:0], size), to)
	return err
}

// canSegment reports whether writeSegments costs less than as many writes.
func (l *Listener) canSegment() bool {
	s, ok := l.socket.(*burstSocket)
	return ok && s.canSegment()
}

// writeSegments sends datagrams of size bytes, the last of which may be shorter, in one call if the system takes them so.
func (l *Listener) writeSegments(b []byte, size int, to netip.AddrPort) (n int, err error) {
	if s, ok := l.socket.(*burstSocket); ok && len(b) > size && s.canSegment() {
		err := s.writeSegments(b, size, to)
		switch {
		case err == nil:
			return len(b), nil
		case mux.IsTransient(err), errors.Is(err, net.ErrClosed):
			l.count(&l.stats.SocketErrors)
		default:
			s.refused.Store(true)
		}
	}
	for n < len(b) {
		k, err := l.write(b[n:min(n+size, len(b))], to)
		n += k
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

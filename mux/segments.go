package mux

import (
	"net"
	"sync/atomic"

	"github.com/rtctransport/rtctransport/mux/offload"
)

// A segmenter sends several datagrams in one call of the system. It is nil where there is no such call.
type segmenter struct {
	send    func(b []byte, size int) error // all or nothing
	refused atomic.Bool                    // the system has none after all, or not for this route
}

// newSegmenter returns nil if the link is not a UDP socket.
func newSegmenter(link Link) *segmenter {
	socket, ok := link.(*net.UDPConn)
	if !ok || !offload.Segments {
		return nil
	}
	return &segmenter{send: func(b []byte, size int) error {
		var room [offload.ControlSize]byte
		_, _, err := socket.WriteMsgUDP(b, offload.AppendControl(room[:0], size), nil)
		return err
	}}
}

// CanSegment reports whether WriteSegments costs less than as many Writes.
func (m *Mux) CanSegment() bool { return m.segmenter != nil && !m.segmenter.refused.Load() }

// WriteSegments sends b as datagrams of size bytes each; the last one may be shorter. b has at most 65,000 bytes in at
// most 64 datagrams. It is as that many calls of Write, and costs less on Linux if the link is a *net.UDPConn, which
// is then given all at once (UDP_SEGMENT).
func (m *Mux) WriteSegments(b []byte, size int) (n int, err error) {
	if len(b) > size && m.CanSegment() && !m.closed.Load() {
		err := m.segmenter.send(b, size)
		switch {
		case err == nil:
			return len(b), nil
		case IsTransient(err):
			m.count.linkErrors.Add(1) // of an earlier datagram, and nothing was sent
		default:
			m.segmenter.refused.Store(true)
		}
	}
	for n < len(b) {
		k, err := m.Write(b[n:min(n+size, len(b))])
		n += k
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

package dtlstransport

import (
	"io"
	"net"
	"time"

	"github.com/rtctransport/rtctransport/mux"
)

// A carrier is what a Conn needs of what carries its datagrams: a mux.Mux, or one
// association of a Listener.
type carrier interface {
	io.Writer // one datagram; may be called concurrently
	io.Closer
	LocalAddr() net.Addr  // not nil
	RemoteAddr() net.Addr // not nil
	RTT() time.Duration   // 0: not known
	MaxDatagramSize() int // 0: not known

	// attach says that c is ready: each datagram goes to c.receive from now on, one at
	// a time, and the end of the link to c.linkEnded.
	attach(c *Conn)
}

// muxCarrier is a Mux whose DTLS is for one Conn.
type muxCarrier struct{ *mux.Mux }

func (m muxCarrier) attach(c *Conn) {
	m.Handle(c.receive, mux.DTLS)
	m.OnEnd(c.linkEnded)
	if c.reliable {
		// Not before there is somebody to wait for: a Mux keeps no more than so much of what comes
		// early, and what is dropped would not come again.
		m.Handle(nil, mux.RTP, mux.RTCP)
	}
}

package dtlstransport

import (
	"sync"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/keying"
	"github.com/rtctransport/rtctransport/mux"
)

// A lane is one association of a Transport, as the carrier of its Conn.
type lane struct {
	*mux.Mux
	t      *Transport
	conn   *Conn
	role   Role
	config *Config
}

func newLane(t *Transport, role Role, config *Config) (*lane, error) {
	l := &lane{Mux: t.mux, t: t, role: role, config: config}
	var err error
	if l.conn, err = newConn(l, role, config); err != nil {
		return nil, err
	}
	l.conn.inLink.over(t.link)
	l.conn.onEnd = func(err error) { t.ended(l, err) }
	return l, nil
}

// attach has the first lane take the DTLS of the mux, for itself and those that follow.
func (l *lane) attach(*Conn) {
	if t := l.t; t.current.Load() == l {
		t.mux.Handle(t.route, mux.DTLS)
		t.mux.OnEnd(t.linkEnded)
	}
}

// Close closes the link if no other association is using it.
func (l *lane) Close() error {
	if l.t.current.Load() != l {
		return nil
	}
	return l.Mux.Close()
}

// protector makes the SRTP of a connected association. It returns neither it nor an
// error if the application protects media itself. The Conn's lock is held.
func (l *lane) protector() (keying.Protector, error) {
	if l.config.NewProtector == nil {
		return nil, nil
	}
	material, err := l.conn.engine.SRTPMaterial()
	if err != nil {
		return nil, err
	}
	return l.config.NewProtector(material, l.role)
}

// A succession is what a Transport knows about associations that follow each
// other. At most two of them live at a time.
//
//	           Restart          connected            sendNewest        retire
//	first -------|------------------|--------------------|---------------|
//	second       |--- handshake ----|-- receives --------|-- and sends --|------>
//
// The Conns' locks come before its own.
type succession struct {
	mu    sync.Mutex
	next  *lane         // whose handshake goes on; nil: none
	old   *lane         // that has a successor, and still takes what is late; nil: none
	alone chan struct{} // closed when old is gone
	lost  error         // why the current one ended while next might save the Transport
	over  bool          // nothing follows any more
	wait  bool          // what we send is still under the keys of old
	timer *time.Timer   // calls what is next to do about old
	spare []byte        // for the loop that reads: a copy of a datagram
	news  news          // of the Transport
}

// pair returns the two associations that a datagram may be for; the older is nil if
// there is only one.
func (t *Transport) pair() (older, younger *lane) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch current := t.current.Load(); {
	case t.next != nil:
		return current, t.next
	default:
		return t.old, current
	}
}

// latest returns the association that began last.
func (t *Transport) latest() *lane {
	_, younger := t.pair()
	return younger
}

// route gives a datagram to the association that it is for: a handshake in the clear
// is that of the younger, and whose a protected record is, its keys tell.
func (t *Transport) route(b []byte) {
	older, younger := t.pair()
	if older == nil {
		younger.conn.receive(b)
		return
	}
	if record.Protected(b) {
		// What decrypts in place and fails leaves nothing for the other.
		t.spare = append(t.spare[:0], b...)
		if older.conn.takes(b, true).authentic {
			return
		}
		b = t.spare
	}
	if younger.conn.takes(b, true).newest {
		t.renewed()
	}
}

// linkEnded tells all.
func (t *Transport) linkEnded(err error) {
	older, younger := t.pair()
	if older != nil {
		older.conn.linkEnded(err)
	}
	younger.conn.linkEnded(err)
}

package dtlstransport

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/keying"
	"github.com/rtctransport/rtctransport/mux"
)

// A Transport is the usual composition over one link, the one that WebRTC calls
// a DTLS transport:
//
//	           +--> Conn: DTLS ---- data ----> SCTP, for data channels
//	link --> mux           \ keys
//	           +--> SRTP <--+ -------> ReadRTP, OnRTP, ReadRTCP, OnRTCP
//	           +--> SRTCP
//	           +--> anything else: Mux()
//
// One goroutine reads the link. Media that comes before the keys waits, bounded.
// All methods may be called concurrently. A Transport has to be closed.
type Transport struct {
	link     mux.Link
	mux      *mux.Mux
	rtp      media
	rtcp     media
	attached atomic.Bool          // the mux's media comes to us
	current  atomic.Pointer[lane] // never nil
	done     chan struct{}        // closed with err

	succession
}

// NewTransport returns a transport over link, which it owns from now on. Nothing
// is sent before Handshake. config is kept and must not be changed. Without
// Config.NewProtector packets are left to whoever attaches to Mux, and SRTPMaterial has the
// keys: ReadRTP, WriteRTP and their like fail with ErrNoSRTP at once, and OnRTP is not called.
func NewTransport(link mux.Link, role Role, config *Config) (*Transport, error) {
	t := &Transport{link: link, mux: mux.New(link, nil), done: make(chan struct{})}
	first, err := newLane(t, role, config)
	if err != nil {
		return nil, err
	}
	t.current.Store(first)
	t.rtp.open, t.rtp.seal = keying.Protector.UnprotectRTP, keying.Protector.ProtectRTP
	t.rtcp.open, t.rtcp.seal = keying.Protector.UnprotectRTCP, keying.Protector.ProtectRTCP
	t.rtp.init(t.renewed)
	t.rtcp.init(t.renewed)
	if config.NewProtector == nil {
		t.rtp.end(noProtectorError{})
		t.rtcp.end(noProtectorError{})
	}
	first.conn.onConnected = func() func() { return t.connected(first) }
	return t, nil
}

// connected is called with the connection's lock, when the gate has opened. It returns what is to be done without it, if
// anything: media comes to us from then on, and who wants to know is told.
func (t *Transport) connected(first *lane) (then func()) {
	p, err := first.protector()
	switch {
	case p == nil && err == nil:
		return t.takeConnected()
	case err != nil:
		t.rtp.end(err)
		t.rtcp.end(err)
		if !errors.Is(err, ErrNoSRTP) {
			first.conn.end(fmt.Errorf("dtls: SRTP: %w", err))
		}
		tell := t.takeConnected()
		return func() {
			t.mux.Handle(nil, mux.RTP, mux.RTCP)
			if tell != nil {
				tell()
			}
		}
	}
	keys := &mediaKeys{send: p, newest: p}
	t.rtp.use(keys)
	t.rtcp.use(keys)
	tell := t.takeConnected()
	return func() {
		t.attach()
		if tell != nil {
			tell()
		}
	}
}

// attach has media come to us, once. What came early is handled before it returns, and the handlers may call us back: it is
// not called under the lock.
func (t *Transport) attach() {
	if !t.attached.Swap(true) {
		t.mux.Handle(t.rtp.receive, mux.RTP)
		t.mux.Handle(t.rtcp.receive, mux.RTCP)
	}
}

// Handshake runs the handshake to its end; see Conn.Handshake.
func (t *Transport) Handshake(ctx context.Context) error { return t.Conn().Handshake(ctx) }

// Conn returns the channel for datagrams under DTLS: in WebRTC, for SCTP. Closing
// it closes the Transport. After a Restart it is another one.
func (t *Transport) Conn() *Conn { return t.current.Load().conn }

// Mux returns what the link is shared by, for STUN, ZRTP, QUIC, or media that
// the application protects itself.
func (t *Transport) Mux() *mux.Mux { return t.mux }

// Role returns the side that this end takes.
func (t *Transport) Role() Role { return t.current.Load().role }

// ConnectionState returns what the association came to so far.
func (t *Transport) ConnectionState() ConnectionState { return t.Conn().ConnectionState() }

// SetRemoteFingerprints gives the peer's fingerprints, where Config did not; see
// Engine.SetRemote. During a Restart they are those of the new association.
func (t *Transport) SetRemoteFingerprints(set fingerprint.Set) error {
	return t.latest().conn.SetRemoteFingerprints(set)
}

// SRTPMaterial returns the SRTP keys, for applications that protect media
// themselves; see Engine.SRTPMaterial.
func (t *Transport) SRTPMaterial() (*keying.Material, error) { return t.Conn().SRTPMaterial() }

// ReadRTP returns the next RTP packet of the peer, authenticated and decrypted.
// What b has no room for is lost, and the error is io.ErrShortBuffer. It blocks until
// there is a packet, the read deadline passes (os.ErrDeadlineExceeded), or the
// association ends; then the error is that of Conn.Err. It fails with ErrNoSRTP if no profile was
// negotiated, or at once if Config has no NewProtector. A reader that is slow loses packets, which
// are counted.
func (t *Transport) ReadRTP(b []byte) (int, error) { return t.rtp.read(b) }

// ReadRTCP returns the next compound RTCP packet; otherwise it is as ReadRTP.
func (t *Transport) ReadRTCP(b []byte) (int, error) { return t.rtcp.read(b) }

// WriteRTP protects an RTP packet, header and payload, and sends it. The packet
// is not kept or changed. It fails with ErrNotConnected before the handshake is complete,
// with ErrNoSRTP as ReadRTP does, with the errors of package keying for packets that cannot be
// protected, and with the mux's when the link has ended.
func (t *Transport) WriteRTP(packet []byte) (int, error) { return t.rtp.write(t.mux, packet) }

// WriteRTCP protects and sends a compound RTCP packet; otherwise it is as
// WriteRTP.
func (t *Transport) WriteRTCP(packet []byte) (int, error) { return t.rtcp.write(t.mux, packet) }

// OnRTP gives each RTP packet to handler, inline from the loop that reads the
// link, in place of ReadRTP: no copy, no wake-up. packet is valid, and may be written
// to, until handler returns. handler has to be quick; it may call the Transport's
// methods, but must not wait for data. What ReadRTP has not read is given to
// handler first, before OnRTP returns. Call it once, before Handshake if no
// packet may be handled by another goroutine at the same time.
func (t *Transport) OnRTP(handler func(packet []byte)) { t.rtp.handle(handler) }

// OnRTCP is OnRTP for compound RTCP packets.
func (t *Transport) OnRTCP(handler func(packet []byte)) { t.rtcp.handle(handler) }

// SetReadDeadline makes ReadRTP and ReadRTCP, waiting or later, fail from the
// given time on. The zero Time means never. Conn has deadlines of its own.
func (t *Transport) SetReadDeadline(d time.Time) error {
	t.rtp.setDeadline(d)
	t.rtcp.setDeadline(d)
	return nil
}

// Done is closed when the association has ended and no other has taken its place;
// see Conn.Done.
func (t *Transport) Done() <-chan struct{} { return t.done }

// Err returns why the association ended, as Conn.Err does.
func (t *Transport) Err() error {
	select {
	case <-t.done:
		return t.Conn().Err()
	default:
		return nil
	}
}

// Close ends the association with a close_notify and closes the link.
func (t *Transport) Close() error {
	t.dissolve()
	return t.Conn().Close()
}

// TransportStats counts what a Transport saw.
type TransportStats struct {
	DTLS Stats // of the association that is in force
	Mux  mux.Stats
	RTP  MediaStats
	RTCP MediaStats
}

// MediaStats counts packets of media. Bytes are those of whole packets, protected,
// without the headers of UDP and IP.
type MediaStats struct {
	Received      uint64 // authentic
	Refused       uint64 // forged, replayed or malformed
	Dropped       uint64 // authentic, but the reader was too slow
	BytesReceived uint64 // of the authentic and the refused
	Sent          uint64 // protected, and taken by the link
	BytesSent     uint64
}

func (m *media) stats() MediaStats {
	return MediaStats{
		Received: m.received.Load(), Refused: m.refused.Load(), Dropped: m.dropped.Load(), BytesReceived: m.bytes.Load(),
		Sent: m.sent.Load(), BytesSent: m.bytesSent.Load(),
	}
}

// Stats returns the counts so far.
func (t *Transport) Stats() TransportStats {
	return TransportStats{t.Conn().Stats(), t.mux.Stats(), t.rtp.stats(), t.rtcp.stats()}
}

package dtlstransport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/keying"
	"github.com/rtctransport/rtctransport/mux"
)

// A Conn is a DTLS association over one datagram link, as a net.Conn: one Write
// is one record in one datagram, one Read returns the data of one record.
//
// It is an Engine with one mutex, one condition and one timer around it; the one
// goroutine is the mux's, which reads the link, or the Listener's, which reads
// the socket of many. All methods may be called concurrently. A Conn has to be closed.
type Conn struct {
	carrier carrier

	mu      sync.Mutex
	changed sync.Cond // anything that somebody may wait for
	engine  *Engine
	timer   *time.Timer // calls tick; nil until it is first needed
	wake    time.Time   // what timer is set to; zero: not set

	reliable  bool // nothing may be dropped
	started   bool
	connected bool
	sending   bool   // somebody is writing what the engine has to say
	scratch   []byte // theirs

	probe         *probing // in flight; nil: none is
	queue         receiveQueue
	readDeadline  time.Time
	writeDeadline time.Time

	err  error         // why the association ended; io.EOF: the peer's close_notify came
	done chan struct{} // closed with it

	onConnected func()      // called once, with mu, before Handshake returns; for Transport
	onEnd       func(error) // called once, with mu, when err is set; for Transport
	news        news        // for the caller of Start
	linkErrors  uint64      // datagrams that the link did not take
}

// Client returns the client end of an association over link, which it owns from
// now on. Nothing is sent before Handshake, Read or Write. Data on the link that
// is not DTLS is dropped. config is kept and must not be changed.
func Client(link mux.Link, config *Config) (*Conn, error) { return dial(link, RoleClient, config) }

// Server returns the server end of an association over link; otherwise it is as
// Client.
func Server(link mux.Link, config *Config) (*Conn, error) { return dial(link, RoleServer, config) }

func dial(link mux.Link, role Role, config *Config) (*Conn, error) {
	var limits mux.Config
	if config != nil && config.ReliableTransport {
		limits.MaxReceiveSize = reliableDatagramSize
	}
	m := mux.New(link, &limits)
	c, err := newConn(muxCarrier{m}, role, config)
	if err != nil {
		return nil, err
	}
	m.Handle(nil, mux.RTP, mux.RTCP)
	return c, nil
}

func newConn(by carrier, role Role, config *Config) (*Conn, error) {
	engine, err := NewEngine(role, config)
	if err != nil {
		return nil, err
	}
	c := &Conn{reliable: config.ReliableTransport, carrier: by, engine: engine, done: make(chan struct{})}
	c.changed.L = &c.mu
	c.queue.limit = config.ReceiveBuffer
	if c.queue.limit <= 0 {
		c.queue.limit = defaultReceiveBuffer
	}
	if c.reliable {
		c.queue.limit = max(c.queue.limit, lengthSize+record.MaxPlaintext) // a record that has no room would be lost
	}
	engine.SetRTT(by.RTT())
	engine.SetRemoteAddr(by.RemoteAddr().String())
	if n := by.MaxDatagramSize(); config.MaxDatagramSize == 0 && n > 0 {
		engine.SetMaxDatagramSize(n)
	}
	return c, nil
}

// Handshake runs the handshake to its end: connected, with the peer's fingerprint
// matched. It returns nil at once if that has happened. If ctx ends first, it
// returns ctx's error, and the handshake goes on; Close ends it. Read and Write
// run it when it has not been run.
func (c *Conn) Handshake(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.changed.Broadcast()
	})
	defer stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.start()
	for !c.connected && c.err == nil {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("dtls: handshake: %w", err)
		}
		c.changed.Wait()
	}
	if c.connected {
		return nil
	}
	return c.err
}

// Done is closed when the association has ended: the peer's close_notify, a
// failure, Close, or the end of the link. The link stays open until Close.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Err returns why the association ended: io.EOF after the peer's close_notify,
// else as Read does; nil while it has not.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// was reports whether the gate has opened, and why the association has ended since;
// nil: it has not.
func (c *Conn) was() (connected bool, ended error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.connected, c.err
}

// isFinal reports whether we have sent the final flight of the handshake.
func (c *Conn) isFinal() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.engine.sentFinalFlight()
}

// finalAnswers returns how often the peer may still ask for our last flight.
func (c *Conn) finalAnswers() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.engine.finals
}

// start begins the handshake, once. It is called with mu held.
func (c *Conn) start() {
	if c.started {
		return
	}
	c.started = true
	c.after(c.engine.Start(time.Now()))
	// We may be called before attach returns, with what came early.
	c.mu.Unlock()
	c.carrier.attach(c)
	c.mu.Lock()
}

// receive takes a datagram from whoever reads the link.
func (c *Conn) receive(b []byte) { c.takes(b, false) }

// taken is what a datagram turned out to be.
type taken struct {
	authentic bool // the peer's: one of its records was authentic
	newest    bool // newer than all before, of a peer that was connected
	answered  bool // it answers a challenge
}

// takes is receive. shared says that the datagram may be for another association on the same
// path: what is not ours is not forged then.
func (c *Conn) takes(b []byte, shared bool) taken {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.mustWait() {
		c.changed.Wait()
	}
	if c.err != nil {
		// A peer that has missed why it was refused hears it again.
		if c.engine.Err() != nil && !errors.Is(c.err, net.ErrClosed) {
			c.after(c.engine.HandleDatagram(time.Now(), b))
		}
		return taken{}
	}
	connected, opened, end, proved := c.connected, c.engine.opened, c.engine.readEnd(), c.engine.proved
	c.engine.shared = shared
	c.after(c.engine.HandleDatagram(time.Now(), b))
	t := taken{c.engine.opened > opened, connected && c.engine.readEnd() > end, c.engine.proved > proved}
	if t.answered {
		c.changed.Broadcast() // another probe may follow
	}
	return t
}

// tick is what the timer calls.
func (c *Conn) tick() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wake = time.Time{}
	c.after(c.engine.HandleTimeout(time.Now()))
	c.changed.Broadcast()
}

// linkEnded takes the end of the link. It may come from Close.
func (c *Conn) linkEnded(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !errors.Is(err, net.ErrClosed) {
		err = fmt.Errorf("dtls: link: %w", err)
	}
	c.end(err)
}

// abandon ends the association without a word to the peer.
func (c *Conn) abandon(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end(err)
	c.arm()
}

// after does what follows from a call into the engine that returned err: events
// are taken, datagrams sent, the timer set. mu is held, and let go while the link
// is written.
func (c *Conn) after(err error) {
	connected := c.takeEvents()
	if err != nil {
		c.end(err)
	}
	c.flush()
	if connected {
		// Only now, so that our Finished goes out before what waits for it.
		c.connected = true
		if c.onConnected != nil {
			c.onConnected()
		}
		c.news.tellConnected()
		c.changed.Broadcast()
	}
	c.arm()
}

// takeEvents takes what the last call into the engine made happen, and reports
// whether that was the end of the handshake.
func (c *Conn) takeEvents() (connected bool) {
	for {
		e := c.engine.NextEvent()
		switch e.Kind {
		case NoEvent:
			return connected
		case EventConnected:
			connected = true
		case EventData:
			if !c.queue.push(e.Data) {
				c.engine.drop(DropQueueFull)
			}
		case EventClosed:
			c.end(io.EOF)
		case EventProbeAnswered:
			c.probe.finish(e.RTT, nil)
		case EventProbeLost:
			c.probe.finish(0, ErrProbeLost)
		}
		c.changed.Broadcast()
	}
}

// end makes err the reason why the association ended, if it is the first.
func (c *Conn) end(err error) {
	if c.err == nil {
		c.err = err
		close(c.done)
		if c.onEnd != nil {
			c.onEnd(err)
		}
		c.news.tellEnded(err)
		c.changed.Broadcast()
	}
}

// flush writes what the engine has to say, in order: one goroutine at a time
// does it for all. mu is held, and let go during each write.
func (c *Conn) flush() {
	if c.sending {
		return // who is at it will find ours
	}
	c.sending = true
	for {
		b, ok := c.engine.AppendDatagram(c.scratch[:0])
		if !ok {
			break
		}
		c.scratch = b
		c.mu.Unlock()
		_, err := c.carrier.Write(b)
		c.mu.Lock()
		if err != nil {
			// A lost datagram, as far as we know; a link that has broken ends the mux.
			c.linkErrors++
			if mux.IsTooLarge(err) {
				waiting := c.probe
				c.engine.DatagramRefused(len(b))
				c.takeEvents()
				if waiting != nil && waiting.done {
					waiting.err = c.opError("probe", fmt.Errorf("%w: %w", ErrTooLarge, err))
				}
			}
		}
	}
	c.sending = false
	if c.connected {
		c.scratch = nil
	}
	c.changed.Broadcast()
}

// arm sets the timer to whatever is due first.
func (c *Conn) arm() {
	next := time.Time{}
	if c.err == nil {
		next = c.engine.Deadline()
	}
	now := time.Now()
	for _, d := range []time.Time{c.readDeadline, c.writeDeadline} {
		if d.After(now) {
			next = firstTime(next, d)
		}
	}
	if next.Equal(c.wake) {
		return
	}
	c.wake = next
	switch {
	case next.IsZero():
		c.timer.Stop()
	case c.timer == nil:
		c.timer = time.AfterFunc(next.Sub(now), c.tick)
	default:
		c.timer.Reset(next.Sub(now))
	}
}

// wait waits until ready or the deadline, which may change meanwhile. mu is held.
func (c *Conn) wait(deadline *time.Time, ready func() bool) error {
	c.start()
	for {
		if !deadline.IsZero() && !time.Now().Before(*deadline) {
			return os.ErrDeadlineExceeded
		}
		if ready() {
			return nil
		}
		c.changed.Wait()
	}
}

// Read returns the data of the next record. What b has no room for is lost, and
// the error is io.ErrShortBuffer. Read returns io.EOF after the peer's
// close_notify, net.ErrClosed after Close, os.ErrDeadlineExceeded after the read
// deadline, a *HandshakeError or *AlertError when the association failed, or the
// link's error. What had come before is returned first.
func (c *Conn) Read(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.wait(&c.readDeadline, func() bool { return c.queue.len() > 0 || c.err != nil })
	switch {
	case err != nil:
		return 0, c.opError("read", err)
	case c.queue.len() > 0:
		if c.reliable {
			c.changed.Broadcast()
		}
		return c.queue.pop(b)
	case c.err == io.EOF:
		return 0, io.EOF
	}
	return 0, c.opError("read", c.err)
}

// datagrams holds buffers for records on their way to the link.
var datagrams = sync.Pool{New: func() any { b := make([]byte, 0, 2048); return &b }}

// Write sends b as one record. It waits for the handshake, but for nothing else.
// It fails with ErrTooLarge over 2^14 bytes, with ErrSequenceExhausted after 2^48
// records, when only Close is left to do, and as Read does; after the peer's
// close_notify with ErrClosed. A datagram that the link does not take counts as sent and lost.
func (c *Conn) Write(b []byte) (int, error) {
	buf := datagrams.Get().(*[]byte)
	defer datagrams.Put(buf)
	c.mu.Lock()
	err := c.wait(&c.writeDeadline, func() bool { return c.connected || c.err != nil })
	switch {
	case err != nil:
	case c.err == io.EOF:
		err = ErrClosed
	case c.err != nil:
		err = c.err
	default:
		if trace := c.engine.trace; trace != nil {
			trace.at(time.Now())
		}
		*buf, err = c.engine.AppendApplicationData((*buf)[:0], b)
	}
	c.mu.Unlock()
	if err != nil {
		return 0, c.opError("write", err)
	}
	if _, err := c.carrier.Write(*buf); err != nil {
		if mux.IsTooLarge(err) {
			err = fmt.Errorf("%w: %w", ErrTooLarge, err)
		}
		return 0, c.opError("write", err)
	}
	return len(b), nil
}

// opError wraps an error as the net package does, without hiding what it is.
func (c *Conn) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: "dtls", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}

// closeTimeout is how long Close waits for a link that takes nothing.
const closeTimeout = 5 * time.Second

// Close ends the association with a close_notify and closes the link. It waits
// for nothing but the write of that datagram, and for that at most 5 s, after which the
// link is closed without it. A second Close has no effect.
func (c *Conn) Close() error {
	c.mu.Lock()
	if errors.Is(c.err, net.ErrClosed) {
		c.mu.Unlock()
		return nil
	}
	stuck := time.AfterFunc(closeTimeout, func() { _ = c.carrier.Close() })
	defer stuck.Stop()
	_ = c.engine.Close(time.Now()) // an error is the one that ended the association before
	c.takeEvents()
	for c.sending {
		c.changed.Wait()
	}
	c.flush()
	c.end(net.ErrClosed)
	c.err = net.ErrClosed // from now on, whatever it was before
	c.queue = receiveQueue{}
	c.changed.Broadcast()
	c.readDeadline, c.writeDeadline = time.Time{}, time.Time{}
	c.arm()
	c.mu.Unlock()
	return c.carrier.Close()
}

// LocalAddr returns the local address of the link.
func (c *Conn) LocalAddr() net.Addr { return c.carrier.LocalAddr() }

// RemoteAddr returns the remote address of the link.
func (c *Conn) RemoteAddr() net.Addr { return c.carrier.RemoteAddr() }

// SetDeadline sets the read and the write deadline. The zero Time means none.
func (c *Conn) SetDeadline(t time.Time) error {
	return c.setDeadlines(t, &c.readDeadline, &c.writeDeadline)
}

// SetReadDeadline makes Read, waiting or later, fail from t on.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.setDeadlines(t, &c.readDeadline) }

// SetWriteDeadline makes Write, waiting for the handshake or later, fail from t
// on.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.setDeadlines(t, &c.writeDeadline) }

func (c *Conn) setDeadlines(t time.Time, deadlines ...*time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if errors.Is(c.err, net.ErrClosed) {
		return c.opError("set", net.ErrClosed)
	}
	for _, d := range deadlines {
		*d = t
	}
	c.arm()
	c.changed.Broadcast()
	return nil
}

// SetRemoteFingerprints gives the peer's fingerprints, where Config did not; see
// Engine.SetRemote.
func (c *Conn) SetRemoteFingerprints(set fingerprint.Set) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.engine.SetRemote(time.Now(), set)
	c.after(c.engine.Err())
	return err
}

// ConnectionState returns what the association came to so far.
func (c *Conn) ConnectionState() ConnectionState {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.engine.ConnectionState()
}

// ExportKeyingMaterial exports keys (RFC 5705); see Engine.ExportKeyingMaterial.
func (c *Conn) ExportKeyingMaterial(label string, context []byte, length int) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.engine.ExportKeyingMaterial(label, context, length)
}

// SRTPMaterial returns the SRTP keys of both sides; see Engine.SRTPMaterial.
func (c *Conn) SRTPMaterial() (*keying.Material, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.engine.SRTPMaterial()
}

// SetMaxDatagramSize changes the bound on handshake datagrams, live.
func (c *Conn) SetMaxDatagramSize(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.engine.SetMaxDatagramSize(n)
}

// RecordOverhead returns by how many bytes a record is larger than the data in it;
// see Engine.RecordOverhead.
func (c *Conn) RecordOverhead() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.engine.RecordOverhead()
}

// SendAlert ends the association with a fatal alert; see Engine.SendAlert. The link
// stays open until Close.
func (c *Conn) SendAlert(d AlertDescription) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.engine.SendAlert(time.Now(), d)
	c.after(c.engine.Err())
	return err
}

// SendWarning sends an alert of level warning; see Engine.SendWarning.
func (c *Conn) SendWarning(d AlertDescription) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.engine.SendWarning(d)
	c.flush()
	return err
}

// Buffered returns how many records wait for Read.
func (c *Conn) Buffered() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.queue.len()
}

// MaxPayload returns how much one Write can put into a datagram of the largest
// size, in bytes; see Engine.MaxPayload. Larger writes, up to 2^14 bytes, are left
// to IP to fragment.
func (c *Conn) MaxPayload() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.engine.MaxPayload()
}

// Stats returns the counts so far.
func (c *Conn) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.engine.Stats()
	s.LinkErrors = c.linkErrors
	if m, ok := c.carrier.(interface{ Stats() mux.Stats }); ok {
		s.LinkErrors += m.Stats().LinkErrors
	}
	return s
}

package dtlstransport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/rtctransport/rtctransport/mux"
	"github.com/rtctransport/rtctransport/mux/ring"
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
	sending   bool // somebody is writing what the engine has to say

	probe         *probing // in flight; nil: none is
	queue         ring.Queue
	readDeadline  time.Time
	writeDeadline time.Time
	inLink        linkWrites

	err  error         // why the association ended; io.EOF: the peer's close_notify came
	done chan struct{} // closed with it

	onConnected func() func() // called once, with mu, before Handshake returns; what it returns is called without; for Transport
	onEnd       func(error)   // called once, with mu, when err is set; for Transport
	news        news          // for the caller of Start
	linkErrors  uint64        // datagrams that the link did not take
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
	c.inLink.over(link)
	if !c.reliable {
		m.Handle(nil, mux.RTP, mux.RTCP) // reads the link from now on, for what comes early
	}
	return c, nil
}

func newConn(by carrier, role Role, config *Config) (*Conn, error) {
	engine, err := NewEngine(role, config)
	if err != nil {
		return nil, err
	}
	c := &Conn{reliable: config.ReliableTransport, carrier: by, engine: engine, done: make(chan struct{})}
	c.changed.L = &c.mu
	c.queue = ring.New(config.receiveBuffer())
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
	defer c.waken(ctx)()
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
	c.queue.Clear()
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

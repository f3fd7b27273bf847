package sctpdc

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

// A fatalConn ends with an error of its own, as DTLS does with an alert, and as a link does that ICE gives up.
type fatalConn struct {
	net.Conn
	dark  atomic.Bool // what is written is lost
	mu    sync.Mutex
	read  error // what Read returns from now on
	write error // what Write returns from now on
}

func (c *fatalConn) fail(read, write error) {
	c.mu.Lock()
	c.read, c.write = read, write
	c.mu.Unlock()
	if read != nil {
		_ = c.Conn.SetReadDeadline(time.Now())
	}
}

func (c *fatalConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.read != nil {
		return 0, c.read
	}
	return n, err
}

func (c *fatalConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.write != nil {
		return 0, c.write
	}
	if c.dark.Load() {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

// An alertError stands for the error of a DTLS that has failed.
type alertError struct{}

func (*alertError) Error() string { return "bad_record_mac" }

var errConsent = errors.New("consent has expired")

// ends are the ways in which an association ends, with what every call that waits must say.
var ends = map[string]struct {
	finish func(p *pair, x *fatalConn)
	reason Reason
	peer   bool
	is     error // what errors.Is finds besides; nil: nothing
	alert  bool  // errors.As finds the error of DTLS
}{
	"Close":        {finish: func(p *pair, _ *fatalConn) { _ = p.client.Close() }, reason: ReasonClosed, is: net.ErrClosed},
	"peer's ABORT": {finish: func(p *pair, _ *fatalConn) { _ = p.server.Close() }, reason: ReasonAbort, peer: true},
	"DTLS failure": {finish: func(_ *pair, x *fatalConn) { x.fail(&alertError{}, &alertError{}) }, reason: ReasonConn, alert: true},
	"close_notify": {finish: func(_ *pair, x *fatalConn) { x.fail(io.EOF, nil) }, reason: ReasonConn, is: io.ErrUnexpectedEOF},
	"ICE loss":     {finish: func(_ *pair, x *fatalConn) { x.fail(errConsent, nil) }, reason: ReasonConn, is: errConsent},
	"ICE loss seen by Write": {finish: func(_ *pair, x *fatalConn) { x.fail(nil, errConsent) },
		reason: ReasonConn, is: errConsent},
	"link closed": {finish: func(_ *pair, x *fatalConn) { _ = x.Conn.Close() }, reason: ReasonConn, is: net.ErrClosed},
	"our ABORT": {finish: func(p *pair, _ *fatalConn) { p.client.violated(errors.New("as the gate says")) },
		reason: ReasonAbort, is: ErrProtocol},
}

// SCTP-28
func TestEveryCallThatWaitsSaysWhyTheAssociationEnded(t *testing.T) {
	ctx := context.Background()
	// They are made in two rounds, because Shutdown ends the waiting of Send.
	rounds := map[string]func(p *pair, c, full *Channel) map[string]func() error{
		"calls": func(p *pair, c, full *Channel) map[string]func() error {
			return map[string]func() error{
				"Accept":          func() error { _, err := p.client.Accept(ctx); return err },
				"Receive":         func() error { _, err := c.Receive(ctx); return err },
				"another Receive": func() error { _, err := c.Receive(ctx); return err },
				"Stream.Read":     func() error { _, err := full.Stream().Read(make([]byte, 1)); return err },
				"Send":            func() error { return full.SendText(ctx, "waits for room") },
				"another Send":    func() error { return full.SendText(ctx, "waits for its turn") },
				"Stream.Write":    func() error { _, err := full.Stream().Write([]byte("the same")); return err },
				"Done":            func() error { <-c.Done(); return c.Err() },
				"Done of all":     func() error { <-p.client.Done(); return p.client.Err() },
			}
		},
		"Shutdown": func(p *pair, c, _ *Channel) map[string]func() error {
			return map[string]func() error{
				"Shutdown":         func() error { return p.client.Shutdown(ctx) },
				"another Shutdown": func() error { return p.client.Shutdown(ctx) },
				"Receive":          func() error { _, err := c.Receive(ctx); return err },
				"Stream.WriteTo":   func() error { _, err := io.Copy(io.Discard, c.Stream()); return err },
				"Accept":           func() error { _, err := p.client.Accept(ctx); return err },
			}
		},
	}
	for name, end := range ends {
		for round, calls := range rounds {
			t.Run(name+" "+round, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a, b := netsim.Pipe(netsim.Config{Delay: time.Millisecond})
					x := &fatalConn{Conn: a}
					p := &pair{t: t}
					p.client, p.server = p.start(x, 1, Config{SendBuffer: 10}), p.start(b, 2, Config{})
					c, _ := p.open(p.client, p.server, "x", nil)
					full, _ := p.open(p.client, p.server, "full", nil)
					x.dark.Store(true)
					p.send(full, "more than the buffer takes")
					type outcome struct {
						call string
						err  error
					}
					all := calls(p, c, full)
					outcomes := make(chan outcome, len(all))
					for call, wait := range all {
						go func() { outcomes <- outcome{call, wait()} }()
					}
					time.Sleep(500 * time.Millisecond)
					synctest.Wait()
					if len(outcomes) != 0 {
						t.Fatalf("a call did not wait: %v", <-outcomes)
					}
					end.finish(p, x)
					for range all {
						o := <-outcomes
						var e *AssociationError
						var alert *alertError
						if !errors.As(o.err, &e) || e.Reason != end.reason || e.Peer != end.peer || errors.As(o.err, &alert) != end.alert || end.is != nil && !errors.Is(o.err, end.is) {
							t.Errorf("%s: %v", o.call, o.err)
						}
					}
					// Later calls say the same.
					for call, err := range map[string]error{
						"Send": c.SendText(ctx, "x"), "TrySend": c.TrySend(Message{}), "Err": c.Err(),
						"Open": func() error { _, err := p.client.Open(ctx, "", nil); return err }(),
					} {
						var e *AssociationError
						if !errors.As(err, &e) || e.Reason != end.reason || e.Peer != end.peer {
							t.Errorf("%s afterwards: %v", call, err)
						}
					}
					_ = p.client.Close()
					_ = p.server.Close()
				})
			})
		}
	}
}

// Who waits for the association to come up is told the same.
func TestCallsBeforeTheAssociationIsUpSayWhyItEnded(t *testing.T) {
	ctx := context.Background()
	for name, end := range ends {
		if name == "peer's ABORT" || name == "our ABORT" {
			continue // there is nobody to abort
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, _ := netsim.Pipe(netsim.Config{Delay: time.Millisecond})
				x := &fatalConn{Conn: a}
				p := &pair{t: t}
				p.client = p.start(x, 1, Config{})
				id := uint16(7)
				calls := map[string]func() error{
					"Handshake":       func() error { return p.client.Handshake(ctx) },
					"Open":            func() error { _, err := p.client.Open(ctx, "x", nil); return err },
					"Open negotiated": func() error { _, err := p.client.Open(ctx, "", &ChannelOptions{Negotiated: true, ID: &id}); return err },
					"Accept":          func() error { _, err := p.client.Accept(ctx); return err },
				}
				errs := make(chan error, len(calls))
				for _, wait := range calls {
					go func() { errs <- wait() }()
				}
				time.Sleep(500 * time.Millisecond)
				if len(errs) != 0 {
					t.Fatalf("a call did not wait: %v", <-errs)
				}
				end.finish(p, x)
				for range calls {
					err := <-errs
					var e *AssociationError
					if !errors.As(err, &e) || e.Reason != end.reason || end.is != nil && !errors.Is(err, end.is) {
						t.Errorf("got %v", err)
					}
				}
				if n := p.client.Stats().Channels; n != 0 {
					t.Errorf("%d channels are left", n)
				}
				_ = p.client.Close()
			})
		})
	}
}

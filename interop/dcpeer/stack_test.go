package main

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/mux"
	"github.com/rtctransport/rtctransport/sctpdc"
)

// A side is one end of the whole stack.
type side struct {
	link        net.Conn
	conn        *dtlstransport.Conn
	association *sctpdc.Association
	channel     *sctpdc.Channel
}

// inStack runs f with two ends of DTLS, SCTP and one channel over a simulated link.
func inStack(t *testing.T, f func(client, server *side)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		a, b := netsim.Pipe(netsim.Config{Seed: 1, Delay: 20 * time.Millisecond, Loss: 0.02})
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		var certificates [2]*fingerprint.Certificate
		for i := range certificates {
			var err error
			if certificates[i], err = fingerprint.Generate(fingerprint.ECDSAP256); err != nil {
				t.Fatal(err)
			}
		}
		sides := [2]*side{{link: a}, {link: b}}
		var wg sync.WaitGroup
		for i, s := range sides {
			wg.Go(func() {
				begin, role := dtlstransport.Client, dtlstransport.RoleClient
				if i == 1 {
					begin, role = dtlstransport.Server, dtlstransport.RoleServer
				}
				var err error
				s.conn, err = begin(s.link, &dtlstransport.Config{
					Certificates:       []*fingerprint.Certificate{certificates[i]},
					RemoteFingerprints: fingerprint.Set{certificates[1-i].Fingerprint()},
				})
				if err == nil {
					err = s.conn.Handshake(ctx)
				}
				if err == nil {
					s.association, err = sctpdc.New(s.conn, &sctpdc.Config{Role: role})
				}
				if err == nil && i == 0 {
					s.channel, err = s.association.Open(ctx, "x", nil)
				} else if err == nil {
					s.channel, err = s.association.Accept(ctx)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		if wg.Wait(); t.Failed() {
			t.FailNow()
		}
		if !sides[0].association.Stats().ZeroChecksumSending {
			t.Error("DTLS was not recognized: packets have checksums")
		}
		f(sides[0], sides[1])
		for _, s := range sides {
			_ = s.association.Close()
			_ = s.conn.Close()
			_ = s.link.Close()
		}
	})
}

// RFC 6083, Section 4.9: data acknowledged, SCTP shut down, close_notify; nothing of it is missing at the other end.
func TestShutdownGoesThroughAllLayersInOrder(t *testing.T) {
	inStack(t, func(client, server *side) {
		for range 20 {
			if err := client.channel.SendBinary(context.Background(), make([]byte, 50_000)); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := client.association.Shutdown(ctx); err != nil {
			t.Fatal(err)
		}
		n := 0
		var err error
		for ; err == nil; n++ {
			_, err = server.channel.Receive(ctx)
		}
		if err != io.EOF || n != 21 {
			t.Errorf("%d messages, then %v", n-1, err)
		}
		<-server.association.Done()
		if err := server.association.Err(); !errors.Is(err, io.EOF) {
			t.Errorf("association of the server: %v", err)
		}
		for _, s := range []*side{client, server} {
			select {
			case <-s.conn.Done():
			case <-ctx.Done():
				t.Error("DTLS is still there")
			}
		}
	})
}

// Each way in which the layers below end is a typed error on every call that waits.
func TestFailuresBelowReachEveryCallThatWaits(t *testing.T) {
	for name, test := range map[string]struct {
		end    func(client, server *side)
		reason sctpdc.Reason
		peer   bool
		is     func(error) bool
	}{
		"close_notify without a shutdown of SCTP": {
			func(_, server *side) { _ = server.conn.Close() }, sctpdc.ReasonConn, false,
			func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) },
		},
		"the link fails": {
			func(client, _ *side) { _ = client.link.Close() }, sctpdc.ReasonConn, false,
			func(err error) bool { _, ok := errors.AsType[*mux.LinkError](err); return ok },
		},
		"our own DTLS is closed": {
			func(client, _ *side) { _ = client.conn.Close() }, sctpdc.ReasonConn, false,
			func(err error) bool { return errors.Is(err, net.ErrClosed) },
		},
		"the peer aborts": {
			func(_, server *side) { _ = server.association.Close() }, sctpdc.ReasonAbort, true,
			func(err error) bool { return !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			inStack(t, func(client, server *side) {
				errs := make(chan error, 3)
				go func() { _, err := client.channel.Receive(context.Background()); errs <- err }()
				go func() { _, err := client.association.Accept(context.Background()); errs <- err }()
				go func() {
					var err error
					for err == nil {
						err = client.channel.SendBinary(context.Background(), make([]byte, 60_000))
					}
					errs <- err
				}()
				synctest.Wait()
				test.end(client, server)
				for range 3 {
					err := <-errs
					e, ok := errors.AsType[*sctpdc.AssociationError](err)
					if !ok || e.Reason != test.reason || e.Peer != test.peer || !test.is(err) {
						t.Errorf("got %v (%#v)", err, err)
					}
				}
			})
		})
	}
}

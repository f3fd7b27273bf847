package sctpdc_test

import (
	"context"
	"encoding/binary"
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
	"github.com/rtctransport/rtctransport/keying"
	"github.com/rtctransport/rtctransport/mux"
	"github.com/rtctransport/rtctransport/sctpdc"
)

// A wire keeps the datagrams that are written to it.
type wire struct {
	net.Conn
	mu   sync.Mutex
	sent [][]byte
}

func (w *wire) Write(b []byte) (int, error) {
	w.mu.Lock()
	w.sent = append(w.sent, append([]byte(nil), b...))
	w.mu.Unlock()
	return w.Conn.Write(b)
}

// records returns the records of a content type that went out encrypted. More than one in a datagram is an error unless
// it is of the handshake.
func (w *wire) records(t *testing.T, typ byte) (all [][]byte) {
	t.Helper()
	const header = 13 // type, version, epoch, sequence number, length
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range w.sent {
		for rest := b; len(rest) >= header; {
			n := header + int(binary.BigEndian.Uint16(rest[11:]))
			if n > len(rest) {
				t.Fatalf("a record of %d bytes in %d", n, len(rest))
			}
			if rest[0] == typ && rest[4] == 1 {
				if all = append(all, rest[:n]); n != len(b) && typ == applicationData {
					t.Errorf("a record of %d bytes in a datagram of %d", n, len(b))
				}
			}
			rest = rest[n:]
		}
	}
	return all
}

const (
	alert           = 21
	applicationData = 23
)

// A dtlsPair is both ends of DTLS over a simulated link, with an association above each.
type dtlsPair struct {
	wires  [2]*wire
	conns  [2]*dtlstransport.Conn
	above  [2]*sctpdc.Association
	prints [2]fingerprint.Set // of the other side
}

func overDTLS(t *testing.T, late bool, link netsim.Config) *dtlsPair {
	t.Helper()
	p := new(dtlsPair)
	a, b := netsim.Pipe(link)
	var configs [2]*dtlstransport.Config
	for i := range 2 {
		certificate, err := fingerprint.Generate(fingerprint.ECDSAP256)
		if err != nil {
			t.Fatal(err)
		}
		configs[i] = &dtlstransport.Config{Certificates: []*fingerprint.Certificate{certificate}}
		p.prints[1-i] = fingerprint.Set{certificate.Fingerprint()}
	}
	for i, end := range []net.Conn{a, b} {
		if !late {
			configs[i].RemoteFingerprints = p.prints[i]
		}
		p.wires[i] = &wire{Conn: end}
		newConn := []func(mux.Link, *dtlstransport.Config) (*dtlstransport.Conn, error){dtlstransport.Client, dtlstransport.Server}[i]
		var err error
		if p.conns[i], err = newConn(p.wires[i], configs[i]); err != nil {
			t.Fatal(err)
		}
		config := &sctpdc.Config{Role: keying.RoleClient + keying.Role(i), PeerMaxMessageSize: 262144}
		if p.above[i], err = sctpdc.New(p.conns[i], config); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// open opens a channel, from the client to the server.
func (p *dtlsPair) open(t *testing.T) (c, d *sctpdc.Channel) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, err := p.above[0].Open(ctx, "x", nil)
	if err != nil {
		t.Fatal(err)
	}
	if d, err = p.above[1].Accept(ctx); err != nil {
		t.Fatal(err)
	}
	return c, d
}

// SCTP-01: an association above a DTLS whose peer is not verified yet sends nothing, and takes nothing; with the verdict it
// comes up.
func TestNothingIsSentBeforeThePeerIsVerified(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := overDTLS(t, true, netsim.Config{Delay: 10 * time.Millisecond})
		// An INIT in a record that nothing protects.
		init := append([]byte{applicationData, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 77, 0, 32, 0x13, 0x88, 0x13, 0x88}, make([]byte, 28)...)
		for i := range 2 {
			_, _ = p.wires[1-i].Conn.Write(init)
		}
		time.Sleep(5 * time.Second)
		for i := range 2 {
			if n := len(p.wires[i].records(t, applicationData)); n != 0 {
				t.Errorf("side %d sent %d records before the verdict", i, n)
			}
			if s := p.above[i].Stats(); s.PacketsReceived+s.BadChecksum+s.Malformed+s.BadTag != 0 {
				t.Errorf("side %d got a packet: %+v", i, s)
			}
		}
		for i := range 2 {
			if err := p.conns[i].SetRemoteFingerprints(p.prints[i]); err != nil {
				t.Fatal(err)
			}
		}
		c, d := p.open(t)
		if err := c.SendText(t.Context(), "hello"); err != nil {
			t.Fatal(err)
		}
		if m, err := d.Receive(t.Context()); err != nil || string(m.Data) != "hello" {
			t.Errorf("%q, %v", m.Data, err)
		}
		_ = p.above[0].Close()
		_ = p.above[1].Close()
	})
}

// SCTP-02, SCTP-04: each packet of SCTP is one record, and each record one datagram, as large as DTLS makes them.
func TestEachPacketIsOneRecordOfAFullDatagram(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := overDTLS(t, false, netsim.Config{Delay: 10 * time.Millisecond, MTU: dtlstransport.DefaultMaxDatagramSize})
		c, d := p.open(t)
		if err := c.SendBinary(t.Context(), make([]byte, 262144)); err != nil {
			t.Fatal(err)
		}
		if m, err := d.Receive(t.Context()); err != nil || len(m.Data) != 262144 {
			t.Fatal(len(m.Data), err)
		}
		time.Sleep(time.Second) // all is acknowledged
		synctest.Wait()
		for i := range 2 {
			largest := 0
			records := p.wires[i].records(t, applicationData)
			for _, r := range records {
				largest = max(largest, len(r))
			}
			if sent := p.above[i].Stats().PacketsSent; uint64(len(records)) != sent {
				t.Errorf("side %d: %d records for %d packets", i, len(records), sent)
			}
			if limit := dtlstransport.DefaultMaxDatagramSize; largest > limit || i == 0 && largest < limit-4 {
				t.Errorf("side %d: the largest record has %d bytes, a datagram takes %d", i, largest, limit)
			}
		}
		_ = p.above[0].Close()
		_ = p.above[1].Close()
	})
}

// R6083-03: what was sent is acknowledged, SCTP is shut down, and then DTLS is closed, which both sides know from each other.
func TestShutdownEndsWithCloseNotify(t *testing.T) {
	for seed := range uint64(4) {
		synctest.Test(t, func(t *testing.T) {
			p := overDTLS(t, false, netsim.Config{Seed: seed, Delay: 10 * time.Millisecond, Loss: 0.02 * float64(seed)})
			c, d := p.open(t)
			for range 20 {
				if err := c.SendBinary(t.Context(), make([]byte, 10_000)); err != nil {
					t.Fatal(err)
				}
			}
			if err := p.above[0].Shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
			for i := range 21 {
				if _, err := d.Receive(t.Context()); (err == io.EOF) != (i == 20) {
					t.Fatalf("seed %d, message %d: %v", seed, i, err)
				}
			}
			w := p.wires[0]
			alerts := w.records(t, alert)
			if last := w.sent[len(w.sent)-1]; len(alerts) != 1 || last[0] != alert {
				t.Errorf("seed %d: %d alerts, the last datagram is of type %d", seed, len(alerts), last[0])
			}
			_ = p.above[1].Close()
			var e *sctpdc.AssociationError
			if err := p.above[1].Err(); !errors.As(err, &e) || e.Reason != sctpdc.ReasonShutdown || !e.Peer {
				t.Errorf("seed %d: the other side ended with %v", seed, err)
			}
		})
	}
}

// SCTP-28: a DTLS that is closed without a shutdown of SCTP ends the association with an error.
func TestCloseOfDTLSEndsTheAssociation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := overDTLS(t, false, netsim.Config{Delay: 10 * time.Millisecond})
		_, d := p.open(t)
		_ = p.conns[0].Close()
		_, err := d.Receive(t.Context())
		var e *sctpdc.AssociationError
		if !errors.As(err, &e) || e.Reason != sctpdc.ReasonConn || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("Receive: %v", err)
		}
		_ = p.above[0].Close()
		_ = p.above[1].Close()
	})
}

// SCTP-28: a DTLS that never comes up is the reason of the association.
func TestDTLSThatFailsEndsTheAssociation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := overDTLS(t, true, netsim.Config{Delay: 10 * time.Millisecond})
		for i := range 2 {
			if err := p.conns[i].SetRemoteFingerprints(p.prints[1-i]); err != nil { // each its own
				t.Fatal(err)
			}
		}
		for i := range 2 {
			_, err := p.above[i].Open(t.Context(), "x", nil)
			var e *sctpdc.AssociationError
			var cause *dtlstransport.HandshakeError
			if !errors.As(err, &e) || e.Reason != sctpdc.ReasonConn || !errors.As(err, &cause) {
				t.Errorf("side %d: %v", i, err)
			}
			_ = p.above[i].Close()
		}
	})
}

package sctpdc

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/logging"
	"github.com/pion/sctp"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

// A tap is a connection that keeps what is written to it, and can put packets between.
type tap struct {
	net.Conn
	mu   sync.Mutex
	sent [][]byte
	drop func(p []byte) bool // nil: nothing
}

func (c *tap) Write(p []byte) (int, error) {
	c.mu.Lock()
	c.sent = append(c.sent, append([]byte(nil), p...))
	drop := c.drop != nil && c.drop(p)
	c.mu.Unlock()
	if drop {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// packets returns what was sent; if a type is given, what has such a chunk first. DATA includes I-DATA.
func (c *tap) packets(types ...chunkType) (all [][]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.sent {
		typ := chunkType(p[commonHeaderLen])
		if typ == chunkIData {
			typ = chunkData
		}
		if len(types) == 0 || typ == types[0] {
			all = append(all, p)
		}
	}
	return all
}

// tag returns the verification tag of the packets sent here, which is that of the other side.
func (c *tap) tag() uint32 {
	all := c.packets()
	return binary.BigEndian.Uint32(all[len(all)-1][4:])
}

// inject sends a packet with one chunk to the other side.
func (c *tap) inject(tag uint32, typ chunkType, flags uint8, value []byte) {
	_, _ = c.Conn.Write(onePacket(tag, typ, flags, value))
}

// onePacket is a packet with one chunk.
func onePacket(tag uint32, typ chunkType, flags uint8, value []byte) []byte {
	p := []byte{0x13, 0x88, 0x13, 0x88}
	p = binary.BigEndian.AppendUint32(p, tag)
	p = append(p, 0, 0, 0, 0, byte(typ), flags)
	p = binary.BigEndian.AppendUint16(p, uint16(4+len(value)))
	p = append(p, value...)
	for len(p)%4 != 0 {
		p = append(p, 0)
	}
	setChecksum(p)
	return p
}

// inTapped is inPair with taps on what both sides send.
func inTapped(t *testing.T, client, server Config, f func(p *pair, x, y *tap)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		a, b := netsim.Pipe(rtt40)
		x, y := &tap{Conn: a}, &tap{Conn: b}
		p := &pair{t: t}
		p.client, p.server = p.start(x, 1, client), p.start(y, 2, server)
		defer p.server.Close()
		defer p.client.Close()
		f(p, x, y)
	})
}

// bare starts pion/sctp without anything of ours, and waits for the association.
func bare(t *testing.T, conn net.Conn, options ...sctp.ClientOption) *sctp.Association {
	t.Helper()
	a, err := sctp.ClientContext(within(t, time.Minute), append([]sctp.ClientOption{sctp.WithNetConn(conn), silent()}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// silent keeps pion/sctp from logging.
func silent() sctp.AssociationOption {
	return sctp.WithLoggerFactory(&logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled})
}

// inBarePair runs f with two bare associations.
func inBarePair(t *testing.T, f func(a, b *sctp.Association, x, y *tap)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c, d := netsim.Pipe(rtt40)
		x, y := &tap{Conn: c}, &tap{Conn: d}
		other := make(chan *sctp.Association, 1)
		go func() { other <- bare(t, y) }()
		a, b := bare(t, x), <-other
		defer b.Close()
		defer a.Close()
		f(a, b, x, y)
	})
}

// inRude runs f with an association of ours, the DTLS server, and a bare one that breaks the rules.
func inRude(t *testing.T, config Config, f func(a *Association, rude *sctp.Association)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c, d := netsim.Pipe(rtt40)
		p := &pair{t: t}
		a := p.start(c, 2, config)
		defer a.Close()
		rude := bare(t, d)
		defer rude.Close()
		if err := a.Handshake(within(t, time.Minute)); err != nil {
			t.Fatal(err)
		}
		f(a, rude)
	})
}

// rudeStream opens a stream and writes a message to it.
func rudeStream(t *testing.T, a *sctp.Association, id uint16, p ppid, b []byte) *sctp.Stream {
	t.Helper()
	s, err := a.OpenStream(id, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.WriteSCTP(b, sctp.PayloadProtocolIdentifier(p)); err != nil {
		t.Fatal(err)
	}
	return s
}

// readAll returns the PPIDs of the messages on a stream until it is reset, which must be soon.
func readAll(t *testing.T, s *sctp.Stream) (got []ppid) {
	t.Helper()
	_ = s.SetReadDeadline(time.Now().Add(10 * time.Second))
	b := make([]byte, 1<<20)
	for {
		_, p, err := s.ReadSCTP(b)
		if err == io.EOF {
			return got
		}
		if err != nil {
			t.Fatalf("the stream was not reset: %v after %v", err, got)
		}
		got = append(got, ppid(p))
	}
}

func acceptNothing(t *testing.T, a *Association) {
	t.Helper()
	if c, err := a.Accept(within(t, time.Second)); err != context.DeadlineExceeded {
		t.Errorf("accepted %v, %v", c, err)
	}
}

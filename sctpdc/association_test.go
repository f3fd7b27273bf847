package sctpdc

import (
	"context"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/keying"
)

// A pair is two associations over a simulated link; client and server are their DTLS roles.
type pair struct {
	t              *testing.T
	client, server *Association
}

// inPair runs f in a bubble with two associations over the link, and closes them.
func inPair(t *testing.T, link netsim.Config, client, server Config, f func(p *pair)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		a, b := netsim.Pipe(link)
		p := &pair{t: t}
		p.client, p.server = p.start(a, keying.RoleClient, client), p.start(b, keying.RoleServer, server)
		defer p.server.Close()
		defer p.client.Close()
		f(p)
	})
}

func (p *pair) start(conn net.Conn, role keying.Role, c Config) *Association {
	p.t.Helper()
	c.Role = role
	a, err := New(conn, &c)
	if err != nil {
		p.t.Fatal(err)
	}
	return a
}

// within returns a context that ends after d of virtual time.
func within(_ testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	time.AfterFunc(2*d, cancel)
	return ctx
}

// open opens a channel from one side and accepts it at the other.
func (p *pair) open(from, to *Association, label string, o *ChannelOptions) (*Channel, *Channel) {
	p.t.Helper()
	c, err := from.Open(within(p.t, time.Minute), label, o)
	if err != nil {
		p.t.Fatalf("Open: %v", err)
	}
	d, err := to.Accept(within(p.t, time.Minute))
	if err != nil {
		p.t.Fatalf("Accept: %v", err)
	}
	if d.Label() != label || d.ID() != c.ID() {
		p.t.Fatalf("accepted %q, id %d; opened %q, id %d", d.Label(), d.ID(), label, c.ID())
	}
	return c, d
}

func (p *pair) send(c *Channel, text string) {
	p.t.Helper()
	if err := c.SendText(within(p.t, time.Minute), text); err != nil {
		p.t.Fatalf("Send: %v", err)
	}
}

func (p *pair) want(c *Channel, text string) {
	p.t.Helper()
	m, err := c.Receive(within(p.t, time.Minute))
	if err != nil || m.Kind != Text || string(m.Data) != text {
		p.t.Fatalf("received %v %.40q, %v; want text %q", m.Kind, m.Data, err, text)
	}
}

func TestChannelCarriesMessagesBothWays(t *testing.T) {
	for _, loss := range []float64{0, 0.1, 0.3} {
		for seed := range uint64(5) {
			t.Run(fmt.Sprintf("loss %v seed %d", loss, seed), func(t *testing.T) {
				inPair(t, netsim.Config{Seed: seed, Delay: 20 * time.Millisecond, Loss: loss}, Config{}, Config{}, func(p *pair) {
					c, d := p.open(p.client, p.server, "echo", nil)
					for i := range 20 {
						p.send(c, fmt.Sprint("ping ", i))
						p.want(d, fmt.Sprint("ping ", i))
						p.send(d, fmt.Sprint("pong ", i))
						p.want(c, fmt.Sprint("pong ", i))
					}
				})
			})
		}
	}
}

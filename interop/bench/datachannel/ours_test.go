package datachannel

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/pion/ice/v2"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/mux"
	"github.com/rtctransport/rtctransport/mux/pionice"
	"github.com/rtctransport/rtctransport/sctpdc"
)

// ourChannel is a channel of package sctpdc.
type ourChannel struct{ *sctpdc.Channel }

func (c ourChannel) send(b []byte) error { return c.SendBinary(context.Background(), b) }

func (c ourChannel) buffered() int { return c.Queued() }

func (c ourChannel) onMessage(f func([]byte)) {
	go func() {
		for {
			m, err := c.Receive(context.Background())
			if err != nil {
				return
			}
			f(m.Data)
		}
	}()
}

// connectOurs returns the stack of this module over a pair of links.
func connectOurs(links func(*testing.B) (client, server mux.Link)) func(b *testing.B) *ends {
	return func(b *testing.B) *ends {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		clientLink, serverLink := links(b)
		clientCertificate, serverCertificate := certificate(b), certificate(b)
		began := make(chan *sctpdc.Association, 1)
		go func() {
			began <- associate(ctx, b, serverLink, dtlstransport.RoleServer, serverCertificate, clientCertificate.Fingerprint())
		}()
		client := associate(ctx, b, clientLink, dtlstransport.RoleClient, clientCertificate, serverCertificate.Fingerprint())
		server := <-began
		if client == nil || server == nil {
			b.FailNow()
		}
		return &ends{
			open: func(b *testing.B) (x, y channel) {
				c, err := client.Open(context.Background(), "x", nil)
				if err != nil {
					b.Fatal(err)
				}
				d, err := server.Accept(context.Background())
				if err != nil {
					b.Fatal(err)
				}
				return ourChannel{c}, ourChannel{d}
			},
			close: func() {
				_ = client.Close()
				_ = server.Close()
			},
		}
	}
}

func certificate(b *testing.B) *fingerprint.Certificate {
	c, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// associate makes one end.
func associate(ctx context.Context, b *testing.B, link mux.Link, role dtlstransport.Role, own *fingerprint.Certificate, peer fingerprint.Fingerprint) *sctpdc.Association {
	t, err := dtlstransport.NewTransport(link, role, &dtlstransport.Config{
		Certificates:       []*fingerprint.Certificate{own},
		RemoteFingerprints: fingerprint.Set{peer},
	})
	if err == nil {
		err = t.Handshake(ctx)
	}
	var a *sctpdc.Association
	if err == nil {
		a, err = sctpdc.New(t.Conn(), &sctpdc.Config{Role: role})
	}
	if err == nil {
		err = a.Handshake(ctx)
	}
	if err != nil {
		b.Error(err)
		return nil
	}
	return a
}

// overUDP returns links over connected sockets with receive buffers of the size in bytes; 0: as the system has them.
func overUDP(buffer int) func(b *testing.B) (client, server mux.Link) {
	return func(b *testing.B) (client, server mux.Link) {
		loopback := net.IPv4(127, 0, 0, 1)
		x, err := net.ListenUDP("udp4", &net.UDPAddr{IP: loopback})
		if err != nil {
			b.Fatal(err)
		}
		y, err := net.DialUDP("udp4", &net.UDPAddr{IP: loopback}, x.LocalAddr().(*net.UDPAddr))
		if err != nil {
			b.Fatal(err)
		}
		to := y.LocalAddr().(*net.UDPAddr)
		from := x.LocalAddr().(*net.UDPAddr)
		_ = x.Close()
		if x, err = net.DialUDP("udp4", from, to); err != nil {
			b.Fatal(err)
		}
		if buffer > 0 {
			_ = x.SetReadBuffer(buffer)
			_ = y.SetReadBuffer(buffer)
		}
		return x, y
	}
}

// overICE returns links of pion/ice v2.
func overICE(b *testing.B) (client, server mux.Link) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	gather := func() *pionice.Agent {
		a, err := pionice.Gather(ctx, &pionice.Config{Loopback: true, Adjust: func(c *ice.AgentConfig) {
			c.IPFilter = func(ip net.IP) bool { return ip.Equal(net.IPv4(127, 0, 0, 1)) }
		}})
		if err != nil {
			b.Fatal(err)
		}
		return a
	}
	x, y := gather(), gather()
	accepted := make(chan *pionice.Link, 1)
	go func() {
		l, err := y.Accept(ctx, x.Description())
		if err != nil {
			b.Error(err)
		}
		accepted <- l
	}()
	l, err := x.Dial(ctx, y.Description())
	if err != nil {
		b.Fatal(err)
	}
	return l, <-accepted
}

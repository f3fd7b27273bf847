package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/pion/ice/v2"
	"github.com/pion/transport/v2"
	"github.com/pion/transport/v2/stdnet"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/mux/pionice"
	"github.com/rtctransport/rtctransport/sctpdc"
)

const (
	label          = "file"           // of the channel
	connectTimeout = 90 * time.Second // after both codes are there; the other side may have to be given one first
	socketBuffer   = 4 << 20          // bytes, if the system allows it
)

// A network is what we connect over.
type network struct {
	loopback bool
	stun     string        // URL; may be empty
	patience time.Duration // of ICE with a silent peer
}

// A connection is to the other side, with the channel.
type connection struct {
	association *sctpdc.Association
	channel     *sctpdc.Channel
}

// A side is our end before the other one is known.
type side struct {
	agent       *pionice.Agent
	certificate *fingerprint.Certificate
	token       sctpdc.Token
}

// newSide gathers candidates and makes a certificate, for one connection.
func (n network) newSide(ctx context.Context) (*side, error) {
	certificate, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		return nil, err
	}
	system, err := stdnet.NewNet()
	if err != nil {
		return nil, err
	}
	config := &pionice.Config{Loopback: n.loopback, MDNS: true, Net: wideNet{system}}
	if n.stun != "" {
		config.URLs = []string{n.stun}
	}
	config.Adjust = func(c *ice.AgentConfig) {
		disconnected, keepalive, interval := n.patience/2, min(2*time.Second, n.patience/4), 100*time.Millisecond
		failed := n.patience - disconnected // counted from there
		tries := uint16(connectTimeout / interval)
		c.DisconnectedTimeout, c.FailedTimeout, c.KeepaliveInterval = &disconnected, &failed, &keepalive
		c.CheckInterval, c.MaxBindingRequests = &interval, &tries
		c.NetworkTypes = []ice.NetworkType{ice.NetworkTypeUDP4}
	}
	token, err := sctpdc.NewToken(&sctpdc.Config{Role: dtlstransport.RoleClient}) // it is the same for both roles
	if err != nil {
		return nil, err
	}
	agent, err := pionice.Gather(ctx, config)
	if err != nil {
		return nil, err
	}
	return &side{agent, certificate, token}, nil
}

// describe returns what the other side has to know of us.
func (s *side) describe(setup, mid string) description {
	return description{ice: s.agent.Description(), fingerprints: fingerprint.Set{s.certificate.Fingerprint()}, setup: setup, mid: mid, token: s.token}
}

// connect makes the connection. The sender made the offer and opens the channel.
func (s *side) connect(ctx context.Context, sender bool, role dtlstransport.Role, peer description) (_ *connection, err error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	establish := s.agent.Accept
	if sender {
		establish = s.agent.Dial
	}
	link, err := establish(ctx, peer.ice)
	if err != nil {
		_ = s.agent.Close()
		return nil, fmt.Errorf("no way to the other side: %w", err)
	}
	t, err := dtlstransport.NewTransport(link, role, &dtlstransport.Config{
		Certificates:       []*fingerprint.Certificate{s.certificate},
		RemoteFingerprints: peer.fingerprints,
	})
	if err != nil {
		_ = link.Close()
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = t.Close()
		}
	}()
	if err := t.Handshake(ctx); err != nil {
		return nil, err
	}
	c := &connection{}
	// With the tokens of both sides the association is there without a round trip.
	config := &sctpdc.Config{Role: role, PeerMaxMessageSize: peer.maxMessage, MaxChannels: 1, Token: s.token, PeerToken: peer.token}
	if c.association, err = sctpdc.New(t.Conn(), config); err != nil {
		return nil, err
	}
	if sender {
		c.channel, err = c.association.Open(ctx, label, nil)
	} else {
		c.channel, err = c.association.Accept(ctx)
	}
	if err != nil {
		_ = c.association.Close()
		return nil, err
	}
	return c, nil
}

// wideNet is the system's network, with room for bursts at UDP sockets.
type wideNet struct{ transport.Net }

// ListenUDP implements transport.Net.
func (n wideNet) ListenUDP(network string, address *net.UDPAddr) (transport.UDPConn, error) {
	c, err := n.Net.ListenUDP(network, address)
	if err == nil {
		_ = c.SetReadBuffer(socketBuffer) // a system that refuses leaves its own size
	}
	return c, err
}

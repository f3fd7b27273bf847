package main

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/pion/ice/v2"
	"github.com/pion/transport/v2"
	"github.com/pion/transport/v2/stdnet"

	"github.com/rtctransport/rtctransport/mux/pionice"
)

// socketBuffer is the size of a UDP socket's buffers in bytes, if the system allows it. The usual 208 KiB overflow
// under a burst of SCTP, and each overflow costs a retransmission timeout of a second.
const socketBuffer = 4 << 20

// An Agent is our end of ICE with its candidates gathered: full ICE, host candidates over UDP and IPv4.
//
// It starts checks of its own, which matters on one machine: Firefox never starts a check to a loopback address,
// but answers ours.
type Agent struct {
	*pionice.Agent
	Candidates []ice.Candidate // loopback first, never empty
}

// NewAgent gathers candidates on the address only, or on every IPv4 address of the machine when only is nil.
func NewAgent(ctx context.Context, only net.IP) (*Agent, error) {
	network, err := stdnet.NewNet()
	if err != nil {
		return nil, err
	}
	agent, err := pionice.Gather(ctx, &pionice.Config{
		Loopback: true,
		Net:      wideNet{network},
		Adjust: func(c *ice.AgentConfig) {
			interval := 50 * time.Millisecond // between checks; ice/v2's 200 ms would be seen in the set-up time
			patience := uint16(600)           // checks of a pair before it is given up, 30 s: the peer may be slow to start
			c.CheckInterval, c.MaxBindingRequests = &interval, &patience
			c.NetworkTypes = []ice.NetworkType{ice.NetworkTypeUDP4}
			c.CandidateTypes = []ice.CandidateType{ice.CandidateTypeHost}
			c.IPFilter = func(ip net.IP) bool {
				if only != nil {
					return ip.Equal(only)
				}
				return !ip.IsLinkLocalUnicast()
			}
		},
	})
	if err != nil {
		return nil, err
	}
	a := &Agent{Agent: agent}
	for _, c := range agent.Description().Candidates {
		candidate, err := ice.UnmarshalCandidate(strings.TrimPrefix(c, "candidate:"))
		if err != nil {
			agent.Close()
			return nil, err
		}
		a.Candidates = append(a.Candidates, candidate)
	}
	if len(a.Candidates) == 0 {
		agent.Close()
		return nil, errors.New("no IPv4 address to gather candidates on")
	}
	slices.SortStableFunc(a.Candidates, func(x, y ice.Candidate) int { return loopbackFirst(x) - loopbackFirst(y) })
	return a, nil
}

func loopbackFirst(c ice.Candidate) int {
	if ip := net.ParseIP(c.Address()); ip != nil && ip.IsLoopback() {
		return 0
	}
	return 1
}

// Connect runs the checks with the peer that d describes until a pair works. The offerer is the controlling side,
// except that a full agent always controls an ICE-lite one. RFC 8445, Section 6.1.1.
func (a *Agent) Connect(ctx context.Context, d *Description, offerer bool) (*pionice.Link, error) {
	remote := pionice.Description{Ufrag: d.Ufrag, Password: d.Pwd, Candidates: d.Candidates}
	if offerer || d.Lite {
		return a.Dial(ctx, remote)
	}
	return a.Accept(ctx, remote)
}

// wideNet is the system's network, with wide buffers on UDP sockets.
type wideNet struct{ transport.Net }

// ListenUDP implements transport.Net.
func (n wideNet) ListenUDP(network string, address *net.UDPAddr) (transport.UDPConn, error) {
	c, err := n.Net.ListenUDP(network, address)
	if err != nil {
		return nil, err
	}
	// A system that refuses leaves its own size, which works, only less well.
	c.SetReadBuffer(socketBuffer)
	c.SetWriteBuffer(socketBuffer)
	return c, nil
}
